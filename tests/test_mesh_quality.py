"""Edge weights, angles and structured grids at their closed forms; what `halofil mesh` prints and draws."""

import subprocess
import sys

import numpy as np
import pytest

from meshes import quality
from meshes.geometry.structured import alternating_triangles, graded_axis, grid_points, kuhn_cells, uniform_axis
from meshes.simplex_mesh import SimplexMesh, boundary_facets, measures
from meshes.size_field import Source, nm, size_function
from tests.devices import scenario


def test_edge_weights_are_half_the_cotangents_of_the_opposite_angles():
    corners = np.array([[[0.0, 0.0], [3.0, 0.0], [1.0, 2.0]]])
    expected = []
    for i, j, opposite in ((0, 1, 2), (0, 2, 1), (1, 2, 0)):
        a, b = corners[0, i] - corners[0, opposite], corners[0, j] - corners[0, opposite]
        expected.append(0.5 * (a @ b) / abs(a[0] * b[1] - a[1] * b[0]))
    assert quality.edge_weights(corners)[0] == pytest.approx(expected)


def test_edge_weights_sum_to_the_stiffness_of_a_linear_field():
    rng = np.random.default_rng(1)
    corners, slope = rng.normal(size=(20, 4, 3)), np.array([1.0, -2.0, 0.5])
    drops = np.stack([(corners[:, j] - corners[:, i]) @ slope for i in range(4) for j in range(i + 1, 4)], axis=1)
    volumes = np.abs(np.linalg.det(corners[:, 1:] - corners[:, :1])) / 6
    energy = (quality.edge_weights(corners) * drops**2).sum(axis=1)
    assert energy == pytest.approx(slope @ slope * volumes)


def test_regular_and_right_tetrahedra_have_their_dihedral_angles():
    regular = np.array([[1, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]], dtype=float)
    right = np.array([[0, 0, 0], [1, 0, 0], [1, 1, 0], [1, 1, 1]], dtype=float)
    assert quality.angles(regular[None])[0] == pytest.approx(np.full(6, np.degrees(np.arccos(1 / 3))))
    assert np.sort(quality.angles(right[None])[0]) == pytest.approx([45, 45, 60, 90, 90, 90])
    flat = regular * [1, 1, 0.3]
    assert list(quality.obtuse_cells(np.stack([regular, right, flat]))) == [False, False, True]


@pytest.mark.parametrize("dim", [1, 2, 3])
@pytest.mark.parametrize("stretch", [1.0, 37.0])
def test_kuhn_cells_fill_the_box_without_negative_weights_however_stretched(dim, stretch):
    axes = [np.cumsum([0.0, 1.0, 1.7, 0.4]) * stretch**k for k in range(dim)]
    points, cells = grid_points(axes), kuhn_cells((4,) * dim)
    assert measures(points, cells).sum() == pytest.approx(np.prod([axis[-1] for axis in axes]))
    assert not quality.obtuse_cells(points[cells][:, :, :dim]).any()
    assert len(boundary_facets(cells)) == {1: 2, 2: 12, 3: 108}[dim]


def test_alternating_triangles_fill_the_rectangle_and_conform():
    points = grid_points([np.linspace(0, 3, 5), np.linspace(0, 2, 4)])
    cells = alternating_triangles((5, 4))
    assert measures(points, cells).sum() == pytest.approx(6.0)
    assert len(boundary_facets(cells)) == 2 * (4 + 3)


def test_grid_lines_end_where_asked_and_grow_by_their_ratio():
    axis = graded_axis(12.0, 80.0, 1.5, 1.15)
    steps = np.diff(axis)
    assert (axis[0], axis[-1]) == (0.0, pytest.approx(80.0))
    assert steps[:8] == pytest.approx(np.full(8, 1.5))
    assert steps[9:] / steps[8:-1] == pytest.approx(np.full(len(steps) - 9, 1.15))
    assert steps[8] / 1.5 == pytest.approx(1.15, rel=0.13)
    assert len(uniform_axis(0.0, 60.0, 1.5)) == 41
    assert len(uniform_axis(0.0, 12.2, 1.5)) == 9  # 2 % larger cells rather than one more
    assert nm(2.5e-6) == 2500.0


def test_size_grows_linearly_with_distance_up_to_the_ceiling():
    box = Source((0, 0, 0, 10, 10, 10), 1.5, 0.25)
    size = size_function([box], lambda x, y, z: 40.0, lambda x, y, z: 100.0 if z < 0 else 0.0)
    assert size(5, 5, 5) == 1.5
    assert size(13, 14, 5) == pytest.approx(1.5 + 0.25 * 5)
    assert size(1000, 0, 0) == 40.0
    assert size(5, 5, -1) == pytest.approx(1.5 + 0.25 * 101)


def test_a_negative_weight_of_one_cell_may_be_made_up_by_its_neighbour():
    """Two triangles on one edge: its weight is negative when the opposite angles sum to more than 180 degrees."""
    points = np.array([[0, 0, 0], [2, 0, 0], [1, 0.7, 0], [1, -3, 0]], dtype=float)
    cells = np.array([[0, 1, 2], [0, 1, 3]])
    mesh = SimplexMesh(points, cells, np.ones(2, int), np.empty((0, 2), int), np.empty(0, int), {"film": 1}, {})
    assert list(quality.obtuse_cells(points[cells][:, :, :2])) == [True, False]
    assert quality.negative_edges(mesh, np.arange(2)) == (0.0, 0.0)
    points[3, 1] = -0.9  # 110 and 96 degrees
    share, weight = quality.negative_edges(mesh, np.arange(2))
    assert share == pytest.approx(1 / 5)
    # Cotangents of the angles at the edge's ends over its own: closed form of the two isosceles triangles.
    own = -0.5 * ((0.7**2 - 1) / (2 * 0.7) + (0.9**2 - 1) / (2 * 0.9))
    assert weight == pytest.approx(own / (0.5 * 2 * (1 / 0.7 + 1 / 0.9)))


SECTION = "name: section\ndevice: {layout: cross_section, electrode_width: 600 nm, domain_length: 1.5 um}\n"
CELL = ("name: cell\ndevice: {layout: back_contact, electrode_width: 400 nm, domain_length: 1 um, symmetry: quarter}\n"
        "mesh: {size_at_filament: 4 nm, size_at_edge: 15 nm}\nphysics: {filament: off}\n")


@pytest.mark.parametrize("text", [SECTION, CELL])
def test_mesh_command_prints_the_cost_and_writes_mesh_and_picture(tmp_path, capsys, text):
    from meshes.cli import mesh_command

    s = scenario(tmp_path, text)
    out = tmp_path / "out"
    assert mesh_command(s, out) == 0
    printed = capsys.readouterr().out
    for words in ("nodes", "smallest dihedral angle", "negative edge weights", "predicted memory", "Newton step"):
        assert words in printed
    assert sorted(p.name for p in out.iterdir()) == [f"{s.name}.msh", f"{s.name}_mesh.png"]
    from matplotlib.image import imread

    picture = imread(out / f"{s.name}_mesh.png")
    assert min(picture.shape[:2]) > 500
    assert len(np.unique(picture[::7, ::7, :3].reshape(-1, 3), axis=0)) > 10


def test_importing_meshes_loads_neither_gmsh_nor_dolfinx():
    code = "import sys, meshes; sys.exit(any(m in sys.modules for m in ('gmsh', 'dolfinx', 'pyvista', 'matplotlib')))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
