"""Statistics over the cycles of a run: means, spreads, and whether a quantity drifts with the cycle number.

The spread is the standard deviation of the sample (n - 1), as the paper's. The drift is the slope of a least-squares line
over the cycle number, times the number of cycles; its error follows from the residuals. A drift within twice its error
is none (the paper: no trend with cycle number).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

FEWEST = 5  # cycles below which a spread says nothing


@dataclass(frozen=True)
class Statistics:
    """Of one quantity, in its unit.

    Attributes:
        count: cycles in which it exists.
        mean, spread: of those.
        drift, drift_error: change from the first to the last cycle by a fitted line, and its standard error.
    """

    count: int
    mean: float
    spread: float
    drift: float
    drift_error: float

    @property
    def drifts(self) -> bool:
        """True when the drift is more than twice its error."""
        return abs(self.drift) > 2 * self.drift_error


def statistics(values: Sequence[float | None]) -> Statistics | None:
    """Statistics of a quantity by cycle; None with fewer than `FEWEST` cycles that have it."""
    number = np.array([k for k, v in enumerate(values) if v is not None and np.isfinite(v)], dtype=float)
    if len(number) < FEWEST:
        return None
    known = np.array([values[int(k)] for k in number], dtype=float)
    centred = number - number.mean()
    slope = float(centred @ known / (centred @ centred))
    left = known - known.mean() - slope * centred
    error = float(np.sqrt(left @ left / (len(known) - 2) / (centred @ centred)))
    span = len(values) - 1
    return Statistics(len(known), float(known.mean()), float(known.std(ddof=1)), slope * span, error * span)


def cycle_numbers(numbers: Mapping[str, Any]) -> dict[str, Any]:
    """Spreads and drifts from the lists "... by cycle" of `switching_numbers`, keys with units.

    Returns:
        "spread of V_set [V]", "drift of V_set [V]", "drift of V_set, error [V]" and the same for V_reset; of S_on and
        S_off the spread of the decimal logarithm, "spread of log10 S_on [1]"; None with too few cycles.
    """
    out: dict[str, Any] = {}
    for name in ("V_set", "V_reset"):
        s = statistics(numbers[f"{name} by cycle [V]"])
        out[f"spread of {name} [V]"] = s and s.spread
        out[f"drift of {name} [V]"] = s and s.drift
        out[f"drift of {name}, error [V]"] = s and s.drift_error
    for name in ("S_on", "S_off"):
        values = [None if v is None or v <= 0 else float(np.log10(v)) for v in numbers[f"{name} by cycle [S]"]]
        s = statistics(values)
        out[f"spread of log10 {name} [1]"] = s and s.spread
    return out
