"""Fits: residuals against the measured bands, the search on functions whose answer is known, log, front, sensitivities."""

import json
import math
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from solver.analysis.comparison import compare, quantities
from solver.analysis.measured import Band
from solver.scenario import ScenarioError, load_scenario
from solver.studies import material_file, sensitivity
from solver.studies.fit import problem
from solver.studies.front import nondominated
from solver.studies.objective import Target, cost, targets
from solver.studies.pool import Pool
from solver.studies.quantities import Span
from solver.studies.search import Box, Residuals, descend, explore
from solver.studies.trials import Evaluator, Exhausted, Log, Trial
from solver.units import parse_quantity
from tests.synthetic_run import sweep_table

SCENARIOS = Path(__file__).parents[1] / "scenarios"
LINEAR = Band(0.13, 0.19, 0.16, "")
CURRENT = Band(-12e-9, -3e-9, -6e-9, "")


def target(quantity, band, weight=1.0):
    return Target("s", quantity, band, weight)


@pytest.mark.parametrize(("quantity", "band", "value", "residual"), [
    ("V_set [V]", LINEAR, 0.16, 0.0), ("V_set [V]", LINEAR, 0.19, 1.0), ("V_set [V]", LINEAR, 0.10, -2.0),
    ("V_set [V]", LINEAR, None, 10.0), ("V_set [V]", LINEAR, 3e6, 10.0),
    ("V_set [V]", LINEAR, 0.16 + 0.03 * 7.5, 10 - 25 / 7.5),
    ("last current [A]", CURRENT, -6e-9, 0.0), ("last current [A]", CURRENT, -12e-9, 1.0),
    ("last current [A]", CURRENT, -1.5e-9, -2.0), ("last current [A]", CURRENT, 6e-9, 10.0),
])
def test_residuals_are_half_widths_of_the_band(quantity, band, value, residual):
    assert target(quantity, band).residual(value, 10.0) == pytest.approx(residual, abs=1e-6)


def test_a_quantity_lies_in_its_band_exactly_when_its_residual_is_at_most_one():
    for t in (target("V_set [V]", LINEAR), target("last current [A]", CURRENT)):
        for value in np.linspace(1.3 * t.band.low, 1.3 * t.band.high, 57):
            assert t.band.holds(value) == (abs(t.residual(value, 10.0)) <= 1)


def test_the_cost_is_a_weighted_mean_of_squares():
    ts = [target("a", LINEAR), target("b", LINEAR, 3.0)]
    assert cost(ts, {"s: a": 0.19, "s: b": 0.10}, 10.0) == pytest.approx((1 + 3 * 4) / 4)


@pytest.mark.parametrize(("cycles", "peak"), [(1, 0.2), (6, 0.2), (1, -0.2)])
def test_what_a_protocol_gives_is_known_before_it_runs(tmp_path, cycles, peak):
    """The same quantities and bands as `halofil compare` finds afterwards."""
    text = (SCENARIOS / "quick.yaml").read_text().split("protocol:")[0] + (
        f"protocol: [repeat: {{count: {cycles}, steps: [sweep: {{to: {peak} V, rate: 0.1 V/s}}, sweep: {{to: {-peak} V, rate: 0.1 V/s}},"
        " sweep: {to: 0 V, rate: 0.1 V/s}]}]\n")
    (tmp_path / "scenario.yaml").write_text(text)
    sweep_table(cycles=cycles, polarity=np.sign(peak)).to_csv(tmp_path / "terminals.csv", index=False)
    found = {row.quantity: row.measured for row in compare([tmp_path])}
    assert quantities(load_scenario(tmp_path / "scenario.yaml")) == found


@pytest.mark.parametrize("name", ["pulses_80ms", "pulses_55ms", "retention", "read_disturb", "lateral_90nm"])
def test_pulses_reading_and_the_lateral_pair_are_known_before_they_run_too(tmp_path, name):
    """As above, with a table that holds the right steps in time and a made-up current."""
    import pandas

    from solver.transient.waveforms import Waveform

    scenario = load_scenario(SCENARIOS / f"{name}.yaml")
    (tmp_path / "scenario.yaml").write_text(scenario.resolved_yaml())
    driven, other = sorted(scenario.terminals, key=lambda t: scenario.terminals[t].role)
    rows = [(t, v) for s in Waveform(scenario.protocol).segments
            for t, v in ((s.start + 1e-9, s.v_start), (0.5 * (s.start + s.end), s.voltage(0.5 * (s.start + s.end))), (s.end, s.v_end))]
    time, volts = np.array(rows).T
    frame = pandas.DataFrame({"time [s]": time, f"voltage {driven} [V]": volts, f"voltage {other} [V]": 0 * volts,
                              f"current {driven} [A]": 1e-8 * volts, f"displacement current {driven} [A]": 0 * time,
                              "energy [J]": 0 * time, "conductance [S]": 1e-8 + 0 * time})
    frame.to_csv(tmp_path / "terminals.csv", index=False)
    assert quantities(scenario) == {row.quantity: row.measured for row in compare([tmp_path])}


def test_weight_zero_leaves_a_quantity_out_and_a_scenarios_own_weight_comes_first():
    quick = load_scenario(SCENARIOS / "quick.yaml")
    found = {t.quantity: t.weight for t in targets([quick], {"V_set [V]": 2.0, "quick: V_set [V]": 5.0, "S_off [S]": 0.0})}
    assert found["V_set [V]"] == 5.0 and "S_off [S]" not in found and found["V_reset [V]"] == 1.0


# ---- the search, on functions instead of runs ----------------------------------------------------------------------

class Model:
    """Stands in for the evaluator: observables are a function of the parameters; counts what is asked for."""

    def __init__(self, function, bands, most=None):
        self.function, self.penalty, self.most = function, 10.0, most
        self.targets = [target(f"o{k}", band) for k, band in enumerate(bands)]
        self.known = {}

    def evaluate(self, wanted, purpose):
        for settings in wanted:
            key = json.dumps(settings)
            if key not in self.known:
                if self.most is not None and len(self.known) >= self.most:
                    raise Exhausted
                values = self.function(*settings.values())
                self.known[key] = Trial(len(self.known) + 1, settings, {}, {t.name: v for t, v in zip(self.targets, values)},
                                        purpose=purpose)
        return [self.known[json.dumps(settings)] for settings in wanted]

    def best(self):
        return min(self.known.values(), key=lambda t: cost(self.targets, t.values, self.penalty))


BOX = Box({"a": Span.between(0.01, 100, log=True), "b": Span.between(-5, 5, log=False)})
UNIT = Band(-0.1, 0.1, 0.0, "")


def curved(a, b):
    """Zero at a = 3, b = 1 only."""
    return math.log(a / 3), (b - 1) + 0.3 * math.log(a / 3) ** 2


def test_the_search_finds_the_only_zero_in_few_trials():
    model = Model(curved, [UNIT, UNIT])
    descend(BOX, model, np.array([0.2, 0.9]), 0.02)
    found = model.best().settings
    # the search ends where both lie within a tenth of a half-width on the mean: 0.1 sqrt(2) 0.1
    assert found["a"] == pytest.approx(3, rel=0.015) and found["b"] == pytest.approx(1, abs=0.015)
    assert len(model.known) < 40


def test_a_minimum_on_a_bound_is_reached_and_bounds_are_never_left():
    asked = []

    def beyond(a, b):
        asked.append((a, b))
        return math.log(a / 1000), b - 1  # a = 1000 lies outside

    model = Model(beyond, [Band(-3, 3, 0, ""), UNIT])
    descend(BOX, model, np.array([0.5, 0.5]), 0.02)
    assert model.best().settings["a"] == pytest.approx(100, rel=1e-3)
    assert all(0.01 <= a <= 100 and -5 <= b <= 5 for a, b in asked)


def test_the_search_goes_on_beside_failing_runs():
    """Where b > 1.2 every run fails: first neighbours of the start, and steps on the way."""
    model = Model(lambda a, b: (None, None) if b > 1.2 else curved(a, b), [UNIT, UNIT])
    descend(BOX, model, np.array([0.4, BOX.spans["b"].share(1.19)]), 0.02)
    assert cost(model.targets, model.best().values, 10.0) < 0.01
    assert any(None in trial.values.values() for trial in model.known.values())


def test_no_difference_is_taken_against_a_run_that_failed():
    """b + step fails: the derivative comes from the other side."""
    model = Model(lambda a, b: (None, None) if b > 1.05 else (a, 3 * b), [UNIT, UNIT])
    jacobian = Residuals(BOX, model, 0.02).jacobian(np.array([0.5, BOX.spans["b"].share(1.0)]))
    # da/du = ln(1e4) a sinh-like at a = 1: (1e4^0.02 - 1)/0.02; db/du = 10, dr/db = 3/0.1
    np.testing.assert_allclose(jacobian, [[10 * (1e4**0.02 - 1) / 0.02, 0], [0, 300]], rtol=1e-5, atol=1e-6)


def test_the_loss_of_the_search_is_the_squared_residual_of_the_cost():
    """And its derivatives are those of finite differences."""
    model = Model(curved, [UNIT])
    model.targets = [target("o", UNIT, 3.0)]
    loss = Residuals(BOX, model, 0.02).loss
    for z in (0.3, 20.0, 30.0, 400.0):
        value, first, second = (float(x[0]) for x in loss(np.array([z])))
        assert value == pytest.approx(3 * model.targets[0].residual(0.1 * z**0.5, 10.0) ** 2)
        up, down = (loss(np.array([z * f])) for f in (1 + 1e-5, 1 - 1e-5))
        assert first == pytest.approx((up - down)[0, 0] / (2e-5 * z), rel=1e-6)
        assert second == pytest.approx((up - down)[1, 0] / (2e-5 * z), rel=1e-4, abs=1e-12)


def test_the_samples_come_first_and_fill_the_box():
    model = Model(curved, [UNIT, UNIT])
    trials = explore(BOX, model, 8)
    assert sorted(int(BOX.point(t.settings)[0] * 8) for t in trials) == list(range(8))


# ---- trials and their log, runs by a stand-in ----------------------------------------------------------------------

RUN = """
import json, pathlib, re, sys
folder = pathlib.Path(sys.argv[1]); folder.mkdir(parents=True, exist_ok=True)
gap = float(re.search("gap: ([0-9.]+) nm", pathlib.Path(sys.argv[2]).read_text()).group(1))
with open(folder.parent / "count", "a") as count: count.write("x")
if gap > 70:
    print("stopped: too wide"); sys.exit(3)
(folder / "summary.json").write_text(json.dumps({"wall time [s]": 1.0}))
(folder / "value").write_text(str(gap))
"""
FIT = "name: f\nscenarios: [{0}]\nparameters:\n  device.gap: {{from: 55 nm, to: 80 nm}}\n"


@pytest.fixture
def fitted(tmp_path, monkeypatch):
    """Evaluator over `quick` whose runs only note the gap, which counts as V_set."""
    (tmp_path / "fit.yaml").write_text(FIT.format(SCENARIOS / "quick.yaml"))
    made = problem(tmp_path / "fit.yaml", tmp_path / "out")
    monkeypatch.setattr("solver.studies.trials.observed", lambda folder: {"V_set [V]": float((folder / "value").read_text())})

    def evaluator(**options):
        pool = Pool(2, command=lambda member, anew: [sys.executable, "-c", RUN, str(member.folder), str(member.scenario)])
        (tmp_path / "out").mkdir(exist_ok=True)
        return Evaluator(made.load, ["quick"], made.targets, 10.0, tmp_path / "out" / "members",
                         Log(tmp_path / "out" / "trials.jsonl"), pool, **options)

    return SimpleNamespace(made=made, evaluator=evaluator, runs=lambda: len((tmp_path / "out" / "members" / "count").read_text()),
                           log=tmp_path / "out" / "trials.jsonl")


def test_every_trial_is_one_line_of_the_log_and_none_is_run_twice(fitted):
    wanted = [{"device.gap": gap} for gap in ("60 nm", "0.06 um", "61 nm")]
    first = fitted.evaluator().evaluate(wanted, "step")
    assert [t.values["quick: V_set [V]"] for t in first] == [60.0, 60.0, 61.0]
    again = fitted.evaluator().evaluate(wanted, "step")  # a new process: all it knows is the log
    assert again == first and fitted.runs() == 2
    rows = [json.loads(line) for line in fitted.log.read_text().splitlines()]
    assert [row["trial"] for row in rows] == [1, 2]
    assert set(rows[0]) == {"trial", "purpose", "cost", "parameters", "observables", "residuals", "failures", "wall [s]", "runs",
                            "code"}


def test_a_trial_is_logged_when_its_runs_end_and_in_the_order_wanted(fitted):
    """Many trials wanted at once: each is told of while the later ones have yet to run."""
    runs_then = []
    wanted = [{"device.gap": gap} for gap in ("40 nm", "60 nm", "75 nm", "61 nm", "62 nm", "63 nm")]
    trials = fitted.evaluator(told=lambda trial: runs_then.append(fitted.runs())).evaluate(wanted, "explore")
    assert [t.number for t in trials] == [1, 2, 3, 4, 5, 6]
    assert runs_then == sorted(runs_then) and runs_then[0] <= 3 and runs_then[-1] == 5  # of five runs, two at a time; 40 nm makes none


def test_a_failed_run_has_the_stated_penalty_and_says_why(fitted):
    bad, good = fitted.evaluator().evaluate([{"device.gap": "75 nm"}, {"device.gap": "60 nm"}], "step")
    assert bad.failures == {"quick": "stopped: too wide"} and good.failures == {}
    assert bad.residuals(fitted.made.targets, 10.0) == [10.0] * len(fitted.made.targets)
    assert fitted.made.cost(bad) == pytest.approx(100.0)


def test_parameters_that_make_no_scenario_are_a_failed_trial(fitted):
    trial, = fitted.evaluator().evaluate([{"device.gap": "40 nm"}], "step")  # the filament is 52 nm high
    assert "quick" in trial.failures and fitted.made.cost(trial) == pytest.approx(100.0)
    assert fitted.evaluator().evaluate([{"device.gap": "40 nm"}], "step") == [trial]


def test_the_number_of_trials_is_bounded_over_all_starts(fitted):
    wanted = [{"device.gap": f"{gap} nm"} for gap in (60, 61, 62)]
    with pytest.raises(Exhausted):
        fitted.evaluator(most=2).evaluate(wanted, "step")
    assert fitted.runs() == 2
    fitted.evaluator(most=2).evaluate(wanted[:2], "step")  # known ones cost nothing


def test_a_line_cut_short_by_a_kill_is_dropped(fitted):
    fitted.evaluator().evaluate([{"device.gap": "60 nm"}], "step")
    whole = fitted.log.read_bytes()
    fitted.log.write_bytes(whole + whole[: len(whole) // 2])
    assert len(Log(fitted.log).trials) == 1 and fitted.log.read_bytes() == whole


@pytest.mark.parametrize(("text", "fault"), [
    ("parameters: {material.film.temperature: }", "the material gives no range for it"),
    ("parameters: {device.gpa: {from: 55 nm, to: 60 nm}}", "fit.yaml:3: parameters.device.gpa: quick has no number there"),
    ("parameters: {device.gap: {from: 55 nm}}", "give both from and to"),
    ("parameters: {device.gap: {from: 61 nm, to: 70 nm}}", "lies outside 61 nm to 70 nm"),
    ("parameters: {device.gap: {from: 50 nm, to: 70 nm}}", "the gap is 50 nm; write less than that (with device.gap = 50.0 nm)"),
    ("parameters: {material.film.relative_permittivity: }\nweights: {'V_st [V]': 2}", "fit.yaml:4: weights: no scenario gives the quantity V_st [V] (nearest: V_set [V])"),
    ("parameters: {device.gap: {from: 55 nm, to: 70 nm}}\ntrails: 3", "trails: unknown key (nearest: trials)"),
])
def test_faults_of_a_fit_file_name_line_and_key(tmp_path, text, fault):
    path = tmp_path / "fit.yaml"
    path.write_text(f"name: f\nscenarios: [{SCENARIOS / 'quick.yaml'}]\n{text}\n")
    with pytest.raises(ScenarioError) as error:
        problem(path)
    assert fault in str(error.value)


def test_bounds_default_to_the_materials_range_and_the_start_to_its_value(tmp_path):
    path = tmp_path / "fit.yaml"
    path.write_text(f"name: f\nscenarios: [{SCENARIOS / 'quick.yaml'}]\nparameters: {{material.film.relative_permittivity: }}\n")
    made = problem(path)
    span = made.box.spans["material.film.relative_permittivity"]
    assert (span.low, span.high, span.log) == (25, 70, True)
    assert made.start == {"material.film.relative_permittivity": pytest.approx(60)}


def test_a_fit_begins_at_what_it_sets(tmp_path):
    path = tmp_path / "fit.yaml"
    # quick.yaml has no conductance of its own at the top: only `set` gives it one
    path.write_text(f"name: f\nscenarios: [{SCENARIOS / 'quick.yaml'}]\nset: {{physics.contacts.top.conductance: 2e11 S/m^2, device.gap: 58 nm}}\n"
                    "parameters: {physics.contacts.top.conductance: {from: 1e11 S/m^2, to: 1e12 S/m^2}, device.gap: {from: 55 nm, to: 80 nm}}\n")
    start = problem(path).start
    assert parse_quantity(start["physics.contacts.top.conductance"], "conductance per area") == pytest.approx(2e11)
    assert parse_quantity(start["device.gap"], "length") == pytest.approx(58e-9)


# ---- afterwards ----------------------------------------------------------------------------------------------------

def test_the_new_material_differs_from_the_old_in_the_fitted_values_only(tmp_path):
    old = (SCENARIOS / "materials" / "mapbi3_gold.yaml").read_text()
    new = material_file.rewritten(old, "new", {"filament.growth_velocity": "3 nm/s", "ions.vacancies.diffusivity": "6e-10 cm^2/s"},
                                  "fitted (here)", "written by a test")
    changed = [(a, b) for a, b in zip(old.splitlines(), new.splitlines()[1:], strict=True) if a != b]
    assert [b.split(":")[0].strip() for _, b in changed] == ["name", "diffusivity", "growth_velocity"]
    (tmp_path / "materials").mkdir()
    (tmp_path / "materials" / "new.yaml").write_text(new)
    (tmp_path / "s.yaml").write_text((SCENARIOS / "quick.yaml").read_text().replace("mapbi3_gold", "new"))
    material = load_scenario(tmp_path / "s.yaml").material
    assert material.filament.growth_velocity.value == pytest.approx(3e-9)
    before = load_scenario(SCENARIOS / "quick.yaml").material.filament.growth_velocity
    assert material.filament.growth_velocity.source == f"fitted (here); before: {1e9 * before.value:.3g} nm/s, {before.source}"


def test_the_front_holds_what_nothing_beats():
    costs = np.array([[1, 5], [2, 2], [5, 1], [3, 3], [2, 2], [1, 6]])
    assert nondominated(costs).tolist() == [True, True, True, False, False, False]


def test_a_combination_names_each_parameter_by_what_tells_it_from_the_others():
    keys = ["material.contacts.conductance", "physics.contacts.top.conductance", "device.gap", "contacts.conductance"]
    assert sensitivity.in_words(np.array([0.7, -0.5, 0.4, 0.3]), keys) == (
        "material.contacts.conductance^0.7 * top.conductance^-0.5 * gap^0.4 * contacts.conductance^0.3")


def test_sensitivities_of_powers_are_their_exponents_and_equal_columns_cannot_be_told_apart():
    """o0 = a^2 b^2, o1 = c: only the product of a and b is known."""
    spans = {key: Span.between(0.1, 10, log=True) for key in "abc"}
    model = Model(lambda a, b, c: ((a * b) ** 2, c), [Band(0.9, 1.1, 1, ""), Band(0.8, 1.2, 1, "")])
    made = SimpleNamespace(targets=model.targets, box=Box(spans), fit=SimpleNamespace(penalty=10.0))
    at, step = dict.fromkeys("abc", 1.0), 0.05
    wanted = [at, *(sensitivity.moved(spans, at, {key: side * step}) for key in "abc" for side in (1, -1)),
              *(sensitivity.moved(spans, at, dict.fromkeys("abc", side * step * sensitivity.PROBE)) for side in (1, -1))]
    found = sensitivity.derivatives(made, model.evaluate(wanted, "sensitivity"), 3, step)
    # central differences of ln O are exact for powers
    np.testing.assert_allclose(found.logarithmic, [[2, 2, 0], [0, 0, 1]], atol=1e-9)
    # sinh(2 step)/(2 step) and sinh(step)/step times 2/0.1 and 1/0.2
    np.testing.assert_allclose(found.residual, [[20, 20, 0], [0, 0, 5]], rtol=2e-3)
    table = sensitivity.combinations(made, found, list("abc"))
    assert list(table["told apart by the data"]) == ["yes", "yes", "no"]
    lost = table.iloc[2]
    assert abs(lost["a"] + lost["b"]) < 1e-6 and abs(lost["c"]) < 1e-6 and abs(lost["a"]) == pytest.approx(0.5**0.5)
