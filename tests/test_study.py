"""Studies: the points of a file, faults at their line, and members run side by side by a stand-in for `halofil run`."""

import json
import os
import signal
import sys
import threading
import time
from pathlib import Path

import pandas
import pytest

from solver.scenario import ScenarioError
from solver.studies import reading
from solver.studies.members import DONE, FAILED, INTERRUPTED, WAITING, Member
from solver.studies.points import points
from solver.studies.pool import Pool
from solver.studies.quantities import Span, value_of
from solver.studies.schema import Study
from solver.studies.study import plan
from solver.studies.table import numbers, write
from solver.units import QuantityError

QUICK = Path(__file__).parents[1] / "scenarios" / "quick.yaml"


def study(**keys):
    return Study.model_validate({"name": "s", "scenario": "quick.yaml"} | keys)


def written(tmp_path, text):
    path = tmp_path / "study.yaml"
    path.write_text(f"name: s\nscenario: {QUICK}\n{text}")
    return path


def test_every_combination_comes_once_and_keys_of_one_entry_step_together():
    made = study(vary=[{"a.x": ["1 nm", "2 nm"], "a.y": [3, 4]}, {"b": {"from": "1 V", "to": "100 V", "count": 3, "scale": "log"}}])
    found = list(points(made))
    assert [(p["a.x"], p["a.y"]) for p in found] == [("1 nm", 3)] * 3 + [("2 nm", 4)] * 3
    assert [p["b"] for p in found[:3]] == ["1.0 V", "10.0 V", "100.0 V"]


@pytest.mark.parametrize("method", ["sobol", "latin_hypercube"])
def test_samples_fill_every_range_evenly_and_the_seed_gives_them_again(method):
    ranges = {"a": {"from": "0 nm", "to": "8 nm"}, "b": {"from": 1, "to": 256, "scale": "log"}}
    drawn = [list(points(study(vary=ranges, sample={"method": method, "count": 8, "seed": n}))) for n in (1, 1, 2)]
    assert drawn[0] == drawn[1] != drawn[2]
    # both methods put one point of eight into each eighth of every coordinate
    assert sorted(int(float(p["a"].split()[0])) for p in drawn[0]) == list(range(8))
    assert sorted(int(Span.between(1, 256, log=True).share(p["b"]) * 8) for p in drawn[0]) == list(range(8))


def test_repeats_are_seeds():
    found = list(points(study(vary={"a": [1, 2]}, repeats=2)))
    assert [(p["a"], p["physics.noise.seed"]) for p in found] == [(1, 1), (1, 2), (2, 1), (2, 2)]


def test_repeats_alone_are_a_study():
    assert list(points(study(repeats=3))) == [{"physics.noise.seed": n} for n in (1, 2, 3)]


@pytest.mark.parametrize("log", [False, True])
def test_a_span_and_its_share_are_inverse(log):
    span = Span.between("10 nm", "1 um", log=log)
    for share in (0.0, 0.3, 1.0):
        assert span.share(span.at(share)) == pytest.approx(share, abs=1e-6)  # values have 8 digits
    with pytest.raises(QuantityError, match="cannot be written in nm"):
        span.share("1 V")


@pytest.mark.parametrize(("text", "fault"), [
    ("vary: {device.gap: [50 nm, 5 m]}", "study.yaml:3: device.gap = 5 m: 5 m is out of range"),
    ("vary:\n  device.gap: [50 nm]\n  device.radus: [80 nm]", "study.yaml:5: device.radus = 80 nm: unknown key (nearest: radius)"),
    ("vary: {device.gap: {from: 1 nm, to: 5 s, count: 2}}", "study.yaml:3: vary.device.gap: '5 s' cannot be written in nm"),
    ("vary: {device.gap: {from: 1 nm, to: 5 nm}}", "device.gap needs count"),
    ("vary: {device.gap: []}", "study.yaml:3: vary.device.gap: must be a list with at least one entry"),
    ("vary: [{device.gap: [1 nm], device.radius: [1 nm, 2 nm]}]", "device.gap has 1, device.radius has 2"),
    ("vary: {device.gap: [1 nm]}\nrepeat: 3", "study.yaml:4: repeat: unknown key (nearest: repeats)"),
    ("set: {physics.noise: off}\nvary: {device.gap: [60 nm]}\nrepeats: 2", "study.yaml:5: physics.noise.seed = 1"),
    ("ranks: 1", "vary: nothing is varied; give keys and values"),
    ("repeats: 4\nsample: {count: 8}", "vary: nothing is varied; give keys and values"),
    ("set: {device.gap: 1 nm}\nvary: {device.gap: [1 nm]}", "device.gap is given twice"),
])
def test_faults_name_file_line_and_key(tmp_path, text, fault):
    with pytest.raises(ScenarioError) as error:
        plan(written(tmp_path, text))
    assert fault in str(error.value)
    assert list(tmp_path.iterdir()) == [tmp_path / "study.yaml"]


def test_any_material_value_can_be_varied_and_is_read_back_in_si(tmp_path):
    made, _ = plan(written(tmp_path, "vary: {material.ions.vacancies.diffusivity: [1e-9 cm^2/s], protocol.0.sweep.to: [0.1 V],"
                                     " device.layout: [axisymmetric_gap]}"))
    assert made.settings == [{"material.ions.vacancies.diffusivity [m^2/s]": 1e-13, "protocol.0.sweep.to [V]": 0.1,
                              "device.layout": "axisymmetric_gap"}]


def test_equal_scenarios_are_one_member_however_they_are_written(tmp_path):
    made, _ = plan(written(tmp_path, "vary: {device.gap: [60 nm, 0.06 um, 61 nm]}"))
    a, b, c = (member.digest for member in made.members)
    assert a == b != c


def test_every_number_of_a_summary_gets_a_column_with_its_unit():
    found = dict(numbers({"V [V]": 1.0, "none [S]": None, "by cycle [V]": [1.0, 2.0], "name": "x", "seconds by part [s]": {"mesh": 3.0},
                          "trains": [{"width [s]": 4.0, "current [A]": [5.0]}]}))
    assert found.pop("none [S]") != found  # not a number
    assert found == {"V [V]": 1.0, "by cycle 1 [V]": 1.0, "by cycle 2 [V]": 2.0, "seconds by part: mesh [s]": 3.0,
                     "trains 1: width [s]": 4.0, "trains 1: current 1 [A]": 5.0}


def test_both_files_hold_the_table(tmp_path):
    frame = pandas.DataFrame({"a [m]": [1e-9, 2e-9], "word": ["x", None], "mixed": [0.5, "off"], "n": [1, 2]})
    csv, parquet = write(frame, tmp_path, "t")
    pandas.testing.assert_frame_equal(pandas.read_parquet(parquet), pandas.read_csv(csv), check_dtype=False)
    assert list(pandas.read_parquet(parquet)["a [m]"]) == [1e-9, 2e-9]


# ---- the pool, with a stand-in that takes no time -----------------------------------------------------------------

STAND_IN = """
import json, os, pathlib, signal, sys, time
folder, what = pathlib.Path(sys.argv[1]), sys.argv[2]
(folder / "checkpoint").mkdir(parents=True, exist_ok=True)
(folder / "started").write_text(str(time.monotonic()))
if what == "wait":
    def stop(number, frame):
        (folder / "checkpoint" / "state.h5").touch()
        sys.exit(130)
    signal.signal(signal.SIGINT, stop)
    (folder / "ready").touch()
    time.sleep(60)
if what == "fail":
    print("the solution could not go on: a sentence")
    sys.exit(3)
if what == "kill":
    os.kill(os.getpid(), signal.SIGKILL)
time.sleep(0.3)
(folder / "summary.json").write_text(json.dumps({"wall time [s]": 0.3, "V_set [V]": 0.1, "peak memory [B]": 1e9}))
(folder / "ended").write_text(str(time.monotonic()))
"""


def members(tmp_path, *names):
    return [Member(name, "", tmp_path / "members", name, {}, 1.0, "2D x") for name in names]


def pool(behaviour, **options):
    def command(member, *, anew):
        return [sys.executable, "-c", STAND_IN, str(member.folder), behaviour.get(member.digest, "done")]

    return Pool(command=command, **options)


def span_of(member):
    return [float((member.folder / name).read_text()) for name in ("started", "ended")]


def overlaps(members):
    """How many ran at once at most: counted where one starts (a long one may meet two short ones, one after the other)."""
    spans = [span_of(m) for m in members]
    return max(sum(start <= now < end for start, end in spans) for now, _ in spans)


def test_a_failing_member_stops_no_other_and_says_why(tmp_path):
    made = members(tmp_path, "a", "b", "c", "d")
    with pool({"b": "fail", "c": "kill"}, jobs=2) as running:
        running.run(made)
    assert [m.status for m in made] == [DONE, FAILED, FAILED, DONE]
    assert made[1].reason == "the solution could not go on: a sentence"
    assert made[2].reason == "killed by signal 9 (out of memory?)"


def test_what_is_finished_or_failed_is_left_alone_and_what_was_killed_goes_on(tmp_path):
    made = members(tmp_path, "a", "b", "c")
    with pool({"b": "fail", "c": "kill"}, jobs=3) as running:
        running.run(made)
    before = (made[0].folder / "started").read_text()
    with pool({}, jobs=3) as running:
        running.run(made)
    assert [m.status for m in made] == [DONE, FAILED, DONE]
    with pool({}, jobs=3) as running:
        running.run(made, retry=True)
    assert made[1].status == DONE and (made[0].folder / "started").read_text() == before


def test_no_more_than_jobs_run_at_a_time(tmp_path):
    made = members(tmp_path, *"abcd")
    with pool({}, jobs=2) as running:
        running.run(made)
    assert overlaps(made) == 2


def test_members_wait_for_memory_but_one_always_runs(tmp_path):
    made = members(tmp_path, *"abc")
    with pool({}, jobs=3, room=lambda: 0.1e9) as running:
        running.run(made)
    assert overlaps(made) == 1 and all(m.status == DONE for m in made)


def test_the_first_interrupt_asks_every_member_for_its_checkpoint(tmp_path):
    made = members(tmp_path, "a", "b", "c")

    def interrupt():
        while not all((m.folder / "ready").exists() for m in made[:2]):
            time.sleep(0.05)
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=interrupt)
    with pool({"a": "wait", "b": "wait"}, jobs=2) as running:
        thread.start()
        running.run(made)
    thread.join()
    assert running.interrupted and [m.status for m in made] == [INTERRUPTED, INTERRUPTED, WAITING]


def test_a_setting_outside_the_study_file_is_reported_where_it_stands(tmp_path):
    base = tmp_path / "base.yaml"
    base.write_text(QUICK.read_text().replace("gap: 60 nm", "gap: 60"))
    path = tmp_path / "study.yaml"
    path.write_text("name: s\nscenario: base.yaml\nvary: {device.radius: [80 nm]}\n")
    with pytest.raises(ScenarioError, match=r"base\.yaml:5: device\.gap: 60 has no unit"):
        plan(path)


def test_settings_reach_the_scenario(tmp_path):
    made, document = reading.read(written(tmp_path, "vary: {physics.heat: [off]}"), Study)
    scenario = reading.load_member(QUICK, next(points(made)), document, ("vary",))
    assert value_of(scenario, "physics.heat") == ("off", "")
    assert value_of(scenario, "no.such.key") == (None, "")
    assert json.dumps(value_of(scenario, "solver.max_steps")).endswith('"1"]')


def test_every_key_of_study_and_fit_files_is_in_the_docs():
    from solver.studies.fit_schema import Fit, FitParameter
    from solver.studies.schema import Range, Sample

    text = (Path(__file__).parents[1] / "docs" / "studies.md").read_text()
    study_part, fit_part = text.split("## `halofil fit FIT.yaml`\n")
    for part, models in ((study_part, (Study, Range)), (fit_part, (Fit, FitParameter))):
        for model in models:
            for name, field in model.model_fields.items():
                assert f"`{field.alias or name}`" in part, name
    assert all(f"{name}:" in study_part for name in Sample.model_fields)


@pytest.mark.parametrize("path", sorted((QUICK.parent / "studies").glob("*.yaml")), ids=lambda path: path.stem)
def test_shipped_studies_are_valid(path):
    from solver.studies.fit import problem

    assert problem(path).targets if "parameters:" in path.read_text() else plan(path)[0].members


def test_what_differs_by_rounding_alone_gets_no_panel():
    import pandas

    from solver.studies.pictures import observables

    frame = pandas.DataFrame({"x [m]": [1.0, 2.0], "V_set [V]": [0.13, 0.14], "nonlinearity [1]": [0.6, 0.6 + 1e-13], "reason": ["", ""]})
    assert observables(frame, {"x [m]"}) == ["V_set [V]"]


def test_repeats_alone_get_the_distribution_of_every_observable(tmp_path, drawn):
    """Seeds are no axis: the share of the runs up to each value is drawn, out of all that are done, those without the value too."""
    import pandas

    from solver.studies.pictures import repeats

    made, _ = plan(written(tmp_path, "repeats: 5\n"), out=tmp_path / "out")
    for member, value in zip(made.members, (0.14, 0.13, 0.16, None)):
        member.folder.mkdir(parents=True)
        (member.folder / "scenario.yaml").write_text(QUICK.read_text())
        (member.folder / "terminals.csv").write_text("time [s],voltage top [V],current top [A]\n0.0,0.0,0.0\n1.0,0.1,1e-9\n")
        (member.folder / "summary.json").write_text(json.dumps({"V_set [V]": value}))
    frame = pandas.DataFrame({"physics.noise.seed [1]": [1, 2, 3, 4, 5], "V_set [V]": [0.14, 0.13, 0.16, None, None],
                              "status": [DONE] * 4 + [FAILED]})
    assert [png.name for png in repeats(frame, made, tmp_path / "figures")] == ["distributions.png"]
    (axes,) = drawn[0].axes
    dots = axes.lines[1]
    assert list(dots.get_xdata()) == pytest.approx([130, 140, 160]) and list(dots.get_ydata()) == [0.25, 0.5, 0.75]
    assert axes.get_xlabel() == "V_set [mV]" and axes.get_ylabel() == "share of the runs"


def test_seeds_beside_a_varied_key_get_no_distribution(tmp_path):
    import pandas

    from solver.studies.pictures import repeats

    made, _ = plan(written(tmp_path, "vary: {device.gap: [60 nm]}\nrepeats: 2\n"), out=tmp_path / "out")
    for member in made.members:
        member.folder.mkdir(parents=True)
        (member.folder / "summary.json").write_text("{}")
    assert repeats(pandas.DataFrame({"V_set [V]": [0.1, 0.2]}), made, tmp_path / "figures") == []
