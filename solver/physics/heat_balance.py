"""Heat produced, stored and let out, from the rows of the heat equation (conservative: the rows of a term sum to it)."""

from dataclasses import dataclass

from dolfinx import fem, la
from mpi4py import MPI

from solver.physics import heat
from solver.physics.fields import TEMPERATURE


@dataclass(frozen=True)
class HeatSums:
    """Rates in kT0/s of the meshed part: heat produced by the currents, going into storage, leaving through the sinks."""

    produced: float
    stored: float
    leaving: float


class HeatBalance:
    """Sums of the heat equation's parts at the model's state. Creation compiles and is collective.

    Args:
        model: `DeviceModel` with a temperature field.
        source_rows: function that sums the rows of the sources where the state lives (an engine's `heat_rows`); None: DOLFINx
            does, on the host.
    """

    def __init__(self, model, source_rows=None):
        ctx = model.context
        self._model, self._scale = model, ctx.row_scale[TEMPERATURE]
        self._source_rows = source_rows
        self._column = ctx.fields.index(TEMPERATURE)
        self._sources, self._storage = ([fem.form(t.form) for t in part(ctx)] for part in (heat.sources, heat.storage))

    def _sum(self, forms) -> float:
        m, total = self._model, 0.0
        m.host_state()
        for form in forms:
            vector = fem.assemble_vector(form)
            vector.scatter_reverse(la.InsertMode.add)
            total += vector.array.reshape(-1, len(m.fields))[: m.owned, self._column].sum()
        return m.device.mesh.comm.allreduce(float(total), MPI.SUM) / self._scale

    def produced(self) -> float:
        """Heat of the currents [kT0/s]. Collective."""
        rows = self._sum(self._sources) if self._source_rows is None else self._source_rows() / self._scale
        return -rows

    def __call__(self, interior_residual) -> HeatSums:
        """All parts. Collective.

        Args:
            interior_residual: owned nodal residual of all terms that are no contact, (n, fields), row-scaled.
        """
        m = self._model
        m.host_history()
        rows = m.asnumpy(interior_residual)[:, self._column]
        leaving = m.device.mesh.comm.allreduce(float(rows[m.sink_nodes[: m.owned]].sum()), MPI.SUM)
        return HeatSums(self.produced(), self._sum(self._storage), -leaving / self._scale)


def largest(model) -> float:
    """Largest T/T0 of the mesh. Collective."""
    values = model.values(TEMPERATURE)[: model.owned]
    return model.device.mesh.comm.allreduce(float(values.max()) if len(values) else 0.0, MPI.MAX)
