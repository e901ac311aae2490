"""Reading: the same device on any number of ranks; broken meshes are refused in words; a given file is used."""

import json
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import meshes
from meshes import MeshError
from meshes.device_mesh import Layout
from meshes.layouts import generate, layout_of
from meshes.simplex_mesh import SimplexMesh, group_measure, read_msh_arrays, write_msh
from meshes.tags import check
from tests.devices import scenario

IV_SWEEP = Path(__file__).parents[1] / "scenarios" / "iv_sweep.yaml"

LAYOUTS = {
    "slab1": "device: {layout: slab, dimension: 1, thickness: 60 nm, area: 100 nm^2}\nphysics: {filament: off}\n",
    "slab2": "device: {layout: slab, dimension: 2, thickness: 60 nm, area: 100 nm^2}\nphysics: {filament: off}\n",
    "slab3": "device: {layout: slab, dimension: 3, thickness: 60 nm, area: 100 nm^2}\nphysics: {filament: off}\n",
    "gap": "device: {layout: axisymmetric_gap, gap: 60 nm, radius: 80 nm}\n",
    "section": "device: {layout: cross_section, electrode_width: 600 nm, domain_length: 1.5 um}\n",
    "cell": "device: {layout: back_contact, electrode_width: 600 nm, domain_length: 1.5 um, symmetry: quarter}\n"
            "mesh: {size_at_filament: 3 nm, size_at_edge: 10 nm}\n",
}

MEASURE = """
import json, sys
import numpy as np
import ufl
from dolfinx import fem
from mpi4py import MPI
import meshes
from pathlib import Path
from tests.devices import scenario
folder = Path(sys.argv[1]) / str(MPI.COMM_WORLD.rank)
folder.mkdir(exist_ok=True)
s = scenario(folder, Path(sys.argv[1], "text").read_text())
d = meshes.read(s, Path(sys.argv[1]) / "mesh.msh", MPI.COMM_WORLD)
total = lambda form: float(d.mesh.comm.allreduce(fem.assemble_scalar(fem.form(form))))
dx = ufl.Measure("dx", d.mesh, subdomain_data=d.cell_tags)
ds = ufl.Measure("ds", d.mesh, subdomain_data=d.facet_tags)
one = fem.Constant(d.mesh, 1.0)
imap = d.mesh.topology.index_map(d.mesh.topology.dim)
owned = imap.size_local
assert len(d.film_obtuse) == owned + imap.num_ghosts
found = {name: total(one * dx(tag)) for name, tag in d.regions.items()}
found |= {name: total(one * ds(tag)) for name, tag in d.facets.items()}
found |= {"nodes": d.mesh.geometry.index_map().size_global, "cells": imap.size_global,
          "obtuse": int(d.mesh.comm.allreduce(int(d.film_obtuse[:owned].sum())))}
if MPI.COMM_WORLD.rank == 0:
    Path(sys.argv[1], "found.json").write_text(json.dumps(found))
"""


@pytest.mark.parallel
@pytest.mark.parametrize("layout", ["slab1", "cell"])
def test_counts_volumes_and_areas_are_the_same_on_1_2_and_3_ranks(tmp_path, layout):
    s = scenario(tmp_path, LAYOUTS[layout])
    report = meshes.build(s, tmp_path / "mesh.msh")
    arrays = read_msh_arrays(tmp_path / "mesh.msh")
    (tmp_path / "text").write_text(LAYOUTS[layout])
    (tmp_path / "measure.py").write_text(MEASURE)
    obtuse = set()
    for ranks in (1, 2, 3):
        mpirun = [] if ranks == 1 else [shutil.which("mpirun") or "mpiexec", "-n", str(ranks)]
        done = subprocess.run([*mpirun, sys.executable, tmp_path / "measure.py", tmp_path], check=False,
                              cwd=Path(__file__).parents[1], capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, done.stderr
        found = json.loads((tmp_path / "found.json").read_text())
        assert (found.pop("nodes"), found.pop("cells")) == (report.nodes, report.cells)
        obtuse.add(found.pop("obtuse"))
        assert found == {name: pytest.approx(group_measure(arrays, name), rel=1e-10) for name in found}
        assert set(found) == {*arrays.regions, *arrays.facets}
    assert len(obtuse) == 1
    assert (obtuse == {0}) == (layout == "slab1")


@pytest.mark.parametrize("layout", sorted(LAYOUTS))
def test_depth_and_scale_make_up_for_the_contact_area(tmp_path, layout):
    s = scenario(tmp_path, LAYOUTS[layout])
    mesh, known = generate(s), layout_of(s)
    contact = group_measure(mesh, "bottom") * known.depth_nm * known.current_scale
    assert known.dimension == mesh.dimension
    if layout.startswith("slab"):
        assert contact == pytest.approx(100.0)
    if layout == "section":
        assert (known.depth_nm, known.current_scale) == (600.0, 2.0)
        assert group_measure(mesh, "spacer") == pytest.approx(300 * 60)
        assert group_measure(mesh, "film") == pytest.approx(750 * 250 - 300 * 110)
        assert group_measure(mesh, "top_sidewalls") == pytest.approx(50)
    if layout == "gap":
        assert known.coordinates == "axisymmetric"
        assert group_measure(mesh, "film") == pytest.approx(80 * 60)


def test_a_given_mesh_file_is_used_with_its_own_numbers_renamed(tmp_path):
    """Drawn in Gmsh outside halofil: a skewed, unstructured slab twice as wide as halofil's own."""
    import gmsh

    gmsh.initialize(interruptible=False)
    gmsh.option.setNumber("General.Terminal", 0)
    box = gmsh.model.occ.addBox(-20, -60, 0, 40, 120, 60)
    gmsh.model.occ.synchronize()
    gmsh.model.addPhysicalGroup(3, [box], 40, name="film")
    for k, (name, height) in enumerate({"bottom": 0, "top": 60}.items()):
        face = [t for d, t in gmsh.model.getEntities(2) if abs(gmsh.model.occ.getCenterOfMass(d, t)[2] - height) < 1e-9]
        gmsh.model.addPhysicalGroup(2, face, 50 + k, name=name)
    gmsh.option.setNumber("Mesh.MeshSizeMax", 20)
    gmsh.model.mesh.generate(3)
    gmsh.write(str(tmp_path / "own.msh"))
    gmsh.finalize()
    s = scenario(tmp_path, LAYOUTS["slab3"] + "mesh: {file: own.msh}\n")
    report = meshes.build(s, tmp_path / "copy.msh")
    from mpi4py import MPI

    for path in ("own.msh", "copy.msh"):
        device = meshes.read(s, tmp_path / path, MPI.COMM_SELF)
        assert device.mesh.topology.index_map(3).size_local == report.cells
        assert device.current_scale == pytest.approx(100.0 / (40 * 120))
        assert len(device.cell_tags.find(device.regions["film"])) == report.cells
    assert read_msh_arrays(tmp_path / "copy.msh").regions == {"film": 1}


def test_what_is_written_is_what_was_built(tmp_path):
    mesh = generate(scenario(tmp_path, LAYOUTS["section"]))
    write_msh(mesh, tmp_path / "a.msh")
    again = read_msh_arrays(tmp_path / "a.msh")
    assert np.array_equal(again.points, mesh.points)
    assert (again.regions, again.facets) == (mesh.regions, mesh.facets)
    for name in (*mesh.regions, *mesh.facets):
        assert group_measure(again, name) == pytest.approx(group_measure(mesh, name), rel=1e-14)
    assert [p.name for p in tmp_path.iterdir() if p.name.startswith(".")] == []


@pytest.fixture
def section(tmp_path) -> tuple[SimplexMesh, Layout]:
    s = scenario(tmp_path, LAYOUTS["section"])
    return generate(s), layout_of(s)


def without_group(mesh, name):
    keep = mesh.facet_tags != mesh.facets[name]
    return replace(mesh, facets_nodes=mesh.facets_nodes[keep], facet_tags=mesh.facet_tags[keep])


def untagged_facet(mesh):
    keep = np.arange(len(mesh.facet_tags)) != np.flatnonzero(mesh.facet_tags == mesh.facets["top"])[0]
    return replace(mesh, facets_nodes=mesh.facets_nodes[keep], facet_tags=mesh.facet_tags[keep])


def twice_tagged(mesh):
    other = mesh.facets["top" if mesh.facet_tags[0] != mesh.facets["top"] else "bottom"]
    return replace(mesh, facets_nodes=np.vstack([mesh.facets_nodes, mesh.facets_nodes[:1]]),
                   facet_tags=np.append(mesh.facet_tags, other))


def leaking_top(mesh):
    """The electrode's surfaces that touch film become outer boundary: only those on the spacer stay terminal."""
    on_film = np.isin(mesh.facets_nodes, mesh.cells[mesh.cell_tags == 1]).all(axis=1)
    top = np.isin(mesh.facet_tags, [mesh.facets["top"], mesh.facets["top_sidewalls"]])
    tags = np.where(top & on_film, mesh.facets["bottom"], mesh.facet_tags)
    tags[np.flatnonzero(top & ~on_film)[:1]] = mesh.facets["top_sidewalls"]
    return replace(mesh, facet_tags=tags)


def inner_facet(mesh):
    row = mesh.cells[mesh.core][:1, [0, 2]]  # the diagonal of the first square
    return replace(mesh, facets_nodes=np.vstack([mesh.facets_nodes, row]),
                   facet_tags=np.append(mesh.facet_tags, mesh.facets["bottom"]))


def stray_facet(mesh):
    row = np.array([[mesh.cells[0, 0], mesh.cells[-1, 0]]])
    return replace(mesh, facets_nodes=np.vstack([mesh.facets_nodes, row]),
                   facet_tags=np.append(mesh.facet_tags, mesh.facets["bottom"]))


def repeated_cell(mesh, tag=2):
    film = np.flatnonzero(mesh.cell_tags == 1)[:1]
    return replace(mesh, cells=np.vstack([mesh.cells, mesh.cells[film]]), cell_tags=np.append(mesh.cell_tags, tag))


BROKEN = {
    "no physical group 'film'": lambda m: replace(m, regions={k: v for k, v in m.regions.items() if k != "film"}),
    "no physical group 'top_sidewalls'":
        lambda m: replace(m, facets={k: v for k, v in m.facets.items() if k != "top_sidewalls"}),
    "'glass' of the cells is not a region": lambda m: replace(m, regions={**m.regions, "glass": 9}),
    "'gate' of the facets belongs to no terminal": lambda m: replace(m, facets={**m.facets, "gate": 19}),
    "'substrate' is empty": lambda m: replace(m, regions={**m.regions, "substrate": 3}),
    "'top' is empty": lambda m: without_group(m, "top"),
    "'film' and 'spacer' overlap": repeated_cell,
    "'film' holds the same element twice": lambda m: repeated_cell(m, 1),
    "overlap: a facet may belong to one group only": twice_tagged,
    "facets inside the mesh": inner_facet,
    "not facets of the cells": stray_facet,
    "terminal 'top' leaks: none of its facets": leaking_top,
    "a terminal leaks there": untagged_facet,
    "1 nodes of the mesh belong to no cell": lambda m: replace(m, points=np.vstack([m.points, m.points[:1]])),
    "lies outside the mesh": lambda m: replace(m, points=m.points * 1e-9),
    "the layout needs 2": lambda m: replace(m, cells=m.cells[:, :2]),
}


@pytest.mark.parametrize("sentence", sorted(BROKEN))
def test_a_broken_mesh_is_refused_in_words(section, sentence):
    mesh, layout = section
    check(mesh, layout)
    with pytest.raises(MeshError, match=sentence):
        check(BROKEN[sentence](mesh), layout)


@pytest.mark.parametrize(("content", "sentence"), [
    (None, "does not exist"), ("$MeshFormat\nrubbish\n", "not readable by Gmsh|no physical groups"), ("", "not readable by Gmsh"),
])
def test_a_file_that_is_no_mesh_is_refused_in_words(tmp_path, content, sentence):
    from mpi4py import MPI

    path = tmp_path / "bad.msh"
    if content is not None:
        path.write_text(content)
    with pytest.raises(MeshError, match=sentence):
        meshes.read(scenario(tmp_path, LAYOUTS["slab1"]), path, MPI.COMM_SELF)


def test_reading_leaves_the_interrupt_handler_alone(tmp_path):
    import signal

    from mpi4py import MPI

    s = scenario(tmp_path, LAYOUTS["slab1"])
    before = signal.signal(signal.SIGINT, lambda *_: None)
    try:
        mine = signal.getsignal(signal.SIGINT)
        meshes.build(s, tmp_path / "a.msh")
        meshes.read(s, tmp_path / "a.msh", MPI.COMM_SELF)
        assert signal.getsignal(signal.SIGINT) is mine
    finally:
        signal.signal(signal.SIGINT, before)
