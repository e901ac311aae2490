"""Structured boxes (rectangles in 2D) inside an unstructured Gmsh mesh.

The surfaces of a box are meshed here, with the triangles of its right-angled tetrahedra; Gmsh takes them as given and
fills the space around; the box's own cells are added at the end. (Gmsh's transfinite volumes would do the same for a
few spacings only, and do not promise which way the tetrahedra run.)
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from meshes.device_mesh import MeshError
from meshes.geometry.structured import grid_points, kuhn_cells
from meshes.simplex_mesh import SIMPLEX_TYPES, boundary_facets

_TOLERANCE = 1e-4  # nm; OCC's bounding boxes are padded by 1e-7

# Delaunay refinement, then the optimisers that leave the fewest negative edge weights in the film (HXT did no better).
_OPTIONS = {
    "Mesh.MeshSizeExtendFromBoundary": 0, "Mesh.MeshSizeFromPoints": 0, "Mesh.MeshSizeFromCurvature": 0,
    "Mesh.MeshOnlyEmpty": 1, "Mesh.Renumber": 0, "Mesh.Algorithm3D": 1, "Mesh.Optimize": 1, "General.NumThreads": 1,
}
_OPTIMISERS = ("Netgen", "", "Netgen")


@dataclass(frozen=True)
class StructuredBlock:
    """A box of right-angled simplices.

    Attributes:
        axes: grid lines along each axis [nm], ascending.
    """

    axes: tuple[np.ndarray, ...]

    @property
    def low(self) -> np.ndarray:
        """(d,) lowest corner [nm]."""
        return np.array([axis[0] for axis in self.axes])

    @property
    def high(self) -> np.ndarray:
        """(d,) highest corner [nm]."""
        return np.array([axis[-1] for axis in self.axes])

    @property
    def points(self) -> np.ndarray:
        """(N, 3) nodes."""
        return grid_points(list(self.axes))

    @property
    def cells(self) -> np.ndarray:
        """(C, d + 1) simplices, numbers into ``points``."""
        return kuhn_cells(tuple(len(axis) for axis in self.axes))


def mesh_around(gmsh, blocks: list[StructuredBlock], size: Callable[..., float]) -> tuple[np.ndarray, np.ndarray]:
    """Mesh the current model around structured blocks.

    Args:
        gmsh: the gmsh module; geometry synchronized, nothing meshed; every block is an entity of highest dimension.
        blocks: boxes that touch each other nowhere.
        size: size(x, y, z) wanted elsewhere [nm].

    Returns:
        (N, 3) nodes and (C, d + 1) cells, the blocks' cells last, in the order of ``blocks``.

    Raises:
        MeshError: Gmsh fails, or a block does not fit the geometry.
    """
    gmsh.model.mesh.setSizeCallback(lambda dim, tag, x, y, z, lc: size(x, y, z))
    for name, value in _OPTIONS.items():
        gmsh.option.setNumber(name, value)
    dim = len(blocks[0].axes)
    imposed, first = [], 1
    for block in blocks:
        imposed.append(_ImposedBlock(gmsh, block, first))
        first += len(block.points)
    try:
        for block in imposed:
            block.place_curves()
        # One call each: Gmsh remeshes every surface, but leaves a curve that has a mesh alone (MeshOnlyEmpty), hence
        # the blocks' surfaces come after generate(2). In 2D the blocks are taken out before it.
        gmsh.model.mesh.generate(1)
        for k in range(2, dim + 1):
            if k == dim:
                for block in imposed:
                    block.place_boundary()
            gmsh.model.mesh.generate(k)
        if dim == 3:
            for method in _OPTIMISERS:
                gmsh.model.mesh.optimize(method)
    except MeshError:
        raise
    except Exception as error:  # gmsh raises bare Exception
        raise MeshError(f"Gmsh could not mesh the device: {error}") from error
    tags, coordinates, _ = gmsh.model.mesh.getNodes()
    row_of_tag = np.full(int(tags.max()) + 1, -1)
    row_of_tag[tags.astype(int)] = np.arange(len(tags))
    points = coordinates.reshape(-1, 3)
    cells = row_of_tag[gmsh.model.mesh.getElementsByType(SIMPLEX_TYPES[dim])[1].astype(int)].reshape(-1, dim + 1)
    for block in imposed:
        points, cells = block.join(points, cells, row_of_tag)
    return points, cells


class _ImposedBlock:
    """A block on its way into a Gmsh model: its curves, then its surfaces, then its cells."""

    def __init__(self, gmsh, block: StructuredBlock, first_tag: int):
        """Find the block in the model; node 0 of the block gets node tag ``first_tag``, the others follow."""
        self._gmsh, self._block, self._first = gmsh, block, first_tag
        self._dim = len(block.axes)
        self._points, self._facets = block.points, boundary_facets(block.cells)
        self._entity = self._find()
        below = [[self._entity]]
        for dim in range(self._dim, 0, -1):
            below.append(self._boundary(dim, below[-1]))
        self._of_dim = {self._dim - k: entities for k, entities in enumerate(below)}
        self._placed = np.zeros(len(self._points), dtype=bool)

    def place_curves(self) -> None:
        """Mesh the block's corners and curves with its grid lines."""
        for corner in self._of_dim[0]:
            new, _ = self._place(0, corner)
            self._gmsh.model.mesh.addElementsByType(corner, SIMPLEX_TYPES[0], [], new + self._first)
        for curve in self._of_dim[1]:
            _, on = self._place(1, curve)
            line = on[np.argsort(self._points[on].sum(axis=1))]
            pairs = np.stack([line[:-1], line[1:]], axis=1)
            self._gmsh.model.mesh.addElementsByType(curve, SIMPLEX_TYPES[1], [], pairs.ravel() + self._first)

    def place_boundary(self) -> None:
        """Give the block's outer facets to Gmsh and take the block itself out of the model.

        Raises:
            MeshError: a surface is cut off the grid lines.
        """
        covered = 0
        if self._dim == 3:
            self._gmsh.model.mesh.clear([(2, surface) for surface in self._of_dim[2]])
        for entity in self._of_dim[self._dim - 1]:
            _, on = self._place(self._dim - 1, entity)
            mine = self._facets[np.all(np.isin(self._facets, on), axis=1)]
            covered += len(mine)
            if self._dim == 3:
                self._gmsh.model.mesh.addElementsByType(entity, SIMPLEX_TYPES[2], [], mine.ravel() + self._first)
        if covered != len(self._facets):
            raise MeshError("a structured block is cut off its grid lines: its size does not fit the layer thicknesses")
        self._gmsh.model.removeEntities([(self._dim, self._entity)])

    def join(self, points: np.ndarray, cells: np.ndarray, row_of_tag: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Append the block's own nodes and cells to those so far; ``row_of_tag``: row in points of a node tag."""
        row = np.full(len(self._points), -1)
        shared = np.unique(self._facets)
        row[shared] = row_of_tag[shared + self._first]
        if np.any(row[shared] < 0):
            raise MeshError("Gmsh did not keep the surface mesh of a structured block: use Gmsh 4.13 or newer")
        own = np.flatnonzero(row < 0)
        row[own] = len(points) + np.arange(len(own))
        return np.vstack([points, self._points[own]]), np.vstack([cells, row[self._block.cells]])

    def _find(self) -> int:
        low, high = self._block.low, self._block.high
        for _, tag in self._gmsh.model.getEntities(self._dim):
            box = np.array(self._gmsh.model.getBoundingBox(self._dim, tag))
            ends = box[: self._dim], box[3: 3 + self._dim]
            if np.allclose(ends[0], low, atol=_TOLERANCE) and np.allclose(ends[1], high, atol=_TOLERANCE):
                return tag
        raise MeshError("a structured block is no part of the device: it overlaps an electrode or another region")

    def _boundary(self, dim: int, entities: list[int]) -> list[int]:
        boundary = self._gmsh.model.getBoundary([(dim, tag) for tag in entities], combined=False, oriented=False)
        return sorted({tag for _, tag in boundary})

    def _place(self, dim: int, entity: int) -> tuple[np.ndarray, np.ndarray]:
        """Put the nodes on an entity that no smaller entity holds; returns those and all nodes on it."""
        box = np.array(self._gmsh.model.getBoundingBox(dim, entity))
        on = np.all((self._points > box[:3] - _TOLERANCE) & (self._points < box[3:] + _TOLERANCE), axis=1)
        new = np.flatnonzero(on & ~self._placed)
        if len(new):
            self._placed[new] = True
            flat = self._points[new].ravel()
            parameters = self._gmsh.model.getParametrization(dim, entity, flat) if dim else []
            self._gmsh.model.mesh.addNodes(dim, entity, new + self._first, flat, parameters)
        return new, np.flatnonzero(on)
