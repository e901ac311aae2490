"""Whole runs through the command line: same answer on 1-3 ranks, after kill -9 and after Ctrl-C; exit statuses."""

import json
import os
import signal

import numpy as np
import pytest

from tests.devices import GAP
from tests.end_to_end.running import HEAD, assert_same, halofil_run, start_and_wait_for_rows, table

SCENARIO = GAP + HEAD + (
    "protocol: [{sweep: {to: 0.1 V, rate: 0.2 V/s}}, {hold: {voltage: -0.05 V, duration: 0.1 s}}]\n"
    "output: {fields_every: 50 mV, figures: off, checkpoint_every: 0.5 s}\n"
)


def test_terminals_balance_and_vacancies_are_conserved_at_every_step(reference):
    t = table(reference)
    total = t["current top [A]"] + t["current bottom [A]"]
    parts = [c for c in t.columns if "current" in c]
    largest = t[parts].abs().max(axis=1)
    # 1e-6 of the largest terminal current; below 1e-18 A (6 electrons a second) it is rounding
    assert (total.abs() <= np.maximum(1e-6 * largest, 1e-18)).all()
    assert t["ion imbalance [1]"].abs().max() < 1e-8
    assert t["current top [A]"].max() > 1e-9  # the gap conducts: the balance is not that of nothing


def test_the_run_folder_is_complete(reference):
    names = {p.name for p in reference.iterdir()}
    assert {"scenario.yaml", "mesh.msh", "terminals.csv", "fields.vtkhdf", "summary.json", "run.log", "checkpoint"} <= names
    summary = json.loads((reference / "summary.json").read_text())
    assert summary["steps"] == len(table(reference)) and summary["ranks"] == 1
    assert summary["newton iterations"] >= summary["steps"]


@pytest.mark.parallel
@pytest.mark.parametrize("ranks", [2, 3])
def test_the_answer_does_not_depend_on_the_number_of_ranks(scenario, reference, ranks):
    out = scenario.parent / f"ranks{ranks}"
    done = halofil_run(scenario, out, ranks=ranks)
    assert done.returncode == 0, done.stdout + done.stderr
    assert_same(table(reference), table(out))


@pytest.mark.parallel
def test_noise_in_weak_spots_is_the_same_on_one_and_two_ranks_and_other_with_another_seed(tmp_path):
    path = tmp_path / "noisy.yaml"
    path.write_text(SCENARIO.replace("physics: {", "physics: {noise: {seed: 5, resolution: 5 ms}, ").replace(
        "filament: {", "filament: {weak_spots: {spots: [{radius: 6 nm, top: 60 nm, growth: 0.8, binding: 2 meV}]}, ").replace(
        "{to: 0.1 V, rate: 0.2 V/s}", "{to: 0.02 V, rate: 0.2 V/s}").replace("duration: 0.1 s", "duration: 0.05 s"))
    tables = {}
    for name, ranks, options in (("one", None, ()), ("two", 2, ()), ("seed", None, ("--set", "physics.noise.seed=6"))):
        done = halofil_run(path, tmp_path / name, *options, ranks=ranks)
        assert done.returncode == 0, done.stdout + done.stderr
        tables[name] = table(tmp_path / name)
    assert_same(tables["one"], tables["two"], rtol=1e-5)
    gaps = {name: t["filament gap [m]"].iloc[-1] for name, t in tables.items()}
    assert abs(gaps["seed"] - gaps["one"]) > 1e-12


@pytest.mark.parallel
def test_kill_9_then_resume_on_two_ranks_gives_the_same_table(scenario, reference):
    out = scenario.parent / "killed"
    process = start_and_wait_for_rows(scenario, out, 25)
    process.kill()
    process.wait()
    assert not (out / "summary.json").exists()
    done = halofil_run(scenario, out, "--resume", ranks=2)
    assert done.returncode == 0, done.stdout + done.stderr
    assert_same(table(reference), table(out))


def test_sigint_writes_a_checkpoint_exits_130_and_resumes(scenario, reference):
    out = scenario.parent / "interrupted"
    process = start_and_wait_for_rows(scenario, out, 20)
    os.kill(process.pid, signal.SIGINT)
    assert process.wait(timeout=60) == 130
    rows = len(table(out))
    assert rows < len(table(reference))
    other = halofil_run(scenario, out, "--resume", "--set", "device.gap=61 nm")
    assert other.returncode == 2 and "another scenario" in other.stdout + other.stderr
    assert len(table(out)) == rows
    done = halofil_run(scenario, out, "--resume")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "resumed at t" in (out / "run.log").read_text()
    assert_same(table(reference), table(out))


def test_a_finished_result_is_not_overwritten(scenario, reference):
    before = (reference / "terminals.csv").read_bytes()
    refused = halofil_run(scenario, reference)
    assert refused.returncode == 2
    assert "--force" in refused.stdout + refused.stderr
    assert (reference / "terminals.csv").read_bytes() == before


def test_a_solution_that_cannot_go_on_stops_with_status_3_and_keeps_the_last_state(scenario):
    out = scenario.parent / "stopped"
    # An error nobody can meet with a step nobody may take: the first judged step must end the run.
    done = halofil_run(scenario, out, "--set", "solver.time_tolerance=1e-12", "--set", "solver.min_step=0.1 ms")
    text = done.stdout + done.stderr
    assert done.returncode == 3, text
    assert "stopped at t =" in text and "V =" in text and " nm" in text and "Traceback" not in text
    assert (out / "checkpoint" / "state.h5").exists() and not (out / "summary.json").exists()
    assert len(table(out)) >= 1
