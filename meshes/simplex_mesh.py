"""A tagged simplex mesh as plain arrays, and its way to and from a Gmsh file."""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass, replace
from math import factorial
from pathlib import Path

import numpy as np

from meshes.device_mesh import MeshError

SIMPLEX_TYPES = {0: 15, 1: 1, 2: 2, 3: 4}  # Gmsh element types: point, line, triangle, tetrahedron


@dataclass(frozen=True)
class SimplexMesh:
    """Nodes, tagged cells and tagged boundary facets.

    Attributes:
        points: (N, 3) coordinates [nm], unused trailing coordinates zero.
        cells: (C, dimension + 1) node numbers.
        cell_tags: (C,) region tag of each cell.
        facets_nodes: (F, dimension) node numbers.
        facet_tags: (F,) group tag of each facet.
        regions: region name -> tag.
        facets: facet group name -> tag.
        core: (C,) bool, cells of the structured core around the filament site; None where unknown.
    """

    points: np.ndarray
    cells: np.ndarray
    cell_tags: np.ndarray
    facets_nodes: np.ndarray
    facet_tags: np.ndarray
    regions: dict[str, int]
    facets: dict[str, int]
    core: np.ndarray | None = None

    @property
    def dimension(self) -> int:
        """Topological dimension."""
        return self.cells.shape[1] - 1


def facets_of(cells: np.ndarray) -> np.ndarray:
    """(C*(d+1), d) node numbers of all facets of all cells; the k-th block of C rows leaves out corner k."""
    return np.concatenate([np.delete(cells, k, axis=1) for k in range(cells.shape[1])])


def group_rows(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Unique rows as sets of nodes, sorted, and the index of each row among them."""
    unique, index = np.unique(np.sort(rows, axis=1), axis=0, return_inverse=True)
    return unique, index.ravel()


def find_rows(unique_rows: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Position of each row (as a set of nodes) in ``unique_rows``, -1 where it is not there."""
    both, index = np.unique(np.vstack([unique_rows, np.sort(rows, axis=1)]), axis=0, return_inverse=True)
    where = np.full(len(both), -1)
    index = index.ravel()
    where[index[: len(unique_rows)]] = np.arange(len(unique_rows))
    return where[index[len(unique_rows):]]


def boundary_facets(cells: np.ndarray) -> np.ndarray:
    """(F, d) node numbers of the facets that belong to one cell only."""
    unique, index = group_rows(facets_of(cells))
    return unique[np.bincount(index) == 1]


def measures(points: np.ndarray, simplices: np.ndarray) -> np.ndarray:
    """Length, area or volume of simplices of any dimension in space, from the Gram determinant of their edges.

    Args:
        points: (N, 3) coordinates [nm].
        simplices: (S, k + 1) node numbers.

    Returns:
        (S,) measures [nm^k]; 1 for points.
    """
    edges = points[simplices[:, 1:]] - points[simplices[:, :1]]
    gram = np.einsum("sik,sjk->sij", edges, edges)
    return np.sqrt(np.maximum(np.linalg.det(gram), 0.0)) / factorial(simplices.shape[1] - 1)


def group_measure(mesh: SimplexMesh, name: str) -> float:
    """Total volume of a region or area of a facet group [nm^d, nm^(d-1)]."""
    if name in mesh.regions:
        return float(measures(mesh.points, mesh.cells[mesh.cell_tags == mesh.regions[name]]).sum())
    return float(measures(mesh.points, mesh.facets_nodes[mesh.facet_tags == mesh.facets[name]]).sum())


def renumbered(mesh: SimplexMesh, regions: dict[str, int], facets: dict[str, int]) -> SimplexMesh:
    """The same mesh with the tags that ``regions`` and ``facets`` give to its names; unknown names keep their own."""
    def lookup(names: dict[str, int], wanted: dict[str, int], tags: np.ndarray) -> tuple[dict[str, int], np.ndarray]:
        new = {name: wanted.get(name, tag) for name, tag in names.items()}
        table = np.zeros(int(tags.max(initial=0)) + 1, dtype=int)
        for name, tag in names.items():
            if tag < len(table):
                table[tag] = new[name]
        return new, table[tags]

    region_names, cell_tags = lookup(mesh.regions, regions, mesh.cell_tags)
    facet_names, facet_tags = lookup(mesh.facets, facets, mesh.facet_tags)
    return replace(mesh, regions=region_names, cell_tags=cell_tags, facets=facet_names, facet_tags=facet_tags)


def compact(mesh: SimplexMesh) -> SimplexMesh:
    """The same mesh without nodes that no cell uses, the rest keeping their order."""
    used = np.unique(mesh.cells)
    number = np.full(len(mesh.points), -1)
    number[used] = np.arange(len(used))
    return replace(mesh, points=mesh.points[used], cells=number[mesh.cells], facets_nodes=number[mesh.facets_nodes])


@contextlib.contextmanager
def gmsh_session(name: str = "halofil"):
    """A quiet Gmsh model of its own, taken down at the end; yields the gmsh module."""
    import gmsh

    mine = not gmsh.isInitialized()
    if mine:
        # Interruptible Gmsh replaces the SIGINT handler, which is how a run is asked to write a checkpoint.
        gmsh.initialize(readConfigFiles=False, interruptible=False)
    gmsh.option.setNumber("General.Terminal", 0)
    gmsh.model.add(name)
    try:
        yield gmsh
    finally:
        gmsh.model.remove()
        if mine:
            gmsh.finalize()


def write_msh(mesh: SimplexMesh, path: Path) -> None:
    """Write a Gmsh 4.1 file, binary, under a temporary name first so that the file is whole or absent."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.stem}.{os.getpid()}.msh")
    with gmsh_session() as gmsh:
        gmsh.option.setNumber("Mesh.MshFileVersion", 4.1)
        gmsh.option.setNumber("Mesh.Binary", 1)
        dim = mesh.dimension
        entities = [(dim, tag, name) for name, tag in mesh.regions.items()]
        entities += [(dim - 1, tag, name) for name, tag in mesh.facets.items()]
        for d, tag, _ in entities:
            gmsh.model.addDiscreteEntity(d, tag)
        gmsh.model.mesh.addNodes(dim, entities[0][1], np.arange(1, len(mesh.points) + 1), mesh.points.ravel())
        first = 1
        for d, tag, name in entities:
            rows, tags = (mesh.cells, mesh.cell_tags) if d == dim else (mesh.facets_nodes, mesh.facet_tags)
            rows = rows[tags == tag]
            numbers = np.arange(first, first + len(rows))
            first += len(rows)
            gmsh.model.mesh.addElementsByType(tag, SIMPLEX_TYPES[d], numbers, rows.ravel() + 1)
            gmsh.model.addPhysicalGroup(d, [tag], tag, name=name)
        gmsh.write(str(temporary))
    os.replace(temporary, path)


def read_msh_arrays(path: Path) -> SimplexMesh:
    """Read a Gmsh file into plain arrays (one process).

    Raises:
        MeshError: the file is missing or unreadable, has no named physical groups, or cells other than simplices.
    """
    path = Path(path)
    if not path.is_file():
        raise MeshError(f"mesh file {path} does not exist")
    with gmsh_session() as gmsh:
        try:
            gmsh.merge(str(path))
        except Exception as error:  # gmsh raises bare Exception
            raise MeshError(f"mesh file {path} is not readable by Gmsh: {error}") from error
        return from_gmsh(gmsh)


def from_gmsh(gmsh, core_entities: tuple[int, ...] = ()) -> SimplexMesh:
    """The current Gmsh model's tagged elements as arrays.

    Args:
        gmsh: the gmsh module with a meshed model.
        core_entities: entities of the highest dimension that form the structured core.

    Raises:
        MeshError: no physical groups, or a group without a name, or elements that are not linear simplices.
    """
    groups = gmsh.model.getPhysicalGroups()
    if not groups:
        raise MeshError("the mesh file has no physical groups: name the regions (film, ...) and the terminals' facets")
    dim = max(d for d, _ in groups)
    node_tags, coordinates, _ = gmsh.model.mesh.getNodes()
    number = np.full(int(node_tags.max()) + 1, -1)
    number[node_tags] = np.arange(len(node_tags))
    cells, cell_tags, regions, core = _collect(gmsh, dim, number, core_entities)
    facets, facet_tags, names, _ = _collect(gmsh, dim - 1, number, ())
    return SimplexMesh(coordinates.reshape(-1, 3), cells, cell_tags, facets, facet_tags, regions, names, core)


def _collect(gmsh, dim: int, number: np.ndarray, core_entities):
    rows, tags, names, core = [np.empty((0, dim + 1), dtype=int)], [np.empty(0, dtype=int)], {}, [np.empty(0, bool)]
    for _, tag in gmsh.model.getPhysicalGroups(dim):
        name = gmsh.model.getPhysicalName(dim, tag)
        if not name:
            raise MeshError(f"physical group {tag} of dimension {dim} has no name: name it, as in "
                            "Physical Volume(\"film\")")
        if name in names:
            raise MeshError(f"two physical groups of dimension {dim} are named '{name}': one name, one group")
        names[name] = tag
        for entity in gmsh.model.getEntitiesForPhysicalGroup(dim, tag):
            types, _, nodes = gmsh.model.mesh.getElements(dim, entity)
            for kind, list_of_nodes in zip(types, nodes):
                if kind != SIMPLEX_TYPES[dim]:
                    raise MeshError(f"physical group '{name}' holds elements that are not linear simplices "
                                    "(triangles, tetrahedra of order 1)")
                block = number[list_of_nodes.astype(int)].reshape(-1, dim + 1)
                rows.append(block)
                tags.append(np.full(len(block), tag))
                core.append(np.full(len(block), entity in core_entities))
    return np.concatenate(rows), np.concatenate(tags), names, np.concatenate(core)
