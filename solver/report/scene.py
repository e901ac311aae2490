"""The 3D scene of a report: pyvista's export, one for each field, state and distance, for one viewer.

Run as ``python -m solver.report.scene DIR FILE`` in a process of its own: a renderer without a usable display aborts
its process, and pyvista's exporter starts an event loop and, for the moment of the export, a server of its own.
"""

from __future__ import annotations

import asyncio
import base64
import io
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from solver.figures import style
from solver.figures.colouring import Colouring, ion_colouring, potential_colouring, site_window
from solver.figures.moments import Moment, moments
from solver.results.snapshots import Snapshots, read_snapshots

if TYPE_CHECKING:
    import pyvista

PLACE_OF_DATA = "@SCENE@"  # where the viewer's page takes the data of a scene
SITE, WHOLE = "filament site", "whole device"
_PIXELS = (1200, 660)
_DISTANCE = 1 / (2 * np.tan(np.radians(15)))  # of the camera, of the picture's height: the viewer's angle is 30 degrees
_ICON = "https://kitware.github.io/vtk-js/icon/"  # the viewer would fetch its icon from there


@dataclass(frozen=True)
class Scene:
    """What one picture of the scene shows.

    Attributes:
        place: SITE or WHOLE.
        colouring: the field.
        moment: the state.
    """

    place: str
    colouring: Colouring
    moment: Moment


def export(directory: str | Path) -> dict[str, Any]:
    """Every scene of a run.

    Args:
        directory: result folder.

    Returns:
        {"viewer": page with PLACE_OF_DATA in it, "colours": field -> colour bar, "scenes": list of {place, field,
        moment, data (base64)}, "picture": base64 PNG of the first scene}.

    Raises:
        NoResult: there are no fields, or no scenario.
    """
    found = read_snapshots(directory)
    scenes = list(_scenes(directory, found))
    return asyncio.run(_exported(directory, found, scenes))


def _scenes(directory: str | Path, found: Snapshots) -> Iterator[Scene]:
    from solver.results.tables import read_terminals

    chosen = moments(read_terminals(directory), found.times)
    colourings = [potential_colouring(found, chosen)]
    if found.ions is not None:
        colourings.append(ion_colouring(found, chosen, site_window(found)))
    shown = next((k for k, moment in enumerate(chosen) if moment.label == "after set"), len(chosen) - 1)
    for place in (SITE, WHOLE) if found.dimension == 3 else (SITE,):
        for colouring in colourings:
            for moment in (chosen[shown], *chosen[:shown], *chosen[shown + 1:]):
                yield Scene(place, colouring, moment)


async def _exported(directory: str | Path, found: Snapshots, scenes: list[Scene]) -> dict[str, Any]:
    from trame_vtk.tools.vtksz2html import write_html

    server = _server()
    await server.ready
    listed, picture = [], None
    for scene in scenes:
        plotter = _drawn(directory, found, scene)
        data = plotter.trame.export_vtksz(filename=None)
        if picture is None:
            picture = _png(plotter.screenshot(return_img=True))
        plotter.close()
        listed.append({"place": scene.place, "field": _bare(scene.colouring.field), "moment": scene.moment.label,
                       "title": _title(scene.moment), "data": base64.b64encode(data).decode()})
    await server.stop()
    page = io.StringIO()
    write_html(PLACE_OF_DATA.encode(), page)
    viewer = page.getvalue().replace(base64.b64encode(PLACE_OF_DATA.encode()).decode(), PLACE_OF_DATA)
    return {"viewer": viewer.replace(_ICON, "data:,"), "scenes": listed, "picture": picture,
            "colours": {_bare(c.field): _bar(c) for c in dict.fromkeys(scene.colouring for scene in scenes)}}


def _server() -> Any:
    """The server that pyvista's exporter asks for, without the widgets that fetch files of their own over the network."""
    import pyvista
    from trame.app import get_server
    from trame.widgets import vtk

    server = get_server(pyvista.global_theme.trame.jupyter_server_name)
    vtk.initialize(server)
    server.start(exec_mode="task", host="127.0.0.1", port=0, open_browser=False, show_connection_info=False,
                 disable_logging=True, timeout=0)
    return server


def _bare(field: str) -> str:
    return field.partition(" [")[0]


def _title(moment: Moment) -> str:
    return f"{moment.label}: t = {moment.time:.4g} s, {moment.voltage:+.3f} V".replace("-", "−")


def _png(picture: np.ndarray) -> str:
    from matplotlib.image import imsave

    stream = io.BytesIO()
    imsave(stream, picture, format="png")
    return base64.b64encode(stream.getvalue()).decode()


def _bar(colouring: Colouring) -> dict[str, Any]:
    """Colour bar: ends, label and 33 colours from low to high."""
    from matplotlib import colormaps
    from matplotlib.colors import to_hex

    label = colouring.label.partition("\n")[0].replace("$^{-3}$", "⁻³").replace("$", "")
    return {"low": colouring.low, "high": colouring.high, "log": colouring.log, "label": label,
            "colours": [to_hex(c) for c in colormaps[colouring.cmap](np.linspace(0, 1, 33))]}


def _paint(surface: pyvista.PolyData, colouring: Colouring) -> None:
    """Colours as point data "rgb": the viewer then needs no colour map, logarithmic or not."""
    from matplotlib import colormaps
    from matplotlib.colors import LogNorm, Normalize

    norm = (LogNorm if colouring.log else Normalize)(colouring.low, colouring.high, clip=True)
    values = np.maximum(surface.point_data[colouring.field] * colouring.factor, colouring.low)
    colours = colormaps[colouring.cmap](norm(values))[:, :3]
    surface.clear_data()
    surface.point_data["rgb"] = np.round(255 * np.asarray(colours)).astype(np.uint8)


def _drawn(directory: str | Path, found: Snapshots, scene: Scene) -> pyvista.Plotter:
    return (_cell if found.dimension == 3 else _section)(directory, found, scene)


def _cell(directory: str | Path, found: Snapshots, scene: Scene) -> pyvista.Plotter:
    """A 3D device cut open at the filament."""
    from solver.figures.rendering import draw_bodies, draw_filament, film_box, plotter
    from solver.figures.scenes_3d import fitted
    from solver.figures.solids import bodies, film_grid

    parts = bodies(directory, found)
    window = site_window(found) if scene.place == SITE else None
    if window is None:
        film = film_grid(found, scene.moment.step)
        shown = film.slice(normal="y", origin=(0.0, parts.cut + 1e-4, 0.0))
        box = np.array([*parts.domain[:3], *parts.domain[3:]])
        box[1] = max(box[1], parts.cut)
        box[5] = found.points[found.cells[found.cells_of("film")]][..., 2].max()
    else:
        box = np.array(window)
        around = ((box[:3] + box[3:]) / 2, 0.75 * float(np.linalg.norm(box[3:] - box[:3])))
        film = film_grid(found, scene.moment.step, around)
        shown = film.clip_box(box.reshape(2, 3).T.ravel(), invert=False).extract_surface(algorithm=None)
    corners = np.array([[x, y, z] for x in box[[0, 3]] for y in box[[1, 4]] for z in box[[2, 5]]])
    camera = fitted(corners, (-0.45, 1.0, -0.4) if window else (-0.22, 1.0, -0.62), _PIXELS, margin=1.15)
    depth = 4 * float(np.linalg.norm(box[3:] - box[:3]))
    drawn = plotter(camera, depth)
    draw_bodies(drawn, parts, window, edge=1.5)
    _paint(shown, scene.colouring)
    drawn.add_mesh(shown, scalars="rgb", rgb=True, ambient=0.75, diffuse=0.28, show_scalar_bar=False)
    half = bool(found.points[:, 1].min() > parts.cut - 1e-6)
    if "filament fraction" in found.names:
        draw_filament(drawn, film, parts.cut if half else None)
    if window is None:
        whole = film_box(parts, found)
        drawn.add_mesh(whole, color="#D9C7B8", opacity=0.16, lighting=False)
        drawn.add_mesh(whole.extract_feature_edges(30), color="#555555", line_width=1.5)
    camera.aim(drawn, _DISTANCE * camera.height)
    return drawn


def _section(directory: str | Path, found: Snapshots, scene: Scene) -> pyvista.Plotter:
    """A 1D or 2D device as the body that it stands for, cut open."""
    import pyvista

    from solver.figures.rendering import plotter
    from solver.figures.scenes_3d import fitted
    from solver.figures.solids import bodies, filament_surface, film_grid
    from solver.figures.swept import CLOSED, section, swept

    film = film_grid(found, scene.moment.step)
    flat = section(found, film)
    body = swept(found, flat)
    box = np.array(body.bounds).reshape(3, 2)
    size = float(np.linalg.norm(np.ptp(box, axis=1)))
    corners = np.array([[x, y, z] for x in box[0] for y in box[1] for z in box[2]])
    camera = fitted(corners, (-0.45, 1.0, -0.5), _PIXELS, margin=1.4)
    drawn = plotter(camera, 4 * size)
    _paint(body, scene.colouring)
    drawn.add_mesh(body, scalars="rgb", rgb=True, ambient=0.75, diffuse=0.28, show_scalar_bar=False)
    parts = bodies(directory, found)
    for boxes, colour in ((parts.bottom, style.GOLD), (parts.top, style.GOLD), (parts.spacer, style.SPACER)):
        for x0, _, z0, x1, _, z1 in boxes:
            if found.dimension == 1:
                x0, x1 = box[0]
            face = pyvista.PolyData.from_regular_faces(
                np.array([[x0, 0, z0], [x1, 0, z0], [x1, 0, z1], [x0, 0, z1]], float), [[0, 1, 2, 3]]).triangulate()
            drawn.add_mesh(swept(found, face), color=colour, ambient=0.35, diffuse=0.75, specular=0.35)
    if "filament fraction" in found.names and found.dimension == 2:
        filament = filament_surface(film)
        if filament is not None:
            body = swept(found, filament, CLOSED).clean().compute_normals(feature_angle=50, split_vertices=True)
            drawn.add_mesh(body, smooth_shading=True, color=style.FILAMENT, ambient=0.3, diffuse=0.75,
                           specular=0.5, specular_power=20)
    camera.aim(drawn, _DISTANCE * camera.height)
    return drawn


def main(directory: str, file: str) -> None:
    """Write the scenes as JSON."""
    Path(file).write_text(json.dumps(export(directory)), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
