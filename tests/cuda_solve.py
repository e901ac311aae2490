"""The first time step of a scenario on the cuda engine, on as many ranks as started: its currents as JSON on rank 0.

    mpirun -n 2 python -m tests.cuda_solve FOLDER     # scenario text in FOLDER/test.yaml
"""

import json
import sys
from pathlib import Path

from mpi4py import MPI


def main(folder: Path):
    import meshes
    from solver.scenario import load_scenario
    from solver.transient.marching import stepper_for

    comm = MPI.COMM_WORLD
    scenario = load_scenario(folder / "test.yaml")
    if comm.rank == 0:
        meshes.build(scenario, folder / "test.msh")
    comm.barrier()
    stepper = stepper_for(scenario, meshes.read(scenario, folder / "test.msh", comm), engine="cuda")
    stepper.begin()
    segment = stepper.waveform.segments[0]
    stepper.enter(segment, 0.0)
    record = stepper.advance(segment.end, segment)
    if comm.rank == 0:
        found = {"levels": stepper.engine.linear_solver.hierarchy.sizes, "linear": record.linear_iterations,
                 "time": record.time, "currents": {name: record.current(name) for name in record.electronic}}
        print(json.dumps(found))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
