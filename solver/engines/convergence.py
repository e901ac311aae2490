"""When Newton's method has arrived: the rules that every engine follows."""

import math
from dataclasses import dataclass

FAR = 0.1  # kT/q, c/c0, filament fraction: an update after a larger one may be small by chance, not by quadratic convergence
LAG = 2  # Newton iterations that one Jacobian and its factors serve: the second contracts by the size of the first's update
POLISH, ROUNDING = 1e-3, 1e-12  # of the linear tolerance for a last correction, and the least that is asked for


@dataclass(frozen=True)
class NewtonResult:
    """What one solve did.

    Attributes:
        converged: the last update was within tolerance.
        iterations, linear_iterations: counts.
        reason: for people, when not converged: what, in which field and where.
    """

    converged: bool
    iterations: int
    linear_iterations: int
    reason: str = ""


def last_tolerance(linear_tolerance) -> float:
    """Relative tolerance of the linear solve of a last correction, which nothing mends afterwards.

    At the linear tolerance itself it left currents of the first microseconds wrong by 5e-6 on the cpu engine (lateral_90nm,
    read_disturb: there GMRES stops by the residual behind the incomplete factors), by 4e-7 on the cuda engine.
    """
    return max(POLISH * linear_tolerance, min(linear_tolerance, ROUNDING))


def largest(comm, own: float) -> float:
    """Largest of the ranks' numbers (none negative); not finite where one of them is not. Collective."""
    return max(comm.allgather(float(own)), key=lambda size: (math.isnan(size), size))


def small_enough(updates, tolerance, linear_tolerance, fresh=True) -> bool:
    """Largest update below the tolerance, or sure to fall below it at the present contraction.

    Args:
        updates: largest change of any unknown in each iteration so far.
        tolerance: of the last change, in kT/q, c/c0, filament fraction.
        linear_tolerance: relative tolerance of the linear solves.
        fresh: the last update was made with a Jacobian of its own.
    """
    last = updates[-1]
    if last < tolerance or len(updates) < 2:
        return last < tolerance
    if updates[-2] > FAR:
        return False
    # A fresh Jacobian leaves an error of last * contraction^2, an old one last * contraction, the linear solves
    # last * rtol.
    contraction = min(last / updates[-2], 1.0)
    left = max(contraction**2 if fresh else contraction, linear_tolerance)
    return left < 0.01 and last * left < 0.1 * tolerance
