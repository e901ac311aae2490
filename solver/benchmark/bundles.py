"""`halofil bench export` and `halofil bench run`: a Newton step of a scenario as one file, checked and timed elsewhere.

Running a bundle needs NumPy and SciPy, for a card CuPy; neither DOLFINx nor MPI:

    python -m solver.benchmark.bundles small.npz large.npz
"""

import json
import sys
from pathlib import Path

import numpy as np

from solver.benchmark.timing import kernel_parts, memory_of_card, peak_memory
from solver.benchmark.traffic import Meter
from solver.engines.cuda.bundle import SerialComm, load_problem, save_problem

AGREEMENT = 1e-12  # of the row: rounding of sums in another order, and of another machine's exp


def export(scenario, path: Path, force: bool = False, unknowns: int | None = None) -> list[Path] | int:
    """Write the first Newton step of a scenario, with DOLFINx's residual and Jacobian to compare with.

    Args:
        scenario: loaded scenario.
        path: bundle to write.
        force: overwrite.
        unknowns: about how many, by other element sizes; None: the scenario's own mesh.

    The Jacobian is kept as its product with a random direction, and the sums of magnitudes that differences are
    relative to: as blocks it would be a hundred times the rest.
    """
    import tempfile

    import scipy.sparse as sp
    from mpi4py import MPI

    import meshes
    from solver.benchmark.sizes import refined
    from solver.benchmark.state import first_step
    from solver.engines.cpu.assembly import Assembler
    from solver.engines.cuda.packing import Sources
    from solver.physics.device import DeviceModel

    if path.exists() and not force:
        print(f"{path} exists; --force overwrites it", file=sys.stderr)
        return 2
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        mesh = Path(folder) / "device.msh"
        if unknowns is None:
            meshes.build(scenario, mesh)
        else:
            scenario = refined(scenario, unknowns, mesh)
        model = DeviceModel(scenario, meshes.read(scenario, mesh, MPI.COMM_SELF))
    first_step(model, scenario.driven)
    reference = Assembler(model)
    shape = (-1, len(model.fields))
    start, columns, values = reference.jacobian().getValuesCSR()
    matrix = sp.csr_matrix((values, columns, start))
    direction = np.random.default_rng(1).standard_normal(matrix.shape[1])
    state = model.context.state.x.array
    sources = Sources(model, apart=True)  # the kernels of a card
    extras = {
        "residual": reference.residual().array.reshape(shape),
        "residual scale": (abs(matrix) @ np.abs(state) + np.abs(reference.residual().array)).reshape(shape),
        "direction": direction.reshape(shape),
        "product": (matrix @ direction).reshape(shape),
        "product scale": (abs(matrix) @ np.abs(direction)).reshape(shape),
        "scenario": np.array(scenario.name),
        "linear tolerance": np.array(scenario.solver.linear_tolerance),
    }
    save_problem(path, sources.tables, sources.arrays, sources.constants(), extras)
    return [path]


def check(assembler, extras) -> dict:
    """Largest differences of residual and Jacobian times the stored direction from the stored ones, relative to the row."""
    import scipy.sparse as sp

    host = assembler.flavour.asnumpy
    blocks = (host(assembler.jacobian()), host(assembler.indices), host(assembler.indptr))
    size = assembler.owned * assembler.block_size
    product = sp.bsr_matrix(blocks, shape=(size, size)) @ extras["direction"].ravel()
    out = {}
    for name, found in (("residual", host(assembler.residual()).ravel()), ("product", product)):
        scale = extras[f"{name} scale"].ravel()
        difference = np.abs(found - extras[name].ravel())
        out[name] = float(np.divide(difference, scale, out=np.where(difference > 0, np.inf, 0.0), where=scale > 0).max())
    return out


def measure(path: Path, flavour_name: str = "device") -> dict:
    """Check a bundle's problem against its references and time a Newton step.

    Returns:
        What goes out as JSON; "agrees" tells whether the references are met.
    """
    from solver.engines.cuda.assembly import KernelAssembler
    from solver.engines.cuda.flavours import make_flavour
    from solver.engines.cuda.linear import LinearSolver
    from solver.engines.cuda.memory import check as check_memory

    flavour = Meter(make_flavour(flavour_name))
    tables, arrays, constants, extras = load_problem(path)
    comm, fields = SerialComm(), len(tables.fields)
    check_memory(flavour, comm, len(tables.nodes), tables.owned, fields, tables.vertices, 0)
    assembler = KernelAssembler(tables, arrays, constants, flavour)
    differences = check(assembler, extras)
    solver = LinearSolver(assembler, comm, fields, float(extras["linear tolerance"]), tables.vertices - 1, "iterative")
    parts = kernel_parts(assembler, solver)
    return {
        "scenario": str(extras["scenario"]), "engine": "cuda", "flavour": flavour.name, "device": flavour.describe(),
        "nodes": tables.owned, "cells": len(tables.nodes), "fields": tables.fields, "unknowns": tables.owned * fields,
        "largest difference of the row": differences, "agrees": max(differences.values()) <= AGREEMENT,
        **parts, "predicted memory of assembly [B]": assembler.predicted_bytes, "peak host memory [B]": peak_memory(),
        **memory_of_card(flavour),
    }  # fmt: skip


def run(paths: list[Path], flavour_name: str = "device") -> int:
    """Print what `measure` finds in each bundle as JSON; exit status 0, or 1 where references are not met."""
    found = []
    for path in paths:
        try:
            found.append(measure(path, flavour_name))
        except (RuntimeError, ValueError, OSError) as error:
            print(error, file=sys.stderr)
            return 2
    print(json.dumps({"measurements": found}, indent=2))
    return 0 if all(entry["agrees"] for entry in found) else 1


if __name__ == "__main__":
    host = "--host" in sys.argv[1:]
    sys.exit(run([Path(word) for word in sys.argv[1:] if word != "--host"], "host" if host else "device"))
