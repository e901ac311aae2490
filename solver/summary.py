"""Numbers of a finished run: switching, effort, versions."""

import time

import solver


def peak_memory(comm) -> float:
    """Sum over ranks of the peak resident memory [bytes]. Collective."""
    import resource

    return comm.allreduce(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024.0)


def seconds_by_part(job) -> dict[str, float]:
    """Largest over ranks of the seconds spent in each part of the run. Collective."""
    from mpi4py import MPI

    parts = {k: v for k, v in job.clock.items() if k != "start"}
    parts |= {"residual": job.engine.assembler.seconds["residual"], "jacobian": job.engine.assembler.seconds["jacobian"]}
    parts["linear set-up and solve"] = job.engine.seconds["solve"]
    parts["total"] = time.perf_counter() - job.clock["start"]
    return {k: job.comm.allreduce(v, MPI.MAX) for k, v in parts.items()}


def summarise(job) -> dict:
    """Contents of summary.json. Collective; complete on rank 0."""
    import dolfinx
    from petsc4py import PETSc

    memory, seconds = peak_memory(job.comm), seconds_by_part(job)
    numbers = {}
    if job.comm.rank == 0:
        from solver.analysis.crosstalk import crosstalk_numbers
        from solver.analysis.cycles import cycle_numbers
        from solver.analysis.pulses import protocol_numbers
        from solver.analysis.switching import switching_numbers
        from solver.results.tables import read_terminals

        table = read_terminals(job.folder.path)
        if job.array is not None:
            numbers = crosstalk_numbers(table, job.scenario) | job.leap_numbers()
        else:
            numbers = switching_numbers(table)
            numbers |= cycle_numbers(numbers) | protocol_numbers(table, job.scenario.protocol, job.scenario.driven)
    stepper, engine = job.stepper, job.engine
    return {
        "name": job.scenario.name,
        **numbers,
        "simulated time [s]": stepper.time,
        "wall time [s]": job.wall(),
        "seconds by part [s]": seconds,
        "steps": stepper.accepted_steps,
        "rejected steps": stepper.rejected_steps,
        "newton iterations": engine.newton_iterations,
        "linear iterations": engine.linear_iterations,
        "peak memory [B]": memory,
        "unknowns": engine.unknowns,
        "nodes": engine.unknowns // len(job.model.fields),
        "ranks": job.comm.size,
        "engine": engine.name,
        "versions": {
            "halofil": solver.__version__,
            "dolfinx": dolfinx.__version__,
            "petsc": ".".join(map(str, PETSc.Sys.getVersion())),
        },
    }
