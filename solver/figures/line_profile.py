"""A field along a line: curve and table."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from solver.figures import style
from solver.figures.selection import ViewError
from solver.results.folder import atomic_write_text
from solver.results.snapshots import Snapshots

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_SAMPLES = 401
_INSIDE = 0.05  # nm off the electrode's and the spacer's surface, on which no cell or two may be found


def sample(found: Snapshots, step: int, field: str, first: np.ndarray, last: np.ndarray
           ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Values along a straight line, interpolated linearly in each cell.

    Args:
        found: fields of a run.
        step: number of the stored step.
        field: name.
        first, last: (3,) ends [nm]; y does not count in 2D, x and y not in 1D.

    Returns:
        Distance from the first end (n,) [nm], points (n, 3) [nm], values (n,), NaN outside the mesh.

    Raises:
        ViewError: the line does not meet the mesh.
    """
    points = first + np.linspace(0, 1, _SAMPLES)[:, None] * (last - first)
    distance = np.linalg.norm(points - first, axis=1)
    values = found.fields(step, (field,))[field]
    if found.dimension == 1:
        order = np.argsort(found.points[:, 2])
        result = np.interp(points[:, 2], found.points[order, 2], values[order], left=np.nan, right=np.nan)
    elif found.dimension == 2:
        from matplotlib.tri import LinearTriInterpolator, Triangulation

        mesh = Triangulation(found.points[:, 0], found.points[:, 2], found.cells)
        across = np.abs(points[:, 0]) if found.coordinates == "axisymmetric" else points[:, 0]
        result = np.ma.filled(LinearTriInterpolator(mesh, values)(across, points[:, 2]), np.nan)
    else:
        import pyvista

        grid = pyvista.UnstructuredGrid({10: found.cells}, found.points)
        grid.point_data["value"] = values
        sampled = pyvista.PolyData(points).sample(grid)
        inside = sampled.point_data["vtkValidPointMask"].astype(bool)
        result = np.where(inside, sampled.point_data["value"], np.nan)
    if not np.any(np.isfinite(result)):
        raise ViewError("the line does not meet the mesh (electrodes are not meshed): lengths are in nm, z = 0 is the "
                         "lowest film or the substrate's surface")
    return distance, points, result


def along_gap(found: Snapshots) -> tuple[np.ndarray, np.ndarray]:
    """The two ends (3,) [nm] of the filament's axis: from its foot to the other electrode, just inside the film."""
    site = found.site
    film = found.points[np.unique(found.cells[found.cells_of("film")])]
    away = film - site.foot
    across = away - np.outer(away @ site.axis, site.axis)
    near = np.linalg.norm(away, axis=1) < site.length
    inward = across[near].mean(axis=0) if np.any(near) else np.zeros(3)
    size = float(np.linalg.norm(inward))
    first = site.foot + (_INSIDE * inward / size if size > 1e-6 and found.coordinates != "axisymmetric" else 0.0)
    return first, first + site.axis * site.length


def write(path: Path, field: str, samples: tuple[np.ndarray, np.ndarray, np.ndarray]) -> Path:
    """The samples as CSV; returns the path."""
    distance, points, values = samples
    table = io.StringIO()
    np.savetxt(table, np.column_stack([distance, points, values]), delimiter=",", fmt="%.9e", comments="",
               header=f"distance [nm],x [nm],y [nm],z [nm],{field}")
    path.parent.mkdir(parents=True, exist_ok=True)
    atomic_write_text(path, table.getvalue())
    return path


def draw(axes: Axes, curves: Sequence[tuple[str, np.ndarray, np.ndarray]], field: str, ends: tuple[np.ndarray, np.ndarray],
         limits: tuple[float, float, bool]) -> None:
    """Curves over the distance from the first end.

    Args:
        axes: where to.
        curves: (label, distance [nm], values) of each run.
        field: what is drawn.
        ends: of the first run's line [nm].
        limits: of the values, and whether they are logarithmic.
    """
    low, high, log = limits
    for (label, distance, values), colour in zip(curves, (style.BLUE, style.RED), strict=False):
        axes.plot(distance, values, color=colour, label=label)
    margin = 0.0 if log else 0.04 * (high - low)
    words = " to ".join("(" + ", ".join(f"{v:.1f}".removesuffix(".0") for v in np.round(end, 1) + 0.0) + ")" for end in ends)
    axes.set(yscale="log" if log else "linear", xlabel=f"distance [nm], from {words} nm".replace("-", "−") if len(curves) == 1 else "distance [nm]",
             ylabel=style.in_print(field), xlim=(0, curves[0][1][-1]), ylim=(low / 1.3, high * 1.3) if log else (low - margin, high + margin))
    if len(curves) > 1:
        axes.legend(loc="best")
