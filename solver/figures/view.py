"""``halofil view``: any stored field at any stored time."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from solver.figures import style
from solver.figures.selection import ViewError, match_field, match_time, parse_clip, parse_line
from solver.results.snapshots import Snapshots, read_snapshots


def view(directory: str | Path, field: str | None = None, time: str | float | None = None, clip: str | None = None,
         line: str | None = None, isosurface: float | None = None, png: str | Path | None = None,
         zoom: float | None = None) -> list[Path]:
    """Show a field of a run.

    Args:
        directory: result folder, finished or not.
        field: name of a field, or the beginning of one; the filament by default.
        time: seconds (0.8, "0.8s", "800 ms"), "set", "reset", "first" or "last" (default).
        clip: cut of a 3D run, e.g. "y=0" [nm]; the side away from the viewer stays.
        line: profile between two points, "x0,y0,z0:x1,y1,z1" [nm]: written as PNG and CSV.
        isosurface: value of the surface (3D) or line (2D) to draw.
        png: file to write; None opens a window (a profile goes to DIR/figures).
        zoom: 3D: half the size [nm] of the part around the filament to show; by default the whole device, and the
            filament's surroundings for the fields that live there.

    Returns:
        The files written.

    Raises:
        NoResult: the folder holds no fields.
        ViewError: one sentence: no such field or time; a cut, line or value that misses the device; options
            that exclude each other; no display.
    """
    found = read_snapshots(directory)
    name = match_field(field or "filament", found.names)
    step = match_time(time, found.times, _table(directory))
    title = f"{style.in_print(name)}, t = {found.times[step]:.4g} s"
    for key, values in found.info.items():
        value = f"{values[step]:.3g}".replace("-", "−")
        title += f", {key.partition(' [')[0]} {value} {key.partition('[')[2].rstrip(']')}"
    if line is not None:
        if clip is not None or isosurface is not None:
            raise ViewError("a line profile takes neither a clip nor an isosurface: leave out one of them")
        from solver.figures import line_profile

        word = name.partition(" [")[0].replace(" ", "_")
        png = Path(png) if png is not None else Path(directory) / "figures" / f"line_{word}.png"
        return line_profile.draw(found, step, name, *parse_line(line), title, png)
    if png is None and sys.platform.startswith("linux") and not (os.environ.get("DISPLAY")
                                                                 or os.environ.get("WAYLAND_DISPLAY")):
        raise ViewError("there is no display to open a window on: give a file with --png")
    png = Path(png) if png is not None else None
    if found.dimension == 3:
        from solver.figures import inspection

        return inspection.draw(found, directory, step, name, title, clip=parse_clip(clip) if clip else None,
                               isosurface=isosurface, zoom=zoom, png=png)
    if clip is not None:
        raise ViewError(f"a clip needs a 3D run, this one has {found.dimension} dimensions: use a line")
    if found.dimension == 1:
        raise ViewError("a 1D run is seen along a line: give --line 0,0,0:0,0,60 (nm)")
    return _draw_plane(found, step, name, title, isosurface, png)


def _table(directory: str | Path):
    """terminals.csv, or None where it is missing: only "set" and "reset" need it."""
    from solver.results.folder import NoResult
    from solver.results.tables import read_terminals

    try:
        return read_terminals(directory)
    except NoResult:
        return None


def _draw_plane(found: Snapshots, step: int, name: str, title: str, isosurface: float | None, png: Path | None
                ) -> list[Path]:
    from matplotlib.colors import LogNorm, Normalize
    from matplotlib.tri import Triangulation

    from solver.figures.inspection import limits

    points = found.points[:, ::2]
    cells = found.cells if name.startswith("potential") else found.cells[found.cells_of("film")]
    values = found.fields(step, (name,))[name]
    low, high, log = limits(values[cells])
    if isosurface is not None and not low <= isosurface <= high:
        raise ViewError(f"{name} does not reach {isosurface:g}: it lies between {low:.4g} and {high:.4g}")
    mesh = Triangulation(points[:, 0], points[:, 1], cells)
    with style.printed():
        figure = style.new_figure(120, 90)
        axes = figure.add_axes((0.12, 0.12, 0.68, 0.78))
        image = axes.tripcolor(mesh, values, shading="gouraud", cmap="viridis",
                               norm=(LogNorm if log else Normalize)(low, high), rasterized=True)
        if isosurface is not None:
            axes.tricontour(mesh, values, levels=[isosurface], colors="white", linewidths=1.0)
        axes.set(xlabel="radius r [nm]" if found.coordinates == "axisymmetric" else "x [nm]", ylabel="z [nm]",
                 aspect="equal", xlim=(points[cells][..., 0].min(), points[cells][..., 0].max()),
                 ylim=(points[cells][..., 1].min(), points[cells][..., 1].max()))
        axes.set_title(title)
        figure.colorbar(image, cax=figure.add_axes((0.83, 0.2, 0.025, 0.6)), label=style.in_print(name))
        if png is not None:
            return [style.save(figure, png)]
    _show(figure)
    return []


def _show(figure) -> None:
    """The figure in a window (the only place that uses pyplot)."""
    from matplotlib import pyplot

    shown = pyplot.figure(figsize=figure.get_size_inches(), dpi=150)
    manager = shown.canvas.manager
    manager.canvas.figure = figure
    figure.set_canvas(manager.canvas)
    pyplot.show()
