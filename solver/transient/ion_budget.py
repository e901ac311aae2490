"""Where a film's ions come from: electrodes, reactions and, in an array, the neighbouring cells.

The film nearer to one crosspoint than to any other is a cell's. What its content has gained beyond the inflow through the electrodes in
it and what reactions made there has come over the planes half way to its neighbours; over all cells that is zero. Inflow and reactions
are summed over time by the formula of the fields, so that the budget holds to the tolerance of the solve. A device that is no array is one
cell.
"""

from __future__ import annotations

import numpy as np
from mpi4py import MPI

from solver.physics.balances import IonCount
from solver.transient.bdf import Integral


class IonBudget:
    """Content, inflow and gain from neighbours of every cell, of each mobile species.

    Args:
        model: `DeviceModel`.

    Attributes:
        content: species -> (cells,) ions, mobile and condensed, at the last accepted step.
        gained: species -> (cells,) ions that have come from the neighbours since the start.
    """

    def __init__(self, model):
        self._model, points = model, model.parameters.crosspoints
        self._cells = 1 if points is None else points.count
        cell = np.zeros(model.owned, dtype=int) if points is None else points.nearest(model.coordinates[: model.owned])
        nodes = np.concatenate(list(model.terminal_nodes.values()))
        self._nodes, self._cell_of_node = model.xp.asarray(nodes), model.xp.asarray(cell[nodes])
        self._count = IonCount(model, cell, self._cells)
        self._names = [ion.name for ion in model.context.species]
        self._start: dict[str, np.ndarray] = {}
        self._exchanged: dict[str, Integral] = {}
        self.content: dict[str, np.ndarray] = {}
        self.gained: dict[str, np.ndarray] = {}

    def begin(self):
        """The budget starts with the model's state. Collective."""
        self._start = self.content = self._count()
        self._exchanged = {name: Integral(np.zeros(self._cells)) for name in self._names}
        self.gained = {name: np.zeros(self._cells) for name in self._names}

    def inflow(self, interior_residual) -> dict[str, np.ndarray]:
        """Species -> (cells,) inflow through the electrodes in each cell [1/s] (see balances.py). Collective.

        Args:
            interior_residual: as for `nodal_sums`.
        """
        m, out = self._model, {}
        for name in self._names:
            rows = interior_residual[self._nodes, m.fields.index(name)] / m.context.row_scale[name]
            out[name] = m.asnumpy(m.xp.bincount(self._cell_of_node, rows, minlength=self._cells))
            m.device.mesh.comm.Allreduce(MPI.IN_PLACE, out[name])
        return out

    def lost(self, inside: dict[str, float], c) -> float:
        """Largest share of a species that a step loses where it touches no terminal.

        Args:
            inside: species -> residual there [1/s].
            c: `bdf.Coefficients` of the step.
        """
        return max((abs(inside[name]) / c.a0 / count for name, count in self._count.scale(self._start).items()), default=0.0)

    def accept(self, c, inflow) -> float:
        """Take the step that led to the model's state; returns the imbalance of the species where it is largest, over its ions."""
        made, self.content, imbalances = self._count.made(), self._count(), [0.0]
        for name, scale in self._count.scale(self._start).items():
            self._exchanged[name].add(c, inflow[name] + made[name])
            self.gained[name] = self.content[name] - self._start[name] - self._exchanged[name].value
            imbalances.append(float(self.gained[name].sum()) / scale)
        return max(imbalances, key=abs)

    def leap(self):
        """Go on from the model's state, whatever lies between: what it has more or less counts as exchanged, see `carry_on`."""
        before, self.content = self.content, self._count()
        for name in self._names:
            self._exchanged[name].restart(self.content[name] - before[name])

    def carry_on(self, more: np.ndarray):
        """Of that, (species * cells,) ions have come from the neighbours."""
        for name, gain in zip(self._names, np.reshape(more, (len(self._names), self._cells))):
            self._exchanged[name].restart(-gain)
            self.gained[name] = self.gained[name] + gain

    def restart(self):
        """The next step is implicit Euler."""
        for integral in self._exchanged.values():
            integral.restart()

    def gains(self) -> np.ndarray:
        """`gained` of all species, (species * cells,)."""
        return np.concatenate([np.empty(0), *(self.gained[name] for name in self._names)])

    def snapshot(self) -> dict:
        """Plain data for a checkpoint."""
        return {"start": {name: n.tolist() for name, n in self._start.items()}, "gains": self.gains().tolist(),
                "exchanged": {name: integral.snapshot() for name, integral in self._exchanged.items()}}

    def restore(self, data: dict):
        """Continue from a `snapshot`, the model's state being that of it. Collective."""
        self._start = {name: np.array(n) for name, n in data["start"].items()}
        self._exchanged = {name: Integral(*levels) for name, levels in data["exchanged"].items()}
        self.gained = dict(zip(self._names, np.reshape(data["gains"], (len(self._names), self._cells))))
        self.content = self._count()
