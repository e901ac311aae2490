"""Thousands of pulses from a few: what a pulse does to a cell's gap, as a function of the gap, carried on step by step.

From pulse to pulse nothing but the gap is remembered (ions and potentials settle between pulses): dg/dN = r(g), with ln|r|
linear in g, fitted to the first half of the pulses that were simulated. Then, exactly,

    g(N) = g_0 - ln(1 - b s e^(a + b g_0) N) / b    for r = s e^(a + b g), s = -1 or +1.

The second half of the simulated pulses is held out: the largest miss of the gap there is the error that is stated.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

FEWEST = 6  # pulses without which nothing can be held out


@dataclass(frozen=True)
class Hammered:
    """Gap against number of pulses, beyond those simulated.

    Attributes:
        start: gap at pulse 0 [m].
        sign: -1 where the filament grows, +1 where it withdraws.
        a, b: of ln|dg/dN| = a + b g, lengths in metres.
        error: largest miss of the gap over the pulses held out [m].
        simulated: number of pulses of the exact train.
    """

    start: float
    sign: int
    a: float
    b: float
    error: float
    simulated: int

    def gap(self, pulses) -> np.ndarray:
        """Gap after so many pulses [m]; 0 from where the filament has reached the electrode, which no electrode stops."""
        n = np.asarray(pulses, float)
        rate = self.sign * np.exp(self.a + self.b * self.start)
        if abs(self.b * rate) * max(float(n.max(initial=0.0)), 1.0) < 1e-12:
            return np.maximum(self.start + rate * n, 0.0)
        left = 1 - self.b * rate * n
        with np.errstate(divide="ignore", invalid="ignore"):
            gap = np.where(left > 0, self.start - np.log(np.maximum(left, 1e-300)) / self.b, 0.0)
        return np.maximum(gap, 0.0)


def hammered(gaps: np.ndarray) -> Hammered | None:
    """Fit to the first half of a train, tried on the second.

    Args:
        gaps: (n + 1,) gap before the first pulse and after each of n [m].

    Returns:
        None with fewer than `FEWEST` pulses, or where the gap does not move one way in the first half.
    """
    gaps = np.asarray(gaps, float)
    pulses = len(gaps) - 1
    if pulses < FEWEST:
        return None
    half = (pulses + 1) // 2
    step, middle = np.diff(gaps[: half + 1]), 0.5 * (gaps[: half] + gaps[1: half + 1])
    sign = int(np.sign(step.sum()))
    if sign == 0 or np.any(step * sign <= 0):
        return None
    # the first pulse also fills what the state before it had not: it is left out
    b, a = np.polyfit(middle[1:], np.log(np.abs(step[1:])), 1)
    later = np.arange(pulses + 1 - half)
    # from the last pulse of the first half on; number 0 is there
    fitted = Hammered(float(gaps[half]), sign, float(a), float(b), 0.0, pulses)
    error = float(np.abs(fitted.gap(later) - gaps[half:]).max())
    whole = np.diff(gaps)
    if np.all(whole * sign > 0):
        b, a = np.polyfit((0.5 * (gaps[1:] + gaps[:-1]))[1:], np.log(np.abs(whole[1:])), 1)
    return Hammered(float(gaps[-1]), sign, float(a), float(b), error, pulses)
