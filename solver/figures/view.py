"""``halofil view``: any stored field at any stored time, of one run or of two side by side."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from solver.figures.look import Look, Run
from solver.figures.selection import ViewError, match_field, match_time, parse_clip, parse_line
from solver.figures.sheet import Sheet
from solver.results.snapshots import read_snapshots

GAP = "gap"  # as a line: along the filament's axis


def view(directory: str | Path, field: str | None = None, time: str | float | None = None, clip: str | None = None,
         line: str | None = None, isosurface: float | None = None, png: str | Path | None = None,
         zoom: float | None = None, *, slices: Sequence[str] = (), filament: bool | None = None, current: bool = False,
         beside: str | Path | None = None, animation: str | Path | None = None, fps: float = 10.0) -> list[Path]:
    """Show a field of a run.

    Args:
        directory: result folder, finished or not.
        field: name of a field, or the beginning of one; the filament by default.
        time: seconds (0.8, "0.8s", "800 ms"), "set", "reset", "first" or "last" (default).
        clip: cut of a 3D run, e.g. "y=0" [nm]; the side away from the viewer stays.
        line: profile between two points, "x0,y0,z0:x1,y1,z1" [nm], or "gap", from the filament's foot to the other
            electrode: written as PNG and CSV.
        isosurface: value of the surface (3D) or line (2D) to draw.
        png: file to write; None opens a window (a profile goes to DIR/figures).
        zoom: half the size [nm] of the part around the filament to show; by default the whole device, and in 3D the
            filament's surroundings for what lives there.
        slices: planes of a 3D run to colour, e.g. "y=0" [nm].
        filament: draw the filament's surface; by default with slices and with the current.
        current: draw field lines of the current; in 3D on the plane through the filament unless told otherwise.
        beside: a second result folder of the same dimension to show on the right, in the same colours.
        animation: MP4 or GIF to write, all stored steps, with voltage and current over time.
        fps: steps a second of the animation.

    Returns:
        The files written.

    Raises:
        NoResult: the folder holds no fields.
        ViewError: one sentence: no such field or time; a cut, line or value that misses the device; options
            that exclude each other; no display.
    """
    runs = [_run(place) for place in (directory, *([beside] if beside is not None else []))]
    found = runs[0].found
    name = match_field(field or "filament", found.names)
    _refuse_combinations(runs, name, clip, line, isosurface, slices, current, png, animation)
    look = Look(name, parse_clip(clip) if clip else None, tuple(parse_clip(text, "slice") for text in slices), isosurface, zoom,
                filament if filament is not None else bool(slices) or current, current)
    steps = [match_time(time, run.found.times, run.table) for run in runs]
    lines = None if line is None else [_ends(line, run) for run in runs]
    if animation is not None:
        return [_animate(Sheet(runs, look, lines, strip=True), Path(animation), fps)]
    if lines is None and png is None:
        _show(Sheet(runs, look), steps)
        return []
    sheet = Sheet(runs, look, lines)
    word = name.partition(" [")[0].replace(" ", "_")
    file = Path(png) if png is not None else Path(directory) / "figures" / f"line_{word}.png"
    figure = sheet.draw(steps, sheet.limits([[step] for step in steps]))
    from solver.figures import line_profile, style

    tables = [] if lines is None else [
        line_profile.write(file.with_name(f"{file.stem}{'' if k == 0 else '_beside'}.csv"), name,
                           line_profile.sample(run.found, steps[k], name, *lines[k])) for k, run in enumerate(runs)]
    return [style.save(figure, file), *tables]


def _run(directory: str | Path) -> Run:
    from solver.results.folder import NoResult
    from solver.results.tables import read_terminals

    found = read_snapshots(directory)
    try:
        table = read_terminals(directory)
    except NoResult:
        table = None  # only "set", "reset" and the numbers in the title need it
    return Run(Path(directory), found, table)


def _ends(line: str, run: Run):
    from solver.figures.line_profile import along_gap

    return along_gap(run.found) if line.strip().lower() == GAP else parse_line(line)


def _refuse_combinations(runs: list[Run], name: str, clip, line, isosurface, slices, current, png, animation) -> None:
    dimension = runs[0].found.dimension
    if len(runs) > 1:
        if runs[1].found.dimension != dimension and line is None:
            raise ViewError(f"{runs[0].name} has {dimension} dimensions and {runs[1].name} has {runs[1].found.dimension}: "
                            "pictures side by side need the same, profiles (--line) do not")
        if name not in runs[1].found.names:
            raise ViewError(f"{runs[1].name} stored no '{name}', only {', '.join(runs[1].found.names)}")
    if animation is not None and png is not None:
        raise ViewError("a picture and an animation are two commands: leave out --png or --animation")
    if animation is not None and Path(animation).suffix not in (".mp4", ".gif"):
        raise ViewError(f"an animation is an .mp4 or a .gif, not '{Path(animation).name}'")
    if line is not None and (clip is not None or isosurface is not None):
        raise ViewError("a line profile takes neither a clip nor an isosurface: leave out one of them")
    if line is not None and (slices or current):
        raise ViewError("a line profile takes neither slices nor the current: leave out one of them")
    if line is not None:
        return
    for option, given in (("clip", clip is not None), ("slice", bool(slices))):
        if given and dimension != 3:
            raise ViewError(f"a {option} needs a 3D run, this one has {dimension} dimensions: use a line")
    if dimension == 1:
        raise ViewError("a 1D run is seen along a line: give --line gap, or --line 0,0,0:0,0,60 (nm)")
    if slices and isosurface is not None:
        raise ViewError("slices and an isosurface hide each other: leave out one of them")
    if animation is None and png is None and sys.platform.startswith("linux") and not (
            os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        raise ViewError("there is no display to open a window on: give a file with --png")


def _animate(sheet: Sheet, path: Path, fps: float) -> Path:
    """Every stored step of the first run; the second, where there is one, at the same times."""
    from solver.figures import movie

    first = sheet.runs[0].found
    steps = [[run.found.nearest(time) for run in sheet.runs] for time in first.times]
    limits = sheet.limits(list(zip(*steps, strict=True)))
    return movie.write(path, (movie.frame(sheet.draw(now, limits)) for now in steps), fps)


def _show(sheet: Sheet, steps: list[int]) -> None:
    """A window with a slider over the stored steps."""
    every = [range(len(run.found.times)) for run in sheet.runs]
    limits = sheet.limits(every if len(sheet.runs[0].found.times) < 200 else [[step] for step in steps])
    if sheet.stages and len(sheet.runs) == 1:
        from solver.figures.inspection import window_with_slider

        scene, _ = window_with_slider(sheet.stages[0], steps[0], limits)
        scene.show()
        return
    from matplotlib import pyplot

    figure = pyplot.figure(dpi=150)
    _slider = with_slider(sheet, steps, limits, figure)
    pyplot.show()


def with_slider(sheet: Sheet, steps: Sequence[int], limits: tuple[float, float, bool], figure):
    """Draw into a figure, with a slider over the stored steps of the first run.

    Args:
        sheet: what.
        steps: to begin with, one a run.
        limits: of the colour map, for all steps.
        figure: of any canvas, empty.

    Returns:
        The slider; it lives as long as it is kept.
    """
    from matplotlib.widgets import Slider

    times = sheet.runs[0].found.times
    drawing, below = figure.subfigures(2, 1, height_ratios=(1, 0.09))
    slider = Slider(below.add_axes((0.2, 0.35, 0.55, 0.4)), "step", 0, len(times) - 1, valinit=steps[0], valstep=1)

    def show(value: float) -> None:
        time = times[int(value)]
        drawing.clear()
        sheet.draw([run.found.nearest(time) for run in sheet.runs], limits, drawing)
        figure.canvas.draw_idle()

    slider.on_changed(show)
    sheet.draw(steps, limits, drawing)
    return slider
