"""A structured box inside an unstructured Gmsh mesh.

The box's surfaces are meshed here, with the triangles of its right-angled tetrahedra; Gmsh takes them as given and
fills the space around; the box's own cells are added at the end. (Gmsh's transfinite volumes would do the same for
evenly spaced boxes only, and do not promise which way the tetrahedra run.)
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from meshes.device_mesh import MeshError
from meshes.geometry.structured import grid_points, kuhn_cells
from meshes.simplex_mesh import boundary_facets

_TOLERANCE = 1e-4  # nm; OCC's bounding boxes are padded by 1e-7


@dataclass(frozen=True)
class StructuredBlock:
    """A box of right-angled tetrahedra.

    Attributes:
        axes: grid lines along x, y and z [nm], ascending.
    """

    axes: tuple[np.ndarray, np.ndarray, np.ndarray]

    @property
    def low(self) -> np.ndarray:
        """(3,) lowest corner [nm]."""
        return np.array([axis[0] for axis in self.axes])

    @property
    def high(self) -> np.ndarray:
        """(3,) highest corner [nm]."""
        return np.array([axis[-1] for axis in self.axes])

    @property
    def points(self) -> np.ndarray:
        """(N, 3) nodes."""
        return grid_points(list(self.axes))

    @property
    def cells(self) -> np.ndarray:
        """(C, 4) tetrahedra, numbers into ``points``."""
        return kuhn_cells(tuple(len(axis) for axis in self.axes))


class ImposedBlock:
    """A block on its way into a Gmsh model: its curves, then its surfaces, then its cells.

    Gmsh leaves a curve that has a mesh alone, but remeshes every surface, hence the order: :meth:`curves`,
    generate(1), generate(2), :meth:`surfaces`, generate(3), :meth:`join`. Mesh.MeshOnlyEmpty must be on,
    Mesh.Renumber off.
    """

    def __init__(self, gmsh, block: StructuredBlock, first_tag: int):
        """Find the block in the model.

        Args:
            gmsh: the gmsh module, geometry synchronized, nothing meshed.
            block: a box that is a volume of the model.
            first_tag: node tag of the block's node 0; the tags up to first_tag + N must be free.

        Raises:
            MeshError: the block is not a volume of the model.
        """
        self._gmsh, self._block, self._first = gmsh, block, first_tag
        self._points, self._triangles = block.points, boundary_facets(block.cells)
        self._volume = _volume(gmsh, block)
        self._surfaces = [tag for _, tag in gmsh.model.getBoundary([(3, self._volume)], oriented=False)]
        self._curves = self._below(2, self._surfaces)
        self._corners = self._below(1, self._curves)
        self._placed = np.zeros(len(self._points), dtype=bool)

    def curves(self) -> None:
        """Mesh the block's corners and curves with its grid lines."""
        for corner in self._corners:
            new, _ = self._place(0, corner)
            self._gmsh.model.mesh.addElementsByType(corner, 15, [], new + self._first)
        for curve in self._curves:
            _, on = self._place(1, curve)
            line = on[np.argsort(self._points[on].sum(axis=1))]
            pairs = np.stack([line[:-1], line[1:]], axis=1)
            self._gmsh.model.mesh.addElementsByType(curve, 1, [], pairs.ravel() + self._first)

    def surfaces(self) -> None:
        """Replace Gmsh's mesh of the block's surfaces by its triangles and take its volume out of the model.

        Raises:
            MeshError: a surface is cut off the grid lines.
        """
        covered = 0
        self._gmsh.model.mesh.clear([(2, surface) for surface in self._surfaces])
        for surface in self._surfaces:
            _, on = self._place(2, surface)
            mine = self._triangles[np.all(np.isin(self._triangles, on), axis=1)]
            covered += len(mine)
            self._gmsh.model.mesh.addElementsByType(surface, 2, [], mine.ravel() + self._first)
        if covered != len(self._triangles):
            raise MeshError("the structured core is cut off its grid lines: its size does not fit the layer "
                            "thicknesses")
        self._gmsh.model.removeEntities([(3, self._volume)])

    def join(self, points: np.ndarray, cells: np.ndarray, row_of_tag: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Append the block's own nodes and cells to Gmsh's.

        Args:
            points: (N, 3) nodes so far.
            cells: (C, 4) cells so far, rows of ``points``.
            row_of_tag: row in ``points`` of each Gmsh node tag.

        Returns:
            points and cells, the block's last.

        Raises:
            MeshError: Gmsh did not keep the block's surface.
        """
        row = np.full(len(self._points), -1)
        shared = np.unique(self._triangles)
        row[shared] = row_of_tag[shared + self._first]
        if np.any(row[shared] < 0):
            raise MeshError("Gmsh did not keep the surface mesh of the structured core: use Gmsh 4.11 or newer")
        own = np.flatnonzero(row < 0)
        row[own] = len(points) + np.arange(len(own))
        return np.vstack([points, self._points[own]]), np.vstack([cells, row[self._block.cells]])

    def _below(self, dim: int, entities: list[int]) -> list[int]:
        boundary = self._gmsh.model.getBoundary([(dim, tag) for tag in entities], combined=False, oriented=False)
        return sorted({tag for _, tag in boundary})

    def _place(self, dim: int, entity: int) -> tuple[np.ndarray, np.ndarray]:
        """Put the nodes on an entity that no smaller entity holds; returns those and all nodes on it."""
        box = np.array(self._gmsh.model.getBoundingBox(dim, entity))
        on = np.all((self._points > box[:3] - _TOLERANCE) & (self._points < box[3:] + _TOLERANCE), axis=1)
        new = np.flatnonzero(on & ~self._placed)
        self._placed[new] = True
        flat = self._points[new].ravel()
        parameters = self._gmsh.model.getParametrization(dim, entity, flat) if dim and len(new) else []
        self._gmsh.model.mesh.addNodes(dim, entity, new + self._first, flat, parameters)
        return new, np.flatnonzero(on)


def _volume(gmsh, block: StructuredBlock) -> int:
    for _, tag in gmsh.model.getEntities(3):
        box = np.array(gmsh.model.getBoundingBox(3, tag))
        if np.allclose(box[:3], block.low, atol=_TOLERANCE) and np.allclose(box[3:], block.high, atol=_TOLERANCE):
            return tag
    raise MeshError("the structured core is not a volume of the device: it overlaps an electrode or another region")
