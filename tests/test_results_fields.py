"""fields.vtkhdf and the checkpoint: what is read back is what was written, on any ranks, after any death."""

import hashlib
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests import synthetic_run as synthetic

TESTS = Path(__file__).parent


def run_on(ranks, code, *arguments):
    """Run Python ``code`` under mpirun with the tests and the project importable."""
    launcher = shutil.which("mpirun") or shutil.which("mpiexec")
    if launcher is None:
        pytest.skip("no mpirun here")
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(TESTS), str(TESTS.parent)]), "OMP_NUM_THREADS": "1"}
    done = subprocess.run([launcher, "-n", str(ranks), sys.executable, "-c", code, *map(str, arguments)], env=env,
                          capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


WRITE_SERIES = """
import sys
import numpy as np, synthetic_run as synthetic
from mpi4py import MPI
from solver.results.fields import FieldSeries
for make, name in ((synthetic.box_device, "box"), (synthetic.rectangle_device, "plane")):
    device = make(MPI.COMM_WORLD)
    series = FieldSeries(f"{sys.argv[1]}/{name}.vtkhdf", device, MPI.COMM_WORLD)
    for step in range(3):
        values = synthetic.owned_values(device, lambda x: np.sin(0.1 * x[0]) + 10 * x[1] + 100 * step)
        series.write(0.5 * step, {"potential [V]": values, "filament fraction": values**2}, {"voltage [V]": 0.1 * step})
    series.close()
"""


@pytest.mark.parallel
def test_field_files_are_the_same_on_one_two_and_three_ranks(tmp_path):
    digests = {}
    for ranks in (1, 2, 3):
        folder = tmp_path / str(ranks)
        folder.mkdir()
        run_on(ranks, WRITE_SERIES, folder)
        digests[ranks] = [hashlib.sha256((folder / f"{n}.vtkhdf").read_bytes()).hexdigest() for n in ("box", "plane")]
    assert digests[1] == digests[2] == digests[3]


@pytest.mark.parametrize("make", [synthetic.box_device, synthetic.rectangle_device])
def test_pyvista_opens_the_series_and_finds_every_field_at_its_node(tmp_path, make):
    pyvista = pytest.importorskip("pyvista")
    from mpi4py import MPI

    from solver.results.fields import FieldSeries

    device = make(MPI.COMM_SELF)
    series = FieldSeries(tmp_path / "fields.vtkhdf", device, MPI.COMM_SELF)
    z = device.mesh.geometry.dim - 1
    for step in range(3):
        values = synthetic.owned_values(device, lambda x, step=step: x[0] + 2 * x[z] + 100 * step)
        series.write(0.5 * step, {"potential [V]": values}, {"voltage [V]": 0.1 * step})
    # the file is open in the writer all the while: it must be readable at any time
    reader = pyvista.get_reader(str(tmp_path / "fields.vtkhdf"))
    assert reader.reader.GetNumberOfSteps() == 3
    for step in (2, 0, 1):
        reader.reader.SetStep(step)
        grid = reader.read()
        assert grid.n_cells == device.mesh.topology.index_map(z + 1).size_global
        expected = grid.points[:, 0] + 2 * grid.points[:, 2] + 100 * step
        assert np.allclose(grid.point_data["potential [V]"], expected, rtol=1e-6)  # stored in single precision
        assert grid.field_data["voltage [V]"][0] == pytest.approx(0.1 * step)
        assert set(np.unique(grid.cell_data["region"])) == set(device.regions.values())
    extent = np.ptp(grid.points, axis=0)
    assert abs(grid.compute_cell_sizes()["Volume" if z == 2 else "Area"].sum()) == pytest.approx(
        extent[0] * extent[2] * (extent[1] if z == 2 else 1))
    series.close()


def test_snapshots_give_back_times_fields_regions_and_facets(tmp_path):
    from mpi4py import MPI

    from solver.results.fields import FieldSeries
    from solver.results.snapshots import read_snapshots

    device = synthetic.box_device(MPI.COMM_SELF)
    series = FieldSeries(tmp_path / "fields.vtkhdf", device, MPI.COMM_SELF)
    for step in range(4):
        values = synthetic.owned_values(device, lambda x, step=step: x[0] - x[1] + step)
        series.write(0.25 * step, {"potential [V]": values}, {"voltage [V]": -0.1 * step})
    found = read_snapshots(tmp_path)
    assert found.times.tolist() == [0, 0.25, 0.5, 0.75]
    assert found.info["voltage [V]"] == pytest.approx([0, -0.1, -0.2, -0.3])
    x, y, _ = found.points.T
    assert found.fields(-2)["potential [V]"] == pytest.approx(x - y + 2, rel=1e-6, abs=1e-5)
    assert found.nearest(0.6) == 2
    centre = found.points[found.cells].mean(axis=1)
    assert np.array_equal(found.cells_of("film"), centre[:, 0] > 30)
    for terminal, z in (("bottom", 0), ("top", 70)):
        corners = found.points[found.facets_of(terminal)]
        area = np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1) / 2
        assert np.all(corners[..., 2] == z)
        assert area.sum() == pytest.approx(80 * 60)


KILLED = """
import os, signal, sys
import numpy as np, synthetic_run as synthetic
from mpi4py import MPI
from solver.results import journal
from solver.results.fields import FieldSeries
path, moment = sys.argv[1], sys.argv[2]
device = synthetic.box_device(MPI.COMM_SELF)
series = FieldSeries(path, device, MPI.COMM_SELF)
def die(*_, **__): os.kill(os.getpid(), signal.SIGKILL)
for step in range(9):
    if step == 5:
        if moment == "written": series._stream.commit = die
        if moment == "appended": np.savez = die
        if moment == "journalled": journal.JournaledFile._apply = die
        if moment == "half applied": os.ftruncate = die
    series.write(0.5 * step, {"potential [V]": synthetic.owned_values(device, lambda x: x[0] + step)})
"""


@pytest.mark.parametrize("moment, kept", [("written", 5), ("appended", 5), ("journalled", 6), ("half applied", 6)])
def test_a_kill_at_any_moment_of_a_write_leaves_a_file_that_opens_and_goes_on(tmp_path, moment, kept):
    pyvista = pytest.importorskip("pyvista")
    from mpi4py import MPI

    from solver.results.fields import FieldSeries
    from solver.results.snapshots import read_snapshots

    path = tmp_path / "fields.vtkhdf"
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(TESTS), str(TESTS.parent)])}
    done = subprocess.run([sys.executable, "-c", KILLED, path, moment], env=env, capture_output=True, text=True,
                          check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr

    found = read_snapshots(tmp_path)
    assert found.times == pytest.approx(0.5 * np.arange(kept))
    for step in range(kept):
        assert found.fields(step)["potential [V]"] == pytest.approx(found.points[:, 0] + step, rel=1e-6)

    device = synthetic.box_device(MPI.COMM_SELF)
    series = FieldSeries(path, device, MPI.COMM_SELF, resume_until=1.5)
    for step in (4, 5):
        values = synthetic.owned_values(device, lambda x, step=step: x[0] + step)
        series.write(0.5 * step, {"potential [V]": values})
    series.close()
    reader = pyvista.get_reader(str(path))
    assert reader.reader.GetNumberOfSteps() == 6
    for step in range(6):
        reader.reader.SetStep(step)
        grid = reader.read()
        assert grid.point_data["potential [V]"] == pytest.approx(grid.points[:, 0] + step, rel=1e-6)


WRITE_CHECKPOINT = """
import sys
import numpy as np, dolfinx, synthetic_run as synthetic
from mpi4py import MPI
from solver.results import checkpoint
from solver.results.nodes import NodeMap
device = synthetic.box_device(MPI.COMM_WORLD)
V = dolfinx.fem.functionspace(device.mesh, ("Lagrange", 1, (5,)))
nodes = NodeMap(V)
x = np.round(V.tabulate_dof_coordinates()[:nodes.owned], 9) + 0.0
states = {"now": np.sin(x @ np.arange(15.0).reshape(3, 5)), "before": np.cos(x[:, 0])}
scalars = {"time [s]": 0.1 + 0.2, "steps": 7, "history": np.array([1 / 3, np.pi])}
"""
SAVE = WRITE_CHECKPOINT + "checkpoint.save(sys.argv[1], nodes, states, scalars)"
LOAD = WRITE_CHECKPOINT + """
found, numbers = checkpoint.load(sys.argv[1], nodes)
assert np.array_equal(found["now"], states["now"])
assert np.array_equal(found["before"][:, 0], states["before"])
assert numbers == {"time [s]": 0.1 + 0.2, "steps": 7, "history": [1 / 3, np.pi]}
"""


@pytest.mark.parallel
def test_a_checkpoint_of_two_ranks_is_read_to_the_last_bit_on_three_and_one(tmp_path):
    run_on(2, SAVE, tmp_path)
    run_on(3, LOAD, tmp_path)
    run_on(1, LOAD, tmp_path)


def test_a_checkpoint_of_another_mesh_or_none_is_refused_in_a_sentence(tmp_path):
    import dolfinx
    from mpi4py import MPI

    from solver.results import checkpoint
    from solver.results.nodes import NodeMap

    def node_map(size):
        device = synthetic.box_device(MPI.COMM_SELF, size=size)
        return NodeMap(dolfinx.fem.functionspace(device.mesh, ("Lagrange", 1)))

    here, other = node_map((80.0, 60.0, 70.0)), node_map((80.0, 60.0, 71.0))
    with pytest.raises(checkpoint.CheckpointError, match="no checkpoint"):
        checkpoint.load(tmp_path, here)
    checkpoint.save(tmp_path, here, {"u": np.zeros(here.owned)}, {})
    with pytest.raises(checkpoint.CheckpointError, match="another mesh"):
        checkpoint.load(tmp_path, other)
    (tmp_path / checkpoint.FILE).write_bytes(b"half a file")
    with pytest.raises(checkpoint.CheckpointError, match="cannot be read"):
        checkpoint.load(tmp_path, here)


def test_a_node_map_refuses_a_space_with_more_than_one_dof_a_node():
    import dolfinx
    from mpi4py import MPI

    from solver.results.nodes import NodeMap

    mesh = dolfinx.mesh.create_unit_square(MPI.COMM_SELF, 3, 3)
    with pytest.raises(ValueError, match="one dof a node"):
        NodeMap(dolfinx.fem.functionspace(mesh, ("Lagrange", 2)))


def test_the_node_map_goes_by_cells_and_not_by_equal_numbers():
    """Dofs renumbered against the geometry still come out at their own nodes."""
    import dolfinx
    from mpi4py import MPI

    from solver.compat import geometry_nodes
    from solver.results.nodes import NodeMap

    # a mesh whose input order is shuffled: input, geometry and dof numbers all differ
    grid = dolfinx.mesh.create_unit_cube(MPI.COMM_SELF, 4, 3, 3)
    order = np.random.default_rng(0).permutation(len(grid.geometry.x))
    points = np.empty_like(grid.geometry.x)
    points[order] = grid.geometry.x
    mesh = dolfinx.mesh.create_mesh(MPI.COMM_SELF, cells=order[geometry_nodes(grid)].astype(np.int64), x=points,
                                    e=grid.ufl_domain())
    V = dolfinx.fem.functionspace(mesh, ("Lagrange", 1))
    nodes = NodeMap(V)
    values = nodes.gather_to_root(V.tabulate_dof_coordinates()[: nodes.owned])
    assert np.allclose(values, points, rtol=0, atol=1e-12)
    assert np.allclose(nodes.scatter_from_root(points), V.tabulate_dof_coordinates(), rtol=0, atol=1e-12)
