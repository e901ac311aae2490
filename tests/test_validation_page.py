"""docs/validation.md: tables, error bars and paragraphs from made-up runs; the committed page is what its tables give."""

import re
import shutil
import sys
from functools import partial

import numpy as np
import pandas
import pytest

from solver.analysis.pulses import steps_in_time
from solver.figures import style
from solver.scenario import load_scenario
from solver.studies.pool import Pool
from solver.transient.waveforms import Waveform
from tests import synthetic_run as synthetic
from tests.validation import __main__ as command
from tests.validation import page, pictures, running, tables
from tests.validation.cases import CASES, MECHANISMS, variations

# writes nothing by itself: the test puts the table beside the scenario; a run without one fails
STAND_IN = """
import json, pathlib, shutil, sys
scenario, folder = map(pathlib.Path, sys.argv[1:])
folder.mkdir(parents=True, exist_ok=True)
made = scenario.with_name(scenario.stem + ".csv")
if not made.is_file():
    print("the solution could not go on: no current")
    sys.exit(3)
shutil.copy(made, folder / "terminals.csv")
shutil.copy(scenario, folder / "scenario.yaml")
(folder / "summary.json").write_text(json.dumps({"wall time [s]": 12.0, "peak memory [B]": 1e8}))
"""


@pytest.fixture
def place(tmp_path, monkeypatch):
    """An empty page in a folder of its own."""
    monkeypatch.setattr(tables, "ROOT", tmp_path)
    monkeypatch.setattr(tables, "BESIDE", tmp_path / "docs" / "validation")
    monkeypatch.setattr(page, "PAGE", tmp_path / "docs" / "validation.md")
    monkeypatch.setattr(style, "DPI", 40)  # what is drawn is tested in test_figures_*.py
    monkeypatch.setattr(pictures, "FOLDER", tmp_path / "docs" / "pictures" / "validation")
    monkeypatch.setattr(running, "Pool", partial(Pool, command=lambda member, anew: [
        sys.executable, "-c", STAND_IN, str(member.scenario), str(member.folder)]))
    return tmp_path


def prepare(job, table):
    """What the stand-in finds as the result of a run."""
    job.member.root.mkdir(parents=True, exist_ok=True)
    table.to_csv(job.member.root / f"{job.member.digest}.csv", index=False)


def retention_table(s_on=1e-5, off=29.0):
    """A table of the retention protocol: on until 22 s of reading, then log S falls straight to twice the off-state at `off`."""
    protocol = CASES["retention"].load().protocol
    (probe,) = steps_in_time(protocol)[1]
    rows = [(t, v) for s in Waveform(protocol).segments for t, v in ((s.start + 1e-3, s.v_start), (s.end, s.v_end))]
    time, volts = np.array(rows + [(probe.start + t, probe.voltage) for t in np.linspace(0.02, 39.9, 400)]).T
    order = np.argsort(time, kind="stable")
    time, volts = time[order], volts[order]
    fall = np.log(2e-9 / s_on) * (time - probe.start - 22) / (off - 22)
    s = np.maximum(s_on * np.exp(np.minimum(fall, 0.0)), 1e-9)
    current = s * volts
    return pandas.DataFrame({"time [s]": time, "voltage top [V]": volts, "voltage bottom [V]": 0 * volts, "current top [A]": current,
                             "displacement current top [A]": 0 * time, "conductance [S]": s, "energy [J]": np.cumsum(current * volts)})


def paragraphs(place, text):
    path = place / "docs" / "validation" / "outside.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def write(place, *arguments):
    return command.main([*arguments, "--results", str(place / "results")])


def jobs_of(place, *names):
    return running.base_jobs([CASES[name] for name in names], place / "results")


# ---- the page --------------------------------------------------------------------------------------------------------


def test_what_lies_outside_needs_a_paragraph_and_what_lies_inside_must_have_none(place, capsys):
    (job,) = jobs_of(place, "quick")
    prepare(job, synthetic.sweep_table(v_set=0.195))  # too late; everything else inside
    assert write(place, "quick") == 1
    assert "quick: 'V_set [V]' lies outside its band and docs/validation/outside.yaml has no paragraph" in capsys.readouterr().err
    paragraphs(place, "quick: {'V_set [V]': It sets late.}\n")
    assert write(place, "quick") == 0
    text = page.PAGE.read_text()
    assert "**quick: V_set [V]**, 0.195 instead of 0.13 to 0.19. It sets late." in text
    assert "5 of 6 rows lie inside their bands" in text
    paragraphs(place, "quick: {'V_set [V]': It sets late., 'S_off [S]': It is fine., 'S_of [S]': A slip.}\n")
    assert write(place, "--page") == 1
    said = capsys.readouterr().err
    assert "'S_off [S]', which lies inside its band" in said and "'S_of [S]', which is no row" in said


def test_a_row_is_copied_from_compare_with_its_band_and_the_page_follows_from_the_tables(place):
    (job,) = jobs_of(place, "quick")
    prepare(job, synthetic.sweep_table(v_set=0.155))
    assert write(place, "quick") == 0
    line = next(text for text in page.PAGE.read_text().splitlines() if "| V_set [V] |" in text)
    assert [cell.strip() for cell in line.strip("|").split("|")] == [
        "[quick](#quick)", "V_set [V]", "0.16", "0.13 to 0.19", "mean ± one standard deviation", "0.155", "yes"]
    assert page.faults() == [] and page.stale() != []  # the other scenarios have no rows
    assert not any(sentence.startswith("quick") for sentence in page.stale())
    page.PAGE.write_text(page.PAGE.read_text().replace("0.155", "0.160"))
    assert any("not what its tables give" in fault for fault in page.faults())


def test_running_one_scenario_keeps_the_rows_of_the_others_and_takes_finished_runs(place):
    quick, lateral = jobs_of(place, "quick", "negative_first")
    prepare(quick, synthetic.sweep_table())
    prepare(lateral, synthetic.sweep_table(polarity=-1))
    assert write(place, "quick") == 0
    before = (quick.member.folder / "summary.json").stat().st_mtime_ns
    assert write(place, "negative_first", "quick") == 0
    assert (quick.member.folder / "summary.json").stat().st_mtime_ns == before
    rows = tables.read("rows")
    assert list(dict.fromkeys(rows["scenario"])) == ["quick", "negative_first"]  # the page's order
    (row,) = rows[rows["scenario"] == "negative_first"].to_dict("records")
    assert row["quantity"] == "V_set at negative bias [V]" and row["simulated"] == pytest.approx(-0.15, abs=1e-3)
    assert page.PAGE.with_name("pictures").joinpath("validation", "quick_iv.png").is_file()


def test_a_failed_run_is_said_and_ends_with_1_and_the_others_are_written(place, capsys):
    quick, _ = jobs_of(place, "quick", "negative_first")
    prepare(quick, synthetic.sweep_table())
    assert write(place, "quick", "negative_first") == 1
    assert "negative_first failed: the solution could not go on: no current" in capsys.readouterr().err
    assert set(tables.read("rows")["scenario"]) == {"quick"}


def test_nothing_finished_writes_nothing(place, capsys):
    assert write(place, "quick") == 1
    assert "nothing to write" in capsys.readouterr().err and not page.PAGE.exists()


def test_a_name_that_is_none_is_refused_with_2(place, capsys):
    assert write(place, "quik") == 2
    assert "no scenario quik" in capsys.readouterr().err


def test_a_number_that_does_not_exist_is_outside_and_said_to_be_none(place):
    (job,) = jobs_of(place, "quick")
    prepare(job, synthetic.sweep_table(v_reset=-0.5))
    paragraphs(place, "quick: {'V_reset [V]': It never resets.}\n")
    assert write(place, "quick") == 0
    assert "**quick: V_reset [V]**, none instead of" in page.PAGE.read_text()


# ---- numerical errors --------------------------------------------------------------------------------------------------


def test_the_error_bar_is_the_root_of_the_summed_squares_of_what_counts(place):
    made = running.convergence_jobs([CASES["retention"]], place / "results")
    names = [variation.name for _, variation, _ in made]
    mesh, narrow, coarse, steps = names[1:]
    off = {"": 29.0, mesh: 29.3, narrow: 28.9, coarse: 25.0, steps: 29.0}
    reference = made[2][1].against  # the one that has the fine mesh
    for _, variation, job in made:
        prepare(job, retention_table(off=off[variation.name]))
    assert write(place, "retention", "--convergence") == 0
    table = tables.read("convergence")
    mine = table[table["quantity"] == "off after [s]"].set_index("variation")
    assert mine["reference"][narrow] == (mine["value"][mesh] if reference else mine["reference"][mesh])
    assert mine["value"][mesh] != mine["reference"][mesh] and coarse == "interface 2 nm" and not mine["counts"][coarse]
    error = tables.error_bar("retention", "off after [s]", table)
    # 0.3 s by the mesh, 0.4 (0.1) s by the interface; the 4 s of the wide one do not count
    assert error == pytest.approx(0.5 if reference else 0.1**0.5, abs=0.15)
    changes = [(mine["value"] - mine["reference"])[name] for name in (mesh, narrow, steps)]
    assert error == pytest.approx(np.sqrt(np.sum(np.square(changes))))
    line = next(text for text in page.PAGE.read_text().splitlines() if "| off after [s] |" in text)
    assert re.search(r"\| 29\.?\d* ± 0\.[3-7]\d* \|", line)
    assert tables.error_bar("retention", "V_set [V]", table) is None


def test_error_bars_of_the_fast_sweep_stand_for_those_of_the_cycles_and_a_number_that_vanishes_has_none():
    table = pandas.DataFrame([
        {"scenario": "quick", "quantity": "V_set [V]", "variation": "mesh 1.5 nm", "against": "", "reference": 0.15, "value": 0.153,
         "counts": True},
        {"scenario": "quick", "quantity": "V_reset [V]", "variation": "mesh 1.5 nm", "against": "", "reference": -0.1,
         "value": np.nan, "counts": True}])
    assert tables.error_bar("iv_cycles", "V_set [V]", table) == pytest.approx(3e-3)
    assert np.isnan(tables.error_bar("quick", "V_reset [V]", table))


def test_the_3d_cell_has_error_bars_of_its_own_and_is_shown_beside_the_fast_form(place):
    assert [v.name for v in variations(CASES["iv_sweep"])] == ["mesh 1 nm"]
    varied = pandas.DataFrame([
        {"scenario": name, "quantity": "V_set [V]", "variation": variation, "against": "", "reference": 0.15, "value": value, "counts": True}
        for name, variation, value in (("iv_sweep", "mesh 1 nm", 0.153), ("quick", "mesh 1.5 nm", 0.2), ("quick", "interface 0.8 nm", 0.154))])
    assert tables.error_bar("iv_sweep", "V_set [V]", varied) == pytest.approx(5e-3)  # the fast form's mesh is not this one's
    assert tables.error_bar("iv_cycles_3d", "V_set [V]", varied) == pytest.approx(5e-3)
    for name, v_set in (("quick", 0.15), ("iv_sweep", 0.17)):
        (job,) = running.base_jobs([CASES[name]], place / "results")
        prepare(job, synthetic.sweep_table(v_set=v_set))
    write(place, "quick", "iv_sweep")
    lines = [line for line in page.PAGE.read_text().splitlines() if line.startswith("| quick | V_set")]
    assert [line.split("|")[4:6] for line in lines] == [[" 0.15 ", " 0.17 "]]


def test_what_the_page_has_of_the_same_scenario_is_a_reference_and_not_run_again(place):
    made = running.convergence_jobs([CASES["quick"]], place / "results")
    prepare(made[0][2], synthetic.sweep_table(v_set=0.15))
    write(place, "quick")
    shutil.rmtree(made[0][2].member.folder)
    for _, variation, job in made[1:]:
        prepare(job, synthetic.sweep_table(v_set=0.16))
    assert write(place, "quick", "--convergence") == 0
    assert not made[0][2].rows
    table = tables.read("convergence").query("quantity == 'V_set [V]' and variation == 'mesh 1.5 nm'")
    assert table["reference"].item() == pytest.approx(0.15, rel=1e-3) and table["value"].item() == pytest.approx(0.16, rel=1e-3)


# ---- mechanisms --------------------------------------------------------------------------------------------------------


def test_the_table_says_what_falls_out_of_its_band_without_a_mechanism(place):
    made = running.ablation_jobs([CASES["quick"]], place / "results")
    assert made[0][0] is None and len({job.member.digest for _, job in made}) == len(made)
    for mechanism, job in made:
        if mechanism is None or mechanism.name != "steric limit":
            late = mechanism is not None and mechanism.name == "contact resistance at the tip"
            prepare(job, synthetic.sweep_table(v_set=0.195 if late else 0.15))
    assert write(place, "quick", "--ablation") == 1  # one run failed
    lines = {cells[0]: cells for cells in ([cell.strip() for cell in text.strip("|").split("|")]
                                           for text in page.PAGE.read_text().splitlines() if text.startswith("| "))}
    assert lines["contact resistance at the tip"][2:] == ["quick: V_set [V] 0.15 → 0.195", "nothing", "5 of 6 (with it 6)"]
    assert lines["steric limit"][4] == "quick does not run: the solution could not go on: no current"
    assert "thermal noise" not in lines  # the sweep has none


@pytest.mark.parametrize("name", sorted(CASES))
def test_every_run_of_the_page_is_a_scenario_that_checks(tmp_path, name):
    """Scenarios, variations and mechanisms load: a changed key is found here, not after hours of runs."""
    case = CASES[name]
    assert case.load().name == name
    if case.varied:
        assert len(running.convergence_jobs([case], tmp_path)) == 1 + len(variations(case))
    made = running.ablation_jobs([case], tmp_path) if case.varied and not case.slow or name == "iv_cycles" else []
    assert {m.name for m, _ in made if m} <= {m.name for m in MECHANISMS}
    assert len({job.member.digest for _, job in made}) == len(made)


def test_the_cycles_are_the_papers():
    from solver.analysis.measured import load_measured

    (step,) = load_scenario(command.tables.ROOT / "scenarios" / "iv_cycles.yaml").protocol
    assert step.count == load_measured()["iv_sweep"]["cycles"]
    assert [s.to for s in step.steps] == [0.2, -0.2, 0.0]


# ---- the committed page ------------------------------------------------------------------------------------------------


def test_the_committed_page_is_what_its_tables_give_or_not_made_yet():
    if page.PAGE.exists():
        assert page.faults() == [], f"run: {page.COMMAND} --page"
        assert [p.name for p in pictures.FOLDER.glob("*.png") if p.stat().st_size > pictures.LARGEST] == []
    else:
        assert page.faults() == [f"docs/validation.md does not exist; run {page.COMMAND}"]
        assert not list(tables.BESIDE.glob("*.csv"))
