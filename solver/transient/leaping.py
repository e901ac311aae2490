"""Thousands of equal pulses on the fields: some resolved, then many at once by the change that one of them made.

From the pause of one pulse to that of the next the fields U move by dU, slowly. After `resolved` pulses followed in all their
steps, M more are done in one leap, U + M dU (projective integration, Gear & Kevrekidis, SIAM J. Sci. Comput. 24, 1091 (2003)): an
explicit Euler step in the number of pulses. What M times the same change distorts, the pulses that follow mend; the last of them
says what a pulse does now, and half of M times the difference to dU is the leap's local error. M follows it as a time step
follows its own error, with the same tolerance, and no leap moves the filament fraction by more than a time step may.
"""

from __future__ import annotations

import logging
import math

import numpy as np

log = logging.getLogger("halofil")
FEWEST = 2  # pulses between leaps: the first mends
_SAFETY, _LARGEST, _SMALLEST = 0.8, 3.0, 0.2  # of the growth of M from leap to leap


def pulses_to_leap(moved: float, room: float, last: int, error: float | None, tolerance: float, first: int) -> int:
    """How many pulses the next leap may take.

    Args:
        moved: largest change of the state by one pulse.
        room: largest change allowed in one leap.
        last: pulses of the last leap, 0 before the first.
        error: local error of the last leap, None before the first.
        tolerance: of that error.
        first: pulses of the first leap.
    """
    most = math.floor(min(room / moved, 1e9)) if moved > 0 else 10**9
    if error is None:
        return min(most, first)
    # the error goes with M^2
    factor = _SAFETY * math.sqrt(tolerance / error) if error > 0 else _LARGEST
    return min(most, max(1, math.floor(last * min(max(factor, _SMALLEST), _LARGEST))))


class PulseLeaps:
    """Watches the pulses of one run and leaps when it may.

    Args:
        stepper: `Stepper`, at the end of a pulse's pause when `after_pulse` is called.

    Attributes:
        skipped: pulses not followed, over the run.
        worst: largest local error of a leap.
    """

    def __init__(self, stepper):
        self._stepper = stepper
        self.skipped, self.worst = 0, 0.0
        self._begin(None)

    def _begin(self, step):
        self._step, self._resolved, self._last = step, 0, 0
        self._before = self._strobe = self._sums = None

    def after_pulse(self, segment, left: int, sums: np.ndarray) -> tuple[int, np.ndarray]:
        """To be called at the end of each pulse's pause. Collective.

        Args:
            segment: the pause; its `resolved` is how many pulses to follow between leaps.
            left: pulses of this step still to come.
            sums: what the run adds up over time (energies, charges).

        Returns:
            Pulses to leap over (0: none), and what `sums` gain by them. The stepper has still to be moved, see `leap`.
        """
        s = self._stepper
        if segment.step != self._step:
            self._begin(segment.step)
        now = s.model.state.copy()
        earlier, self._strobe = self._strobe, now
        spent, self._sums = (None if self._sums is None else sums - self._sums), sums
        self._resolved += 1
        if earlier is None or self._resolved < segment.resolved or left <= segment.resolved:
            return 0, np.zeros_like(sums)
        change = now - earlier
        error = None
        if self._before is not None:
            error = 0.5 * self._last * s.movement.distance(now - (change - self._before))
            self.worst = max(self.worst, error)
        moved = s.movement.distance(now - change)
        pulses = min(pulses_to_leap(moved, s.limits.filament_change, self._last, error, s.limits.tolerance, segment.resolved),
                     left - segment.resolved)
        if pulses < 1:
            return 0, np.zeros_like(sums)
        said = "" if error is None else f"; the last leap's error {error:.2g} (tolerance {s.limits.tolerance:g})"
        log.info("t = %.6g s: leap over %d pulses, each changes the state by %.2g%s", s.time, pulses, moved, said)
        self._before, self._last, self._resolved = change, pulses, 0
        self.skipped += pulses
        self._sums = sums + pulses * spent
        return pulses, pulses * spent

    def leap(self, pulses: int, time: float):
        """Move the stepper over `pulses` to `time` [s]."""
        self._stepper.leap(self._strobe + pulses * self._before, time)
        self._strobe = self._stepper.model.state.copy()

    def snapshot(self):
        """(states, scalars) for a checkpoint, as `Stepper.snapshot`."""
        m = self._stepper.model
        arrays = {"strobe": self._strobe, "change": self._before}
        states = {name: m.asnumpy(a).reshape(-1, len(m.fields))[: m.owned] for name, a in arrays.items() if a is not None}
        return states, {"step": self._step, "resolved": self._resolved, "last": self._last, "skipped": self.skipped, "worst": self.worst,
                        "sums": None if self._sums is None else self._sums.tolist()}

    def restore(self, states, scalars):
        """Continue from a `snapshot`, on any number of ranks."""
        m = self._stepper.model
        self._begin(scalars["step"])
        self._resolved, self._last, self.skipped, self.worst = (scalars[k] for k in ("resolved", "last", "skipped", "worst"))
        self._sums = None if scalars["sums"] is None else np.array(scalars["sums"])
        self._strobe, self._before = (m.with_ghosts(states[k]) if k in states else None for k in ("strobe", "change"))
