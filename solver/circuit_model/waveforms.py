"""What a run tells the compact model: voltage, current and gap of one cell over time."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from solver.results.folder import NoResult, RunFolder
from solver.results.tables import read_terminals

READABLE = 5e-4  # V: below, a current says little about the conductance
_VOLTAGE, _GAP, _TIMES = 2e-3, 0.03, 600  # V, nm: rows of a run closer together than these, and than its length over this, tell nothing new


@dataclass(frozen=True)
class CellWaveform:
    """One cell over time.

    Attributes:
        name: of the results folder.
        time: (n,) [s].
        volts: (n,) of the driven terminal over the grounded one [V]; linear in between, a jump is a step of microseconds.
        current: (n,) without the displacement current [A].
        gap: (n,) [nm], 0 where filament and electrode touch.
        temperature: of the film [K].
    """

    name: str
    time: np.ndarray
    volts: np.ndarray
    current: np.ndarray
    gap: np.ndarray
    temperature: float

    @property
    def weights(self) -> np.ndarray:
        """(n,) share of the time that a row stands for, long pauses not counted in full; they sum to 1."""
        spans = np.minimum(np.diff(self.time, prepend=self.time[0]), (self.time[-1] - self.time[0]) / 200)
        return spans / spans.sum()

    @property
    def readable(self) -> np.ndarray:
        """(n,) where the voltage suffices to tell a conductance, and the current flows with it."""
        return (np.abs(self.volts) > READABLE) & (self.current * self.volts > 0)

    def thinned(self) -> CellWaveform:
        """With fewer rows: those where nothing has changed since the last one left out, corners of the voltage kept."""
        keep, last = [0], 0
        span = (self.time[-1] - self.time[0]) / _TIMES
        for k in range(1, len(self.time)):
            jump = abs(self.volts[k] - self.volts[k - 1]) > _VOLTAGE
            if jump and keep[-1] != k - 1:
                keep.append(k - 1)
            moved = abs(self.volts[k] - self.volts[last]) > _VOLTAGE or abs(self.gap[k] - self.gap[last]) > _GAP
            if jump or moved or self.time[k] - self.time[last] > span or k == len(self.time) - 1:
                keep.append(k)
                last = k
        parts = (part[keep] for part in (self.time, self.volts, self.current, self.gap))
        return CellWaveform(self.name, *parts, self.temperature)


def read_waveform(directory: str | Path) -> CellWaveform:
    """Of a results folder.

    Raises:
        NoResult: one sentence: no run, a layout of many cells, or no filament whose gap could be followed.
    """
    from solver.scenario import load_scenario

    table, scenario = read_terminals(directory), load_scenario(RunFolder(Path(directory)).scenario)
    if scenario.device.layout == "array":
        raise NoResult(f"{directory} is an array: the compact model is of one cell, give runs of one")
    gap = table["filament gap [m]"].to_numpy() * 1e9
    if not np.all(np.isfinite(gap)):
        raise NoResult(f"{directory} has no filament whose gap could be followed")
    driven = scenario.driven
    ground = next(name for name, terminal in scenario.terminals.items() if terminal.role == "ground")
    volts = (table[f"voltage {driven} [V]"] - table[f"voltage {ground} [V]"]).to_numpy()
    current = (table[f"current {driven} [A]"] - table[f"displacement current {driven} [A]"]).to_numpy()
    return CellWaveform(Path(directory).resolve().name, table["time [s]"].to_numpy(), volts, current, gap, scenario.material.film.temperature.value)
