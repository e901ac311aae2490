"""The cut-open 3D device and its filament before the set, after it and after the reset."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from solver.figures import style
from solver.figures.camera import Camera
from solver.figures.colouring import Colouring, ion_colouring, potential_colouring, site_window
from solver.figures.moments import Moment, moments
from solver.figures.rendering import close_up, overview
from solver.figures.solids import Bodies, bodies
from solver.results.snapshots import Snapshots
from solver.results.tables import read_terminals

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_HALO = {"boxstyle": "round,pad=0.15", "fc": "white", "ec": "none", "alpha": 0.75}


def cell_states(directory: str | Path, found: Snapshots, png: Path) -> Path:
    """Overview of the cell and close-ups of the filament site at three moments, potential and ion density.

    Args:
        directory: result folder.
        found: its fields (3D).
        png: where to.

    Returns:
        The picture.
    """
    chosen = moments(read_terminals(directory), found.times)
    parts = bodies(directory, found)
    window = site_window(found)
    colourings = [potential_colouring(found, chosen), ion_colouring(found, chosen, window)]
    with style.printed():
        figure = style.new_figure(style.DOUBLE_COLUMN, 192)
        on_top = figure.add_axes((0.0, 0.668, 1.0, 0.325))
        shown = next((m for m in chosen if m.label == "after set"), chosen[-1])
        _draw_overview(on_top, found, parts, shown, colourings[0], window)
        for row, (colouring, bottom) in enumerate(zip(colourings, (0.318, 0.003), strict=True)):
            _draw_row(figure, found, parts, chosen, colouring, window, bottom, titles=row == 0)
        for text, height in (("a", 0.988), ("b", 0.648), ("c", 0.31)):
            figure.text(0.008, height, text, fontsize=9, fontweight="bold", va="top")
        return style.save(figure, png)


def _draw_overview(axes: Axes, found: Snapshots, parts: Bodies, moment: Moment, colouring: Colouring, window: tuple
                   ) -> None:
    """The whole cell with its parts named, a scale, and a frame around the close-ups' block."""
    low, high = np.array(parts.domain[:3]), np.array(parts.domain[3:])
    low[1] = max(low[1], parts.cut)
    high[2] = found.points[found.cells[found.cells_of("film")]][..., 2].max()
    for box in [*parts.bottom, *parts.top]:
        low[2], high[2] = min(low[2], box[2]), max(high[2], box[5])
    pixels = (2126, 736)
    corners = np.array([[x, y, z] for x in (low[0], high[0]) for y in (low[1], high[1]) for z in (low[2], high[2])])
    camera = fitted(corners, (-0.22, 1.0, -0.62), pixels, margin=1.06)
    axes.imshow(overview(found, parts, moment.step, colouring, camera))
    axes.set_axis_off()
    size = high - low
    tripod(axes, camera, (0.035, 0.95), round_length(0.1 * size[0]))

    def name(text: str, point: tuple, offset: tuple, *, leader: bool = True) -> None:
        axes.annotate(text, camera.project(np.array(point))[0], xytext=offset, textcoords="offset points",
                      fontsize=6.5, ha="center", va="center", bbox=None if not leader else _HALO,
                      arrowprops={"arrowstyle": "-", "lw": 0.6, "color": "black", "shrinkA": 1, "shrinkB": 0}
                      if leader else None)

    if not parts.spacer:
        return
    bottom, top, spacer = parts.bottom[0], parts.top[-1], parts.spacer[0]
    name("top electrode (Au)", (0.1 * top[3], 0.8 * top[4], top[5]), (0, 0), leader=False)
    name("bottom electrode (Au)", (0.5 * (top[3] + bottom[3]), 0.45 * bottom[4], bottom[5]), (0, 0), leader=False)
    name("SiO$_2$ spacer", (0.35 * spacer[0], parts.cut, 0.5 * (bottom[5] + spacer[5])), (-22, -30))
    name("SiO$_2$ substrate", (0.1 * high[0], parts.cut, 0.6 * low[2]), (14, -24))
    name("MAPbI$_3$ film,\ncut open", (0.9 * low[0], parts.cut, 0.7 * high[2]), (-18, 42))
    frame = camera.project(np.array([[window[0], parts.cut, window[2]], [window[3], parts.cut, window[5]]]))
    middle, half = frame.mean(axis=0), 1.6 * np.abs(frame[1] - frame[0]).max() / 2
    axes.plot(middle[0] + half * np.array([-1, 1, 1, -1, -1]), middle[1] + half * np.array([-1, -1, 1, 1, -1]),
              color="black", lw=1.0)
    axes.annotate("filament site (b, c)", middle + half, xytext=(8, -14), textcoords="offset points",
                  fontsize=6.5, ha="left", va="top",
                  arrowprops={"arrowstyle": "-", "lw": 0.6, "color": "black", "shrinkA": 1, "shrinkB": 0})


def _draw_row(figure: Figure, found: Snapshots, parts: Bodies, chosen: list[Moment], colouring: Colouring,
              window: tuple, bottom: float, *, titles: bool) -> None:
    """Close-ups of all moments side by side, with a colour bar."""
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import LogNorm, Normalize

    corners = np.array([[x, y, z] for x in window[::3] for y in window[1::3] for z in window[2::3]])
    width, height = 0.285, 0.296
    shape = figure.get_size_inches() * style.DPI * np.array([width, height])
    camera = fitted(corners, (-0.45, 1.0, -0.4), (int(shape[0]), int(shape[1])), margin=1.04)
    for column, moment in enumerate(chosen):
        axes = figure.add_axes((0.015 + column * (width + 0.004), bottom, width, height))
        axes.imshow(close_up(found, parts, moment.step, colouring, camera, window))
        axes.set_axis_off()
        if titles:
            figure.text(0.015 + column * (width + 0.004) + width / 2, bottom + height + 0.01, moment.title(),
                        ha="center", va="bottom", fontsize=7)
        if column == 0:
            tripod(axes, camera, (0.05, 0.94), round_length(0.25 * (window[3] - window[0])))
            if titles and parts.spacer:
                _name_close_up(axes, found, parts, camera, window)
    bar = figure.add_axes((0.015 + 3 * (width + 0.004) + 0.012, bottom + 0.05, 0.014, height - 0.08))
    norm = (LogNorm if colouring.log else Normalize)(colouring.low, colouring.high)
    figure.colorbar(ScalarMappable(norm, colouring.cmap), cax=bar)
    bar.set_ylabel(colouring.label, labelpad=2)
    if colouring.log and np.log10(colouring.high / colouring.low) < 1:
        from matplotlib.ticker import LogFormatterSciNotation, LogLocator

        bar.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        bar.yaxis.set_major_formatter(LogFormatterSciNotation(labelOnlyBase=False))


def _name_close_up(axes: Axes, found: Snapshots, parts: Bodies, camera: Camera, window: tuple) -> None:
    """What is what at the filament site, written on the cut plane."""
    x, _, z = found.site.foot
    left, right = (window[0] + x) / 2, x + 0.62 * (window[3] - x)
    words = [("Au", left, z + 1.28 * found.site.length, None), ("Au", left, (window[2] + z) / 2, None),
             ("MAPbI$_3$", right, z + 0.95 * found.site.length, None),
             ("SiO$_2$", left, z + 0.5 * found.site.length, None),
             ("filament\n$\\xi$ = 0.5", x + 4, z + 0.3 * found.site.length, (30, -2))]
    for text, across, height, offset in words:
        place = camera.project(np.array([across, parts.cut, height]))[0]
        arrow = {"arrowstyle": "-", "lw": 0.6, "shrinkA": 0, "shrinkB": 0}
        axes.annotate(text, place, xytext=offset or (0, 0), textcoords="offset points", fontsize=6, ha="center",
                      va="center", arrowprops=arrow if offset else None)


def fitted(corners: np.ndarray, direction: tuple, pixels: tuple[int, int], margin: float) -> Camera:
    """The camera that shows all corners, centred."""
    probe = Camera(tuple(corners.mean(axis=0)), direction, 1.0, (1, 1))
    right, up, _ = probe.axes()
    across, upward = corners @ right, corners @ up
    focal = corners.mean(axis=0)
    focal = (focal + right * ((across.max() + across.min()) / 2 - focal @ right)
             + up * ((upward.max() + upward.min()) / 2 - focal @ up))
    height = margin * max(np.ptp(upward), np.ptp(across) * pixels[1] / pixels[0])
    return Camera(tuple(focal), direction, float(height), pixels)


def round_length(length: float) -> float:
    """The nearest 1, 2 or 5 times a power of ten at or below ``length``."""
    power = 10.0 ** np.floor(np.log10(length))
    return float(max(step for step in (1, 2, 5) if step * power <= length) * power)


def tripod(axes: Axes, camera: Camera, corner: tuple[float, float], length: float) -> None:
    """Three bars of one length along the device's axes: scale and orientation in one.

    Args:
        axes: of the picture.
        camera: of the picture.
        corner: where the bars meet, in fractions of the picture from its upper left.
        length: of the bars [nm].
    """
    start = np.array(corner) * camera.pixels
    text = f"{length:.3g} nm" if length < 1000 else f"{length / 1000:.3g} µm"
    origin = np.asarray(camera.focal)
    for axis, word in zip(np.eye(3), "xyz", strict=True):
        ends = camera.project(np.stack([origin, origin + length * axis]))
        along = ends[1] - ends[0]
        axes.plot(*np.stack([start, start + along], axis=1), color="black", lw=1.3, solid_capstyle="butt",
                  clip_on=False)
        beyond = start + along * (1 + 0.018 * camera.pixels[1] / max(np.linalg.norm(along), 1e-9))
        axes.text(*beyond, word, fontsize=6, ha="center", va="center", clip_on=False)
    axes.annotate(text, start, xytext=(0, -7), textcoords="offset points", fontsize=6.5, ha="left", va="center",
                  annotation_clip=False)
