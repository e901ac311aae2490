"""Seconds of the parts of one Newton iteration on the state of a result folder, and two ways to keep film fields in the film.

    container/run python -m tests.benchmarks.newton_step results/iv_sweep

Prints residual, Jacobian and each of its forms, then set-up and GMRES for (a) all unknowns in blocks of five with
identity rows outside the film, as the engine does, (b) the active unknowns alone in a scalar matrix.
"""

import sys
import time
from pathlib import Path

import numpy as np
from mpi4py import MPI
from petsc4py import PETSc


def best(work, repeats=4):
    """Shortest of several runs [s]."""
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - start)
    return min(seconds)


def time_solver(matrix, b, prefix):
    """Seconds and iterations of GMRES with ILU(1), as text."""
    from solver.engines.cpu.linear import incomplete_factors

    ksp = PETSc.KSP().create(matrix.comm)
    ksp.setType("gmres")
    ksp.setGMRESRestart(150)
    ksp.setTolerances(rtol=1e-6, atol=1e-50)
    incomplete_factors(ksp, prefix, levels=1, ordering="rcm")
    x = b.duplicate()

    def set_up():
        matrix.setValueLocal(0, 0, 0.0, addv=PETSc.InsertMode.ADD)  # marks the matrix as changed
        matrix.assemble()
        ksp.setOperators(matrix)
        ksp.setUp()
        ksp.setUpOnBlocks()

    set_up()
    seconds, solve = best(set_up), best(lambda: ksp.solve(b, x))
    return f"set-up {seconds:.3f} s, solve {solve:.3f} s, {ksp.getIterationNumber()} iterations"


def main(directory: Path):
    import meshes
    from solver import compat
    from solver.engines.cpu.newton import CpuEngine
    from solver.physics.device import DeviceModel
    from solver.results import checkpoint
    from solver.results.nodes import NodeMap
    from solver.scenario import load_scenario

    scenario = load_scenario(directory / "scenario.yaml")
    model = DeviceModel(scenario, meshes.read(scenario, directory / "mesh.msh", MPI.COMM_SELF))
    engine = CpuEngine(model)
    states, _ = checkpoint.load(directory / "checkpoint", NodeMap(model.context.space))
    model.context.state.x.array[:] = states["level0"].ravel()
    model.context.rate.value = 50.0
    model.apply_voltages({"top": 0.15, "bottom": 0.0})
    a = engine.assembler
    active = np.flatnonzero(~model.constrained.ravel()).astype(np.int32)
    print(f"nodes {model.owned} (film {model.film_nodes.sum()}), unknowns {engine.unknowns}, active {len(active)}")
    print(f"residual {best(a.residual):.3f} s, Jacobian {best(a.jacobian):.3f} s")
    for form, linear in a._jacobian:
        seconds = best(lambda f=form: compat.assemble_matrix(a.matrix, f, a._conditions, 0.0))
        print(f"  form on {form.integral_types}, assembled {'once' if linear else 'each time'}: {seconds:.3f} s")
        a.matrix.assemble()
    b, J = a.residual().copy(), a.jacobian()
    print("identity rows, blocks of 5:     ", time_solver(J, b, "full_"))
    rows = PETSc.IS().createGeneral(active)
    scalar = PETSc.Mat()
    J.convert("aij", scalar)
    reduced = scalar.createSubMatrix(rows, rows)
    print("active unknowns, scalar matrix: ", time_solver(reduced, b.getSubVector(rows).copy(), "reduced_"))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
