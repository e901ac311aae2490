"""Which stored steps show the device before the set, after it, and after the reset."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from solver.analysis.switching import record, switching_events

if TYPE_CHECKING:
    import pandas


@dataclass(frozen=True)
class Moment:
    """A stored step worth a picture.

    Attributes:
        label: what it shows, e.g. "before set".
        step: number of the stored step.
        time: its time [s].
        voltage: of the driven terminal [V].
        conductance: of the device [S], NaN where the voltage is near zero.
    """

    label: str
    step: int
    time: float
    voltage: float
    conductance: float

    def title(self) -> str:
        """Label, voltage and conductance in print."""
        text = f"{self.label}: {self.voltage:+.2f} V"
        if np.isfinite(self.conductance) and self.conductance > 0:
            power = int(np.floor(np.log10(self.conductance)))
            text += f", ${self.conductance / 10.0**power:.1f}\\times 10^{{{power}}}$ S"
        return text.replace("-", "−").replace("{−", "{-")


def moments(table: pandas.DataFrame, times: np.ndarray) -> list[Moment]:
    """Before the first set, after it, and after its reset.

    Args:
        table: terminals.csv as read by ``read_terminals``.
        times: (k,) times of the stored steps [s].

    Returns:
        The last stored step before the conductance has left S_off (10 % of the way in log S), the stored step nearest
        to the largest voltage of the setting leg, and that of the resetting leg. Without a set: the first step, the
        one at the largest voltage, and the last. Steps that coincide are given once.
    """
    data = record(table)
    size = np.abs(data.voltage)

    def peak(first: int, last: int) -> float:
        return float(data.time[first + int(np.argmax(size[first: last + 1]))])

    def nearest(time: float, not_before: float = -np.inf) -> int:
        distance = np.where(times >= not_before, np.abs(times - time), np.inf)
        return int(np.argmin(distance if np.any(np.isfinite(distance)) else np.abs(times - time)))

    events = switching_events(data)
    sets = [event for event in events if event.kind == "set"]
    if sets:
        event = sets[0]
        rows = np.arange(event.leg[0], event.row + 1)
        limit = event.s_off * (event.s_on / event.s_off) ** 0.1
        left = rows[np.nan_to_num(data.conductance[rows], nan=0.0) > limit]
        until = data.time[left[0]] if len(left) else event.time
        chosen = [("before set", max(int(np.searchsorted(times, until - 1e-12)) - 1, 0)),
                  ("after set", nearest(peak(*event.leg), event.time))]
        resets = [after for after in events[events.index(event) + 1:] if after.kind == "reset"]
        if resets:
            chosen.append(("after reset", nearest(peak(*resets[0].leg), resets[0].time)))
        else:
            chosen.append(("end", len(times) - 1))
    else:
        # of several rows at the largest voltage the last: a jump is not over in the first
        largest = float(data.time[np.flatnonzero(size >= size.max() * (1 - 1e-9))[-1]])
        chosen = [("start", 0), ("largest voltage", nearest(largest)), ("end", len(times) - 1)]
    found: list[Moment] = []
    for label, step in chosen:
        if step in [moment.step for moment in found]:
            continue
        time = float(times[step])
        voltage = float(np.interp(time, data.time, data.voltage))
        current = float(np.interp(time, data.time, data.current))
        conductance = current / voltage if abs(voltage) > 1e-3 else float("nan")
        found.append(Moment(label, step, time, voltage, conductance))
    return found
