"""What cells of an array do to each other: reads, change of every cell per write, vacancies exchanged, energy by terminal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from solver.analysis.hammering import hammered
from solver.transient.array_rows import cell_name, energy_column, gained_column, gap_column, ions_column
from solver.transient.array_waveform import waveform_of

if TYPE_CHECKING:
    import pandas


@dataclass(frozen=True)
class Reading:
    """One read of a cell.

    Attributes:
        cell: (row, column), from 1.
        time: at the end of the pulse [s].
        conductance: current out of the row over the voltage [S]; with the other terminals floating, sneak paths included.
    """

    cell: tuple[int, int]
    time: float
    conductance: float


@dataclass(frozen=True)
class Written:
    """Pulses of one write step.

    Attributes:
        cell: (row, column), from 1.
        amplitude: of the column over the row [V].
        start, end: of the step [s].
        count: number of pulses.
    """

    cell: tuple[int, int]
    amplitude: float
    start: float
    end: float
    count: int


def readings(table: pandas.DataFrame, scenario: Any) -> list[Reading]:
    """Every read that the table holds whole, in time.

    Args:
        table: terminals.csv as read by ``read_terminals``.
        scenario: of layout array.
    """
    time, siemens = table["time [s]"].to_numpy(), table["conductance [S]"].to_numpy()
    found = []
    for segment in waveform_of(scenario).segments:
        if segment.kind == "read" and segment.end <= time[-1] * (1 + 1e-9):
            row = int(np.argmin(np.abs(time - segment.end)))
            found.append(Reading(segment.cell, float(time[row]), float(siemens[row])))
    return found


def writes(scenario: Any) -> list[Written]:
    """The write steps of a protocol, in time; neighbours of one cell and amplitude are one (repeats)."""
    found: list[Written] = []
    for segment in waveform_of(scenario).segments:
        if segment.kind == "write":
            last = found[-1] if found else None
            if last and last.cell == segment.cell and last.amplitude == segment.amplitude and abs(last.end - segment.start) < 1e-12:
                found[-1] = Written(last.cell, last.amplitude, last.start, segment.end, last.count + 1)
            else:
                found.append(Written(segment.cell, segment.amplitude, segment.start, segment.end, 1))
        elif segment.kind == "rest" and found and abs(found[-1].end - segment.start) < 1e-12:
            found[-1] = Written(found[-1].cell, found[-1].amplitude, found[-1].start, segment.end, found[-1].count)
    return found


def gaps_by_pulse(table: pandas.DataFrame, scenario: Any, write: Written, cell: tuple[int, int]) -> np.ndarray:
    """Gap of a cell before a write step and after each of its pulses and the pause that follows [m]; empty without filament."""
    if gap_column(cell) not in table:
        return np.empty(0)
    ends = [s.end for s in waveform_of(scenario).segments if s.kind == "rest" and write.start < s.end <= write.end * (1 + 1e-12)]
    time, gap = table["time [s]"].to_numpy(), table[gap_column(cell)].to_numpy()
    return np.interp([write.start, *(end for end in ends if end <= time[-1] * (1 + 1e-9))], time, gap)


def changes(read: list[Reading], write: Written) -> dict[tuple[int, int], float]:
    """ln of the conductance after a write over that before it, of every cell read on both sides of it."""
    before = {r.cell: r.conductance for r in read if r.time <= write.start * (1 + 1e-9)}
    after = {r.cell: r.conductance for r in reversed(read) if r.time > write.end * (1 - 1e-9)}
    return {cell: float(np.log(after[cell] / before[cell])) for cell in before
            if cell in after and after[cell] > 0 and before[cell] > 0}


def disturb(change: dict[tuple[int, int], float], aggressor: tuple[int, int],
            control: dict[tuple[int, int], float] | None = None) -> dict[tuple[int, int], float]:
    """Change of every other cell over that of the written one, in ln of the conductance.

    Args:
        change: of every cell, see :func:`changes`.
        aggressor: the cell written.
        control: the same of a run without the write: what the cells do by themselves, taken off.

    Returns:
        cell -> victim over aggressor [1]; empty where the aggressor was not read or did not change.
    """
    own = control or {}
    net = {cell: value - own.get(cell, 0.0) for cell, value in change.items()}
    if not net.get(aggressor):
        return {}
    return {cell: value / net[aggressor] for cell, value in net.items() if cell != aggressor}


def moving_ions(table: pandas.DataFrame, device: Any) -> list[str]:
    """Species whose exchange between cells a table tells; none of a single cell."""
    mark = gained_column(device.cells[0], "")
    return [column.removesuffix(mark) for column in table.columns if column.endswith(mark)]


def exchanged(table: pandas.DataFrame, write: Written, cell: tuple[int, int], ion: str) -> tuple[float, float]:
    """Ions that a cell's film has gained in a write step with its pauses: (from the neighbouring cells, through its electrodes)."""
    time, between = table["time [s]"].to_numpy(), (write.start, write.end)
    content, gained = (float(np.diff(np.interp(between, time, table[column(cell, ion)]))[0]) for column in (ions_column, gained_column))
    return gained, content - gained


def crosstalk_numbers(table: pandas.DataFrame, scenario: Any) -> dict[str, Any]:
    """Numbers of an array's run for summary.json.

    Returns:
        "reads" (list), "writes" (list: what each did to every cell, the ions that it gained from its neighbours and through its electrodes
        among it), "energy NAME [J]" by terminal and their sum, and the ions that each cell's film lost or won in all.
    """
    device, read = scenario.device, readings(table, scenario)
    out: dict[str, Any] = {
        "reads": [{"cell": cell_name(r.cell), "time [s]": r.time, "conductance [S]": r.conductance} for r in read]}
    rows = []
    for write in writes(scenario):
        carried = {cell_name(cell): found for cell in device.cells if (found := hammered(gaps_by_pulse(table, scenario, write, cell)))}
        change = changes(read, write)
        rows.append({
            "cell": cell_name(write.cell), "amplitude [V]": write.amplitude, "pulses [1]": write.count,
            "ln conductance change [1]": {cell_name(c): v for c, v in change.items()},
            "disturb [1]": {cell_name(c): v for c, v in disturb(change, write.cell).items()},
            **_exchanges(table, write, device),
            "gap after 1000 pulses [m]": {name: float(found.gap(1000 - found.simulated)) for name, found in carried.items()},
            "gap, error over pulses held out [m]": {name: found.error for name, found in carried.items()}})
    if rows:
        out["writes"] = rows
        worst = [abs(v) for row in rows for v in row["disturb [1]"].values()]
        out["largest disturb [1]"] = max(worst, default=None)
    for name in device.terminal_names:
        out[energy_column(name)] = float(table[energy_column(name)].iloc[-1])
    out["energy [J]"] = float(sum(out[energy_column(name)] for name in device.terminal_names))
    for column in table.columns:
        if column.endswith("[1]") and " cell_" in column:
            out[f"change of {column}"] = float(table[column].iloc[-1] - table[column].iloc[0])
    return out


def _exchanges(table, write, device):
    out = {}
    for ion in moving_ions(table, device):
        both = {cell_name(cell): exchanged(table, write, cell, ion) for cell in device.cells}
        out |= {f"{ion} {way} [1]": {name: pair[k] for name, pair in both.items()} for k, way in enumerate(("from neighbours", "through electrodes"))}
    return out
