"""Two lateral electrodes on one plane under one film, a gap apart, without a spacer; in 3D or as the section y = 0.

x across the gap, y along the electrodes' edges. The filament would start where the electrodes' sidewalls meet the
substrate, and grow along it as it grows along the spacer's flank in the back-contact cell.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from meshes.device_mesh import FilamentSite, Layout, MeshError
from meshes.geometry.boxes import IDLE_FACTOR, BoxedDevice
from meshes.geometry.crossbar_blocks import EASY_EDGE, EDGE_GROWTH
from meshes.geometry.structured import uniform_axis
from meshes.geometry.structured_block import StructuredBlock, mesh_around
from meshes.simplex_mesh import SimplexMesh, gmsh_session
from meshes.size_field import Sizes, Source, nm, size_function, sizes_of


def layout(scenario: Any) -> Layout:
    """Cartesian; half symmetry (y >= 0) and a shortened edge scale the currents back, 2D carries the edge's length."""
    device = scenario.device
    foot, site = np.zeros(3), np.array([1.0, 0.0, 0.0])
    foot[0] = -nm(device.gap) / 2
    flat = device.dimension == 2
    scale = 1.0 if flat or device.symmetry == "full" else 2.0
    if device.cell_length is not None:
        scale *= nm(device.electrode_width) / nm(device.cell_length)
    depth = nm(device.electrode_width) if flat else 1.0
    return Layout(int(device.dimension), "cartesian", depth, scale, FilamentSite(foot, site, nm(device.gap)),
                  {name: (name,) for name in device.terminal_names})


def bodies(device: Any) -> BoxedDevice:
    """The device's parts.

    Raises:
        MeshError: they do not fit into each other.
    """
    half, gap, height, film = (nm(v) for v in (device.domain_length / 2, device.gap / 2, device.electrode_thickness,
                                               device.film_thickness))
    if height >= film or gap >= half:
        raise MeshError("device.film_thickness must exceed electrode_thickness, and domain_length the gap")
    width = nm(device.electrode_width) / 2
    end = nm(device.cell_length) / 2 if device.cell_length is not None else width + nm(device.surround)
    flat = device.dimension == 2
    if flat:
        end = 1.0  # nm: the plane y = 0 lies inside
    y0, side = 0.0 if device.symmetry == "half" and not flat else -end, min(width, end)
    lower = {"left": [(-half, max(y0, -side), 0.0, -gap, side, height)],
             "right": [(gap, max(y0, -side), 0.0, half, side, height)]}
    domain = (-half, y0, -nm(device.substrate_oxide_thickness), half, end, film + nm(device.cap_thickness))
    return BoxedDevice(domain, film, lower, [], {})


def generate(scenario: Any) -> SimplexMesh:
    """Gmsh's simplices around the structured core that spans the gap at the filament site, tagged by place."""
    device, parts = scenario.device, bodies(scenario.device)
    gap = nm(device.gap)
    sizes = sizes_of(scenario, gap)
    core = _core(device, parts, sizes)
    flat = device.dimension == 2
    sources = _sources(device, parts, sizes, core)

    def detour(x: float, y: float, z: float) -> float:
        depth = y if flat else z
        idle = max(-depth, depth - parts.film, abs(x) - gap - parts.film, 0.0)
        return IDLE_FACTOR * idle

    with gmsh_session() as gmsh:
        parts.model(gmsh, [core])
        points, cells = mesh_around(gmsh, [core], size_function(sources, lambda x, y, z: sizes.largest, detour))
    return parts.tagged(points, cells, len(core.cells))


def _core(device: Any, parts: BoxedDevice, sizes: Sizes) -> StructuredBlock:
    """The box between the two sidewalls, on the substrate, around the filament; a grid line at the electrodes' height.

    Raises:
        MeshError: it does not fit along the edge.
    """
    gap, height, radius = nm(device.gap) / 2, nm(device.electrode_thickness), sizes.core_radius
    side = uniform_axis(0.0, radius, sizes.filament)
    # a thin rest below the electrodes' upper edge would leave no room for cells to adapt
    up = uniform_axis(0.0, height if abs(height - radius) < radius / 2 else min(radius, height), sizes.filament)
    if radius > 1.5 * height:
        up = np.concatenate([up, uniform_axis(height, radius, sizes.filament)[1:]])
    if up[-1] >= parts.film:
        raise MeshError(f"mesh.core_radius {radius:g} nm is more than the film's thickness, {parts.film:g} nm")
    x = uniform_axis(-gap, gap, sizes.filament)
    if device.dimension == 2:
        return StructuredBlock((x, up))
    end = parts.lower["left"][0][4]
    if side[-1] >= end:
        raise MeshError(f"mesh.core_radius {side[-1]:g} nm does not fit along the edge, which is modelled up to "
                        f"y = {end:g} nm")
    along = np.concatenate([-side[:0:-1], side]) if parts.domain[1] < 0 else side
    return StructuredBlock((x, along, up))


def _sources(device: Any, parts: BoxedDevice, sizes: Sizes, core: StructuredBlock) -> list[Source]:
    """Small cells at the core, along the upper edges where the current crowds, and less so along the lower ones."""
    growth = EDGE_GROWTH * sizes.growth
    flat, height = device.dimension == 2, nm(device.electrode_thickness)

    def box(low: tuple, high: tuple) -> tuple[float, ...]:
        if flat:
            return (low[0], low[2], 0.0, high[0], high[2], 0.0)
        return (*low, *high)

    around = (*core.low, *core.high) if not flat else (*core.low, 0.0, *core.high, 0.0)
    sources = [Source(tuple(map(float, around)), sizes.filament, sizes.growth)]
    for name, edge in (("left", 3), ("right", 0)):
        body = parts.lower[name][0]
        x, y0, y1 = body[edge], body[1], body[4]
        sources += [Source(box((x, y0, z), (x, y1, z)), size, growth)
                    for z, size in ((height, sizes.edge), (0.0, EASY_EDGE * sizes.edge))]
    return sources
