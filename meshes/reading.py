"""From a mesh file to a distributed mesh: checked on one process, in words, then handed to DOLFINx on all."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from meshes import tags
from meshes.device_mesh import DeviceMesh
from meshes.layouts import layout_of
from meshes.quality import obtuse_cells
from meshes.simplex_mesh import group_measure, read_msh_arrays
from solver import compat


def read(scenario: Any, msh_path: Path, comm: Any) -> DeviceMesh:
    """Read a mesh on every process of ``comm`` (collective).

    Args:
        scenario: the scenario the mesh was made for; its layout says what the groups mean.
        msh_path: Gmsh file, coordinates in nm.
        comm: mpi4py communicator.

    Returns:
        The mesh, distributed, with tags, terminals and the filament's place.

    Raises:
        MeshError: on every process, with the same sentence, when the file or its groups cannot be used.
    """
    found = None
    if comm.rank == 0:
        try:
            layout = layout_of(scenario)
            arrays = read_msh_arrays(msh_path)
            tags.check(arrays, layout)
            if layout.contact_area is not None:
                layout = layout.spread_over(group_measure(arrays, "bottom"))
            found = (layout, arrays.regions, arrays.facets)
        except Exception as error:  # noqa: BLE001 - the other ranks wait for a word, whatever went wrong
            found = error
    found = comm.bcast(found, root=0)
    if isinstance(found, Exception):
        raise found
    layout, regions, facets = found

    mesh, cell_tags, facet_tags = compat.read_msh(msh_path, comm, layout.dimension)
    return DeviceMesh(
        mesh, cell_tags, facet_tags, regions, facets, layout.terminals, layout.coordinates, layout.depth_nm,
        layout.current_scale, layout.site, _film_obtuse(mesh, cell_tags, regions["film"]), layout.more_sites,
    )


def _film_obtuse(mesh: Any, cell_tags: Any, film: int) -> np.ndarray:
    """(local cells,) bool, see DeviceMesh.film_obtuse."""
    dim = mesh.topology.dim
    corners = mesh.geometry.x[compat.geometry_nodes(mesh)][:, :, :dim]
    inside = np.zeros(len(corners), dtype=bool)
    inside[cell_tags.find(film)] = True
    obtuse = np.zeros(len(corners), dtype=bool)
    obtuse[inside] = obtuse_cells(corners[inside])
    return obtuse
