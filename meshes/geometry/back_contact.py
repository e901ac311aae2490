"""The device itself in 3D: crossed bars with a spacer between, film over everything, filament on the spacer flank."""

from __future__ import annotations

from typing import Any

import numpy as np

from meshes.device_mesh import FilamentSite, Layout, MeshError
from meshes.geometry.crossbar import Box, Crossbar
from meshes.geometry.crossbar_blocks import core_block, size_sources, strips
from meshes.geometry.structured_block import ImposedBlock, StructuredBlock
from meshes.simplex_mesh import SimplexMesh, boundary_facets, compact, gmsh_session
from meshes.size_field import nm, size_function, sizes_of
from meshes.tags import FACETS, REGIONS, TERMINALS_CELL

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
    """Gmsh's tetrahedra around the structured core, tagged by place."""
    cell = Crossbar.of(scenario.device)
    sizes = sizes_of(scenario, cell.spacer)
    core = core_block(cell, sizes)
    blocks = [*strips(cell, sizes, core), core]
    with gmsh_session() as gmsh:
        _solid(gmsh, cell, blocks)
        points, cells = _mesh(gmsh, blocks, size_function(size_sources(cell, sizes, core, blocks[:-1]), sizes.largest))
    inner = np.zeros(len(cells), dtype=bool)
    inner[len(cells) - len(core.cells):] = True
    outer = boundary_facets(cells)
    groups = cell.groups_at(points[outer].mean(axis=1))
    regions = cell.regions_at(points[cells].mean(axis=1))
    tagged = groups > 0
    return compact(SimplexMesh(
        points, cells, regions, outer[tagged], groups[tagged],
        {name: tag for name, tag in REGIONS.items() if np.any(regions == tag)}, dict(FACETS), inner,
    ))


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


def _mesh(gmsh, blocks: list[StructuredBlock], size) -> tuple[np.ndarray, np.ndarray]:
    """Mesh the model around the blocks; nodes (N, 3) and cells (C, 4), the blocks' cells last in their order."""
    gmsh.model.mesh.setSizeCallback(lambda dim, tag, x, y, z, lc: size(x, y, z))
    for name, value in {
        "Mesh.MeshSizeExtendFromBoundary": 0, "Mesh.MeshSizeFromPoints": 0, "Mesh.MeshSizeFromCurvature": 0,
        "Mesh.MeshOnlyEmpty": 1, "Mesh.Renumber": 0, "Mesh.Algorithm3D": 1, "Mesh.Optimize": 1,
        "General.NumThreads": 1,
    }.items():
        gmsh.option.setNumber(name, value)
    imposed = [ImposedBlock(gmsh, block, 1 + (k + 1) * 1_000_000) for k, block in enumerate(blocks)]
    try:
        for block in imposed:
            block.curves()
        gmsh.model.mesh.generate(1)
        gmsh.model.mesh.generate(2)
        for block in imposed:
            block.surfaces()
        gmsh.model.mesh.generate(3)
        gmsh.model.mesh.optimize("Netgen")
    except MeshError:
        raise
    except Exception as error:  # gmsh raises bare Exception
        raise MeshError(f"Gmsh could not mesh the cell: {error}") from error
    tags, coordinates, _ = gmsh.model.mesh.getNodes()
    row_of_tag = np.full(int(tags.max()) + 1, -1)
    row_of_tag[tags.astype(int)] = np.arange(len(tags))
    points = coordinates.reshape(-1, 3)
    cells = row_of_tag[gmsh.model.mesh.getElementsByType(4)[1].astype(int)].reshape(-1, 4)
    for block in imposed:
        points, cells = block.join(points, cells, row_of_tag)
    return points, cells
