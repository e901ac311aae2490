"""The device itself in 3D: crossed bars with a spacer between, film over everything, filament on the spacer flank."""

from __future__ import annotations

from typing import Any

import numpy as np

from meshes.device_mesh import FilamentSite, Layout
from meshes.geometry.crossbar import Box, Crossbar
from meshes.geometry.crossbar_blocks import core_block, size_sources, strips
from meshes.geometry.structured_block import StructuredBlock, mesh_around
from meshes.simplex_mesh import SimplexMesh, gmsh_session
from meshes.size_field import nm, size_function, sizes_of
from meshes.tags import TERMINALS_CELL

_SCALE = {"full": 1.0, "half": 2.0, "quarter": 4.0}


def layout(scenario: Any) -> Layout:
    """Cartesian 3D; mirror images and a shortened flank scale the currents back to the whole device."""
    device = scenario.device
    cell = Crossbar.of(device)
    scale = _SCALE[device.symmetry]
    if device.cell_length is not None:
        scale *= nm(device.electrode_width) / nm(device.cell_length)
    foot = np.array([cell.width / 2, 0.0, cell.z_bottom])
    return Layout(3, "cartesian", 1.0, scale, FilamentSite(foot, np.array([0.0, 0.0, 1.0]), cell.spacer),
                  TERMINALS_CELL)


def generate(scenario: Any) -> SimplexMesh:
    """Gmsh's tetrahedra around the structured core and strips, tagged by place."""
    cell = Crossbar.of(scenario.device)
    sizes = sizes_of(scenario, cell.spacer)
    core = core_block(cell, sizes)
    blocks = [*strips(cell, sizes, core), core]
    with gmsh_session() as gmsh:
        _solid(gmsh, cell, blocks)
        sources = size_sources(cell, sizes, core, blocks[:-1])
        size = size_function(sources, cell.ceiling(sizes.largest), cell.detour)
        points, cells = mesh_around(gmsh, blocks, size)
    return cell.tagged(points, cells, len(core.cells))


def _solid(gmsh, cell: Crossbar, blocks: list[StructuredBlock]) -> None:
    """The modelled volume less the electrodes, divided into regions and blocks, faces shared."""
    occ = gmsh.model.occ

    def box(b: Box) -> tuple[int, int]:
        return 3, occ.addBox(b[0], b[1], b[2], b[3] - b[0], b[4] - b[1], b[5] - b[2])

    def union(boxes: list[Box]) -> list[tuple[int, int]]:
        solids = [box(b) for b in boxes]
        return solids if len(solids) == 1 else occ.fuse(solids[:1], solids[1:])[0]

    x0, y0, z0, x1, y1, z1 = cell.domain()
    bottom = union(cell.bottom_boxes())
    spacer, _ = occ.cut(union(cell.spacer_boxes()), bottom, removeTool=False)
    top, _ = occ.cut(union(cell.top_boxes()), bottom + spacer, removeTool=False)
    film, _ = occ.cut([box((x0, y0, 0.0, x1, y1, cell.film))], bottom + spacer + top, removeTool=False)
    occ.remove(bottom + top, recursive=True)
    rest = [box((x0, y0, z0, x1, y1, 0.0)), box((x0, y0, cell.film, x1, y1, z1))]
    occ.fragment(film + spacer + rest, [box((*b.low, *b.high)) for b in blocks])
    occ.synchronize()
