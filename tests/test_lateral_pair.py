"""Layout lateral_pair: the device's volumes and areas, right angles at the site, 3D as the section, ranks, its row."""

import numpy as np
import pytest

from meshes import quality
from meshes.geometry import lateral_pair
from meshes.layouts import generate, layout_of
from meshes.simplex_mesh import group_measure
from tests.devices import model, scenario
from tests.end_to_end.running import assert_same, halofil_run, table

SMALL = {"layout": "lateral_pair", "electrode_width": "400 nm", "domain_length": "600 nm", "film_thickness": "150 nm",
         "cap_thickness": "50 nm"}
WIRED = "terminals: {right: driven, left: ground}\n"
OFF = "physics: {filament: off}\n"
COARSE = "mesh: {size_at_filament: 5 nm, size_at_edge: 10 nm, growth: 0.5}\n"


def text(**device):
    keys = SMALL | device
    if keys.get("dimension") != 2 and "cell_length" not in keys:
        keys["surround"] = "100 nm"
    return "device: {" + ", ".join(f"{k}: {v}" for k, v in keys.items()) + "}\n" + COARSE + WIRED


@pytest.mark.parametrize("device", [{}, {"cell_length": "200 nm", "symmetry": "full", "electrode_thickness": "20 nm"}])
def test_volumes_and_areas_are_those_of_the_device(tmp_path, device):
    s = scenario(tmp_path, text(**device) + OFF)
    mesh, high = generate(s), 20.0 if "electrode_thickness" in device else 50.0
    images, end, edge = (2, 300.0, 200.0) if "cell_length" not in device else (2, 100.0, 100.0)
    images = images if device.get("symmetry") == "full" else 1
    bar = 2 * edge * (300.0 - 45.0) * high
    face = edge * high + 2 * edge * 255.0  # towards the gap, and above and below
    face += 0.0 if "cell_length" in device else 255.0 * high  # and the side of its end
    wanted = {"film": images * (600 * end * 150 - bar), "substrate": images * 600 * end * 100, "cap": images * 600 * end * 50,
              "left": images * face, "right": images * face}
    for name, value in wanted.items():
        # plane faces, whole cells: only rounding is left
        assert group_measure(mesh, name) == pytest.approx(value, rel=1e-9), name


@pytest.mark.parametrize("dimension", [2, 3])
def test_the_site_spans_the_gap_in_right_angled_cells(tmp_path, dimension):
    s = scenario(tmp_path, text(dimension=dimension) + OFF)
    mesh, site = generate(s), layout_of(s).site
    assert quality.report(mesh, 0.0).share_negative_core == 0.0
    core = mesh.points[np.unique(mesh.cells[mesh.core])]
    assert core[:, 0].min() == pytest.approx(site.foot[0])
    assert core[:, 0].max() == pytest.approx(site.foot[0] + 90.0)
    assert quality.report(mesh, 0.0).min_dihedral_deg > 2.0  # no slivers: a flat cell has none


def test_a_pair_of_long_edges_conducts_as_its_section(tmp_path):
    from solver.engines.cpu.newton import CpuEngine
    from solver.physics.balances import nodal_sums
    from solver.transient import bdf

    currents = []
    for dimension, extra in ((2, {}), (3, {"cell_length": "100 nm"})):
        folder = tmp_path / str(dimension)
        folder.mkdir()
        m = model(folder, text(dimension=dimension, **extra) + "physics: {filament: off, ions: fixed}\n")
        m.context.rate.value = bdf.STATIONARY.a0
        engine = CpuEngine(m)
        m.apply_voltages({"right": 0.1, "left": 0.0})
        assert engine.solve().converged
        sums = nodal_sums(m, engine.interior_residual())
        assert sums["right"].electronic == pytest.approx(-sums["left"].electronic, rel=1e-6)
        currents.append(sums["right"].electronic * m.device.current_scale)
    # the same plane problem on two coarse meshes (10 nm where the current crowds)
    assert currents[1] == pytest.approx(currents[0], rel=0.05)
    # at least what flows straight between the sidewalls
    assert currents[0] > m.parameters.conductivity * m.parameters.scaling.potential(0.1) * 400 * 50 / 90


@pytest.mark.parallel
def test_a_run_in_3d_is_the_same_on_one_to_three_ranks(tmp_path):
    path = tmp_path / "pair.yaml"
    device = text(cell_length="60 nm", gap="30 nm", domain_length="150 nm", film_thickness="80 nm", cap_thickness="20 nm",
                  substrate_oxide_thickness="20 nm", electrode_thickness="20 nm")
    path.write_text("name: pair\nmaterial: mapbi3_gold\n" + device.replace("edge: 10 nm", "edge: 15 nm, size_max: 50 nm") + (
        "physics: {filament: {interface_width: 2 nm, initial: {core_height: 14 nm, height: 20 nm}}}\n"
        "protocol: [{hold: {voltage: 0.1 V, duration: 4 us}}]\noutput: {figures: off}\n"))
    for ranks in (1, 2, 3):
        done = halofil_run(path, tmp_path / str(ranks), ranks=ranks)
        assert done.returncode == 0, done.stdout + done.stderr
    one = table(tmp_path / "1")
    assert one["filament gap [m]"].iloc[-1] == pytest.approx(10e-9, rel=0.1)
    for ranks in (2, 3):
        assert_same(one, table(tmp_path / str(ranks)), rtol=1e-5)  # iterative solves stop at 1e-6


@pytest.mark.parametrize(("device", "key", "words"), [
    ({"gap": "700 nm"}, "device.domain_length", "no electrode would be modelled"),
    ({"electrode_thickness": "150 nm"}, "device.electrode_thickness", "not covered by the film"),
    ({"cell_length": "500 nm"}, "device.cell_length", "longer than the edges"),
    ({"dimension": 2, "surround": "100 nm"}, "device.surround", "has no effect in 2D"),
    ({"cell_length": "100 nm", "surround": "100 nm"}, "device.surround", "mirror planes"),
    ({"depth": "60 nm"}, "device.depth", "unknown key"),
])
def test_a_mistake_in_a_pair_is_a_fault_at_its_key(tmp_path, device, key, words):
    from solver.scenario import ScenarioError

    with pytest.raises(ScenarioError) as error:
        scenario(tmp_path, text(**device) + OFF)
    found = [str(f) for f in error.value.faults]
    assert any(f": {key}: " in f and words in f for f in found), found


def test_the_parts_drawn_are_the_parts_meshed(tmp_path):
    s = scenario(tmp_path, text() + OFF)
    parts = lateral_pair.bodies(s.device)
    assert set(parts.electrodes) == set(s.device.terminal_names) == set(layout_of(s).terminals)


@pytest.mark.parametrize(("gap", "factor", "inside"), [("90 nm", 1.5, True), ("90 nm", 3.0, False)])
def test_compare_judges_a_lateral_pair_by_its_change_of_conductance(tmp_path, gap, factor, inside):
    import pandas

    from solver.analysis.comparison import compare

    s = scenario(tmp_path, text(gap=gap) + OFF)
    (tmp_path / "scenario.yaml").write_text(s.resolved_yaml())
    volts = np.concatenate([np.linspace(0.01, 0.2, 20), np.linspace(0.19, 0.01, 19)])
    siemens = np.where(np.arange(39) < 20, 1e-9, factor * 1e-9)
    pandas.DataFrame({"time [s]": np.arange(39.0), "voltage left [V]": 0 * volts, "current left [A]": -siemens * volts,
                      "voltage right [V]": volts, "current right [A]": siemens * volts}).to_csv(tmp_path / "terminals.csv", index=False)
    (row,) = compare([tmp_path])
    assert row.simulated == pytest.approx(factor)
    assert row.inside is inside


def test_compare_has_no_row_for_a_gap_that_was_not_measured(tmp_path):
    from solver.analysis.comparison import _rows_of_no_cell

    s = scenario(tmp_path, text(gap="60 nm") + OFF)
    (tmp_path / "scenario.yaml").write_text(s.resolved_yaml())
    assert _rows_of_no_cell(tmp_path, None) == []
