"""Film boxes of one, two or three dimensions whose mesh the test chooses: right-angled, shaken, or Gmsh's own."""

from pathlib import Path

import numpy as np
from mpi4py import MPI

from meshes.geometry.structured import grid_points, kuhn_cells
from meshes.simplex_mesh import SimplexMesh, boundary_facets, from_gmsh, gmsh_session, write_msh
from meshes.tags import FACETS, REGIONS
from tests.devices import scenario


def right_angled(dimension, cells, length, mirrored=()):
    """`cells` boxes of edge length/cells [nm] along each axis, each split into Kuhn simplices."""
    axes = [np.linspace(0.0, length, cells + 1)] * dimension
    return _tagged(grid_points(axes), kuhn_cells((cells + 1,) * dimension, mirrored), dimension, length)


def shaken(dimension, cells, length, amount=0.2, seed=1):
    """The right-angled box with its inner nodes moved at random by up to `amount` of an edge: obtuse cells."""
    mesh = right_angled(dimension, cells, length)
    inner = np.all((mesh.points[:, :dimension] > 0) & (mesh.points[:, :dimension] < length), axis=1)
    move = np.random.default_rng(seed).uniform(-1, 1, (len(mesh.points), dimension)) * amount * length / cells
    mesh.points[inner, :dimension] += move[inner]
    return mesh


def tetrahedra(cells, length):
    """Gmsh's Delaunay tetrahedra of a cube, edges of about length/cells [nm]."""
    with gmsh_session("cube") as gmsh:
        gmsh.model.occ.addBox(0, 0, 0, length, length, length)
        gmsh.model.occ.synchronize()
        gmsh.option.setNumber("Mesh.MeshSizeMin", length / cells)
        gmsh.option.setNumber("Mesh.MeshSizeMax", length / cells)
        faces = {}
        for _, tag in gmsh.model.getEntities(2):
            height = gmsh.model.occ.getCenterOfMass(2, tag)[2]
            faces[round(height / length, 6)] = tag
        gmsh.model.addPhysicalGroup(3, [1], REGIONS["film"], name="film")
        for name, height in (("bottom", 0.0), ("top", 1.0)):
            gmsh.model.addPhysicalGroup(2, [faces[height]], FACETS[name], name=name)
        gmsh.model.mesh.generate(3)
        return from_gmsh(gmsh)


def _tagged(points, cells, dimension, length):
    outer = boundary_facets(cells)
    height = points[outer][:, :, dimension - 1]
    bottom, top = (outer[np.all(np.isclose(height, z), axis=1)] for z in (0.0, length))
    tags = np.repeat([FACETS["bottom"], FACETS["top"]], [len(bottom), len(top)])
    return SimplexMesh(points, cells, np.full(len(cells), REGIONS["film"]), np.concatenate([bottom, top]), tags,
                       {"film": REGIONS["film"]}, {name: FACETS[name] for name in ("bottom", "top")})


def box_model(folder, mesh, length, physics, overrides=(), turn=None):
    """DeviceModel of a film box on `mesh` (the last axis runs from the bottom to the top terminal).

    Args:
        folder: where to write scenario and mesh.
        mesh: SimplexMesh.
        length: edge of the box [nm].
        physics: YAML of the scenario's physics section, one line.
        overrides: as of `halofil run --set`.
        turn: orthogonal matrix; the mesh is moved by it (its site with it) after reading.
    """
    from dataclasses import replace

    import meshes
    from solver.physics.device import DeviceModel

    area = length ** 2
    text = f"device: {{layout: slab, thickness: {length} nm, dimension: {mesh.dimension}, area: {area} nm^2}}\n"
    s = scenario(folder, text + f"physics: {physics}\n", overrides)
    msh = Path(folder) / "box.msh"
    write_msh(mesh, msh)
    device = meshes.read(s, msh, MPI.COMM_SELF)
    if turn is not None:
        full = np.eye(3)
        full[: len(turn), : len(turn)] = turn
        device.mesh.geometry.x[:] = device.mesh.geometry.x @ full.T
        device = replace(device, site=replace(device.site, axis=full @ device.site.axis))
    return DeviceModel(s, device)
