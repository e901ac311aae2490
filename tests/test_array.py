"""Layout array: geometry, waveforms of several terminals, floating terminals, energy by terminal, ranks, faults."""

import numpy as np
import pytest

from meshes import quality
from meshes.layouts import generate, layout_of
from meshes.simplex_mesh import group_measure
from tests.devices import model, scenario
from tests.end_to_end.test_runs import assert_same, halofil_run, table
from tests.verification.walking import walk

THREE = ("device: {layout: array, pitch: 120 nm, electrode_width: 60 nm, spacer_thickness: 20 nm, electrode_thickness: 20 nm, "
         "film_thickness: 80 nm, cap_thickness: 20 nm, substrate_oxide_thickness: 20 nm, margin: 40 nm}\n"
         "mesh: {size_at_filament: 5 nm, core_radius: 12 nm, size_at_edge: 15 nm, growth: 0.8, size_max: 40 nm}\n")
FLAT = THREE.replace("layout: array", "layout: array, dimension: 2, rows: 1").replace("substrate_oxide_thickness: 20 nm, ", "")
OFF = "physics: {filament: off, ions: fixed}\n"
FILAMENT = "physics: {filament: {interface_width: 2 nm, initial: {core_height: 8 nm, height: 12 nm}}}\n"


def wired(rows=2, columns=2, **roles):
    names = [*(f"row_{k + 1}" for k in range(rows)), *(f"col_{k + 1}" for k in range(columns))]
    return "terminals: {" + ", ".join(f"{n}: {roles.get(n, 'driven')}" for n in names) + "}\n"


READ = "protocol: [{read: {cell: [1, 1], width: 10 us}}]\n"


def test_volumes_and_areas_are_those_of_the_array_and_every_cell_has_its_core(tmp_path):
    s = scenario(tmp_path, THREE + OFF + wired() + READ)
    mesh, sites = generate(s), layout_of(s).sites
    side = 120 + 60 + 80  # two bars and the margins
    bars = 2 * side * 60 * 20
    spacer = 2 * (side * 60 * 40 - 2 * 60 * 60 * 20)  # under each column up to its lower face, less the rows
    wanted = {"substrate": side**2 * 20, "cap": side**2 * 20, "spacer": spacer, "film": side**2 * 80 - 2 * bars - spacer}
    for k in (1, 2):
        wanted[f"row_{k}"] = side * (2 * 60 + 2 * 20)
        wanted[f"col_{k}"] = side * (2 * 60 + 2 * 20)
    for name, value in wanted.items():
        # plane faces, whole cells: only rounding is left
        assert group_measure(mesh, name) == pytest.approx(value, rel=1e-9), name
    found = quality.report(mesh, 0.0)
    assert found.share_negative_core == 0.0
    assert found.min_dihedral_deg > 2.0  # no slivers: a flat cell has none
    assert [tuple(site.foot) for site in sites] == [(30, 0, 20), (150, 0, 20), (30, 120, 20), (150, 120, 20)]
    core = mesh.points[mesh.cells[mesh.core]].mean(axis=1)
    for site in sites:
        inside = np.all((core > site.foot - [0, 16, 0]) & (core < site.foot + [16, 16, 40]), axis=1)
        assert 4 * np.count_nonzero(inside) == np.count_nonzero(mesh.core)


@pytest.mark.parametrize(("scheme", "written", "column", "row", "rest"), [
    ("V/2", 0.3, 0.15, 0.15, 0.0), ("V/3", 0.3, 0.1, 0.1, -0.1)])
def test_write_schemes_leave_a_half_or_a_third_to_the_other_cells(scheme, written, column, row, rest):
    from solver.scenario.protocol import Write
    from solver.transient.array_waveform import ArrayWaveform

    roles = {name: "driven" for name in ("row_1", "row_2", "col_1", "col_2")}
    step = Write(cell=(2, 1), amplitude="0.3 V", width="1 ms", count=2, scheme=scheme)
    waveform = ArrayWaveform((step,), roles)
    on, off = waveform.segments[:2]
    volts = dict(zip(waveform.driven, on.v_start))
    across = {(i, j): volts[f"col_{j}"] - volts[f"row_{i}"] for i in (1, 2) for j in (1, 2)}
    assert across == pytest.approx({(2, 1): written, (1, 1): column, (2, 2): row, (1, 2): rest}, abs=1e-12)
    assert not np.any(off.v_start)
    assert waveform.end == pytest.approx(4e-3)  # two periods of twice the width


def test_several_terminals_follow_ramps_of_their_own():
    from solver.scenario.protocol import Bias, Repeat
    from solver.transient.array_waveform import ArrayWaveform

    up = Bias(voltages={"col_1": "0.1 V", "row_1": "-0.05 V"}, duration="1 s", ramp=True)
    down = Bias(voltages={"col_1": "0 V"}, duration="1 s", ramp=True, others="floating")
    waveform = ArrayWaveform((Repeat(count=2, steps=(up, down)),), {"row_1": "driven", "col_1": "driven", "col_2": "ground"})
    assert [s.floating for s in waveform.segments] == [(), ("row_1",)] * 2
    np.testing.assert_allclose(waveform.segments[2].voltage(2.5), [-0.025, 0.05])
    assert waveform.segments[0].slope == pytest.approx(0.1)


def conductances(m, engine):
    """(terminals, terminals) current into each [A] per volt on each, the field of one equation solved at a time."""
    from solver.physics.balances import nodal_sums

    names = list(m.device.terminals)
    columns = []
    for driven in names:
        m.apply_voltages({name: 0.1 if name == driven else 0.0 for name in names})
        assert engine.solve().converged
        sums = nodal_sums(m, engine.interior_residual())
        columns.append([sums[name].electronic for name in names])
    return names, np.array(columns).T * m.parameters.scaling.ampere(1.0) * m.device.current_scale / 0.1


def test_floating_terminals_take_the_voltages_that_the_conductance_matrix_says(tmp_path):
    from solver.transient.marching import stepper_for

    text = FLAT.replace("rows: 1", "rows: 1, columns: 3") + OFF + wired(1, 3) + (
        "protocol: [{read: {cell: [1, 2], width: 1 ms, others: floating}}, {read: {cell: [1, 2], width: 1 ms}}]\n")
    m = model(tmp_path, text)
    stepper = stepper_for(scenario(tmp_path, text), m.device)
    last = [record for record, ends in walk(stepper) if ends]
    names, g = conductances(stepper.model, stepper.engine)
    assert np.abs(g.sum(axis=0)).max() < 1e-6 * g.max()  # what goes in comes out
    selected, floating = [names.index("row_1"), names.index("col_2")], [names.index("col_1"), names.index("col_3")]
    v = np.zeros(4)
    v[names.index("col_2")] = 0.02
    v[floating] = -np.linalg.solve(g[np.ix_(floating, floating)], g[np.ix_(floating, selected)] @ v[selected])
    scale = stepper.model.parameters.scaling.ampere(1.0) * stepper.model.device.current_scale
    read = last[0]
    # ohmic: the linear network's answer, to the tolerance of Newton's method in the fields
    assert [read.voltages[n] for n in names] == pytest.approx(list(v), rel=1e-6, abs=1e-9)
    assert read.electronic["row_1"] * scale == pytest.approx((g @ v)[names.index("row_1")], rel=1e-6)
    for name in ("col_1", "col_3"):
        assert abs(read.current(name)) < 1e-6 * abs(read.current("row_1"))
        assert last[2].voltages[name] == 0.0  # wired to their sources again
    # sneak paths through the neighbours
    assert abs(read.electronic["row_1"]) > 1.01 * abs(last[2].electronic["row_1"])


@pytest.mark.parallel
@pytest.mark.parametrize(("text", "ranks"), [(FLAT + wired(1, 2), (2, 3)),
                                             (THREE.replace("layout: array", "layout: array, rows: 1") + wired(1, 2), (3,))],
                         ids=["2D", "3D"])
def test_a_run_is_the_same_on_one_to_three_ranks(tmp_path, text, ranks):
    path = tmp_path / "array.yaml"
    path.write_text("name: array\nmaterial: mapbi3_gold\n" + text + FILAMENT + (
        "protocol: [{write: {cell: [1, 1], amplitude: 0.2 V, width: 2 us, period: 3 us, scheme: V/3}}, "
        "{read: {cell: [1, 2], width: 1 us, others: floating}}]\noutput: {figures: off}\n"))
    for number in (1, *ranks):
        done = halofil_run(path, tmp_path / str(number), ranks=number)
        assert done.returncode == 0, done.stdout + done.stderr
    one = table(tmp_path / "1")
    for number in ranks:
        assert_same(one, table(tmp_path / str(number)), rtol=1e-4)  # iterative solves stop at 1e-6; sums of small currents
    gained = [f"vacancies from neighbours cell_1_{k} [1]" for k in (1, 2)]
    assert abs(one[gained].iloc[-1].sum()) < 1e-6 * abs(one[gained[0]].iloc[-1])  # the balances hold to 1e-8 of all vacancies
    assert one["filament gap cell_1_2 [m]"].iloc[-1] == pytest.approx(8e-9, rel=0.1)


@pytest.mark.parametrize(("old", "new", "key", "words"), [
    ("cell: [1, 1]", "cell: [3, 1]", "protocol.0.read.cell", "is not in the array"),
    ("cell: [1, 1]", "cell: [1]", "protocol.0.read.cell", "is no cell"),
    ("{read: {cell: [1, 1], width: 10 us}}", "{sweep: {to: 0.1 V, rate: 1 V/s}}", "protocol.0.sweep", "acts on a single driven terminal"),
    ("{read: {cell: [1, 1], width: 10 us}}", "{bias: {voltages: {cool_1: 0.1 V}, duration: 1 s}}", "protocol.0.bias.voltages.cool_1", "nearest: col_1"),
    ("{read: {cell: [1, 1], width: 10 us}}", "{write: {cell: [1, 1], amplitude: 0.1 V, width: 2 s, period: 1 s}}", "protocol.0.write.period", "not longer"),
    ("row_2: driven", "row_3: driven", "terminals", "no terminal 'row_3'"),
    ("row_1: driven", "row_1: ground", "protocol.0.read.cell", "make it driven"),
    ("pitch: 120 nm", "pitch: 60 nm", "device.pitch", "would touch"),
    ("film_thickness: 80 nm", "film_thickness: 60 nm", "device.film_thickness", "does not cover"),
    ("layout: array", "layout: array, dimension: 2", "device.rows", "must be 1 in 2D"),
    ("physics:", "output: {fields_every: 1 mV}\nphysics:", "output.fields_every", "must be a time"),
])  # fmt: skip
def test_a_mistake_in_an_array_is_a_fault_at_its_key(tmp_path, old, new, key, words):
    from solver.scenario import ScenarioError

    text = THREE + OFF + wired() + READ
    assert old in text
    with pytest.raises(ScenarioError) as error:
        scenario(tmp_path, text.replace(old, new))
    found = [str(f) for f in error.value.faults]
    assert any(f": {key}: " in f and words in f for f in found), found


def test_steps_of_an_array_are_refused_in_other_layouts(tmp_path):
    from solver.scenario import ScenarioError

    with pytest.raises(ScenarioError, match="belongs to layout array"):
        scenario(tmp_path, "device: {layout: axisymmetric_gap}\nterminals: {top: driven, bottom: ground}\n" + READ)


def test_a_resolved_array_loads_to_an_equal_one(tmp_path):
    from solver.scenario import parse_scenario

    s = scenario(tmp_path, THREE + OFF + wired(col_2="floating") + (
        "protocol: [{repeat: {count: 2, steps: [{write: {cell: [1, 1], amplitude: 0.2 V, width: 80 ms}}, "
        "{bias: {voltages: {row_2: 0.1 V}, duration: 1 s, others: floating}}]}}]\n"))
    assert parse_scenario(s.resolved_yaml()) == s


def test_a_large_array_is_told_what_is_missing_in_a_short_sentence(tmp_path):
    from solver.scenario import ScenarioError

    text = ("device: {layout: array, rows: 38, columns: 1, pitch: 160 nm, electrode_width: 80 nm, spacer_thickness: 60 nm, electrode_thickness: 30 nm, "
            "film_thickness: 180 nm}\nterminals: {row_1: driven, col_1: driven}\nprotocol: [{read: {cell: [1, 1]}}]\n")
    with pytest.raises(ScenarioError, match=r"row_2 is missing; write every row and column, e\.g\. \{row_1: driven, \.\.\., col_1: driven\}") as error:
        scenario(tmp_path, text)
    assert len(str(error.value)) < 300
