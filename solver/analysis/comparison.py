"""Measured against simulated, one row a quantity."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from solver.analysis.measured import CITATION, DOI, Band, iv_bands
from solver.results.folder import NoResult
from solver.results.tables import read_terminals


@dataclass(frozen=True)
class Row:
    """One quantity of one result.

    Attributes:
        result: the folder.
        quantity: name with unit.
        measured: the band.
        simulated: the value, None when it does not exist (no set, no reset).
    """

    result: str
    quantity: str
    measured: Band
    simulated: float | None

    @property
    def inside(self) -> bool:
        """True when the simulated value lies in the measured band."""
        return self.measured.holds(self.simulated)


def compare(directories: Sequence[str | Path]) -> list[Row]:
    """Rows of every result, in the order given.

    Args:
        directories: result folders.

    Raises:
        NoResult: one sentence: a folder is no result, or its run holds no voltage sweep to compare.
    """
    from solver.analysis.switching import legs, record, switching_numbers

    rows = []
    for directory in directories:
        table = read_terminals(directory)
        if not legs(record(table).voltage):
            raise NoResult(f"{directory} holds no voltage sweep, which is what the measured I-V can be compared with")
        numbers = switching_numbers(table)
        rows += [Row(str(directory), key, measured, numbers[key]) for key, measured in iv_bands().items()]
    return rows


def main(directories: Sequence[str | Path]) -> int:
    """Print the comparison (``halofil compare DIR...``).

    Returns:
        0 when every row is inside its band, 1 when any is outside, 2 when a folder is no result.
    """
    from rich.console import Console
    from rich.table import Table

    try:
        if not directories:
            raise NoResult("name at least one result folder")
        rows = compare(directories)
    except ValueError as fault:
        Console(stderr=True, soft_wrap=True).print(str(fault), markup=False, highlight=False)
        return 2
    console = Console()
    console = Console(width=max(console.width, 90))  # narrower than that, values would be cut off
    for result in dict.fromkeys(row.result for row in rows):
        table = Table(title=f"{result} against {CITATION}", title_justify="left")
        for name in ("quantity", "measured", "band", "simulated", ""):
            table.add_column(name, justify="left" if name in ("quantity", "") else "right", no_wrap=True)
        for row in (row for row in rows if row.result == result):
            mean = "-" if row.measured.mean is None else f"{row.measured.mean:.3g}"
            value = "none" if row.simulated is None else f"{row.simulated:.3g}"
            table.add_row(row.quantity.replace("[", r"\["), mean, f"{row.measured.low:.3g} .. {row.measured.high:.3g}",
                          value, "[green]inside[/green]" if row.inside else "[red]outside[/red]")
        console.print(table)
    outside = sum(not row.inside for row in rows)
    console.print(f"{len(rows) - outside} of {len(rows)} quantities inside their bands (mean ± one standard "
                  f"deviation, range, or half a decade about an order of magnitude; doi:{DOI})", highlight=False)
    return 1 if outside else 0
