"""Seconds of the parts of one Newton step: residual, Jacobian, set-up and solution of the linear system."""

import resource
import time

REPEATS = 5


def best(work, synchronize=lambda: None, repeats=REPEATS) -> float:
    """Least wall time of several calls, after one that does not count [s]."""
    work()
    seconds = []
    for _ in range(repeats):
        synchronize()
        start = time.perf_counter()
        work()
        synchronize()
        seconds.append(time.perf_counter() - start)
    return min(seconds)


def copy_bandwidth(flavour, size=2**28) -> float:
    """Bytes a second that copying an array of `size` bytes reads and writes."""
    source = flavour.xp.ones(size // 8)
    target = flavour.xp.empty_like(source)
    return 2 * size / best(lambda: flavour.xp.copyto(target, source), flavour.synchronize)


def peak_memory() -> int:
    """Largest resident memory of this process so far [bytes]."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def memory_of_card(flavour) -> dict:
    """What CuPy holds of the card by now, freed blocks included; nothing on the host."""
    if flavour.name == "host":
        return {}
    return {"card memory [B]": int(flavour.xp.get_default_memory_pool().total_bytes())}


def linear_parts(linearise, correct, synchronize=lambda: None) -> dict:
    """Set-up and solution apart.

    Args:
        linearise: hands a Jacobian just assembled to the linear solver; the next `correct` sets up for it.
        correct: solves; returns (converged, iterations).
        synchronize: waits for the card.
    """
    first, again = [], []
    for _ in range(3):
        linearise()
        for seconds in (first, again):
            synchronize()
            start = time.perf_counter()
            converged, iterations = correct()
            synchronize()
            seconds.append(time.perf_counter() - start)
    solve = min(again)
    return {
        "set-up [s]": max(0.0, min(first) - solve),
        "solve [s]": solve,
        "linear iterations": int(iterations),
        "converged": bool(converged),
    }


def kernel_parts(assembler, solver) -> dict:
    """Parts of a Newton step on a flavour, with the bytes moved and the share of the copy bandwidth they reach.

    Args:
        assembler: `cuda.assembly.KernelAssembler`, its flavour in a `traffic.Meter`.
        solver: `cuda.linear.LinearSolver` of it.
    """
    flavour, xp = assembler.flavour, assembler.xp
    bandwidth = copy_bandwidth(flavour)
    out = {}
    for name, work, rank in (("residual", assembler.residual, 1), ("Jacobian", assembler.jacobian, 2)):
        seconds, least = best(work, flavour.synchronize), assembler.least_traffic(rank)
        out |= {f"{name} [s]": seconds, f"{name}, least traffic [B]": least, f"{name}, share of copy bandwidth": least / seconds / bandwidth}
    rows = assembler.residual().copy()
    correction = xp.zeros_like(rows)
    values = assembler.jacobian()
    out |= linear_parts(
        lambda: solver.take(values), lambda: (solver.solve(rows, correction), solver.iterations), flavour.synchronize
    )
    out |= linear_traffic(flavour, lambda: solver.take(values), lambda: solver.solve(rows, correction), solver, out, bandwidth)
    out["preconditioner"] = str(solver.setting)
    out["copy bandwidth [B/s]"] = bandwidth
    out["assembly memory [B]"], out["linear solver memory [B]"] = assembler.bytes, solver.bytes
    return out | step(out)


def linear_traffic(meter, take, solve, solver, parts, bandwidth) -> dict:
    """Launches, bytes and share of the copy bandwidth of set-up and solution, from two solutions of which the first sets up.

    Args:
        meter: `traffic.Meter` that the solver's kernels were compiled with.
        take, solve: hand over a new matrix; solve.
        solver: `cuda.linear.LinearSolver`.
        parts: of `linear_parts`.
        bandwidth: of copying [B/s].
    """
    take()
    both, alone = meter.counted(solve), meter.counted(solve)
    counted = {"set-up": (both[0] - alone[0], both[1] - alone[1]), "solve": (alone[0], alone[1] + solver.krylov_traffic)}
    out = {}
    for name, (launches, least) in counted.items():
        seconds = parts[f"{name} [s]"]
        out |= {f"{name}, launches": launches, f"{name}, least traffic [B]": least}
        out[f"{name}, share of copy bandwidth"] = least / seconds / bandwidth if seconds > 0 else None
    return out


def step(parts) -> dict:
    """Seconds of a whole step from those of its parts, and the share of the set-up."""
    total = sum(parts[name] for name in ("residual [s]", "Jacobian [s]", "set-up [s]", "solve [s]"))
    return {"Newton step [s]": total, "set-up, share of the step": parts["set-up [s]"] / total}
