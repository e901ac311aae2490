"""A field along a line: curve and table."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np

from solver.figures import style
from solver.figures.selection import ViewError
from solver.results.folder import atomic_write_text
from solver.results.snapshots import Snapshots

_SAMPLES = 401


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


def draw(found: Snapshots, step: int, field: str, first: np.ndarray, last: np.ndarray, title: str, png: Path
         ) -> list[Path]:
    """Write the curve (PNG) and the samples (CSV beside it); returns both paths."""
    distance, points, values = sample(found, step, field, first, last)
    table = io.StringIO()
    np.savetxt(table, np.column_stack([distance, points, values]), delimiter=",", fmt="%.9e", comments="",
               header=f"distance [nm],x [nm],y [nm],z [nm],{field}")
    csv = png.with_suffix(".csv")
    csv.parent.mkdir(parents=True, exist_ok=True)
    atomic_write_text(csv, table.getvalue())
    with style.printed():
        figure = style.new_figure(88, 64)
        axes = figure.add_axes((0.17, 0.15, 0.79, 0.72))
        axes.plot(distance, values, color=style.BLUE)
        finite = values[np.isfinite(values)]
        if finite.min() > 0 and finite.max() / finite.min() > 100:
            axes.set_yscale("log")
        ends = " to ".join("(" + ", ".join(f"{v:.6g}" for v in end) + ")" for end in (first, last))
        axes.set(xlabel=f"distance [nm], from {ends} nm", ylabel=style.in_print(field), xlim=(0, distance[-1]))
        axes.set_title(title)
        style.save(figure, png)
    return [png, csv]
