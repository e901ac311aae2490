"""`halofil bench sizes`: one Newton step at several sizes, by the cpu engine on 1 to n ranks and by the cuda engine.

Each measurement is a process of its own, on the same mesh, state and tolerances; they run one after the other.
"""

import json
import math
import os
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

BUILDS = 5
SIZES = (50_000, 200_000, 1_000_000, 5_000_000)
# the engine's own choice between incomplete factors and multigrid by size, and each of the two
CPU = {"cpu": {}, "cpu ilu": {"multigrid_from": math.inf}, "cpu multigrid": {"multigrid_from": 0}}
# flavour and smoother of the cuda engine
CUDA = {"cuda": ("device", "gauss-seidel"), "cuda jacobi": ("device", "jacobi"), "cuda host": ("host", "gauss-seidel")}
ENGINES = (*CPU, *CUDA)
LENGTHS = ("size_at_filament", "size_at_edge", "size_at_junction", "size_max")


def run(scenario, sizes, ranks, engines, out: Path | None) -> int:
    """Measure and print or write JSON.

    Args:
        scenario: loaded scenario, its mesh sizes changed to reach each size.
        sizes: wanted numbers of unknowns.
        ranks: of what runs on cores, one measurement each.
        engines: names of `CPU` and `CUDA` ("cuda host": the card's kernels on cores); each is measured on each number of ranks, on a
            card on one.
        out: file for the JSON; None: printed.
    """
    found, machine = [], _machine()
    with tempfile.TemporaryDirectory() as folder:
        for wanted in sizes:
            file, mesh = Path(folder) / "scenario.yaml", Path(folder) / "device.msh"
            file.write_text(refined(scenario, wanted, mesh).resolved_yaml())
            for engine in engines:
                for n in (1,) if CUDA.get(engine, ("",))[0] == "device" else ranks:
                    entry = _measured(engine, n, file, mesh)
                    found.append({"wanted unknowns": wanted, **entry})
                    print(_line(found[-1]), file=sys.stderr, flush=True)
    text = json.dumps({"machine": machine, "measurements": found}, indent=2)
    if out is None:
        print(text)
    else:
        partial = out.with_name(out.name + ".part")
        partial.write_text(text + "\n")
        os.replace(partial, out)
    return 1 if any("failed" in entry for entry in found) else 0


def refined(scenario, unknowns, mesh: Path):
    """The scenario with element sizes such that it has about as many unknowns; leaves its mesh in the file `mesh`.

    Nodes go as a power of the sizes, at first taken for the dimension (a layout may refine in fewer directions).
    """
    import meshes
    from solver.scenario import parse_scenario

    fields, power = _number_of_fields(scenario), -float(scenario.device.dimension)
    factor, found, before = 1.0, scenario, None
    for _ in range(BUILDS):
        if factor != 1.0:
            found = parse_scenario(_scaled(scenario, factor))
        nodes = meshes.build(found, mesh).nodes
        if abs(nodes * fields / unknowns - 1) < 0.05:
            break
        if before is not None and nodes != before[0]:
            power = min(math.log(nodes / before[0]) / math.log(factor / before[1]), -0.5)
        before = nodes, factor
        factor *= (unknowns / (nodes * fields)) ** (1 / power)
    return found


def _scaled(scenario, factor):
    """Text of the scenario with its element sizes times `factor`."""
    import io

    from ruamel.yaml import YAML

    from solver.units import parse_quantity

    yaml = YAML()
    document = yaml.load(scenario.resolved_yaml())
    for name in LENGTHS:
        if document.get("mesh", {}).get(name) is not None:
            document["mesh"][name] = f"{parse_quantity(document['mesh'][name], 'length') * 1e9 * factor:.6g} nm"
    text = io.StringIO()
    yaml.dump(document, text)
    return text.getvalue()


def _number_of_fields(scenario):
    physics = scenario.physics
    electronic = 3 if physics.electronic == "bipolar" else 2
    mobile = 0 if physics.ions == "fixed" else len(scenario.material.ions or ())
    return electronic + mobile + 2 * (physics.filament != "off") + (physics.heat != "off")


def _measured(engine, ranks, scenario, mesh):
    command = [sys.executable, "-m", "solver.benchmark.sizes", engine, str(scenario), str(mesh)]
    if ranks > 1:
        command = ["mpirun", "-n", str(ranks), *command]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
    if done.returncode != 0 or not lines:
        reason = (done.stderr.strip().splitlines() or ["no output"])[-1]
        return {"engine": engine, "ranks": ranks, "failed": f"exit status {done.returncode}: {reason}"}
    return json.loads(lines[-1])


def measure(engine, scenario_file, mesh_file) -> dict:
    """One measurement in this process; on every rank the same."""
    from mpi4py import MPI

    import meshes
    from solver.benchmark.state import first_step
    from solver.benchmark.timing import peak_memory
    from solver.physics.device import DeviceModel
    from solver.scenario import load_scenario

    scenario, comm = load_scenario(Path(scenario_file), []), MPI.COMM_WORLD
    model = DeviceModel(scenario, meshes.read(scenario, Path(mesh_file), comm))
    first_step(model, scenario.driven)
    parts = _cpu_parts(model, scenario, engine) if engine in CPU else _cuda_parts(model, scenario, engine)
    tdim = model.device.mesh.topology.dim
    return {
        "engine": engine, "ranks": comm.size, "nodes": comm.allreduce(model.owned),
        "cells": model.device.mesh.topology.index_map(tdim).size_global,
        "unknowns": comm.allreduce(model.owned) * len(model.fields), "fields": model.fields, **parts,
        "peak host memory, all ranks [B]": comm.allreduce(peak_memory()),
    }  # fmt: skip


def _cpu_parts(model, scenario, name):
    from solver.benchmark.timing import best, linear_parts, step
    from solver.engines.cpu.newton import CpuEngine

    s = scenario.solver
    engine = CpuEngine(model, linear_tolerance=s.linear_tolerance, linear_solver=s.linear_solver, **CPU[name])
    barrier = model.device.mesh.comm.barrier
    out = {
        "residual [s]": best(engine.evaluate, barrier),
        "Jacobian [s]": best(engine.assembler.jacobian, barrier),
    }
    rows = engine.evaluate().copy()
    out |= linear_parts(engine.linearise, lambda: engine.correct(rows), barrier)
    return out | step(out)


def _cuda_parts(model, scenario, name):
    from solver.benchmark.timing import kernel_parts, memory_of_card
    from solver.benchmark.traffic import Meter
    from solver.engines.cuda.assembly import Assembler
    from solver.engines.cuda.flavours import make_flavour
    from solver.engines.cuda.linear import SETTINGS, LinearSolver
    from solver.engines.cuda.memory import check

    comm, (kind, smoother) = model.device.mesh.comm, CUDA[name]
    flavour = Meter(make_flavour(kind, comm))
    dimension = model.device.mesh.topology.dim
    cells = model.device.mesh.topology.index_map(dimension).size_local
    check(flavour, comm, cells, len(model.coordinates), len(model.fields), dimension + 1, 0)
    assembler = Assembler(model, flavour)
    assembler.upload()
    solver = LinearSolver(assembler, comm, len(model.fields), scenario.solver.linear_tolerance, dimension, "iterative",
                          settings=tuple(replace(setting, smoother=smoother) for setting in SETTINGS))
    parts = {"device": flavour.describe(), "predicted memory of assembly [B]": assembler.predicted_bytes, **kernel_parts(assembler, solver)}
    return parts | memory_of_card(flavour)


def _line(entry):
    if "failed" in entry:
        return f"{entry['engine']}, {_ranks(entry)}: {entry['failed']}"
    names = ("residual [s]", "Jacobian [s]", "set-up [s]", "solve [s]")
    parts = ", ".join(f"{name.removesuffix(' [s]')} {entry[name]:.3g}" for name in names)
    return (f"{entry['unknowns']} unknowns, {entry['engine']}, {_ranks(entry)}: step {entry['Newton step [s]']:.3g} s "
            f"({parts}; {entry['linear iterations']} iterations)")


def _ranks(entry):
    return f"{entry['ranks']} rank{'' if entry['ranks'] == 1 else 's'}"


def _machine():
    import platform

    model = ""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        model = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")
    except OSError:
        pass
    # other jobs show in the times: a load above 0 at the start is said
    return {"processor": model or platform.machine(), "cores": len(os.sched_getaffinity(0)), "load at the start": os.getloadavg()[0]}


def main():
    """One measurement as a line of JSON, by rank 0 alone: lines of several ranks can run into one another."""
    from mpi4py import MPI

    found = json.dumps(measure(*sys.argv[1:]))
    if MPI.COMM_WORLD.rank == 0:
        print(found, flush=True)


if __name__ == "__main__":
    main()
