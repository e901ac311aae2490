"""One field of a 3D run, cut or as an isosurface, off screen or in a window."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from solver.figures import style
from solver.figures.rendering import plotter
from solver.figures.scenes_3d import fitted, round_length, tripod
from solver.figures.selection import ViewError
from solver.figures.solids import Bodies, bodies, film_grid
from solver.results.folder import NoResult
from solver.results.snapshots import Snapshots

if TYPE_CHECKING:
    import pyvista

_AXES = "xyz"
_SEEN_FROM = {"x": (-1.0, 0.35, -0.3), "y": (-0.3, 1.0, -0.35), "z": (-0.35, 0.8, -0.9), None: (-0.3, 1.0, -0.45)}
_KEEPS = {"x": -1, "y": 1, "z": -1}  # side of the cut that stays: the one away from the camera
_LOCAL = ("filament fraction", "tunnelling amplitude")  # fields that live near the filament only


def draw(found: Snapshots, directory: str | Path, step: int, field: str, title: str, *,
         clip: tuple[str, float] | None, isosurface: float | None, zoom: float | None, png: Path | None) -> list[Path]:
    """Picture of a field in 3D.

    Args:
        found: fields of the run.
        directory: result folder (its scenario tells the electrodes' shape).
        step: number of the stored step.
        field: name.
        title: over the picture.
        clip: axis and position [nm] of a cut, or None.
        isosurface: value of the surface to draw instead of the solid field, or None.
        zoom: half the size [nm] of the part around the filament site to show, None for the whole device or, for
            fields that live at the filament, one and a half gaps.
        png: where to; None opens a window.

    Returns:
        The files written.

    Raises:
        ViewError: the cut or the isosurface misses the device.
    """
    region = "" if field.startswith("potential") else "film"
    window = _window(found, zoom if zoom is not None else 1.5 * found.site.length if field in _LOCAL else None, clip)
    around = ((window[:3] + window[3:]) / 2, 0.6 * float(np.linalg.norm(window[3:] - window[:3])))
    grid = film_grid(found, step, around, region)
    grid = grid.clip_box(window.reshape(2, 3).T.ravel(), invert=False) if grid.n_cells else grid
    if grid.n_cells == 0:
        raise ViewError(f"nothing of {'the film' if region else 'the device'} is left to show: the cut misses it")
    values = grid.point_data[field]
    low, high, log = limits(values)
    if isosurface is not None:
        shown = grid.contour([isosurface], scalars=field)
        if shown.n_points == 0:
            raise ViewError(f"{field} does not reach {isosurface:g} here: it lies between {values.min():.4g} and "
                             f"{values.max():.4g}")
    else:
        shown = grid
    corners = np.array([[x, y, z] for x in window[[0, 3]] for y in window[[1, 4]] for z in window[[2, 5]]])
    camera = fitted(corners, _SEEN_FROM[clip[0] if clip else None], (1280, 960), margin=1.08)
    depth = 4 * float(np.linalg.norm(window[3:] - window[:3]))
    scene = plotter(camera, depth, off_screen=png is not None)
    _draw_electrodes(scene, directory, found, window, spacer=bool(region) and isosurface is None)
    look = {"cmap": "viridis", "clim": (low, high), "log_scale": log, "ambient": 0.6, "diffuse": 0.45}
    bar = {"title": field, "color": "black"}
    scene.add_mesh(shown, scalars=field, show_scalar_bar=png is None, scalar_bar_args=bar if png is None else None,
                   **look)
    if isosurface is not None:
        import pyvista

        x0, y0, z0, x1, y1, z1 = window
        scene.add_mesh(pyvista.Box((x0, x1, y0, y1, z0, z1)).extract_all_edges(), color="#777777", line_width=1)
    camera.aim(scene, depth)
    if png is None:
        scene.add_text(title, font_size=9, color="black")
        scene.show()
        return []
    image = scene.screenshot(return_img=True)
    scene.close()
    with style.printed():
        from matplotlib.cm import ScalarMappable
        from matplotlib.colors import LogNorm, Normalize

        figure = style.new_figure(120, 84)
        axes = figure.add_axes((0.0, 0.0, 0.84, 0.93))
        axes.imshow(image)
        axes.set_axis_off()
        axes.set_title(title)
        tripod(axes, camera, (0.04, 0.94), round_length(0.15 * float(np.max(window[3:] - window[:3]))))
        place = figure.add_axes((0.855, 0.15, 0.022, 0.65))
        figure.colorbar(ScalarMappable((LogNorm if log else Normalize)(low, high), "viridis"), cax=place,
                        label=style.in_print(field))
        return [style.save(figure, png)]


def _window(found: Snapshots, zoom: float | None, clip: tuple[str, float] | None) -> np.ndarray:
    """x0, y0, z0, x1, y1, z1 [nm] of what is shown."""
    low, high = found.points.min(axis=0), found.points.max(axis=0)
    if zoom is not None:
        middle = found.site.foot + found.site.axis * found.site.length / 2
        low, high = np.maximum(low, middle - zoom), np.minimum(high, middle + zoom)
    if clip is not None:
        k = _AXES.index(clip[0])
        if not low[k] <= clip[1] <= high[k]:
            raise ViewError(f"the cut {clip[0]}={clip[1]:g} nm misses what is shown, which goes from {low[k]:g} to "
                             f"{high[k]:g} nm")
        end = high if _KEEPS[clip[0]] < 0 else low
        end[k] = clip[1]
        if low[k] >= high[k]:
            raise ViewError(f"the cut {clip[0]}={clip[1]:g} nm leaves nothing to show: the side away from the viewer "
                             "is kept")
    return np.concatenate([low, high])


def limits(values: np.ndarray) -> tuple[float, float, bool]:
    """Ends of the colour map, and whether it is logarithmic: positive values over more than two decades."""
    low, high = float(values.min()), float(values.max())
    if low > 0 and high / low > 100:
        return low, high, True
    if high - low < 1e-12 * max(abs(high), 1e-300):
        return low - 0.5 * abs(low) - 1e-30, high + 0.5 * abs(high) + 1e-30, False
    return low, high, False


def _draw_electrodes(scene: pyvista.Plotter, directory: str | Path, found: Snapshots, window: np.ndarray, *,
                     spacer: bool) -> None:
    """Gold bodies from the scenario, or the terminals' facets where there is none (a mesh of the user's own)."""
    import pyvista

    try:
        parts = bodies(directory, found)
    except NoResult:
        for terminal in found.terminals:
            facets = found.facets_of(terminal)
            if len(facets):
                surface = pyvista.PolyData.from_regular_faces(found.points, facets)
                scene.add_mesh(surface.clip_box(window.reshape(2, 3).T.ravel(), invert=False), color=style.GOLD)
        return
    parts = Bodies(parts.bottom, parts.top, parts.spacer, parts.domain, -np.inf)
    for part, colour in (("bottom", style.GOLD), ("top", style.GOLD), ("spacer", style.SPACER)):
        surface = parts.surface(part, tuple(window))
        if surface is not None and (part != "spacer" or spacer):
            scene.add_mesh(surface, color=colour, ambient=0.35, diffuse=0.75)
