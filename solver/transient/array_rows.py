"""What terminals.csv holds of an array besides its terminals: each cell's gap and ions, energy from each terminal."""

from __future__ import annotations

from solver.physics.observables import AxisProbe
from solver.scenario.array_checks import selected


def cell_name(cell: tuple[int, int]) -> str:
    """Name of a cell in columns and figures."""
    return f"cell_{cell[0]}_{cell[1]}"


def energy_column(terminal: str) -> str:
    """Energy that the device took up through a terminal."""
    return f"energy {terminal} [J]"


def gap_column(cell: tuple[int, int]) -> str:
    """Distance from a cell's filament to its column."""
    return f"filament gap {cell_name(cell)} [m]"


def ions_column(cell: tuple[int, int], ion: str) -> str:
    """Ions, mobile and condensed, of the film nearer to this crosspoint than to any other."""
    return f"{ion} {cell_name(cell)} [1]"


def gained_column(cell: tuple[int, int], ion: str) -> str:
    """Ions that have come from the neighbouring cells since the start."""
    return f"{ion} from neighbours {cell_name(cell)} [1]"


class ArrayRows:
    """Columns of an array's table and their values.

    Args:
        scenario: with layout array.
        model: `DeviceModel`.

    Attributes:
        columns: names, in order.
        summed: those that leaps over pulses carry on or tell the error of: energies, ions from neighbours, gaps.
    """

    def __init__(self, scenario, model):
        device = scenario.device
        self._cells, ions = device.cells, [ion.name for ion in model.context.species]
        energies, gained = [energy_column(name) for name in device.terminal_names], [gained_column(cell, ion) for ion in ions for cell in self._cells]
        self._probes = [] if model.parameters.filament is None else [AxisProbe(model, site) for site in model.sites]
        gaps = [gap_column(cell) for cell in self._cells if self._probes]
        self.summed = [*energies, *gained, *gaps]
        self.columns = [*energies, *gaps, *(ions_column(cell, ion) for ion in ions for cell in self._cells)]
        self.columns += gained if len(self._cells) > 1 else []

    def gaps(self) -> list[float]:
        """Of each cell [m]; none without filaments. Collective."""
        return [probe.gap() * 1e-9 for probe in self._probes]

    def row(self, row: dict, segment, record, energies: dict) -> dict:
        """Values of `columns` at the end of a step, and the device's numbers that an array has otherwise. Collective.

        Args:
            row: the terminals' voltages and currents by column name.
            segment: `ArraySegment` that the step belongs to.
            record: `StepRecord` of the step.
            energies: terminal -> energy taken up since the start [J].
        """
        gaps = self.gaps()
        out = {energy_column(name): joule for name, joule in energies.items()}
        out |= {gap_column(cell): gap for cell, gap in zip(self._cells, gaps)}
        for column, counts in ((ions_column, record.content), (gained_column, record.gained)):
            out |= {name: float(n) for ion, by_cell in counts.items() for cell, n in zip(self._cells, by_cell)
                    if (name := column(cell, ion)) in self.columns}
        return out | {"filament gap [m]": min(gaps, default=float("nan")), "conductance [S]": self._conductance(row, segment)}

    @staticmethod
    def _conductance(row, segment) -> float:
        """Of the selected cell, by the conduction current out of its row; NaN where none is selected."""
        if segment.cell is None:
            return float("nan")
        out, into = selected(segment.cell)
        current = row[f"current {out} [A]"] - row[f"displacement current {out} [A]"]
        drop = row[f"voltage {into} [V]"] - row[f"voltage {out} [V]"]
        return -current / drop if abs(drop) > 1e-9 else float("nan")
