"""When a march is hopeless, and what its user may change."""

from collections import deque

WINDOW = 300  # attempted steps looked back on
HOPELESS = 1e4  # times as many steps as the window holds, at its pace, to the end of the segment


class Pace:
    """Watches a run's attempted steps: it crawls when a third of them is refused and the end is out of reach."""

    def __init__(self):
        self._attempts = deque(maxlen=WINDOW)

    def note(self, time: float, refused: bool):
        """One attempt: time [s] reached after it."""
        self._attempts.append((time, refused))

    def crawls(self, end: float) -> str | None:
        """Why the segment's `end` [s] cannot be reached (text for the message), or None."""
        if len(self._attempts) < WINDOW:
            return None
        start, now = self._attempts[0][0], self._attempts[-1][0]
        refused = sum(r for _, r in self._attempts)
        if 3 * refused < WINDOW or end - now < HOPELESS * (now - start):
            return None
        return (
            f"of the last {WINDOW} steps {refused} were refused and the others took it {now - start:.1e} s further, "
            f"with {end - now:.1e} s to go"
        )


def advice(reason: str) -> str:
    """What may help, by the reason of the last refusal."""
    if "below zero" in reason:
        return "an ion species is used up there: try a lower voltage, a slower ramp or more exchange of ions with the contacts"
    if reason.startswith(("local error", "filament fraction")):
        return "try a slower ramp, or a larger solver.time_tolerance or solver.max_filament_change"
    return "try a finer mesh at this place, a ramp instead of a jump of the voltage, or a larger solver.newton_tolerance"
