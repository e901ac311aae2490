"""One field of a 3D run: solid, cut, on planes or as an isosurface, with filament and current; off screen or in a window."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from solver.figures import style
from solver.figures.look import Look, Run
from solver.figures.rendering import draw_filament, plotter
from solver.figures.scenes_3d import fitted
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
_INSIDE = 1e-4  # nm: a plane through faces of the mesh would find them twice or not at all


class Stage:
    """The part of a 3D run that is shown, and from where; the same for all its steps.

    Args:
        run: a 3D run.
        look: how.

    Raises:
        ViewError: a cut or plane misses the device.
    """

    def __init__(self, run: Run, look: Look):
        found = run.found
        if look.current and not look.slices and look.clip is None and look.isosurface is None:
            look = replace(look, slices=(("y", float(found.site.foot[1])),))
        self.run, self.look = run, look
        self.region = "" if look.field.startswith("potential") else "film"
        local = look.field in _LOCAL or look.current
        zoom = look.zoom if look.zoom is not None else 1.5 * found.site.length if local else None
        self.window = _window(found, zoom, look.clip)
        for axis, place in look.slices:
            k = _AXES.index(axis)
            if not self.window[k] <= place <= self.window[k + 3]:
                raise ViewError(f"the plane {axis}={place:g} nm misses what is shown, which goes from {self.window[k]:g} to "
                                f"{self.window[k + 3]:g} nm")
        corners = np.array([[x, y, z] for x in self.window[[0, 3]] for y in self.window[[1, 4]] for z in self.window[[2, 5]]])
        side = look.clip[0] if look.clip else look.slices[0][0] if look.slices else None
        self.camera = fitted(corners, _SEEN_FROM[side], (1280, 960), margin=1.08)

    @property
    def size(self) -> float:
        """Largest extent of what is shown [nm]."""
        return float(np.max(self.window[3:] - self.window[:3]))

    def grid(self, step: int) -> pyvista.UnstructuredGrid:
        """The cells that are shown, with the fields of a step."""
        window = self.window
        around = ((window[:3] + window[3:]) / 2, 0.6 * float(np.linalg.norm(window[3:] - window[:3])))
        grid = film_grid(self.run.found, step, around, self.region)
        grid = grid.clip_box(window.reshape(2, 3).T.ravel(), invert=False) if grid.n_cells else grid
        if grid.n_cells == 0:
            raise ViewError(f"nothing of {'the film' if self.region else 'the device'} is left to show: the cut misses it")
        return grid

    def values(self, step: int) -> np.ndarray:
        """Of the field, where it is shown."""
        return self.grid(step).point_data[self.look.field]

    def fill(self, scene: pyvista.Plotter, step: int, limits: tuple[float, float, bool], bar: dict | None = None) -> list[Any]:
        """Draw a step; returns the actors that change with it.

        Args:
            scene: where to.
            step: number of the stored step.
            limits: low, high, logarithmic, of the colour map.
            bar: pyvista's arguments for a colour bar, or None.
        """
        look, window = self.look, self.window
        grid = self.grid(step)
        low, high, log = limits
        style_ = {"scalars": look.field, "cmap": "viridis", "clim": (low, high), "log_scale": log, "ambient": 0.6,
                  "diffuse": 0.45, "show_scalar_bar": bar is not None, "scalar_bar_args": bar}
        before = set(scene.actors)
        if look.isosurface is not None:
            shown = [grid.contour([look.isosurface], scalars=look.field)]
            if shown[0].n_points == 0:
                values = grid.point_data[look.field]
                raise ViewError(f"{look.field} does not reach {look.isosurface:g} here: it lies between {values.min():.4g} and "
                                f"{values.max():.4g}")
        elif look.slices:
            shown = [self._plane(grid, axis, place) for axis, place in look.slices]
        else:
            shown = [grid]
        for part in shown:
            if part.n_cells:
                scene.add_mesh(part, opacity=0.45 if look.current else 1.0, **style_)
        if look.isosurface is not None or look.slices:
            import pyvista

            x0, y0, z0, x1, y1, z1 = window
            scene.add_mesh(pyvista.Box((x0, x1, y0, y1, z0, z1)).extract_all_edges(), color="#777777", line_width=1)
        if look.filament and "filament fraction" in self.run.found.names:
            draw_filament(scene, grid if self.region else self._film(step), None, opacity=0.35 if look.current else 1.0)
        if look.current:
            from solver.figures.current import lines

            found = lines(self.run.found, self.run.directory, step, window)
            if found is not None:
                scene.add_mesh(found.tube(radius=self.size / 500, n_sides=6), color="#151515", ambient=0.4, show_scalar_bar=False)
        return [scene.actors[name] for name in scene.actors if name not in before]

    def _film(self, step: int) -> pyvista.UnstructuredGrid:
        window = self.window
        film = film_grid(self.run.found, step, ((window[:3] + window[3:]) / 2, 0.6 * float(np.linalg.norm(window[3:] - window[:3]))))
        return film.clip_box(window.reshape(2, 3).T.ravel(), invert=False)

    def _plane(self, grid: pyvista.UnstructuredGrid, axis: str, place: float) -> pyvista.PolyData:
        k = _AXES.index(axis)
        inside = float(np.clip(place, self.window[k] + _INSIDE, self.window[k + 3] - _INSIDE))
        origin = [0.0, 0.0, 0.0]
        origin[k] = inside
        return grid.slice(normal=axis, origin=origin)

    def empty(self, *, off_screen: bool = True) -> pyvista.Plotter:
        """A plotter with the electrodes and nothing else."""
        scene = plotter(self.camera, self._depth, off_screen=off_screen)
        open_ = bool(self.look.slices) or self.look.isosurface is not None
        _draw_electrodes(scene, self.run, self.window, spacer=bool(self.region) and not open_, opacity=0.35 if open_ else 1.0)
        return scene

    @property
    def _depth(self) -> float:
        return 4 * float(np.linalg.norm(self.window[3:] - self.window[:3]))

    def picture(self, step: int, limits: tuple[float, float, bool]) -> np.ndarray:
        """(rows, columns, 3) image of a step, rendered off screen."""
        scene = self.empty()
        self.fill(scene, step, limits)
        self.camera.aim(scene, self._depth)
        image = scene.screenshot(return_img=True)
        scene.close()
        return image

    def aim(self, scene: pyvista.Plotter) -> None:
        """Set a plotter's camera."""
        self.camera.aim(scene, self._depth)


def terminal_places(stage: Stage) -> dict[str, np.ndarray]:
    """Where the name of each terminal that is in the picture belongs: (3,) [nm], on the terminal, in its middle."""
    found, window, places = stage.run.found, stage.window, {}
    for terminal in found.terminals:
        facets = found.facets_of(terminal)
        centres = found.points[facets].mean(axis=1) if len(facets) else np.empty((0, 3))
        centres = centres[np.all((centres >= window[:3]) & (centres <= window[3:]), axis=1)]
        if len(centres):
            places[terminal] = centres[np.argmin(np.linalg.norm(centres - centres.mean(axis=0), axis=1))]
    return places


def window_with_slider(stage: Stage, step: int, limits: tuple[float, float, bool], *, off_screen: bool = False
                       ) -> tuple[pyvista.Plotter, Any]:
    """A window with a slider over the stored steps.

    Args:
        stage: what is shown.
        step: to begin with.
        limits: of the colour map, for all steps.
        off_screen: no window (for tests).

    Returns:
        The plotter, ready to be shown, and the function that the slider calls with a step.
    """
    scene = stage.empty(off_screen=off_screen)
    bar = {"title": stage.look.field, "color": "black"}
    drawn: list[Any] = []

    def show(value: float) -> None:
        nonlocal drawn
        now = round(value)
        scene.remove_actor(drawn, render=False)
        drawn = stage.fill(scene, now, limits, bar)
        drawn.append(scene.add_text(stage.run.state(now), font_size=9, color="black", name="state"))

    show(step)
    if len(stage.run.found.times) > 1:
        scene.add_slider_widget(show, [0, len(stage.run.found.times) - 1], value=step, title="stored step", fmt="%.0f",
                                color="black", pointa=(0.3, 0.06), pointb=(0.7, 0.06))
    stage.aim(scene)
    return scene, show


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


def _draw_electrodes(scene: pyvista.Plotter, run: Run, window: np.ndarray, *, spacer: bool, opacity: float) -> None:
    """Gold bodies from the scenario, or the terminals' facets where there is none (a mesh of the user's own)."""
    import pyvista

    found = run.found
    try:
        parts = bodies(run.directory, found)
    except NoResult:
        for terminal in found.terminals:
            facets = found.facets_of(terminal)
            if len(facets):
                surface = pyvista.PolyData.from_regular_faces(found.points, facets)
                scene.add_mesh(surface.clip_box(window.reshape(2, 3).T.ravel(), invert=False), color=style.GOLD, opacity=opacity)
        return
    parts = Bodies(parts.bottom, parts.top, parts.spacer, parts.domain, -np.inf)
    for part, colour in (("bottom", style.GOLD), ("top", style.GOLD), ("spacer", style.SPACER)):
        surface = parts.surface(part, tuple(window))
        if surface is not None and (part != "spacer" or spacer):
            scene.add_mesh(surface, color=colour, ambient=0.35, diffuse=0.75, opacity=opacity)
