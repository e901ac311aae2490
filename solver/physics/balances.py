"""Terminal charge, currents and ion balance from nodal residuals (conservative test functions).

The sum of an equation's residual without contact terms over a terminal's nodes is what flows in there:
electrode charge (Poisson), electronic current (of electrons and of holes where they are apart), inflow of each ion
species. Off the terminals each residual is zero, so that displacement + electronic + ionic currents of all terminals sum to zero to the tolerance of the Newton solve.
"""

from dataclasses import dataclass

import numpy as np
from mpi4py import MPI

from solver.physics.fields import ELECTRONS, FERMI, HOLES, POTENTIAL, total
from solver.physics.reactions import rate
from solver.physics.storage import stored


@dataclass(frozen=True)
class TerminalSums:
    """Inflow through one terminal: charge on the electrode [q], currents [q/s].

    Attributes:
        ions: species -> inflow [1/s].
        ionic: their current, sum of z times the inflow.
    """

    charge: float
    quasi_equilibrium: float
    electrons: float
    holes: float
    ionic: float
    ions: dict[str, float]

    @property
    def electronic(self) -> float:
        """Electronic current, whatever carries it [q/s]."""
        return self.quasi_equilibrium + self.electrons + self.holes


COLUMNS = (POTENTIAL, FERMI, ELECTRONS, HOLES)  # whose rows make up the numbers of TerminalSums, besides the ions'


def nodal_sums(model, interior_residual) -> dict[str, TerminalSums]:
    """Sums of the nodal residual over each terminal, and over the rest under `device.INSIDE`. Collective.

    Args:
        model: `DeviceModel`.
        interior_residual: owned nodal residual of all terms that are no contact, (n, fields), row-scaled.
    """
    ctx, comm, groups = model.context, model.device.mesh.comm, model.node_groups
    columns = (*COLUMNS, *(ion.name for ion in ctx.species))
    there = [field for field in columns if ctx.has(field)]
    gathered = [interior_residual[nodes] for nodes in groups.values()]
    sums = model.xp.stack([rows[:, ctx.fields.index(field)].sum() for rows in gathered for field in there])
    local = np.zeros((len(groups), len(columns)))
    scale = np.array([ctx.row_scale[field] for field in there])
    local[:, [columns.index(field) for field in there]] = model.asnumpy(sums).reshape(len(groups), -1) / scale
    comm.Allreduce(MPI.IN_PLACE, local)
    out = {}
    for name, numbers in zip(groups, local):
        ions = {ion.name: float(number) for ion, number in zip(ctx.species, numbers[len(COLUMNS):])}
        ionic = sum(ion.charge * ions[ion.name] for ion in ctx.species)
        out[name] = TerminalSums(*map(float, numbers[: len(COLUMNS)]), ionic, ions)
    return out


class IonCount:
    """Mobile and condensed ions in the film, and what reactions make of them, lumped as their terms are; by group of nodes.

    Args:
        model: `DeviceModel`.
        group: (owned nodes,) number of each node's group.
        count: of groups.
    """

    def __init__(self, model, group, count):
        import ufl
        from dolfinx import fem

        ctx = model.context
        v = ufl.TestFunction(ctx.history_space)
        volume = fem.assemble_vector(fem.form(v[0] * ctx.weight * ctx.dx_nodes(ctx.film)))
        volume.scatter_reverse(_add())
        own = volume.array.reshape(-1, max(1, len(ctx.stored)))[: model.owned, 0].copy()
        self._model, self._volume = model, model.xp.asarray(own)
        self._group, self._groups = model.xp.asarray(group), count
        size = model.device.mesh.comm.allreduce(float(np.sum(own)), MPI.SUM)
        self._at_rest: dict = {}  # relative densities of ions that do not move and start from a profile
        self._usual = {ion.name: ion.density * size for ion in ctx.species}

    def scale(self, start) -> dict[str, float]:
        """What an imbalance is compared with: ions at the start, but where a profile starts from next to none 1e-3 of the
        material's initial density."""
        return {name: max(float(count.sum()), 1e-3 * self._usual[name]) for name, count in start.items()}

    def _integrals(self, density):
        """(groups,) integral of nodal densities over each group's part of the film."""
        m = self._model
        numbers = m.asnumpy(m.xp.bincount(self._group, density * self._volume, minlength=self._groups))
        m.device.mesh.comm.Allreduce(MPI.IN_PLACE, numbers)
        return numbers

    def __call__(self) -> dict[str, np.ndarray]:
        """Number of ions (mobile + condensed) of each mobile species: name -> (groups,). Collective."""
        m = self._model
        return {ion.name: self._integrals(stored(total(ion.name), m.fields, m.parameters, lambda f: m.values(f)[: m.owned]))
                for ion in m.context.species}

    def made(self) -> dict[str, np.ndarray]:
        """Ions of each mobile species that reactions make [1/s]: name -> (groups,). Collective."""
        m, p = self._model, self._model.parameters
        out = {ion.name: np.zeros(self._groups) for ion in m.context.species}
        for reaction in p.reactions:
            events = self._integrals(rate(reaction, p, self._relative_density))
            for name in out:
                out[name] += reaction.made(name) * events
        return out

    def _relative_density(self, species):
        m = self._model
        if species in m.fields:
            return m.values(species)[: m.owned]
        ion = m.parameters.ion(species)
        if ion.profile is None:
            return 1.0
        if species not in self._at_rest:
            self._at_rest[species] = m.xp.asarray(ion.profile(m.coordinates[: m.owned]) / ion.density)
        return self._at_rest[species]


def _add():
    from dolfinx import la

    return la.InsertMode.add
