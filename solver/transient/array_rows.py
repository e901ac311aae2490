"""What terminals.csv holds of an array besides its terminals: each cell's gap and vacancies, energy from each terminal."""

from __future__ import annotations

import numpy as np

from solver.physics.balances import IonCount
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


class ArrayRows:
    """Columns of an array's table and their values.

    Args:
        scenario: with layout array.
        model: `DeviceModel`.

    Attributes:
        columns: names, in order.
        energy: (terminals,) taken up since the start [J].
    """

    def __init__(self, scenario, model):
        device = scenario.device
        self._terminals, self._cells = list(device.terminal_names), device.cells
        self._ions = [ion.name for ion in model.context.species]
        self._probes = [] if model.parameters.filament is None else [AxisProbe(model, site) for site in model.sites]
        self._count = IonCount(model)
        self._cell_of_node = model.xp.asarray(model.parameters.crosspoints.nearest(model.coordinates[: model.owned]))
        self.columns = [energy_column(name) for name in self._terminals]
        self.columns += [gap_column(cell) for cell in self._cells if self._probes]
        self.columns += [ions_column(cell, ion) for ion in self._ions for cell in self._cells]
        self.energy = np.zeros(len(self._terminals))
        self._power = np.zeros(len(self._terminals))

    def row(self, row: dict, segment, step: float) -> dict:
        """Values of `columns` at the end of a step, and the device's numbers that an array has otherwise. Collective.

        Args:
            row: the terminals' voltages and currents by column name.
            segment: `ArraySegment` that the step belongs to.
            step: its length [s].
        """
        volts = np.array([row[f"voltage {name} [V]"] for name in self._terminals])
        current = np.array([row[f"current {name} [A]"] for name in self._terminals])
        # Trapezoids; a jump's own step is 1 us.
        self.energy = self.energy + 0.5 * (self._power + volts * current) * step
        self._power = volts * current
        out = {energy_column(name): float(e) for name, e in zip(self._terminals, self.energy)}
        gaps = [probe.gap() * 1e-9 for probe in self._probes]
        out |= {gap_column(cell): gap for cell, gap in zip(self._cells, gaps)}
        for ion, counts in self._count.by_group(self._cell_of_node, len(self._cells)).items():
            out |= {ions_column(cell, ion): float(n) for cell, n in zip(self._cells, counts)}
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

    def snapshot(self) -> dict:
        """Plain data for a checkpoint."""
        return {"energy": self.energy.tolist(), "power": self._power.tolist()}

    def restore(self, data: dict) -> None:
        """Continue from a `snapshot`."""
        self.energy, self._power = np.array(data["energy"]), np.array(data["power"])
