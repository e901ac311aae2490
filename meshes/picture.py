"""A picture of a mesh: the device, the section through the filament, and the filament site close up."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from meshes.device_mesh import Layout
from meshes.simplex_mesh import SimplexMesh, boundary_facets, find_rows

REGION_COLOURS = {"film": "#d39a6a", "spacer": "#7fb2e5", "substrate": "#c9ced6", "cap": "#dcebd3"}
ELECTRODE_COLOURS = {"bottom": "#b8860b", "top": "#f0c94a", "top_sidewalls": "#c0392b", "left": "#b8860b",
                     "right": "#c0392b"}
# Terminals with names of their own take these in turn.
MORE_COLOURS = ("#b8860b", "#f0c94a", "#c0392b", "#8e6bb0", "#5b8c5a", "#d98cb3")
EDGE_COLOUR = "#333333"
# Layers of a cell are thin and wide: its overview is stretched upwards.
OVERVIEW_STRETCH = 4.0


def draw(mesh: SimplexMesh, layout: Layout, path: Path, title: str) -> None:
    """Write a PNG of the mesh.

    Args:
        mesh: the whole mesh.
        layout: where the filament stands.
        path: file to write.
        title: name printed on the picture.
    """
    caption = f"{title}: {len(mesh.points)} nodes, {len(mesh.cells)} cells"
    if mesh.dimension == 3:
        _draw_3d(mesh, layout, path, caption)
    else:
        _draw_flat(mesh, layout, path, caption)


def _electrode_colour(mesh: SimplexMesh, name: str) -> str:
    return ELECTRODE_COLOURS.get(name) or MORE_COLOURS[list(mesh.facets).index(name) % len(MORE_COLOURS)]


def _draw_flat(mesh: SimplexMesh, layout: Layout, path: Path, caption: str) -> None:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 4.5), layout="constrained")
    FigureCanvasAgg(figure)
    figure.suptitle(caption)
    whole, close = figure.subplots(1, 2)
    foot, length = layout.site.foot, layout.site.length
    for axes in (whole, close):
        if mesh.dimension == 1:
            _cell_sizes(axes, mesh)
        else:
            _triangles(axes, mesh)
            axes.set(xlabel="r [nm]" if layout.coordinates == "axisymmetric" else "x [nm]", ylabel="z [nm]")
    if mesh.dimension == 1:
        close.set_xlim(0, 0.2 * length)
    else:
        left = max(foot[0] - length / 2, mesh.points[:, 0].min())
        right = foot[0] + (1.5 if layout.site.axis[0] > 0.5 else 1.0) * length
        close.set(xlim=(left, right), ylim=(foot[1] - length / 10, foot[1] + 1.3 * length), aspect="equal")
        _legend(whole, mesh)
    figure.savefig(path, dpi=200)


def _cell_sizes(axes, mesh: SimplexMesh) -> None:
    ends = mesh.points[mesh.cells][:, :, 0]
    axes.plot(ends.mean(axis=1), np.ptp(ends, axis=1), ".", color=REGION_COLOURS["film"])
    axes.set(xlabel="position [nm]", ylabel="cell size [nm]")
    axes.set_ylim(0, 1.2 * np.ptp(ends, axis=1).max())


def _triangles(axes, mesh: SimplexMesh) -> None:
    from matplotlib.colors import ListedColormap

    x, z = mesh.points[:, 0], mesh.points[:, 1]
    for name, tag in mesh.regions.items():
        mine = mesh.cells[mesh.cell_tags == tag]
        axes.tripcolor(x, z, mine, facecolors=np.zeros(len(mine)), cmap=ListedColormap([REGION_COLOURS[name]]),
                       edgecolors=EDGE_COLOUR, linewidth=0.15)
    for name, tag in mesh.facets.items():
        lines = mesh.points[mesh.facets_nodes[mesh.facet_tags == tag]]
        axes.plot(lines[:, :, 0].T, lines[:, :, 1].T, color=_electrode_colour(mesh, name), lw=2.5)


def _legend(axes, mesh: SimplexMesh) -> None:
    from matplotlib.patches import Patch

    colours = {name: REGION_COLOURS[name] for name in mesh.regions}
    colours |= {name.replace("_", " "): _electrode_colour(mesh, name) for name in mesh.facets}
    axes.legend(handles=[Patch(color=colour, label=name) for name, colour in colours.items()], fontsize=8,
                loc="upper left")


def _draw_3d(mesh: SimplexMesh, layout: Layout, path: Path, caption: str) -> None:
    import pyvista as pv

    cells = np.insert(mesh.cells, 0, 4, axis=1)
    grid = pv.UnstructuredGrid(cells.ravel(), np.full(len(cells), pv.CellType.TETRA), mesh.points)
    foot, length = layout.site.foot, layout.site.length
    extent, upright = float(np.ptp(mesh.points, axis=0).max()), abs(layout.site.axis[2]) > 0.5
    plotter = pv.Plotter(off_screen=True, shape=(2, 2), window_size=(1800, 1300), border=True)
    plotter.subplot(0, 0)
    _overview(plotter, mesh, caption)
    for place, normal, reach, text in (
        ((0, 1), "y", 6 * length, "section through the filament site"),
        ((1, 0), "y", 1.5 * length, "filament site, same section"),
        ((1, 1), "z", 5 * length, "from above, at the filament's end" if upright else "from above, at the filament's height"),
    ):
        plotter.subplot(*place)
        reach = min(reach, 1.5 * extent)
        along = length * (1 - 1e-3) if normal == "z" and upright else 0.0
        origin = foot + layout.site.axis * along + [0.0, 1e-3, 0.0 if upright else 1e-3]
        _cut(plotter, grid, mesh, origin, normal)
        plotter.add_text(text, font_size=10, color="black")
        _look(plotter, origin, normal, reach)
    plotter.screenshot(str(path))
    plotter.close()


def _overview(plotter, mesh: SimplexMesh, caption: str) -> None:
    """Electrodes on what carries them; film and cap lifted off where there is something below."""
    import pyvista as pv

    cell = "substrate" in mesh.regions
    points = mesh.points * [1, 1, OVERVIEW_STRETCH if cell else 1.0]
    shown = ("substrate", "spacer") if cell else tuple(mesh.regions)
    for name in shown:
        if name in mesh.regions:
            skin = boundary_facets(mesh.cells[mesh.cell_tags == mesh.regions[name]])
            skin = skin[find_rows(np.unique(np.sort(mesh.facets_nodes, axis=1), axis=0), skin) < 0]
            surface = pv.PolyData(points, np.insert(skin, 0, 3, axis=1).ravel())
            plotter.add_mesh(surface, color=REGION_COLOURS[name], show_edges=True, edge_color="#777777", ambient=0.3, diffuse=0.7,
                             label=name)
    for name, tag in mesh.facets.items():
        faces = np.insert(mesh.facets_nodes[mesh.facet_tags == tag], 0, 3, axis=1)
        plotter.add_mesh(pv.PolyData(points, faces.ravel()), color=_electrode_colour(mesh, name), show_edges=True,
                         edge_color="#7a6a20", ambient=0.3, diffuse=0.7, label=name.replace("_", " "))
    note = f"\nfilm and cap lifted off, height x {OVERVIEW_STRETCH:g}" if cell else ""
    plotter.add_text(caption + note, font_size=10, color="black")
    plotter.add_legend(size=(0.2, 0.2), face="rectangle", bcolor="white", loc="upper right")
    plotter.view_vector((0.9, -1.2, 0.9), viewup=(0, 0, 1))
    plotter.reset_camera()
    plotter.camera.zoom(1.3 if cell else 1.0)


def _cut(plotter, grid, mesh: SimplexMesh, origin: np.ndarray, normal: str) -> None:
    """The mesh lines in a plane, coloured by region."""
    axis = "xyz".index(normal)
    height = mesh.points[mesh.cells][:, :, axis]
    through = (height.min(axis=1) <= origin[axis]) & (height.max(axis=1) >= origin[axis])
    for name, tag in mesh.regions.items():
        part = grid.extract_cells(np.flatnonzero(through & (mesh.cell_tags == tag)))
        plane = part.slice(normal=normal, origin=origin) if part.n_cells else None
        if plane is not None and plane.n_cells:
            plotter.add_mesh(plane, color=REGION_COLOURS[name], show_edges=True, lighting=False,
                             edge_color=EDGE_COLOUR)


def _look(plotter, origin: np.ndarray, normal: str, reach: float) -> None:
    """A parallel view of the plane, ``reach`` high, the site in its lower middle."""
    up = {"y": np.array([0.0, 0.0, 1.0]), "z": np.array([0.0, 1.0, 0.0])}[normal]
    towards = {"y": np.array([0.0, -1.0, 0.0]), "z": np.array([0.0, 0.0, 1.0])}[normal]
    focal = origin + 0.35 * reach * up + [0.1 * reach, 0, 0]
    plotter.camera_position = [focal + 10 * reach * towards, focal, up]
    plotter.enable_parallel_projection()
    plotter.camera.parallel_scale = 0.5 * reach
