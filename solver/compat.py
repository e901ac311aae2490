"""Every difference between the DOLFINx versions halofil runs on (0.9 to 0.11); no version test anywhere else."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any


def read_msh(path: Path, comm: Any, gdim: int) -> tuple[Any, Any, Any]:
    """Read a Gmsh file on rank 0 and distribute it (collective).

    Args:
        path: Gmsh file with physical groups.
        comm: mpi4py communicator.
        gdim: geometric dimension of the mesh.

    Returns:
        (mesh, cell_tags, facet_tags).
    """
    try:
        from dolfinx.io import gmsh as gmshio  # 0.10 on: returns one object
    except ImportError:
        from dolfinx.io import gmshio  # 0.9: returns a tuple
    model = None
    if comm.rank == 0:
        import gmsh

        # Interruptible Gmsh would replace the SIGINT handler of a run.
        gmsh.initialize(readConfigFiles=False, interruptible=False)
        gmsh.option.setNumber("General.Terminal", 0)
        gmsh.merge(str(path))
        model = gmsh.model
    try:
        data = gmshio.model_to_mesh(model, comm, 0, gdim=gdim)
    finally:
        if comm.rank == 0:
            gmsh.finalize()
    if isinstance(data, tuple):
        return data[0], data[1], data[2]
    return data.mesh, data.cell_tags, data.facet_tags


def geometry_nodes(mesh: Any) -> Any:
    """(cells, vertices) geometry node numbers of each local cell (0.10 deprecates `geometry.dofmap`)."""
    import numpy as np

    geometry = mesh.geometry
    return np.asarray(geometry.dofmaps[0] if hasattr(geometry, "dofmaps") and not callable(geometry.dofmaps)
                      else geometry.dofmap)


def integration_entities(form: Any, kind: str, number: int, place: int) -> Any:
    """Cells, or (cell, facet within it) rows, that one integral of a compiled form runs over.

    Args:
        form: `dolfinx.fem.Form`.
        kind: "cell" or "exterior_facet".
        number: of its subdomain, which 0.9 asks for.
        place: among the integrals of this kind, which 0.10 and later ask for.
    """
    from dolfinx import fem

    compiled = form._cpp_object
    by_number = hasattr(compiled, "integral_ids")
    return compiled.domains(getattr(fem.IntegralType, kind), number if by_number else place)


def collapse(space: Any) -> tuple[Any, Any]:
    """A component's own space, and its local dofs in the whole space (0.11 returns a list of one map per cell type)."""
    import numpy as np

    own, parent = space.collapse()
    return own, np.asarray(parent).ravel()


def create_matrix(form: Any, kind: str) -> Any:
    """PETSc matrix of type `kind` ("aij", "baij") with the form's sparsity."""
    from dolfinx.fem import petsc

    return petsc.create_matrix(form, kind)


def create_vector(form: Any, space: Any) -> Any:
    """Ghosted PETSc vector of a linear form over `space` (0.10 takes spaces instead of forms)."""
    from dolfinx.fem import petsc

    takes_form = next(iter(inspect.signature(petsc.create_vector).parameters)) in ("L", "form")
    return petsc.create_vector(form if takes_form else space)


def assemble_vector(vector: Any, form: Any) -> None:
    """Add a linear form to `vector` (no ghost update)."""
    from dolfinx.fem import petsc

    petsc.assemble_vector(vector, form)


def assemble_matrix(matrix: Any, form: Any, conditions: list, diagonal: float) -> None:
    """Add a bilinear form to `matrix`; rows and columns of `conditions` dropped, `diagonal` put on them."""
    from dolfinx.fem import petsc

    name = "diag" if "diag" in inspect.signature(petsc.assemble_matrix).parameters else "diagonal"
    petsc.assemble_matrix(matrix, form, bcs=conditions, **{name: diagonal})
