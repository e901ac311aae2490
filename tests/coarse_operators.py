"""Multigrid of the cpu engine on a small device, on as many ranks as started: what it is made of and what it solves, as JSON on rank 0.

    mpirun -n 2 python -m tests.coarse_operators FOLDER     # scenario text in FOLDER/test.yaml, mesh in FOLDER/test.msh
"""

import json
import sys
from pathlib import Path

import numpy as np
from mpi4py import MPI


def look(folder: Path) -> dict:
    """Levels; largest |A_c x - P^T A P x| over the sums of the rows' magnitudes; iterations and correction beside those of ILU(1)."""
    import meshes
    from solver.benchmark.state import first_step
    from solver.engines.cpu.newton import CpuEngine
    from solver.physics.device import DeviceModel
    from solver.physics.fields import POTENTIAL
    from solver.scenario import load_scenario

    comm = MPI.COMM_WORLD
    scenario = load_scenario(folder / "test.yaml")
    model = DeviceModel(scenario, meshes.read(scenario, folder / "test.msh", comm))
    first_step(model, scenario.driven)
    found, corrections, counts = {}, [], []
    for least in (np.inf, 0):
        engine = CpuEngine(model, linear_tolerance=1e-9, linear_solver="iterative", multigrid_from=least)
        engine.linearise()
        solved, count = engine.correct(engine.evaluate().copy())
        assert solved
        corrections.append(engine.correction.copy())
        counts.append(count)
    # a second Jacobian: the coarse numbers follow
    model.context.rate.value *= 3.0
    engine.linearise()
    assert engine.correct(engine.evaluate().copy())[0]
    grid, differences = engine._multigrid, []
    for k, (prolongation, level) in enumerate(zip(grid._prolongations, grid._levels)):
        above = engine.assembler.matrix if k == 0 else grid._levels[k - 1].matrix
        x = level.matrix.createVecRight()
        x.array[:] = np.sin(1.0 + np.arange(*x.getOwnershipRange()))
        fine = above.createVecRight()
        prolongation.mult(x, fine)
        image, wanted, got = above.createVecLeft(), level.matrix.createVecLeft(), level.matrix.createVecLeft()
        above.mult(fine, image)
        prolongation.multTranspose(image, wanted)
        level.matrix.mult(x, got)
        # rows differ by many decades: relative to what a row's sum is made of
        starts, _, values = level.matrix.getValuesCSR()
        size = np.add.reduceat(np.abs(values), starts[:-1])
        differences.append(comm.allreduce(float(np.max(np.abs(got.array - wanted.array) / size, initial=0.0)), MPI.MAX))
    gap = corrections[1] - corrections[0]
    found["levels"], found["coarse operators"] = grid.sizes, max(differences)
    found["iterations"] = {"ilu": counts[0], "multigrid": counts[1]}
    found["difference"] = gap.norm(3) / corrections[0].norm(3)
    # of the potential alone: the tunnelling amplitude starts at the kink of its source, where rounding chooses the derivative
    potential = corrections[1].array.reshape(-1, len(model.fields))[:, model.fields.index(POTENTIAL)]
    found["size"] = float(np.sqrt(comm.allreduce(potential @ potential)))
    return found


if __name__ == "__main__":
    result = look(Path(sys.argv[1]))
    if MPI.COMM_WORLD.rank == 0:
        print(json.dumps(result))
