"""Pictures of fields: what must be seen where, in 3D, 2D and 1D; profiles; the viewer's refusals."""

import logging
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from solver.figures import make_all, scenes, style
from solver.figures.camera import Camera
from solver.figures.line_profile import sample
from solver.figures.selection import ViewError
from solver.figures.view import view
from solver.results.folder import NoResult
from solver.results.snapshots import read_snapshots
from tests import synthetic_run as synthetic

SCENARIOS = Path(__file__).parents[1] / "scenarios"


@pytest.fixture(scope="module")
def cell(tmp_path_factory):
    """A small 3D back-contact cell."""
    pytest.importorskip("pyvista")
    from mpi4py import MPI

    from meshes.geometry.crossbar import Crossbar
    from solver.scenario import load_scenario

    scenario = load_scenario(SCENARIOS / "iv_sweep.yaml", ["device.electrode_width=300 nm",
                                                           "device.domain_length=800 nm"])
    folder = tmp_path_factory.mktemp("cell")
    synthetic.write_run(folder, synthetic.cell_device(MPI.COMM_SELF, Crossbar.of(scenario.device)), scenario, every=100)
    return folder


@pytest.fixture(scope="module")
def plane(tmp_path_factory):
    """An axisymmetric gap."""
    from mpi4py import MPI

    from solver.scenario import load_scenario

    folder = tmp_path_factory.mktemp("plane")
    device = synthetic.rectangle_device(MPI.COMM_SELF, cells=(40, 30))
    synthetic.write_run(folder, device, load_scenario(SCENARIOS / "quick.yaml"), every=100)
    return folder


def nearness(picture, colour):
    """(rows, columns) cosine between each pixel's colour and a hex colour, white taken off: hue, not brightness."""
    wanted = 255.0 - np.array([int(colour[k: k + 2], 16) for k in (1, 3, 5)])
    darkness = 255.0 - picture[..., :3].astype(float)
    size = np.linalg.norm(darkness, axis=-1) * np.linalg.norm(wanted)
    return np.where(size > 1e4, darkness @ wanted / np.maximum(size, 1), 0)


def test_a_parallel_camera_says_where_a_point_is_drawn(cell):
    import pyvista

    from solver.figures.rendering import plotter

    camera = Camera((10.0, 0.0, 20.0), (-0.4, 1.0, -0.5), 100.0, (400, 300))
    point = np.array([30.0, -5.0, 35.0])
    scene = plotter(camera, 300.0)
    scene.add_mesh(pyvista.Sphere(radius=2.0, center=point), color="black", lighting=False)
    camera.aim(scene, 300.0)
    picture = scene.screenshot(return_img=True)
    scene.close()
    rows, columns = np.nonzero(picture.sum(axis=-1) < 100)
    assert (columns.mean() + 0.5, rows.mean() + 0.5) == pytest.approx(tuple(camera.project(point)[0]), abs=1)


def test_bodies_of_the_cell_have_the_volumes_of_the_scenario_and_do_not_overlap(cell):
    from solver.figures.solids import bodies

    parts = bodies(cell, read_snapshots(cell))
    width, length, gold, spacer = 300.0, 800.0, 50.0, 60.0
    assert parts.surface("bottom").volume == pytest.approx(length * width / 2 * gold)
    # conformal: the spacer is 60 nm thick over the bar, its side and the substrate
    section = width / 2 * spacer + spacer * (gold + spacer) + (length / 2 - width / 2 - spacer) * spacer
    assert parts.surface("spacer").volume == pytest.approx(width * section)
    inner, outer = width / 2 + spacer, width / 2 + spacer + gold
    section = inner * gold + gold * (gold + gold) + (length / 2 - outer) * gold
    assert parts.surface("top").volume == pytest.approx(width * section)
    assert parts.surface("top", (1000, 0, 0, 1100, 10, 10)) is None


def test_the_close_up_shows_gold_the_spacer_the_filament_and_the_sign_of_the_potential(cell):
    from solver.figures.rendering import Colouring, close_up
    from solver.figures.scenes_3d import fitted
    from solver.figures.solids import bodies

    found = read_snapshots(cell)
    parts = bodies(cell, found)
    foot = found.site.foot
    window = (foot[0] - 30, 0.0, foot[2] - 20, foot[0] + 50, 30.0, foot[2] + 95)
    corners = np.array([[x, y, z] for x in window[::3] for y in window[1::3] for z in window[2::3]])
    camera = fitted(corners, (-0.45, 1.0, -0.4), (300, 360), margin=1.04)
    colouring = Colouring("potential [V]", "RdBu_r", -0.2, 0.2, False, 1.0, "")
    places = {"top": (foot[0] - 15, 0, foot[2] + 80), "bottom": (foot[0] + 30, 0, foot[2] - 10),
              "spacer": (foot[0] - 18, 0, foot[2] + 30), "film": (foot[0] + 38, 0, foot[2] + 75),
              "stub": (foot[0] + 3, -11.0, foot[2] + 20), "tip": (foot[0] + 3, -11.0, foot[2] + 58)}

    def colours(time):
        picture = close_up(found, parts, found.nearest(time), colouring, camera, window)
        at = {name: tuple(np.round(camera.project(np.array(p))[0]).astype(int)) for name, p in places.items()}
        return {name: picture[row, column].astype(int) for name, (column, row) in at.items()}

    before, after, reset = colours(1.0), colours(2.0), colours(6.0)
    for seen in (before, after, reset):
        for name in ("top", "bottom"):
            red, green, blue = seen[name]
            assert red > green > blue + 60  # gold
        assert np.ptp(seen["spacer"]) < 40  # grey
        red, green, blue = seen["stub"]
        assert green > red + 60 and green > blue + 30  # the filament's green
    assert after["film"][0] > after["film"][2] + 60  # +0.2 V: red
    assert reset["film"][2] > reset["film"][0] + 60  # -0.2 V: blue
    assert after["tip"][1] > after["tip"][0] + 60  # the filament has grown to here ...
    assert not before["tip"][1] > before["tip"][0] + 60  # ... and had not before, nor has after the reset
    assert not reset["tip"][1] > reset["tip"][0] + 60


def test_the_filament_surface_is_where_the_tanh_profile_is_one_half(cell):
    from solver.figures.solids import filament_surface, film_grid

    found = read_snapshots(cell)
    surface = filament_surface(film_grid(found, found.nearest(2.0)), mirror=0.0)
    away = surface.points - found.site.foot
    assert away[:, 2].max() == pytest.approx(64, abs=1)  # cells are 6 nm high here: the profile is located within one
    low = away[(away[:, 2] > 10) & (away[:, 2] < 40)]
    # the mesh is coarse (5 nm) against the radius of 12 nm, chords of the circle lie inside it
    assert np.percentile(np.hypot(low[:, 0], low[:, 1]), 95) == pytest.approx(12, abs=1)
    assert away[:, 1].min() == pytest.approx(-away[:, 1].max(), abs=1e-6)  # completed at the mirror plane


def test_states_of_a_3d_run_are_drawn_from_figures(cell):
    paths = make_all(cell)
    assert [path.name for path in paths] == ["iv.png", "history.png", "states.png"]
    picture = read_png(paths[-1])
    rows = picture.shape[0]
    close_ups = picture[rows // 3:]
    assert np.count_nonzero(nearness(close_ups, style.FILAMENT) > 0.97) > 2000
    for colour in ("#B2182B", "#2166AC"):  # both ends of the potential's map
        assert np.count_nonzero(nearness(close_ups, colour) > 0.97) > 2000


def read_png(path):
    from matplotlib.image import imread

    return (imread(path)[..., :3] * 255).round()


def test_states_of_an_axisymmetric_run_are_mirrored_at_the_axis(plane):
    picture = read_png(scenes.states(plane))
    green = nearness(picture, style.FILAMENT) > 0.99
    columns = np.flatnonzero(green.any(axis=0))
    groups = np.split(columns, np.flatnonzero(np.diff(columns) > 50) + 1)
    assert len(groups) == 3
    mid, after = (green[:, group[0]: group[-1] + 1].sum() for group in groups[:2])
    assert after > 1.2 * mid  # 64 nm (clipped at the electrode) against 44 nm
    for group in groups:
        part = green[:, group[0]: group[-1] + 1]
        assert np.mean(part != part[:, ::-1]) < 0.05


def test_states_of_a_slab_are_profiles(tmp_path):
    device = slab()
    synthetic.write_run(tmp_path, device, every=100)
    assert scenes.states(tmp_path).is_file()


def slab():
    """60 nm of film in 1D."""
    import dolfinx
    from mpi4py import MPI

    mesh = dolfinx.mesh.create_interval(MPI.COMM_SELF, 60, [0.0, 60.0])
    cells = np.arange(60, dtype=np.int32)
    mesh.topology.create_connectivity(0, 1)
    ends = np.sort(dolfinx.mesh.exterior_facet_indices(mesh.topology))
    return SimpleNamespace(
        mesh=mesh, cell_tags=dolfinx.mesh.meshtags(mesh, 1, cells, np.ones(60, dtype=np.int32)),
        facet_tags=dolfinx.mesh.meshtags(mesh, 0, ends, np.array([11, 12], dtype=np.int32)), regions={"film": 1},
        facets={"bottom": 11, "top": 12}, terminals={"top": ("top",), "bottom": ("bottom",)}, coordinates="cartesian",
        depth_nm=1.0, current_scale=1.0,
        site=SimpleNamespace(foot=np.zeros(3), axis=np.array([1.0, 0.0, 0.0]), length=60.0))


@pytest.mark.parametrize("make, first, last", [
    (lambda comm: synthetic.box_device(comm), (5.0, 7.0, 60.0), (71.0, 50.0, 3.0)),
    (lambda comm: synthetic.rectangle_device(comm, coordinates="cartesian"), (5.0, 0.0, 55.0), (71.0, 0.0, 3.0)),
    (lambda _: slab(), (0.0, 0.0, 55.0), (0.0, 0.0, 3.0)),
])
def test_a_profile_of_a_linear_field_is_exact_in_any_dimension(tmp_path, make, first, last):
    from mpi4py import MPI

    from solver.results.fields import FieldSeries

    device = make(MPI.COMM_SELF)
    gradient = np.array([0.3, -0.2, 0.7])[3 - device.mesh.geometry.dim:]
    series = FieldSeries(tmp_path / "fields.vtkhdf", device, MPI.COMM_SELF)
    values = synthetic.owned_values(device, lambda x: sum(g * x[k] for k, g in enumerate(gradient)))
    series.write(0.0, {"potential [V]": values})
    found = read_snapshots(tmp_path)
    distance, points, values = sample(found, 0, "potential [V]", np.array(first), np.array(last))
    keep = [2] if found.dimension == 1 else [0, 2] if found.dimension == 2 else [0, 1, 2]
    assert values == pytest.approx(points[:, keep] @ gradient, rel=1e-5, abs=1e-5)  # stored in single precision
    assert distance[-1] == pytest.approx(np.linalg.norm(np.array(last) - first))


def test_a_profile_is_nan_outside_and_refused_when_it_misses_the_mesh(plane, cell):
    found = read_snapshots(plane)
    _, points, values = sample(found, -1, "filament fraction", np.zeros(3), np.array([0, 0, 120.0]))
    assert np.array_equal(np.isfinite(values), points[:, 2] <= 60)
    for folder in (plane, cell):
        with pytest.raises(ViewError, match="does not meet the mesh"):
            view(folder, line="5000,0,0:6000,0,0")


def test_view_writes_a_profile_as_picture_and_table(plane):
    png, csv = view(plane, "potential", "2s", line="0,0,0:0,0,60")
    table = np.genfromtxt(csv, delimiter=",", names=True)
    assert csv.read_text().startswith("distance [nm],x [nm],y [nm],z [nm],potential [V]\n")
    assert table[table.dtype.names[-1]] == pytest.approx(0.2 * table[table.dtype.names[0]] / 60, abs=1e-6)
    assert png.is_file()


@pytest.mark.parametrize("options", [{}, {"clip": "y=5"}, {"field": "potential", "clip": "x=150", "time": "set"},
                                     {"isosurface": 0.5, "time": 2.0}, {"field": "vac", "zoom": 40.0}])
def test_view_draws_a_3d_field_cut_whole_or_as_a_surface(cell, tmp_path, options):
    (path,) = view(cell, png=tmp_path / "view.png", **options)
    picture = read_png(path)
    assert np.count_nonzero(picture.min(axis=-1) < 200) > 0.02 * picture[..., 0].size


def test_view_draws_a_plane(plane, tmp_path):
    (path,) = view(plane, "vacancies", png=tmp_path / "view.png", isosurface=5e24)
    assert path.is_file()


@pytest.mark.parametrize("options, words", [
    ({"clip": "y=900"}, "misses what is shown"), ({"field": "potential", "clip": "x=-400"}, "leaves nothing"),
    ({"isosurface": 2.0}, "does not reach 2"), ({"line": "0,0,0:0,0,1", "clip": "y=0"}, "neither a clip"),
    ({"field": "temperature"}, "there is no field"), ({"time": "99"}, "outside the stored fields")])
def test_view_refuses_in_one_sentence(cell, tmp_path, options, words):
    with pytest.raises(ViewError, match=words) as error:
        view(cell, png=tmp_path / "view.png", **options)
    assert "\n" not in str(error.value)
    assert not (tmp_path / "view.png").exists()


def test_view_refuses_a_window_without_a_display_and_a_clip_in_2d(plane, cell, monkeypatch, tmp_path):
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.setattr("sys.platform", "linux")
    with pytest.raises(ViewError, match="--png"):
        view(cell)
    with pytest.raises(ViewError, match="needs a 3D run"):
        view(plane, clip="y=0", png=tmp_path / "a.png")
    with pytest.raises(NoResult, match="holds no fields"):
        view(tmp_path, png=tmp_path / "a.png")


def test_a_renderer_that_dies_is_a_warning_and_not_the_end(plane, tmp_path, caplog, monkeypatch):
    # a run in this process before may have left the log quiet
    monkeypatch.setattr(logging.getLogger("halofil"), "propagate", True)
    (tmp_path / "fields.vtkhdf").write_bytes(b"no HDF5")
    with caplog.at_level(logging.WARNING, logger="halofil"):
        assert scenes.states_apart(tmp_path) is None
    assert "states.png could not be drawn" in caplog.text
    (plane / "figures" / "states.png").unlink(missing_ok=True)
    assert scenes.states_apart(plane).is_file()
