"""What is read off a state besides terminal sums: fields in SI units and the filament's gap."""

import numpy as np
from mpi4py import MPI

from solver import compat
from solver.physics.fields import (
    ELECTRON_DENSITY,
    ELECTRONS,
    FERMI,
    FILAMENT,
    HOLE_DENSITY,
    HOLES,
    POTENTIAL,
    TEMPERATURE,
    TUNNELLING,
)
from solver.physics.scaling import NM
from solver.physics.storage import stored


def fields_in_si(model) -> dict[str, np.ndarray]:
    """Owned nodal values by output name: V, m^-3, fractions."""
    p, n, state = model.parameters, model.owned, model.host_state()
    volt = p.scaling.thermal_voltage
    per_m3 = 1 / NM**3
    names = {
        POTENTIAL: ("potential [V]", volt),
        FERMI: ("quasi-Fermi potential [V]", volt),
        ELECTRONS: ("electron quasi-Fermi potential [V]", volt),
        HOLES: ("hole quasi-Fermi potential [V]", volt),
        **{ion.name: (f"{ion.name} density [m^-3]", ion.density * per_m3) for ion in p.species},
        FILAMENT: ("filament fraction", 1.0),
        TUNNELLING: ("tunnelling amplitude", 1.0),
        TEMPERATURE: ("temperature [K]", p.scaling.temperature),
    }
    out = {names[f][0]: model.values(f, state)[:n] * names[f][1] for f in model.fields}
    if ELECTRONS in model.fields:
        for quantity in (ELECTRON_DENSITY, HOLE_DENSITY):
            density = stored(quantity, model.fields, p, lambda f: model.values(f, state)[:n])
            out[f"{quantity} [m^-3]"] = density * model.film_nodes[:n] * per_m3
    return out


class AxisProbe:
    """Samples the filament fraction along the site's axis and locates its tip.

    The tip is where xi = 1/2, by linear interpolation of ln(xi/(1-xi)): exact for the tanh profile.

    Args:
        model: `DeviceModel`.
        site: `FilamentSite`; without it the first.
    """

    def __init__(self, model, site=None):
        self._model, self._comm = model, model.device.mesh.comm
        site = model.sites[0] if site is None else site
        self.length = float(site.length)
        finest = model.parameters.filament.width / 2
        self.heights = np.linspace(0.0, self.length, max(16, int(np.ceil(self.length / finest))) + 1)
        points = np.asarray(site.foot) + np.outer(self.heights, np.asarray(site.axis))
        nodes, weights, self._rows = self._locate(points)
        self._nodes, self._weights = model.xp.asarray(nodes), model.xp.asarray(weights)

    def _locate(self, points):
        """Film cell, vertices and barycentric weights of each point held by this rank; each point on one rank."""
        from dolfinx import geometry

        m = self._model
        mesh, tdim = m.device.mesh, m.device.mesh.topology.dim
        owned_cells = mesh.topology.index_map(tdim).size_local
        film = m.device.cell_tags.find(m.context.film)
        film = film[film < owned_cells]
        corners = mesh.geometry.x[compat.geometry_nodes(mesh)]
        nodes, weights, rows = [], [], []
        if len(film):
            tree = geometry.bb_tree(mesh, tdim, entities=film.astype(np.int32), padding=1e-6)
            candidates = geometry.compute_collisions_points(tree, points)
            for k in range(len(points)):
                best = None
                for cell in candidates.links(k):
                    w = _barycentric(corners[cell][:, :tdim], points[k][:tdim])
                    if best is None or w.min() > best[1].min():
                        best = (cell, w)
                if best is not None and best[1].min() > -1e-6:
                    nodes.append(m.context.space.dofmap.cell_dofs(best[0]))
                    weights.append(best[1])
                    rows.append(k)
        owner = np.full(len(points), self._comm.size, dtype=np.int64)
        owner[rows] = self._comm.rank
        self._comm.Allreduce(MPI.IN_PLACE, owner, MPI.MIN)
        mine = [i for i, k in enumerate(rows) if owner[k] == self._comm.rank]
        self._missing = owner == self._comm.size
        tdim1 = tdim + 1
        return (
            np.array([nodes[i] for i in mine], dtype=np.int64).reshape(-1, tdim1),
            np.array([weights[i] for i in mine]).reshape(-1, tdim1),
            np.array([rows[i] for i in mine], dtype=np.int64),
        )

    def gap(self) -> float:
        """Distance from the tip to the counter electrode [nm], 0 when the filament reaches it. Collective."""
        xi = np.zeros(len(self.heights))
        m = self._model
        xi[self._rows] = m.asnumpy((m.values(FILAMENT)[self._nodes] * self._weights).sum(axis=1))
        self._comm.Allreduce(MPI.IN_PLACE, xi)
        heights, xi = self.heights[~self._missing], xi[~self._missing]
        above = np.flatnonzero(xi > 0.5)
        if len(above) == 0:
            return self.length
        k = above[-1]
        if k == len(xi) - 1:
            return self.length - heights[-1]
        a, b = (np.log(q / (1 - q)) for q in np.clip(xi[k : k + 2], 1e-9, 1 - 1e-9))
        return float(self.length - (heights[k] + (heights[k + 1] - heights[k]) * a / (a - b)))


def _barycentric(corners, point):
    T = (corners[1:] - corners[0]).T
    w = np.linalg.solve(T, point - corners[0])
    return np.concatenate([[1 - w.sum()], w])
