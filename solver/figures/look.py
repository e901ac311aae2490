"""What ``halofil view`` shows: of which runs, which field, how, at which times."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from solver.figures import style
from solver.results.snapshots import Snapshots

if TYPE_CHECKING:
    import pandas


@dataclass(frozen=True)
class Look:
    """How a field is shown.

    Attributes:
        field: name.
        clip: axis and position [nm] of a cut that takes the near side away, or None.
        slices: planes to colour, axis and position [nm] each; the rest of the film is left transparent.
        isosurface: value of the surface (3D) or line (2D) to draw, or None.
        zoom: half the size [nm] of the part around the filament site to show, or None.
        filament: draw the filament's surface.
        current: draw field lines of the electronic current.
    """

    field: str
    clip: tuple[str, float] | None = None
    slices: tuple[tuple[str, float], ...] = ()
    isosurface: float | None = None
    zoom: float | None = None
    filament: bool = False
    current: bool = False


@dataclass(frozen=True)
class Run:
    """A run to look into.

    Attributes:
        directory: result folder.
        found: its fields.
        table: terminals.csv, None where it is missing.
    """

    directory: Path
    found: Snapshots
    table: pandas.DataFrame | None = field(repr=False)

    @property
    def name(self) -> str:
        """Of the folder."""
        return self.directory.resolve().name

    def state(self, step: int) -> str:
        """Time, voltage and current of a stored step, in words."""
        time = self.found.times[step]
        words = [f"t = {time:.4g} s"]
        for key, values in self.found.info.items():
            words.append(f"{key.partition(' [')[0]} {values[step]:.3g} {key.partition('[')[2].rstrip(']')}")
        if self.table is not None:
            from solver.analysis.switching import record

            data = record(self.table)
            # rows are the ends of the steps: at the start, before the first, nothing has flowed
            current = float(np.interp(time, data.time, data.current, left=0.0))
            factor, unit = style.scaled(np.array([current]), "A")
            words.append(f"current {current * factor:.3g} {unit}")
        return ", ".join(words).replace("-", "−")

    def voltage(self, terminal: str, step: int) -> float | None:
        """Of a terminal at a stored step [V], None where it is not known."""
        column = f"voltage {terminal} [V]"
        if self.table is None or column not in self.table:
            return None
        return float(np.interp(self.found.times[step], self.table["time [s]"], self.table[column]))


def colour_limits(values: np.ndarray) -> tuple[float, float, bool]:
    """Ends of the colour map, and whether it is logarithmic: positive values over a factor of twenty or more."""
    low, high = float(values.min()), float(values.max())
    if low > 0 and high / low > 20:
        return low, high, True
    if high - low < 1e-12 * max(abs(high), 1e-300):
        reach = 0.5 * abs(high) or 1.0
        return low - reach, high + reach, False
    return low, high, False
