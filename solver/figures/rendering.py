"""Off-screen pictures of a cut-open device (pyvista); labels and scales are drawn on them elsewhere."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import numpy as np

from solver.figures import style
from solver.figures.camera import Camera
from solver.figures.colouring import Colouring
from solver.figures.solids import Bodies, filament_surface, film_grid
from solver.results.snapshots import Snapshots

if TYPE_CHECKING:
    import pyvista


def plotter(camera: Camera, depth: float, *, off_screen: bool = True) -> pyvista.Plotter:
    """A white plotter of the camera's size with soft light from above; ``depth`` [nm] is how far the lights are."""
    if off_screen and not os.environ.get("DISPLAY"):
        os.environ.setdefault("VTK_DEFAULT_OPENGL_WINDOW", "vtkEGLRenderWindow")  # no X server: no warning either
    import pyvista

    scene = pyvista.Plotter(off_screen=off_screen, window_size=list(camera.pixels), lighting="none")
    scene.set_background("white")
    right, up, into = camera.axes()
    focal = np.asarray(camera.focal)
    for vector, intensity in ((1.6 * up - into - 0.5 * right, 0.5), (-into, 0.45), (1.2 * right - into, 0.2)):
        light = pyvista.Light(position=focal + vector * depth, focal_point=focal, intensity=intensity)
        light.positional = False
        scene.add_light(light)
    scene.enable_anti_aliasing("ssaa")
    return scene


def draw_bodies(scene: pyvista.Plotter, parts: Bodies, window: tuple | None = None, edge: float = 1.0) -> None:
    """Electrodes, spacer and substrate oxide with their edges.

    Args:
        scene: where to.
        parts: of the device.
        window: (x0, y0, z0, x1, y1, z1) [nm] to cut them to, or None.
        edge: width of the edge lines [pixels].
    """
    for part, colour, opacity in (("substrate", style.GLASS, 1.0), ("bottom", style.GOLD, 1.0),
                                  ("top", style.GOLD, 1.0), ("spacer", style.SPACER, 1.0)):
        surface = parts.surface(part, window)
        if surface is None:
            continue
        metal = part in ("bottom", "top")
        scene.add_mesh(surface, color=colour, opacity=opacity, ambient=0.35, diffuse=0.75,
                       specular=0.35 if metal else 0.05, specular_power=12, show_scalar_bar=False)
        outline = surface.extract_feature_edges(feature_angle=30, boundary_edges=False, manifold_edges=False,
                                                non_manifold_edges=False)
        if outline.n_cells:
            scene.add_mesh(outline, color="#5A4300" if metal else "#4A545B", line_width=edge)


def draw_film(scene: pyvista.Plotter, film: pyvista.UnstructuredGrid, colouring: Colouring, cut: float,
              window: tuple | None = None, edge: float = 1.0) -> None:
    """The film in the colours of a field: its cut plane, or with a window the whole block behind the cut.

    Lines of equal value are drawn on the cut plane.
    """
    # just inside: on the plane itself, faces of the mesh lie in it and would be found twice or not at all
    plane = film.slice(normal="y", origin=(0.0, cut + 1e-4, 0.0))
    shown = plane
    if window is not None:
        x0, y0, z0, x1, y1, z1 = window
        shown = film.clip_box([x0, x1, y0, y1, z0, z1], invert=False).extract_surface(algorithm=None)
        plane = plane.clip_box([x0, x1, y0 - 1, y1, z0, z1], invert=False).extract_surface(algorithm=None)
    for part in (shown, plane):
        part.point_data["shown"] = part.point_data[colouring.field] * colouring.factor
    scene.add_mesh(shown, scalars="shown", cmap=colouring.cmap, clim=(colouring.low, colouring.high),
                   log_scale=colouring.log, lighting=window is not None, ambient=0.75, diffuse=0.28, specular=0.0,
                   show_scalar_bar=False, interpolate_before_map=True)
    if colouring.contours:
        lines = plane.contour(list(colouring.contours), scalars="shown")
        if lines.n_points:
            lines.points[:, 1] -= 0.15  # in front of the plane
            scene.add_mesh(lines, color="#303030", line_width=edge, lighting=False)


def draw_filament(scene: pyvista.Plotter, film: pyvista.UnstructuredGrid, mirror: float | None, opacity: float = 1.0
                  ) -> None:
    """The filament's surface, filament fraction 0.5, as a solid body in front of the cut."""
    surface = filament_surface(film, mirror=mirror)
    if surface is None:
        return
    surface = surface.compute_normals(auto_orient_normals=True, split_vertices=True, feature_angle=50)
    scene.add_mesh(surface, color=style.FILAMENT, ambient=0.3, diffuse=0.75, specular=0.5, specular_power=20,
                   smooth_shading=True, show_scalar_bar=False, opacity=opacity)


def overview(found: Snapshots, parts: Bodies, step: int, colouring: Colouring, camera: Camera) -> np.ndarray:
    """The whole cell, film translucent, cut plane coloured; (rows, columns, 3) image."""
    film = film_grid(found, step)
    low, high = np.array(parts.domain[:3]), np.array(parts.domain[3:])
    depth = 4 * float(np.linalg.norm(high - low))
    scene = plotter(camera, depth)
    draw_bodies(scene, parts, edge=1.5)
    draw_film(scene, film, colouring, parts.cut)
    whole = film_box(parts, found)
    scene.add_mesh(whole, color="#D9C7B8", opacity=0.16, lighting=False)
    scene.add_mesh(whole.extract_feature_edges(30), color="#555555", line_width=1.5)
    camera.aim(scene, depth)
    picture = scene.screenshot(return_img=True)
    scene.close()
    return picture


def film_box(parts: Bodies, found: Snapshots) -> pyvista.PolyData:
    """The film's outline as a box without its cut face."""
    import pyvista

    x0, _, _, x1, y1, _ = parts.domain
    top = float(found.points[found.cells[found.cells_of("film")]][..., 2].max())
    box = pyvista.Box((x0, x1, parts.cut, y1, max(parts.domain[2], 0.0), top)).extract_surface(algorithm=None)
    front = np.isclose(box.cell_centers().points[:, 1], parts.cut)
    return box.extract_cells(~front).extract_surface(algorithm=None)


def close_up(found: Snapshots, parts: Bodies, step: int, colouring: Colouring, camera: Camera, window: tuple
             ) -> np.ndarray:
    """The filament site: parts cut to ``window`` [nm], film coloured on the cut, filament whole; (rows, columns, 3)."""
    low, high = np.array(window[:3]), np.array(window[3:])
    centre, radius = (low + high) / 2, 0.75 * float(np.linalg.norm(high - low))
    film = film_grid(found, step, (centre, radius))
    scene = plotter(camera, 6 * radius)
    draw_bodies(scene, parts, window, edge=1.5)
    draw_film(scene, film, colouring, parts.cut, window, edge=1.0)
    half = bool(found.points[:, 1].min() > parts.cut - 1e-6)
    draw_filament(scene, film, parts.cut if half else None)
    camera.aim(scene, 6 * radius)
    picture = scene.screenshot(return_img=True)
    scene.close()
    return picture
