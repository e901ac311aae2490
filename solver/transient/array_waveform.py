"""Protocol steps of an array as piecewise-linear voltages of its terminals, some of them floating for a while."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from solver.scenario.array_checks import selected
from solver.scenario.protocol import expanded
from solver.transient.waveforms import Waveform, output_times

# Of the write voltage V: selected column and row, other columns and rows, while a pulse is on.
SHARES = {"V/2": (0.5, -0.5, 0.0, 0.0), "V/3": (0.5, -0.5, -1 / 6, 1 / 6), "floating": (0.5, -0.5, 0.0, 0.0),
          "ground": (1.0, 0.0, 0.0, 0.0)}


@dataclass(frozen=True)
class ArraySegment:
    """Linear piece of all terminals' voltages; its start may differ from the previous end (a jump).

    Attributes:
        start, end: s.
        v_start, v_end: (driven terminals,) [V], in the order of `ArrayWaveform.driven`.
        floating: driven terminals without current in this piece; their entries do not count.
        kind: "write" and "read" while a pulse is on, "rest" between pulses, "bias", "wait".
        cell: (row, column) that is written or read, or None.
        step: number of the protocol's step, repeats unrolled.
        amplitude: voltage of the selected column over the row [V], 0 without a cell.
        resolved: of a write step that leaps over pulses, how many are followed in between (see leaping.py); else 0.
    """

    start: float
    end: float
    v_start: np.ndarray
    v_end: np.ndarray
    floating: tuple[str, ...] = ()
    kind: str = "wait"
    cell: tuple[int, int] | None = None
    step: int = 0
    amplitude: float = 0.0
    resolved: int = 0

    def voltage(self, t: float) -> np.ndarray:
        """(driven terminals,) [V] at time `t` within the segment."""
        return self.v_start + (self.v_end - self.v_start) * (t - self.start) / (self.end - self.start)

    @property
    def slope(self) -> float:
        """Of the fastest terminal [V/s]."""
        return float(np.abs(self.v_end - self.v_start).max()) / (self.end - self.start)


class ArrayWaveform:
    """Consecutive segments from t = 0, all terminals at 0 V before.

    Args:
        protocol: the scenario's steps; repeats are unrolled.
        roles: terminal -> role, "driven", "ground" or "floating", rows before columns.

    Attributes:
        driven: names of the driven terminals, the order of the segments' voltages.
        segments: `ArraySegment`s.
    """

    def __init__(self, protocol, roles: dict[str, str]):
        self.driven = [name for name, role in roles.items() if role == "driven"]
        self.segments: list[ArraySegment] = []
        self._time, self._volts = 0.0, np.zeros(len(self.driven))
        for number, step in enumerate(expanded(protocol)):
            if step.kind == "wait":
                self._add(step.duration, {}, step=number, volts=self._volts)
            elif step.kind == "bias":
                floating = self._others(set(step.voltages)) if step.others == "floating" else ()
                self._add(step.duration, step.voltages, floating, ramp=step.ramp, kind="bias", step=number)
            elif step.kind == "read":
                row, column = selected(step.cell)
                floating = self._others({row, column}) if step.others == "floating" else ()
                self._add(step.width, {column: step.amplitude}, floating, kind="read", cell=tuple(step.cell), step=number,
                          amplitude=step.amplitude)
                self._add(step.width, {}, kind="rest", step=number)
            else:
                self._write(step, number)

    def _others(self, named) -> tuple[str, ...]:
        return tuple(name for name in self.driven if name not in named)

    def _write(self, step, number):
        row, column = selected(step.cell)
        on_column, on_row, columns, rows = (share * step.amplitude for share in SHARES[step.scheme])
        volts = {name: columns if name.startswith("col") else rows for name in self.driven}
        volts |= {row: on_row, column: on_column}
        floating = self._others({row, column}) if step.scheme == "floating" else ()
        period = step.period or 2 * step.width
        for _ in range(step.count):
            self._add(step.width, volts, floating, kind="write", cell=tuple(step.cell), step=number, amplitude=step.amplitude)
            self._add(period - step.width, {}, kind="rest", step=number, resolved=step.resolved or 0)

    def _add(self, duration, voltages, floating=(), *, ramp=False, volts=None, **what):
        end = np.array([voltages.get(name, 0.0) for name in self.driven]) if volts is None else volts
        self.segments.append(ArraySegment(self._time, self._time + duration, self._volts if ramp else end, end, floating, **what))
        self._time, self._volts = self._time + duration, end

    @property
    def end(self) -> float:
        """Time of the last corner [s]."""
        return self._time

    def output_times(self, every) -> list[float]:
        """Times at which fields are written: the start, all corners, and `every` (value, kind) in between."""
        return output_times(self.segments, every)


def waveform_of(scenario, protocol=None) -> Waveform | ArrayWaveform:
    """Of a scenario, whatever its layout; `protocol`: steps to do instead of its own."""
    steps = scenario.protocol if protocol is None else protocol
    if scenario.device.layout != "array":
        return Waveform(steps)
    return ArrayWaveform(steps, {name: t.role for name, t in scenario.terminals.items()})
