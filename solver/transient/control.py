"""Size of the next step from the local error and the filament's change."""

import math
from dataclasses import dataclass


class SolutionStopped(RuntimeError):
    """The solution cannot go on; the message is one sentence, the model holds the last good state."""


@dataclass(frozen=True)
class StepLimits:
    """What a step may do.

    Attributes:
        tolerance: local error of filament fraction and of c/max(c0, c).
        filament_change: aim for the largest change of the filament fraction in a step; twice that is rejected.
        smallest: s; a step that would have to be smaller ends the run.
    """

    tolerance: float
    filament_change: float
    smallest: float


def growth(error: float | None, change: float, limits: StepLimits, order: int) -> float:
    """Factor for the next step: error^(-1/(order+1)) or the filament's change, the smaller.

    A smooth function of the solution alone: no iteration count decides, so that runs on different numbers of ranks
    take the same steps.
    """
    factor = 2.0
    if error is not None and error > 0:
        factor = min(factor, 0.9 * (limits.tolerance / error) ** (1 / (order + 1)))
    if change > 0:
        factor = min(factor, 0.9 * limits.filament_change / change)
    return max(0.25, factor)


def on_ladder(step: float) -> float:
    """The step [s] rounded down to a power of 2^(1/8).

    The local error is a small difference: its rounding would let the steps of runs on different numbers of ranks drift
    apart by 1e-7 each. On the ladder they are the same to the last bit.
    """
    return 2.0 ** (math.floor(8 * math.log2(step) + 1e-6) / 8)


def rejected(error: float | None, change: float, limits: StepLimits) -> str | None:
    """Why a converged step is not accepted (text for the log), or None."""
    if change > 2 * limits.filament_change:
        return f"filament fraction changed by {change:.2g} (limit {2 * limits.filament_change:.2g})"
    if error is not None and error > 2 * limits.tolerance:
        return f"local error {error:.2g} (tolerance {limits.tolerance:.2g})"
    return None
