"""The electronic current density, from the stored quasi-Fermi potentials and the scenario's conductivities."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from solver.figures.selection import ViewError
from solver.results.folder import RunFolder
from solver.results.snapshots import Snapshots

if TYPE_CHECKING:
    import pyvista

_CHARGE = 1.602176634e-19  # C
_LINES = 60
_LEVELS = (("quasi-Fermi potential [V]", None, None),
           ("electron quasi-Fermi potential [V]", "electron density [m^-3]", "electron_mobility"),
           ("hole quasi-Fermi potential [V]", "hole density [m^-3]", "hole_mobility"))


def density(found: Snapshots, directory: str | Path, step: int) -> tuple[np.ndarray, np.ndarray]:
    """Current density of electrons and holes, J = -sum sigma grad Phi, at the film's nodes.

    sigma is that of the film, of the filament and of the gap (solver/physics/conduction.py) at the scenario's
    temperature; constant gradients of the cells are averaged to the nodes by volume.

    Args:
        found: fields of a run.
        directory: result folder, whose scenario has the conductivities.
        step: number of the stored step.

    Returns:
        (n, 3) [A/m^2], zero off the film; (m,) its size times the volume of each cell [A nm^d/m^2], zero off the film.

    Raises:
        ViewError: the run has no scenario, or stored no quasi-Fermi potential.
    """
    from meshes.quality import shape_gradients
    from solver.scenario import load_scenario

    file = RunFolder(Path(directory)).scenario
    if not file.is_file() or not any(level in found.names for level, _, _ in _LEVELS):
        raise ViewError("the current needs scenario.yaml and a stored quasi-Fermi potential, which this run does not have")
    material = load_scenario(file).material
    fields = found.fields(step)
    axes = {1: [2], 2: [0, 2], 3: [0, 1, 2]}[found.dimension]
    film = np.flatnonzero(found.cells_of("film"))
    cells = found.cells[film]
    gradients, volumes = shape_gradients(found.points[cells][:, :, axes].astype(float))
    flow = np.zeros((len(cells), len(axes)))
    extra = _filament(material, fields)
    for level, carriers, mobility in _LEVELS:
        if level not in found.names:
            continue
        if carriers is None:
            sigma = material.film.electronic_conductivity.value + extra
        else:
            sigma = _CHARGE * getattr(material.semiconductor, mobility).value * fields[carriers]
            sigma = sigma + extra if level.startswith("electron") else sigma
        mean = np.exp(np.log(np.maximum(sigma[cells], 1e-300)).mean(axis=1))  # one metallic node does not short a cell
        slope = np.einsum("ckx,ck->cx", gradients, fields[level][cells]) * 1e9  # V/m
        flow -= mean[:, None] * slope
    weight = np.zeros(len(found.points))
    np.add.at(weight, cells, np.broadcast_to(volumes[:, None], cells.shape))
    nodal = np.zeros((len(found.points), 3))
    for k, axis in enumerate(axes):
        np.add.at(nodal[:, axis], cells, (volumes * flow[:, k])[:, None] * np.ones(cells.shape[1]))
    nodal[weight > 0] /= weight[weight > 0, None]
    strength = np.zeros(len(found.cells))
    strength[film] = np.linalg.norm(flow, axis=1) * volumes
    return nodal, strength


def _filament(material, fields: dict[str, np.ndarray]) -> np.ndarray | float:
    """What filament and gap add to the conductivity [S/m]."""
    if material.filament is None or "filament fraction" not in fields or "tunnelling amplitude" not in fields:
        return 0.0
    share = np.clip((fields["filament fraction"] - 0.5) / 0.2, 0.0, 1.0)
    metal = share * share * (3 - 2 * share)  # m(xi), smoothstep from 0.5 to 0.7
    amplitude = fields["tunnelling amplitude"]
    return material.filament.conductivity.value * metal**2 + material.filament.tunnelling_conductivity.value * amplitude**2


def lines(found: Snapshots, directory: str | Path, step: int, window: np.ndarray) -> pyvista.PolyData | None:
    """Field lines of the current through a 3D film: half of them begun where most of it flows, half evenly.

    Args:
        found: fields of a run.
        directory: result folder.
        step: number of the stored step.
        window: x0, y0, z0, x1, y1, z1 [nm] in which lines begin and end.

    Returns:
        Lines, or None where no current flows.
    """
    import pyvista

    nodal, strength = density(found, directory, step)
    volumes = np.where(found.cells_of("film"), np.abs(np.linalg.det(np.diff(found.points[found.cells], axis=1))), 0.0)
    centre = found.points[found.cells].mean(axis=1)
    inside = np.all((centre >= window[:3]) & (centre <= window[3:]), axis=1)
    strength = np.where(inside, strength, 0.0)
    if strength.max() <= 0:
        return None
    even = volumes * inside / float(volumes @ inside)
    strength = strength / strength.sum() + even
    # a line begins wherever the running sum passes the next of equal parts: a picture is the same every time
    order = np.lexsort((centre[:, 0], centre[:, 1], centre[:, 2]))
    running = np.cumsum(strength[order])
    begin = order[np.unique(np.searchsorted(running, running[-1] * (np.arange(_LINES) + 0.5) / _LINES))]
    film = found.cells[found.cells_of("film")]
    nodes, local = np.unique(film, return_inverse=True)
    grid = pyvista.UnstructuredGrid({10: local.reshape(film.shape)}, found.points[nodes])
    size = np.linalg.norm(nodal[nodes], axis=1, keepdims=True)
    grid.point_data["direction"] = nodal[nodes] / np.maximum(size, 1e-300)
    grid = grid.clip_box(np.asarray(window).reshape(2, 3).T.ravel(), invert=False)
    reach = float(np.linalg.norm(window[3:] - window[:3]))
    traced = grid.streamlines_from_source(pyvista.PolyData(centre[begin]), vectors="direction", max_length=3 * reach,
                                          initial_step_length=0.2, max_step_length=0.5, max_steps=4000)
    return traced if traced.n_points else None
