"""Thousands of equal pulses on the fields: some resolved, then many at once by the change that one of them made.

From the pause of one pulse to that of the next the fields U move by dU, slowly. After `resolved` pulses followed in all their
steps, M more are done in one leap, U + M dU (projective integration, Gear & Kevrekidis, SIAM J. Sci. Comput. 24, 1091 (2003)): an
explicit Euler step in the number of pulses, whose local error is M^2/2 times the change of dU from pulse to pulse. Before the first
leap that is read from the last two pulses; what M times the same change distorts, the pulses that follow mend, and the last of them
says what a pulse does now, so what dU has changed over the leap. M keeps the error within the tolerance of a time step, and no leap
moves the filament fraction by more than a time step may. The same half of M times the difference says of energies, gaps and ions what
they miss by the leaps.
"""

from __future__ import annotations

import logging
import math

import numpy as np

from solver.scenario.protocol import FEWEST_AT_START

log = logging.getLogger("halofil")
_SAFETY, _LARGEST, _SMALLEST = 0.8, 3.0, 0.2  # of the growth of M from leap to leap
_PLAIN = ("step", "resolved", "last", "measured")
_CAUTION = 10  # times as many pulses as were followed, at most, in the first leap


def pulses_to_leap(moved: float, room: float, bend: float, tolerance: float, last: int, first: int) -> int:
    """How many pulses the next leap may take.

    Args:
        moved: largest change of the state by one pulse.
        room: largest change allowed in one leap.
        bend: change of that change from pulse to pulse; M pulses miss M^2/2 of it.
        tolerance: of what they miss.
        last: pulses of the last leap, 0 before the first.
        first: most pulses of the first leap.
    """
    most = min(room / moved, 1e9) if moved > 0 else 1e9
    wanted = _SAFETY * math.sqrt(2 * tolerance / bend) if bend > 0 else 1e9
    wanted = min(max(wanted, _SMALLEST * last), _LARGEST * last) if last else min(wanted, first)
    return math.floor(min(most, wanted))  # none where even one pulse would miss more


class PulseLeaps:
    """Watches the pulses of one run and leaps when it may.

    Args:
        stepper: `Stepper`, at the end of a pulse's pause when `after_pulse` is called.

    Attributes:
        skipped: pulses not followed, over the run.
        worst: largest local error of a leap.
        missed: what the leaps have missed of what the run adds up, so far as the pulses after them have told.
    """

    def __init__(self, stepper):
        self._stepper = stepper
        self.skipped, self.worst, self.missed = 0, 0.0, None
        self._begin(None)

    def _begin(self, step):
        self._step, self._resolved, self._last, self._measured = step, 0, 0, True
        self._before = self._strobe = self._sums = self._spent = None

    def after_pulse(self, segment, left: int, sums: np.ndarray) -> tuple[int, np.ndarray]:
        """To be called at the end of each pulse's pause. Collective.

        Args:
            segment: the pause; its `resolved` is how many pulses to follow between leaps.
            left: pulses of this step still to come.
            sums: what the run adds up over time (energies, charges), and whatever else it wants to know `missed` of.

        Returns:
            Pulses to leap over (0: none), and what `sums` gain by them. The stepper has still to be moved, see `leap`.
        """
        s = self._stepper
        if segment.step != self._step:
            self._begin(segment.step)
        now = s.model.state.copy()
        earlier, self._strobe = self._strobe, now
        before, self._sums = self._sums, sums
        self._resolved += 1
        if earlier is None:
            return 0, np.zeros_like(sums)
        change, spent = now - earlier, sums - before
        wanted = segment.resolved if self._last else max(segment.resolved, FEWEST_AT_START)
        if self._resolved < wanted:
            if not self._last:
                self._before, self._spent = change, spent
            return 0, np.zeros_like(sums)
        # of dU over the last leap, or from the pulse before the last to the last
        turned = s.movement.distance(now - (change - self._before))
        bend = turned / max(self._last, 1)
        said = ""
        if self._last and not self._measured:
            error, self._measured = 0.5 * self._last * turned, True
            self.worst = max(self.worst, error)
            self.missed = 0.5 * self._last * (spent - self._spent) + (0.0 if self.missed is None else self.missed)
            said = f"; the last leap missed {error:.2g}"
        moved = s.movement.distance(now - change)
        most = pulses_to_leap(moved, s.limits.filament_change, bend, s.limits.tolerance, self._last, _CAUTION * wanted)
        pulses = min(most, left - segment.resolved)
        if pulses < 1:
            # what the next pulse changes against this one decides, as before the first leap
            self._before, self._spent, self._last = change, spent, 0
            return 0, np.zeros_like(sums)
        log.info("t = %.6g s: leap over %d pulses, each changes the state by %.2g; expected to miss %.2g (tolerance %g)%s",
                 s.time, pulses, moved, 0.5 * pulses**2 * bend, s.limits.tolerance, said)
        self._before, self._spent, self._last, self._resolved, self._measured = change, spent, pulses, 0, False
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
        plain = {name: getattr(self, f"_{name}") for name in _PLAIN} | {"skipped": self.skipped, "worst": self.worst}
        sums = {"sums": self._sums, "spent": self._spent, "missed": self.missed}
        return states, plain | {name: None if a is None else a.tolist() for name, a in sums.items()}

    def restore(self, states, scalars):
        """Continue from a `snapshot`, on any number of ranks."""
        m = self._stepper.model
        for name in _PLAIN:
            setattr(self, f"_{name}", scalars[name])
        self.skipped, self.worst = scalars["skipped"], scalars["worst"]
        self._sums, self._spent, self.missed = (None if scalars[k] is None else np.array(scalars[k]) for k in ("sums", "spent", "missed"))
        self._strobe, self._before = (m.with_ghosts(states[k]) if k in states else None for k in ("strobe", "change"))
