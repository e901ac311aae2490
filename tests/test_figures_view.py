"""What `halofil view` adds to a picture: slices, filament, current, profiles, films, two runs, terminals, the slider."""

import numpy as np
import pytest

from solver.figures import current, line_profile, style
from solver.figures.inspection import Stage, window_with_slider
from solver.figures.look import Look, colour_limits
from solver.figures.selection import ViewError
from solver.figures.view import _run, view, with_slider
from solver.results.snapshots import read_snapshots
from tests import synthetic_run as synthetic
from tests.devices import scenario as scenario_of

BOX = """
device: {layout: back_contact, electrode_width: 300 nm, domain_length: 800 nm, spacer_thickness: 60 nm, electrode_thickness: 50 nm,
  substrate_oxide_thickness: 100 nm, film_thickness: 300 nm, cap_thickness: 200 nm, step: conformal, symmetry: half}
physics: {electronic: quasi_equilibrium, filament: {interface_width: 1.2 nm, initial: {core_radius: 5 nm, core_height: 50 nm, radius: 6 nm, height: 51 nm}}}
"""
ARRAY = """
device: {layout: array, rows: 1, columns: 2, pitch: 160 nm, electrode_width: 80 nm, spacer_thickness: 60 nm, electrode_thickness: 30 nm,
  film_thickness: 180 nm, cap_thickness: 50 nm, substrate_oxide_thickness: 50 nm, margin: 60 nm}
mesh: {size_at_filament: 8 nm, core_radius: 16 nm, size_at_edge: 25 nm, growth: 1, size_max: 80 nm}
physics: {filament: {interface_width: 4 nm, initial: {core_radius: 4 nm, core_height: 40 nm, radius: 8 nm, height: 45 nm}}}
terminals: {row_1: driven, col_1: driven, col_2: driven}
protocol: [{read: {cell: [1, 1]}}]
"""
PAIR = """
device: {layout: lateral_pair, dimension: 3, gap: 90 nm, electrode_width: 2.5 um, electrode_thickness: 50 nm, cell_length: 120 nm,
  substrate_oxide_thickness: 60 nm, film_thickness: 160 nm, cap_thickness: 60 nm}
mesh: {size_at_filament: 9 nm, core_radius: 20 nm, growth: 1}
physics: {filament: {interface_width: 6 nm, initial: {core_radius: 6 nm, core_height: 20 nm, radius: 10 nm, height: 30 nm}}}
terminals: {right: driven, left: ground}
"""


def store(folder, device, steps, scenario=None, names=("top", "bottom")):
    """A run of a linear potential a x + b y + c z [V], quasi-Fermi potential alike, and a filament of radius 12 and length 40 nm.

    Args:
        folder: made.
        device: as meshes.read gives it, or synthetic.
        steps: time [s] -> gradient (V/nm, mesh coordinates).
        scenario: stored too.
        names: terminals of the table.
    """
    import pandas
    from mpi4py import MPI

    from solver.results.fields import FieldSeries
    from solver.results.tables import TerminalTable, terminal_columns

    folder.mkdir(exist_ok=True)
    if scenario is not None:
        (folder / "scenario.yaml").write_text(scenario.resolved_yaml())
    columns = terminal_columns(list(names))
    table = pandas.DataFrame(0.0, index=range(len(steps)), columns=columns)
    table["time [s]"] = list(steps)
    table[f"voltage {names[0]} [V]"] = [0.1 * k for k in range(len(steps))]
    table[f"current {names[0]} [A]"] = [1e-9 * 10**k for k in range(len(steps))]
    out = TerminalTable(folder / "terminals.csv", columns)
    for row in table.to_dict("records"):
        out.append(row)
    out.close()
    series = FieldSeries(folder / "fields.vtkhdf", device, MPI.COMM_SELF)
    foot, axis = np.asarray(device.site.foot), np.asarray(device.site.axis)
    dimension = device.mesh.geometry.dim

    def fraction(x):
        away = x[:dimension].T - foot[:dimension]
        along = away @ axis[:dimension]
        across = np.linalg.norm(away - np.outer(along, axis[:dimension]), axis=1)
        return 0.5 * (1 - np.tanh(np.maximum(across - 12, along - 40) / 4))

    for time, gradient in steps.items():
        linear = lambda x, g=gradient: sum(part * x[k] for k, part in enumerate(g))
        fields = {"potential [V]": linear, "quasi-Fermi potential [V]": linear, "filament fraction": fraction,
                  "tunnelling amplitude": lambda x: 0.0 * x[0]}
        series.write(time, {name: synthetic.owned_values(device, f) for name, f in fields.items()}, {"voltage [V]": 0.1})
    series.close()
    return folder


@pytest.fixture(scope="module")
def box(tmp_path_factory):
    """A block of film with a current along z, twice as large in the second step."""
    from mpi4py import MPI

    folder = tmp_path_factory.mktemp("box")
    return store(folder / "run", synthetic.box_device(MPI.COMM_SELF, cells=(12, 8, 10)),
                 {0.0: (0, 0, 1e-3), 1.0: (0, 0, 2e-3)}, scenario_of(folder, BOX))


@pytest.fixture(scope="module")
def plane(tmp_path_factory):
    from mpi4py import MPI

    folder = tmp_path_factory.mktemp("plane")
    scenario = scenario_of(folder, "device: {layout: axisymmetric_gap, gap: 60 nm, radius: 80 nm}\nphysics: {filament: {interface_width: "
                           "2.4 nm, initial: {core_radius: 12 nm, core_height: 38 nm, radius: 12 nm, height: 40 nm}}}\n")
    return store(folder / "run", synthetic.rectangle_device(MPI.COMM_SELF, cells=(30, 24)),
                 {0.0: (0, 1e-3), 1.0: (0, 2e-3), 2.0: (0, 3e-3)}, scenario)


def picture(path):
    from matplotlib.image import imread

    return (imread(path)[..., :3] * 255).round().astype(int)


def green(seen):
    """Pixels of the filament's colour."""
    return np.count_nonzero((seen[..., 1] > seen[..., 0] + 60) & (seen[..., 1] > seen[..., 2] + 30))


def test_the_current_of_a_linear_potential_is_sigma_times_the_field(box, plane):
    for folder, gradient in ((box, 2e-3), (plane, 2e-3)):
        found = read_snapshots(folder)
        from solver.scenario import load_scenario

        sigma = load_scenario(folder / "scenario.yaml").material.film.electronic_conductivity.value
        nodal, _ = current.density(found, folder, 1)
        film = np.unique(found.cells[found.cells_of("film")])
        free = film[found.fields(1)["filament fraction"][film] < 1e-4]
        # nodes all of whose cells are free of the filament, whose conductivity is another
        touched = np.unique(found.cells[(found.fields(1)["filament fraction"][found.cells] > 0.4).any(axis=1)])
        free = np.setdiff1d(free, touched)
        assert len(free) > 50
        assert nodal[free, 2] == pytest.approx(-sigma * gradient * 1e9, rel=1e-4)  # stored in single precision
        assert np.abs(nodal[free][:, :2]).max() < 1e-3 * sigma * gradient * 1e9


def test_field_lines_of_a_uniform_current_are_straight(box):
    found = read_snapshots(box)
    window = np.array([40.0, 0, 0, 80, 60, 70])
    traced = current.lines(found, box, 1, window)
    assert traced.n_lines > 20
    for k in range(traced.n_lines):
        points = traced.get_cell(k).points
        assert np.ptp(points[:, :2], axis=0).max() < 0.5
    assert max(np.ptp(traced.get_cell(k).points[:, 2]) for k in range(traced.n_lines)) > 60  # from electrode to electrode


def test_slices_colour_their_planes_only_and_show_the_filament_unless_told_not_to(box, tmp_path):
    (whole,) = view(box, "quasi", png=tmp_path / "whole.png")
    (cut,) = view(box, "quasi", slices=["z=60"], png=tmp_path / "cut.png")
    (bare,) = view(box, "quasi", slices=["z=60"], filament=False, png=tmp_path / "bare.png")
    # the potential is one value on the plane; its lowest, at z = 0, is viridis' dark purple
    purple = [np.count_nonzero(np.abs(picture(path)[:, :700] - (68, 1, 84)).max(axis=-1) < 25) for path in (whole, bare)]
    assert purple[0] > 2000 and purple[1] < 100
    assert green(picture(cut)) > green(picture(bare)) + 2000


def test_the_current_is_drawn_in_3d_and_in_2d(box, plane, tmp_path):
    for folder, name in ((box, "box"), (plane, "plane")):
        (with_it,) = view(folder, "quasi", current=True, filament=False, png=tmp_path / f"{name}.png")
        (without,) = view(folder, "quasi", slices=["y=0"] if name == "box" else (), filament=False, zoom=None if name == "plane" else 105.0,
                          png=tmp_path / f"{name}_without.png")
        dark = [np.count_nonzero((seen.max(axis=-1) < 90) & (np.ptp(seen, axis=-1) < 12)) for seen in map(picture, (with_it, without))]
        assert dark[0] > dark[1] + 400


def test_a_profile_along_the_gap_runs_from_the_filaments_foot_to_the_other_electrode(plane, tmp_path):
    png, csv = view(plane, "potential", 1.0, line="gap", png=tmp_path / "gap.png")
    distance, _, _, z, values = np.loadtxt(csv, delimiter=",", skiprows=1).T
    assert distance[-1] == pytest.approx(60) and values == pytest.approx(2e-3 * z, abs=1e-7)
    assert png.is_file()


def test_the_gaps_line_of_a_3d_cell_lies_just_inside_the_film(box):
    found = read_snapshots(box)
    first, last = line_profile.along_gap(found)
    assert last - first == pytest.approx(found.site.axis * found.site.length)
    assert 0 < np.linalg.norm(first - found.site.foot) < 0.1
    assert np.all(np.isfinite(line_profile.sample(found, 0, "potential [V]", first, last)[2]))


def test_two_runs_stand_side_by_side_in_the_same_colours_and_curves_in_one_frame(plane, box, tmp_path, drawn):
    from mpi4py import MPI

    other = store(tmp_path / "steeper", synthetic.rectangle_device(MPI.COMM_SELF), {0.0: (0, 9e-3)})
    view(plane, "potential", beside=other, png=tmp_path / "two.png")
    left, right, bar = drawn[0].axes
    assert left.get_title().startswith("run: t = 2 s") and right.get_title().startswith("steeper: t = 0 s")
    assert bar.get_ylim() == pytest.approx((0, 9e-3 * 60), abs=1e-6)
    _, _, two = view(plane, "potential", line="gap", beside=other, png=tmp_path / "curves.png")
    assert [text.get_text()[:3] for text in drawn[1].axes[0].get_legend().get_texts()] == ["run", "ste"]
    assert np.loadtxt(two, delimiter=",", skiprows=1)[-1, -1] == pytest.approx(9e-3 * 60, abs=1e-6)
    with pytest.raises(ViewError, match="need the same, profiles"):
        view(plane, "potential", beside=box, png=tmp_path / "no.png")


@pytest.mark.parametrize("kind", ["mp4", "gif"])
def test_an_animation_has_every_stored_step_with_its_time_voltage_and_current(plane, tmp_path, kind, monkeypatch):
    import imageio.v3 as iio

    from solver.figures import movie

    figures = []
    frame = movie.frame
    monkeypatch.setattr(movie, "frame", lambda figure: (figures.append(figure), frame(figure))[1])
    (path,) = view(plane, "potential", animation=tmp_path / f"film.{kind}", fps=2)
    frames = iio.imread(path)
    assert len(frames) == 3 and path.stat().st_size > 5000
    assert np.abs(frames[0].astype(int) - frames[2]).max() > 60
    titles = [figure.axes[0].get_title() for figure in figures]
    assert "t = 0 s" in titles[0] and "t = 2 s" in titles[2] and "current 100 nA" in titles[2] and "voltage" in titles[2]
    strip = next(axes for axes in figures[2].axes if axes.get_ylabel() == "|current| [A]")
    assert any(list(line.get_xdata()) == [2.0, 2.0] for line in strip.lines)  # the present time
    assert not list(tmp_path.glob(".*"))


def test_the_slider_of_a_3d_window_draws_another_step(box):
    stage = Stage(_run(box), Look("quasi-Fermi potential [V]", slices=(("y", 20.0),), filament=True))
    scene, show = window_with_slider(stage, 0, (0.0, 0.14, False), off_screen=True)
    before = scene.screenshot(return_img=True)
    assert len(scene.widgets.slider_widgets) == 1
    show(1.0)
    after = scene.screenshot(return_img=True)
    show(0.0)
    again = scene.screenshot(return_img=True)
    scene.close()
    assert np.abs(before.astype(int) - after).max() > 40
    assert np.mean(np.abs(before.astype(int) - again) > 20) < 0.002  # nothing is left of the step between


def test_the_slider_of_a_2d_window_draws_another_step(plane):
    from solver.figures.sheet import Sheet

    sheet = Sheet([_run(plane)], Look("potential [V]"))
    figure = style.new_figure(120, 95)
    slider = with_slider(sheet, [0], sheet.limits([range(3)]), figure)
    slider.set_val(2)
    titles = [axes.get_title() for axes in figure.subfigs[0].axes]
    assert len(titles) == 2 and "t = 2 s" in titles[0]


@pytest.mark.parametrize("text, names", [(ARRAY, ("row_1", "col_1", "col_2")), (PAIR, ("right", "left"))])
def test_array_and_lateral_pair_are_shown_with_their_terminals_and_voltages(tmp_path, drawn, text, names):
    from mpi4py import MPI

    import meshes

    scenario = scenario_of(tmp_path, text)
    meshes.build(scenario, tmp_path / "mesh.msh")
    device = meshes.read(scenario, tmp_path / "mesh.msh", MPI.COMM_SELF)
    folder = store(tmp_path / "run", device, {0.0: (0, 0, 1e-3), 1.0: (1e-3, 0, 0)}, scenario, names)
    (path,) = view(folder, "quasi", slices=[f"y={device.site.foot[1] + 1:g}"], png=tmp_path / "view.png")
    labels = [text.get_text() for text in drawn[0].axes[0].texts]
    assert {label.split()[0] for label in labels} >= set(names)
    assert f"{names[0]} 0.1 V" in labels
    seen = picture(path)
    assert np.count_nonzero((seen[..., 0] > seen[..., 2] + 40) & (seen[..., 1] > seen[..., 2] + 20)) > 5000  # gold
    assert green(seen) > 300
    view(folder, "quasi", current=True, png=tmp_path / "current.png")
    (profile, _) = view(folder, "quasi", line="gap", png=tmp_path / "gap.png")
    assert profile.is_file()


@pytest.mark.parametrize("options, words", [
    ({"slices": ["z=900"]}, "misses what is shown"), ({"slices": ["z"]}, "slice 'z' is not a plane"),
    ({"slices": ["y=0"], "isosurface": 0.5}, "hide each other"), ({"line": "gap", "current": True}, "neither slices nor the current"),
    ({"animation": "film.avi"}, "an .mp4 or a .gif"), ({"animation": "film.mp4", "png": "a.png"}, "two commands")])
def test_options_that_make_no_picture_are_refused_in_one_sentence(box, tmp_path, options, words):
    options = {"png": tmp_path / "view.png"} | options if "animation" not in options else options
    with pytest.raises(ViewError, match=words) as error:
        view(box, "quasi", **options)
    assert "\n" not in str(error.value)


def test_a_run_without_a_quasi_fermi_potential_has_no_current_to_show(tmp_path):
    from mpi4py import MPI

    synthetic.write_run(tmp_path, synthetic.rectangle_device(MPI.COMM_SELF), every=400)
    with pytest.raises(ViewError, match="stored quasi-Fermi potential"):
        view(tmp_path, "potential", current=True, png=tmp_path / "view.png")


def test_a_field_that_is_the_same_everywhere_has_readable_colours():
    assert colour_limits(np.zeros(4)) == (-1.0, 1.0, False)
    assert colour_limits(np.full(4, -0.2)) == pytest.approx((-0.3, -0.1, False))
