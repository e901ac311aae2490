"""terminals.csv: one row a step, on disk before the next step begins."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from solver.results.folder import NoResult, atomic_write_text, existing

if TYPE_CHECKING:
    import pandas

_PER_TERMINAL = ("voltage {} [V]", "current {} [A]", "displacement current {} [A]", "ionic current {} [A]")
_OF_CARRIERS = ("electron current {} [A]", "hole current {} [A]")
_OF_HEAT = ("largest temperature [K]", "heat [W]")
_OF_SOURCE = ("source voltage {} [V]", "source current {} [A]")
_OF_LIMIT = ("in compliance {} [1]",)
_OF_THE_DEVICE = ("conductance [S]", "energy [J]", "filament gap [m]", "charge imbalance [C]",
                  "ion imbalance [1]", "step [s]", "newton iterations", "linear iterations")


def terminal_columns(terminals: Sequence[str], carriers: bool = False, heat: bool = False, source: str | None = None,
                     limited: bool = False, ions: Sequence[str] = ()) -> list[str]:
    """Column names of terminals.csv, in order.

    Args:
        terminals: terminal names, e.g. ("top", "bottom").
        carriers: with the parts of electrons and holes in each current.
        heat: with the largest temperature and the heat produced.
        source: the driven terminal where there is a circuit between its source and the device.
        limited: the source has a compliance.
        ions: mobile species; where there are several, with the part of each.
    """
    names = _PER_TERMINAL + (_OF_CARRIERS if carriers else ())
    names += tuple(f"{ion} current {{}} [A]" for ion in ions) if len(ions) > 1 else ()
    columns = ["time [s]"]
    for terminal in terminals:
        extra = (_OF_SOURCE + (_OF_LIMIT if limited else ())) if terminal == source else ()
        columns += [name.format(terminal) for name in names + extra]
    energy = ("source energy [J]",) if source else ()
    return [*columns, *(_OF_HEAT if heat else ()), *_OF_THE_DEVICE[:2], *energy, *_OF_THE_DEVICE[2:]]


def _whole_lines(text: str) -> list[str]:
    """Lines that end in a newline and have as many values as the header: a killed run may leave half a line."""
    lines = text.split("\n")[:-1]
    return [line for line in lines if line.count(",") == lines[0].count(",")] if lines else []


class TerminalTable:
    """Writer of terminals.csv (rank 0 only)."""

    def __init__(self, path: str | Path, columns: Sequence[str], resume_until: float | None = None):
        """Start the table, or continue it.

        Args:
            path: the CSV file.
            columns: names with units, the first one "time [s]" (see :func:`terminal_columns`).
            resume_until: keep the rows of an existing file up to this time [s] and go on after them; None starts anew.

        Raises:
            ValueError: the existing file has other columns.
        """
        self.path = Path(path)
        self.columns = list(columns)
        header = ",".join(self.columns)
        kept = [header]
        if resume_until is not None and self.path.is_file():
            lines = _whole_lines(self.path.read_text(encoding="utf-8"))
            if lines and lines[0] != header:
                raise ValueError(f"{self.path} has other columns than this run writes: start again with --force")
            # times are written with 13 digits, so equal times differ by up to 5e-13 of themselves
            limit = resume_until + 1e-12 * abs(resume_until) + 1e-15
            kept += [line for line in lines[1:] if float(line.split(",", 1)[0]) <= limit]
        atomic_write_text(self.path, "\n".join(kept) + "\n")
        self._stream = open(self.path, "a", encoding="utf-8")  # noqa: SIM115 - closed in close()

    def append(self, row: Mapping[str, float]) -> None:
        """Write one row and hand it to the operating system (it outlives a killed process).

        Args:
            row: a value for each column, in any order; integers are written as such, the rest as %.12e.

        Raises:
            ValueError: a column is missing or unknown.
        """
        if set(row) != set(self.columns):
            missing = sorted(set(self.columns) - set(row))
            unknown = sorted(set(row) - set(self.columns))
            raise ValueError(f"a row of {self.path.name} does not fit: missing {missing}, unknown {unknown}")
        values = (row[name] for name in self.columns)
        self._stream.write(",".join(str(v) if isinstance(v, int) else f"{float(v):.12e}" for v in values) + "\n")
        self._stream.flush()

    def close(self) -> None:
        """Close the file."""
        self._stream.close()


def read_terminals(directory: str | Path) -> pandas.DataFrame:
    """The table of a run, finished or not.

    Args:
        directory: the result folder.

    Returns:
        One row a step, columns as in the file; a half-written last line is left out.

    Raises:
        NoResult: the folder has no terminals.csv, or it holds no row.
    """
    import pandas

    path = existing(directory).terminals
    lines = _whole_lines(path.read_text(encoding="utf-8"))
    if len(lines) < 2 or not lines[0].startswith("time [s]"):
        raise NoResult(f"{directory} is no result: its terminals.csv holds no step")
    return pandas.read_csv(io.StringIO("\n".join(lines) + "\n"))
