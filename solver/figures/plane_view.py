"""One field of a 2D run in its plane, with the filament, a line of equal value and field lines of the current."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from solver.figures.look import Look, Run
from solver.figures.planes import draw_filament
from solver.figures.selection import ViewError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.tri import Triangulation

_GRID = 300  # samples along the longer side, for field lines


def shown_cells(run: Run, field: str) -> np.ndarray:
    """(m, 3) node numbers of what is shown: the potential everywhere, other fields in the film."""
    return run.found.cells if field.startswith("potential") else run.found.cells[run.found.cells_of("film")]


def values(run: Run, field: str, step: int) -> np.ndarray:
    """Of a field where it is shown."""
    return run.found.fields(step, (field,))[field][shown_cells(run, field)]


def draw(axes: Axes, run: Run, step: int, look: Look, limits: tuple[float, float, bool]) -> Any:
    """Draw a step; returns what a colour bar needs.

    Args:
        axes: where to.
        run: a 2D run.
        step: number of the stored step.
        look: how.
        limits: low, high, logarithmic, of the colour map.

    Raises:
        ViewError: the isosurface's value is not there.
    """
    from matplotlib.colors import LogNorm, Normalize
    from matplotlib.tri import Triangulation

    found, cells = run.found, shown_cells(run, look.field)
    points, fields = found.points[:, ::2], found.fields(step)
    nodal = fields[look.field]
    low, high, log = limits
    mesh = Triangulation(points[:, 0], points[:, 1], cells)
    image = axes.tripcolor(mesh, np.clip(nodal, low, high) if log else nodal, shading="gouraud", cmap="viridis",
                           norm=(LogNorm if log else Normalize)(low, high), rasterized=True)
    if look.isosurface is not None:
        here = nodal[cells]
        if not here.min() <= look.isosurface <= here.max():
            raise ViewError(f"{look.field} does not reach {look.isosurface:g}: it lies between {here.min():.4g} and {here.max():.4g}")
        axes.tricontour(mesh, nodal, levels=[look.isosurface], colors="white", linewidths=1.0)
    if look.current:
        _draw_current(axes, run, step)
    if look.filament and "filament fraction" in fields:
        film = Triangulation(points[:, 0], points[:, 1], found.cells[found.cells_of("film")])
        draw_filament(axes, film, fields["filament fraction"])
    box = window(run, look)
    axes.set(xlabel="radius r [nm]" if found.coordinates == "axisymmetric" else "x [nm]", ylabel="z [nm]", aspect="equal",
             xlim=box[:2], ylim=box[2:])
    return image


def window(run: Run, look: Look) -> np.ndarray:
    """x0, x1, z0, z1 [nm] of what is shown: the whole mesh, or the filament's surroundings."""
    corners = run.found.points[shown_cells(run, look.field)][..., ::2]
    low, high = corners.min(axis=(0, 1)), corners.max(axis=(0, 1))
    if look.zoom is not None:
        site = run.found.site
        middle = (site.foot + site.axis * site.length / 2)[::2]
        low, high = np.maximum(low, middle - look.zoom), np.minimum(high, middle + look.zoom)
    return np.array([low[0], high[0], low[1], high[1]])


def _draw_current(axes: Axes, run: Run, step: int) -> None:
    """Field lines of the electronic current, in the film."""
    from matplotlib.tri import LinearTriInterpolator, Triangulation

    from solver.figures.current import density

    found = run.found
    flow, _ = density(found, run.directory, step)
    film = Triangulation(found.points[:, 0], found.points[:, 2], found.cells[found.cells_of("film")])
    x, z = _regular(film)
    across, up = np.meshgrid(x, z)
    size = np.maximum(np.linalg.norm(flow, axis=1), 1e-300)
    parts = [LinearTriInterpolator(film, flow[:, k] / size)(across, up) for k in (0, 2)]
    axes.streamplot(x, z, *parts, color="black", linewidth=0.5, arrowsize=0.5, density=1.2)


def _regular(mesh: Triangulation) -> tuple[np.ndarray, np.ndarray]:
    used = np.unique(mesh.triangles)
    sides = [(values[used].min(), values[used].max()) for values in (mesh.x, mesh.y)]
    spacing = max(high - low for low, high in sides) / _GRID
    return tuple(np.linspace(low, high, max(int((high - low) / spacing), 2)) for low, high in sides)
