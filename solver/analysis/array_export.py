"""An array's conductances and what pulses did to them, as plain matrices for circuit simulators of crossbars.

`conductances.npz` holds numpy arrays, `conductance_K.csv` the K-th complete round of reads as a bare matrix [S], a row of the
array on a line. A cell is read by a voltage on its column and the current out of its row, so the rows' currents are matrix times
the columns' voltages: CrossSim's (outputs, inputs). badcrossbar takes resistances, word lines by bit lines: the transposed
reciprocals (docs/circuits.md).
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from solver.analysis.crosstalk import Reading, changes, readings, writes
from solver.results.folder import atomic_write_bytes

if TYPE_CHECKING:
    import pandas


def rounds(read: list[Reading], cells: tuple[tuple[int, int], ...]) -> list[tuple[float, np.ndarray]]:
    """Complete rounds of reads, in time.

    Args:
        read: readings in time.
        cells: all (row, column), from 1.

    Returns:
        (time of the last read [s], (rows, columns) conductances [S]) of every stretch of reads in which each cell occurs once;
        a cell read again before the round is complete starts a new one.
    """
    shape = tuple(np.max(cells, axis=0))
    found, seen = [], {}
    for reading in read:
        if reading.cell in seen:
            seen = {}
        seen[reading.cell] = reading.conductance
        if len(seen) == len(cells):
            matrix = np.zeros(shape)
            for (i, j), value in seen.items():
                matrix[i - 1, j - 1] = value
            found.append((reading.time, matrix))
            seen = {}
    return found


def export(directory: Path, table: pandas.DataFrame, scenario: Any) -> list[Path]:
    """Write the matrices beside a run's other results.

    Args:
        directory: result folder.
        table: its terminals.csv.
        scenario: of layout array.

    Returns:
        The files written; none without a complete round of reads. `conductances.npz`: "conductance" (rounds, rows, columns)
        [S], "time" (rounds,) [s]; of each write "cell" (writes, 2), "amplitude" [V], "pulses" [1], "update" (writes, rows,
        columns), ln of the conductance after it over that before, per pulse, NaN where a cell was not read on both sides.
    """
    read, device = readings(table, scenario), scenario.device
    found = rounds(read, device.cells)
    if not found:
        return []
    done = writes(scenario)
    update = np.full((len(done), device.rows, device.columns), np.nan)
    for k, write in enumerate(done):
        for (i, j), change in changes(read, write).items():
            update[k, i - 1, j - 1] = change / write.count
    buffer = io.BytesIO()
    np.savez(buffer, conductance=np.array([matrix for _, matrix in found]), time=np.array([time for time, _ in found]),
             cell=np.array([write.cell for write in done], dtype=int).reshape(-1, 2),
             amplitude=np.array([write.amplitude for write in done]), pulses=np.array([write.count for write in done]),
             update=update)
    files = [directory / "conductances.npz"]
    atomic_write_bytes(files[0], buffer.getvalue())
    for k, (_, matrix) in enumerate(found, 1):
        text = io.StringIO()
        np.savetxt(text, matrix, delimiter=",", fmt="%.12e")
        files.append(directory / f"conductance_{k}.csv")
        atomic_write_bytes(files[-1], text.getvalue().encode())
    return files
