"""The first steps of every scenario of the project, as it is, on both engines (the cuda engine's host flavour).

    python -m tests.engine_table                       the table of all; or of the scenarios named
"""

import os
import sys
import tempfile
from itertools import dropwhile
from pathlib import Path

import numpy as np
from mpi4py import MPI

FOLDER = Path(__file__).parents[1] / "scenarios"
ALLOWED = 1e-6  # of a row's largest current
STEPS = {1: 6, 2: 6, 3: 2}  # by dimension
TIGHT = ("solver.newton_tolerance=1e-11", "solver.linear_tolerance=1e-10")
SMALL = 20_000  # unknowns up to which the equilibrium at 0 V is solved for first


def first_steps(scenario, mesh, engine, steps):
    """(stepper, currents (steps, terminals), [Newton, linear iterations]) of one engine."""
    import meshes
    from solver.scenario.protocol import Wait
    from solver.transient.marching import stepper_for

    # at 0 V in equilibrium currents are rounding: from the first step that applies a voltage
    protocol = list(dropwhile(lambda step: isinstance(step, Wait), scenario.protocol))
    stepper = stepper_for(scenario, meshes.read(scenario, mesh, MPI.COMM_SELF), protocol, engine)
    if stepper.engine.unknowns <= SMALL:
        stepper.equilibrate()
    else:
        stepper.begin()
    segment = stepper.waveform.segments[0]
    stepper.enter(segment, stepper.source)
    records = []
    while len(records) < steps and stepper.time < segment.end:
        records.append(stepper.advance(segment.end, segment))
    currents = np.array([[r.current(name) for name in r.electronic] for r in records])
    return stepper, currents, [sum(r.newton_iterations for r in records), sum(r.linear_iterations for r in records)]


def compare(path, overrides=()):
    """Numbers of one scenario's row: what both engines do in its first steps. `overrides`: as for `--set`."""
    import meshes
    from solver.scenario import load_scenario

    scenario = load_scenario(path, list(overrides))
    os.environ["HALOFIL_CUDA_FLAVOUR"] = "host"
    with tempfile.TemporaryDirectory() as folder:
        mesh = Path(folder) / "device.msh"
        meshes.build(scenario, mesh)
        steps = STEPS[scenario.device.dimension]
        stepper, reference, effort = first_steps(scenario, mesh, "cpu", steps)
        other, currents, effort_cuda = first_steps(scenario, mesh, "cuda", steps)
    assert other.engine.name == "cuda" and stepper.engine.name == "cpu"
    largest = np.abs(reference).max(axis=1, keepdims=True)
    return {
        "unknowns": stepper.engine.unknowns, "fields": len(stepper.model.fields), "steps": len(reference),
        "same times": stepper.levels.times == other.levels.times,
        "difference": float((np.abs(currents - reference) / largest).max()), "cpu": effort, "cuda": effort_cuda,
    }  # fmt: skip


def judged(path):
    """(`compare` at the scenario's own tolerances, difference at tight ones or None where that is not needed).

    Where the difference exceeds 1e-6 (charging currents of the first microseconds: the cpu engine's own error is as large),
    both engines are compared at tight tolerances.
    """
    found = compare(path)
    return found, compare(path, TIGHT)["difference"] if found["difference"] > ALLOWED else None


def main():
    """The table; exit status 1 where both differences exceed 1e-6 of the row's largest current."""
    paths = [FOLDER / f"{name}.yaml" for name in sys.argv[1:]] or sorted(FOLDER.glob("*.yaml"))
    print("| scenario | unknowns | steps | largest difference | at tight tolerances | Newton iterations, cpu / cuda | linear, cpu / cuda |")
    print("|---|---|---|---|---|---|---|", flush=True)
    good = True
    for path in paths:
        r, tight = judged(path)
        counts = [f"{r['cpu'][k]} / {r['cuda'][k]}" for k in (0, 1)]
        cells = (path.stem, r["unknowns"], r["steps"], f"{r['difference']:.1e}", "" if tight is None else f"{tight:.1e}", *counts)
        print(f"| {' | '.join(map(str, cells))} |", flush=True)
        good &= r["same times"] and (r["difference"] if tight is None else tight) <= ALLOWED
    raise SystemExit(int(not good))


if __name__ == "__main__":
    main()
