"""Rows and columns of crosspoints under one film: bottom bars are rows, top bars columns, a spacer below each top bar.

x along the rows, y along the columns, z up from the substrate oxide's surface; the first crosspoint is at x = y = 0. Spacer
and top bars lie flat (planarised). Each cell's filament stands on its row's surface at the flank of its column that faces
+x, half way across the row. In 2D the section y = 0 of a single row: coordinates (x, z), the substrate left out.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from meshes.device_mesh import FilamentSite, Layout, MeshError
from meshes.geometry.boxes import IDLE_FACTOR, BoxedDevice
from meshes.geometry.crossbar_blocks import EASY_EDGE, EDGE_GROWTH, flank_axes
from meshes.geometry.structured_block import StructuredBlock, mesh_around
from meshes.simplex_mesh import SimplexMesh, gmsh_session
from meshes.size_field import Sizes, Source, nm, size_function, sizes_of

# Between a core and the next column's flank, room for unstructured cells to adapt, in core radii.
ROOM = 0.3


def layout(scenario: Any) -> Layout:
    """Cartesian; the whole array in 3D, times the row's width in 2D."""
    device = scenario.device
    flat = device.dimension == 2
    axis = np.array([0.0, 1.0, 0.0]) if flat else np.array([0.0, 0.0, 1.0])
    sites = [FilamentSite(foot, axis, nm(device.spacer_thickness)) for foot in _feet(device)]
    return Layout(int(device.dimension), "cartesian", nm(device.electrode_width) if flat else 1.0, 1.0, sites[0],
                  {name: (name,) for name in device.terminal_names}, more_sites=tuple(sites[1:]))


def _feet(device: Any) -> list[np.ndarray]:
    """Feet of the filaments [nm], row by row, in the mesh's coordinates."""
    half, high = nm(device.electrode_width) / 2, nm(device.electrode_thickness)
    places = [(x + half, y, high) for y in _centres(device, device.rows) for x in _centres(device, device.columns)]
    return [np.array([x, z, 0.0] if device.dimension == 2 else [x, y, z]) for x, y, z in places]


def _centres(device: Any, count: int) -> list[float]:
    return [k * nm(device.pitch) for k in range(count)]


def bodies(device: Any) -> BoxedDevice:
    """The array's parts."""
    half, pitch, margin = nm(device.electrode_width) / 2, nm(device.pitch), nm(device.margin)
    high, spacer = nm(device.electrode_thickness), nm(device.spacer_thickness)
    flat = device.dimension == 2
    x0, x1 = -half - margin, (device.columns - 1) * pitch + half + margin
    y0, y1 = (-1.0, 1.0) if flat else (-half - margin, (device.rows - 1) * pitch + half + margin)
    rows = {f"row_{k}": [(x0, max(y0, y - half), 0.0, x1, min(y1, y + half), high)]
            for k, y in enumerate(_centres(device, device.rows), 1)}

    def column(x: float, top: float) -> tuple[float, ...]:
        return (x - half, y0, 0.0 if not flat else high, x + half, y1, top)

    centres = _centres(device, device.columns)
    columns = {f"col_{k}": [column(x, 2 * high + spacer)] for k, x in enumerate(centres, 1)}
    bottom = 0.0 if flat else -nm(device.substrate_oxide_thickness)
    film = nm(device.film_thickness)
    domain = (x0, y0, bottom, x1, y1, film + nm(device.cap_thickness))
    return BoxedDevice(domain, film, rows, [column(x, high + spacer) for x in centres], columns)


def generate(scenario: Any) -> SimplexMesh:
    """Gmsh's simplices around the structured cores at the cells' filament sites, tagged by place."""
    device, parts = scenario.device, bodies(scenario.device)
    sizes = sizes_of(scenario, nm(device.spacer_thickness))
    cores = _cores(device, parts, sizes)
    flat = device.dimension == 2
    half, centres = nm(device.electrode_width) / 2, _centres(device, device.columns)

    def detour(x: float, y: float, z: float) -> float:
        height = y if flat else z
        inside = max(half - abs(x - centre) for centre in centres)
        return IDLE_FACTOR * max(-height, height - parts.film, inside, 0.0)

    with gmsh_session() as gmsh:
        parts.model(gmsh, cores)
        size = size_function(_sources(device, parts, sizes, cores), lambda x, y, z: sizes.largest, detour)
        points, cells = mesh_around(gmsh, cores, size)
    return parts.tagged(points, cells, sum(len(core.cells) for core in cores))


def _cores(device: Any, parts: BoxedDevice, sizes: Sizes) -> list[StructuredBlock]:
    """One box at each filament site.

    Raises:
        MeshError: they do not fit between the columns or on the rows.
    """
    high, spacer, half = (nm(v) for v in (device.electrode_thickness, device.spacer_thickness, device.electrode_width / 2))
    side, up = flank_axes(sizes, high, high + spacer, high)
    reach, free = side[-1], nm(device.pitch - device.electrode_width) if device.columns > 1 else nm(device.margin)
    if (1 + ROOM) * reach > free:
        raise MeshError(f"mesh.core_radius {reach:g} nm does not fit beside the columns, where there are {free:g} nm with room "
                        "for the cells around it: make the pitch (or the margin) larger, or the radius smaller")
    if device.dimension == 3 and reach >= half:
        raise MeshError(f"mesh.core_radius {reach:g} nm does not fit on the rows, which are {2 * half:g} nm wide")
    along = np.concatenate([-side[:0:-1], side])
    if device.dimension == 2:
        return [StructuredBlock((foot[0] + side, up)) for foot in _feet(device)]
    return [StructuredBlock((foot[0] + side, foot[1] + along, up)) for foot in _feet(device)]


def _sources(device: Any, parts: BoxedDevice, sizes: Sizes, cores: list[StructuredBlock]) -> list[Source]:
    """Small cells around the cores and along the columns' lower edges above the rows, where the current crowds."""
    growth, flat = EDGE_GROWTH * sizes.growth, device.dimension == 2
    high, top = nm(device.electrode_thickness), nm(device.electrode_thickness + device.spacer_thickness)
    sources = []
    for core in cores:
        box = (*core.low, 0.0, *core.high, 0.0) if flat else (*core.low, *core.high)
        sources.append(Source(tuple(map(float, box)), sizes.filament, sizes.growth))
    for (row,) in parts.lower.values():
        for (column,) in parts.upper.values():
            for x in (column[0], column[3]):
                for z, size in ((top, sizes.edge), (high, EASY_EDGE * sizes.edge)):
                    place = (x, z, 0.0, x, z, 0.0) if flat else (x, row[1], z, x, row[4], z)
                    sources.append(Source(place, size, growth))
    return sources
