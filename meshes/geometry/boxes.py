"""Devices made of boxes: electrodes, spacer, film, substrate and cap, told apart by place; CAD model and tags.

Coordinates in nm, z up from the substrate oxide's surface. A point tells its region and a boundary facet its electrode
without asking the CAD kernel. In a 2D section the mesh's coordinates are (x, z) of the plane y = 0.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from meshes.device_mesh import MeshError
from meshes.geometry.structured_block import StructuredBlock
from meshes.simplex_mesh import SimplexMesh, boundary_facets, compact
from meshes.tags import FIRST_NAMED, REGIONS

Box = tuple[float, float, float, float, float, float]  # x0, y0, z0, x1, y1, z1
_TOLERANCE = 1e-3  # nm
# Where no current flows, cells may grow this much faster with distance than in the film.
IDLE_FACTOR = 3.0


@dataclass(frozen=True)
class BoxedDevice:
    """A device as unions of boxes.

    Attributes:
        domain: the meshed box; z below 0 is substrate.
        film: z of the film's top; the cap is above.
        lower: electrodes on the substrate, terminal -> boxes.
        spacer: boxes whose union, less the lower electrodes, is the spacer.
        upper: electrodes on the spacer, terminal -> boxes whose union, less spacer and lower electrodes, is their body.
    """

    domain: Box
    film: float
    lower: dict[str, list[Box]]
    spacer: list[Box]
    upper: dict[str, list[Box]]

    @property
    def electrodes(self) -> dict[str, list[Box]]:
        """Terminal -> boxes; where boxes overlap the earlier one counts."""
        return self.lower | self.upper

    @property
    def facets(self) -> dict[str, int]:
        """Terminal -> tag of its facets."""
        return {name: FIRST_NAMED + k for k, name in enumerate(self.electrodes)}

    def regions_at(self, points: np.ndarray) -> np.ndarray:
        """(N,) region tag of each of (N, 3) points; the electrodes' bodies count as what would fill them."""
        tags = np.full(len(points), REGIONS["film"])
        tags[inside_any(points, self.spacer)] = REGIONS["spacer"]
        tags[points[:, 2] < 0] = REGIONS["substrate"]
        tags[points[:, 2] > self.film] = REGIONS["cap"]
        return tags

    def groups_at(self, points: np.ndarray) -> np.ndarray:
        """(N,) facet tag of boundary facets given by their (N, 3) centroids; 0 on the outer box.

        Raises:
            MeshError: a boundary facet lies on no electrode: the parts of the mesh do not fit together there.
        """
        tags = np.zeros(len(points), dtype=int)
        for name, boxes in reversed(self.electrodes.items()):
            tags[inside_any(points, boxes)] = self.facets[name]
        low, high = np.array(self.domain[:3]), np.array(self.domain[3:])
        outer = np.any((np.abs(points - low) < _TOLERANCE) | (np.abs(points - high) < _TOLERANCE), axis=1)
        refuse_torn(points, ~outer & (tags == 0))
        tags[outer] = 0
        return tags

    def tagged(self, points: np.ndarray, cells: np.ndarray, core_cells: int) -> SimplexMesh:
        """A mesh of the device, 3D or its section, with regions and facet groups; the core's cells are the last ones."""
        return tagged(points, cells, core_cells, self.regions_at, self.groups_at, self.facets)

    def model(self, gmsh, blocks: list[StructuredBlock]) -> None:
        """The domain less the electrodes in Gmsh's current model, divided into regions and blocks, faces shared.

        Args:
            gmsh: the gmsh module.
            blocks: structured parts; their dimension is that of the model.
        """
        occ, dim = gmsh.model.occ, len(blocks[0].axes)

        def shape(b: Box) -> tuple[int, int]:
            if dim == 2:
                return 2, occ.addRectangle(b[0], b[2], 0.0, b[3] - b[0], b[5] - b[2])
            return 3, occ.addBox(b[0], b[1], b[2], b[3] - b[0], b[4] - b[1], b[5] - b[2])

        def union(boxes: list[Box]) -> list[tuple[int, int]]:
            solids = [shape(b) for b in boxes]
            return solids if len(solids) < 2 else occ.fuse(solids[:1], solids[1:])[0]

        def less(body: list[tuple[int, int]], tools: list[tuple[int, int]]) -> list[tuple[int, int]]:
            return occ.cut(body, tools, removeTool=False)[0] if body and tools else body

        x0, y0, z0, x1, y1, z1 = self.domain
        lower = [part for boxes in self.lower.values() for part in union(boxes)]
        spacer = less(union(self.spacer), lower)
        upper = [part for boxes in self.upper.values() for part in less(union(boxes), lower + spacer)]
        film = less([shape((x0, y0, 0.0, x1, y1, self.film))], lower + spacer + upper)
        occ.remove(lower + upper, recursive=True)
        rest = [shape((x0, y0, self.film, x1, y1, z1))] + ([shape((x0, y0, z0, x1, y1, 0.0))] if z0 < 0 else [])
        corners = [(*b.low, *b.high) if dim == 3 else (b.low[0], 0.0, b.low[1], b.high[0], 0.0, b.high[1]) for b in blocks]
        occ.fragment(film + spacer + rest, [shape(tuple(map(float, c))) for c in corners])
        occ.synchronize()


def tagged(points: np.ndarray, cells: np.ndarray, core_cells: int, regions_at: Callable, groups_at: Callable,
           facets: dict[str, int]) -> SimplexMesh:
    """A mesh with its regions and facet groups, told by place.

    Args:
        points: (N, 3) nodes; of a 2D mesh (x, z, 0).
        cells: (C, d + 1) cells, those of the structured core last.
        core_cells: number of cells of the core.
        regions_at, groups_at: functions of (M, 3) places that give the tags of cells and of boundary facets, 0 for none.
        facets: name -> tag of the facet groups.
    """
    space = points[:, [0, 2, 1]] if cells.shape[1] == 3 else points
    outer = boundary_facets(cells)
    groups = groups_at(space[outer].mean(axis=1))
    regions = regions_at(space[cells].mean(axis=1))
    core = np.arange(len(cells)) >= len(cells) - core_cells
    present = {name: tag for name, tag in REGIONS.items() if np.any(regions == tag)}
    return compact(SimplexMesh(points, cells, regions, outer[groups > 0], groups[groups > 0], present, dict(facets), core))


def inside_any(points: np.ndarray, boxes: list[Box]) -> np.ndarray:
    """(N,) bool: in one of the boxes or on its surface."""
    inside = np.zeros(len(points), dtype=bool)
    for box in boxes:
        low, high = np.array(box[:3]) - _TOLERANCE, np.array(box[3:]) + _TOLERANCE
        inside |= np.all((points > low) & (points < high), axis=1)
    return inside


def refuse_torn(points: np.ndarray, torn: np.ndarray) -> None:
    """Raise MeshError where boundary facets, given by their centroids, are marked as lying on no electrode."""
    if np.any(torn):
        place = ", ".join(f"{v:.4g}" for v in points[torn][0])
        raise MeshError(f"the mesh is torn near ({place}) nm: {np.count_nonzero(torn)} facets have no neighbour")
