"""Names and numbers of the physical groups, and what makes a set of groups unusable, in words.

A mesh reader that meets a missing or overlapping physical group crashes or, worse, goes on: all of this is checked
on plain arrays before DOLFINx sees the mesh.
"""

from __future__ import annotations

import numpy as np

from meshes.device_mesh import FilamentSite, Layout, MeshError
from meshes.simplex_mesh import SimplexMesh, facets_of, find_rows, group_rows

REGIONS = {"film": 1, "spacer": 2, "substrate": 3, "cap": 4}
FACETS = {"bottom": 11, "top": 12, "top_sidewalls": 13}
FIRST_NAMED = 21  # facet tag of the first terminal of layouts whose facet groups are named after the terminals
TERMINALS_PLAIN = {"top": ("top",), "bottom": ("bottom",)}
TERMINALS_CELL = {"top": ("top", "top_sidewalls"), "bottom": ("bottom",)}

_ADVICE = "name it in the mesh file, or leave out mesh.file and let halofil build the mesh"


def check(mesh: SimplexMesh, layout: Layout) -> None:
    """Refuse a mesh whose groups would give wrong physics.

    Args:
        mesh: the whole mesh, on one process.
        layout: dimension, terminals and filament site that it must have.

    Raises:
        MeshError: one sentence: the dimension is wrong; a group is missing, unknown, empty or overlapping; a node
            belongs to no cell; a facet group lies off the boundary; a terminal touches no film; the boundary leaks;
            the filament site lies outside.
    """
    if mesh.dimension != layout.dimension:
        raise MeshError(f"the mesh has {mesh.dimension} dimensions, the layout needs {layout.dimension}")
    _check_names(mesh, layout.terminals)
    _check_cells(mesh)
    _check_facets(mesh, layout.terminals)
    for site in layout.sites:
        _check_site(mesh, site)


def _check_site(mesh: SimplexMesh, site: FilamentSite) -> None:
    low, high = mesh.points.min(axis=0), mesh.points.max(axis=0)
    margin = 1e-3 * site.length
    for point in (site.foot, site.foot + site.length * site.axis):
        if np.any(point < low - margin) or np.any(point > high + margin):
            corners = " to ".join("(" + ", ".join(f"{v:g}" for v in corner) + ")" for corner in (low, high))
            place = ", ".join(f"{v:g}" for v in point)
            raise MeshError(f"the filament site ({place}) nm lies outside the mesh, {corners}: a mesh file's "
                            "coordinates are in nm and its dimensions those of the scenario's device")


def _check_names(mesh: SimplexMesh, terminals: dict[str, tuple[str, ...]]) -> None:
    wanted = [group for groups in terminals.values() for group in groups]
    if "film" not in mesh.regions:
        raise MeshError(f"the mesh has no physical group 'film' among its cells ({_listing(mesh.regions)}): {_ADVICE}")
    for group in wanted:
        if group not in mesh.facets:
            raise MeshError(f"the mesh has no physical group '{group}' among its facets ({_listing(mesh.facets)}): "
                            f"{_ADVICE}")
    for name in mesh.regions:
        if name not in REGIONS:
            raise MeshError(f"physical group '{name}' of the cells is not a region of this layout: use one of "
                            f"{', '.join(REGIONS)}")
    for name in mesh.facets:
        if name not in wanted:
            raise MeshError(f"physical group '{name}' of the facets belongs to no terminal of this layout: use one of "
                            f"{', '.join(wanted)}")


def _check_cells(mesh: SimplexMesh) -> None:
    for name, tag in mesh.regions.items():
        if not np.any(mesh.cell_tags == tag):
            raise MeshError(f"physical group '{name}' is empty: it holds no cell")
    if len(group_rows(mesh.cells)[0]) < len(mesh.cells):
        raise MeshError(f"{_overlap(mesh.cells, mesh.cell_tags, mesh.regions)}: a cell may belong to one region only")
    loose = len(mesh.points) - len(np.unique(mesh.cells))
    if loose:
        raise MeshError(f"{loose} nodes of the mesh belong to no cell of a physical group: save only the tagged "
                        "elements (Mesh.SaveAll = 0)")


def _check_facets(mesh: SimplexMesh, terminals: dict[str, tuple[str, ...]]) -> None:
    for name, tag in mesh.facets.items():
        if not np.any(mesh.facet_tags == tag):
            raise MeshError(f"physical group '{name}' is empty: it holds no facet")
    if len(group_rows(mesh.facets_nodes)[0]) < len(mesh.facets_nodes):
        raise MeshError(f"{_overlap(mesh.facets_nodes, mesh.facet_tags, mesh.facets)}: a facet may belong to one "
                        "group only")
    unique, index = group_rows(facets_of(mesh.cells))
    uses = np.bincount(index)
    position = find_rows(unique, mesh.facets_nodes)
    names = {tag: name for name, tag in mesh.facets.items()}
    if np.any(position < 0):
        name = names[int(mesh.facet_tags[position < 0][0])]
        raise MeshError(f"{np.count_nonzero(position < 0)} facets of group '{name}' are not facets of the cells: "
                        "the surface mesh must be the boundary of the volume mesh")
    if np.any(uses[position] != 1):
        name = names[int(mesh.facet_tags[uses[position] != 1][0])]
        raise MeshError(f"group '{name}' has facets inside the mesh: electrodes are holes, their surfaces the boundary")
    exterior = uses == 1
    region = np.zeros(len(unique), dtype=int)
    region[index] = np.tile(mesh.cell_tags, mesh.cells.shape[1])
    for terminal, groups in terminals.items():
        tags = [mesh.facets[group] for group in groups]
        mine = position[np.isin(mesh.facet_tags, tags)]
        if not np.any(region[mine] == mesh.regions["film"]):
            raise MeshError(f"terminal '{terminal}' leaks: none of its facets ({', '.join(groups)}) touches the film, "
                            "so no current could reach it")
    untagged = exterior.copy()
    untagged[position] = False
    hidden = _off_outer_planes(mesh.points, unique[untagged])
    if np.any(hidden):
        where = mesh.points[unique[untagged][hidden][0]].mean(axis=0)
        place = ", ".join(f"{v:.4g}" for v in where)
        raise MeshError(f"{np.count_nonzero(hidden)} boundary facets near ({place}) nm belong to no group and do not "
                        "lie on the outer box: a terminal leaks there, add them to its group")


def _off_outer_planes(points: np.ndarray, facets: np.ndarray) -> np.ndarray:
    """(F,) bool: true for facets that lie on no plane of the bounding box of the mesh."""
    low, high = points.min(axis=0), points.max(axis=0)
    tolerance = 1e-6 * float(np.max(high - low))
    corners = points[facets]
    on_low = np.all(np.abs(corners - low) < tolerance, axis=1)
    on_high = np.all(np.abs(corners - high) < tolerance, axis=1)
    return ~np.any((on_low | on_high) & (high - low > tolerance), axis=1)


def _overlap(rows: np.ndarray, tags: np.ndarray, names: dict[str, int]) -> str:
    _, index = group_rows(rows)
    repeated = np.flatnonzero(np.bincount(index) > 1)[0]
    by_tag = {tag: name for name, tag in names.items()}
    groups = [f"'{by_tag[int(tag)]}'" for tag in np.unique(tags[index == repeated])]
    if len(groups) == 1:
        return f"physical group {groups[0]} holds the same element twice"
    return f"the physical groups {' and '.join(groups)} overlap"


def _listing(names: dict[str, int]) -> str:
    return "it has " + ", ".join(names) if names else "it has none"
