"""The plane y = 0 of the back-contact cell, an L-shaped current path: coordinates (x, z).

The substrate is left out: the bottom electrode lies between it and everything else.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from meshes.device_mesh import FilamentSite, Layout
from meshes.geometry.crossbar import Crossbar
from meshes.geometry.crossbar_blocks import EASY_EDGE, EDGE_GROWTH, core_axes
from meshes.geometry.structured_block import StructuredBlock, mesh_around
from meshes.simplex_mesh import SimplexMesh, gmsh_session
from meshes.size_field import Sizes, Source, nm, size_function, sizes_of
from meshes.tags import TERMINALS_CELL


def layout(scenario: Any) -> Layout:
    """Planar 2D with the electrode's width (or the given depth) out of plane; half: x >= 0, currents doubled."""
    device = scenario.device
    cell = Crossbar.section_of(device)
    depth = getattr(device, "depth", None)
    foot = np.array([cell.width / 2, cell.z_bottom, 0.0])
    return Layout(2, "cartesian", cell.width if depth is None else nm(depth), 2.0 if device.symmetry == "half" else 1.0,
                  FilamentSite(foot, np.array([0.0, 1.0, 0.0]), cell.spacer), TERMINALS_CELL)


def generate(scenario: Any) -> SimplexMesh:
    """Gmsh's triangles around the structured core, tagged by place."""
    cell = Crossbar.section_of(scenario.device)
    sizes = sizes_of(scenario, cell.spacer)
    side, up = core_axes(cell, sizes)
    core = StructuredBlock((cell.width / 2 + side, up))
    with gmsh_session() as gmsh:
        _plane(gmsh, cell, core)
        ceiling = cell.ceiling(sizes.largest)
        size = size_function(_sources(cell, sizes, core), lambda x, y, z: ceiling(x, 0.0, y),
                             lambda x, y, z: cell.detour(x, 0.0, y))
        points, cells = mesh_around(gmsh, [core], size)
    return cell.tagged(points, cells, len(core.cells))


def _sources(cell: Crossbar, sizes: Sizes, core: StructuredBlock) -> list[Source]:
    def box(x0: float, z0: float, x1: float, z1: float) -> tuple[float, ...]:
        return (x0, z0, 0.0, x1, z1, 0.0)

    sources = [Source(box(*core.low, *core.high), sizes.filament, sizes.growth)]
    for x in cell.flanks:
        sources += [Source(box(x, z, x, z), size, EDGE_GROWTH * sizes.growth) for z, size in (
            (cell.z_top, sizes.edge), (cell.z_bottom, EASY_EDGE * sizes.edge),
            (cell.z_top + cell.electrode, EASY_EDGE * sizes.edge))]
    return sources


def _plane(gmsh, cell: Crossbar, core: StructuredBlock) -> None:
    """Film, spacer and cap above the bottom electrode, less the top electrode, edges shared."""
    occ = gmsh.model.occ

    def rectangle(x0: float, z0: float, x1: float, z1: float) -> tuple[int, int]:
        return 2, occ.addRectangle(x0, z0, 0.0, x1 - x0, z1 - z0)

    x0, _, _, x1, _, z1 = cell.domain()
    left = max(x0, -cell.width / 2)
    spacer = rectangle(left, cell.z_bottom, cell.width / 2, cell.z_top)
    top = rectangle(left, cell.z_top, cell.width / 2, cell.z_top + cell.electrode)
    film, _ = occ.cut([rectangle(x0, cell.z_bottom, x1, cell.film)], [spacer, top], removeTool=False)
    occ.remove([top], recursive=True)
    cap = rectangle(x0, cell.film, x1, z1)
    occ.fragment([*film, spacer, cap], [rectangle(*core.low, *core.high)])
    occ.synchronize()
