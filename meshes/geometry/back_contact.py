"""The device itself in 3D: crossed bars with a spacer between, film over everything, filament on the spacer flank."""

from __future__ import annotations

from typing import Any

import numpy as np

from meshes.device_mesh import FilamentSite, Layout
from meshes.geometry.boxes import BoxedDevice
from meshes.geometry.crossbar import Crossbar
from meshes.geometry.crossbar_blocks import core_block, size_sources, strips
from meshes.geometry.structured_block import mesh_around
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
        parts = BoxedDevice(cell.domain(), cell.film, {"bottom": cell.bottom_boxes()}, cell.spacer_boxes(),
                            {"top": cell.top_boxes()})
        parts.model(gmsh, blocks)
        sources = size_sources(cell, sizes, core, blocks[:-1])
        size = size_function(sources, cell.ceiling(sizes.largest), cell.detour)
        points, cells = mesh_around(gmsh, blocks, size)
    return cell.tagged(points, cells, len(core.cells))
