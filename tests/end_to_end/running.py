"""Whole runs in processes of their own, and comparing their tables."""

import shutil
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

from tests.devices import MATERIAL, MATERIALS

HEAD = f"name: short\nmaterial: {MATERIAL}\nterminals: {{top: driven, bottom: ground}}\n"
COMMAND = [sys.executable, "-m", "solver.cli", "run"]
ROOT = Path(__file__).parents[2]


def place_film(scenario):
    """The tests' own film where the scenario finds it, if it names it: a fit of the shipped one moves no number here."""
    if MATERIAL in Path(scenario).read_text():
        folder = Path(scenario).parent / "materials"
        folder.mkdir(exist_ok=True)
        shutil.copy(MATERIALS / f"{MATERIAL}.yaml", folder)


def halofil_run(scenario, out, *options, ranks=None):
    """Run to the end in a process of its own; returns the completed process."""
    place_film(scenario)
    extra = ["--ranks", str(ranks)] if ranks else []
    return subprocess.run(
        [*COMMAND, str(scenario), "--out", str(out), *extra, *options], cwd=ROOT, capture_output=True, text=True,
        timeout=600, check=False,
    )


def start_and_wait_for_rows(scenario, out, rows, *options):
    place_film(scenario)
    process = subprocess.Popen(
        [*COMMAND, str(scenario), "--out", str(out), *options], cwd=ROOT, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    csv = out / "terminals.csv"
    end = time.monotonic() + 120
    while time.monotonic() < end and process.poll() is None:
        if csv.exists() and csv.read_text().count("\n") > rows and (out / "checkpoint" / "state.h5").exists():
            return process
        time.sleep(0.02)
    raise AssertionError(f"the run ended ({process.returncode}) before it wrote {rows} rows")


def table(out):
    from solver.results.tables import read_terminals

    return read_terminals(out)


def assert_same(a, b, rtol=1e-6):
    """Equal rows: times, voltages, currents, conductance, energy, gap."""
    assert len(a) == len(b)
    for column in a.columns:
        unit_noise = ("imbalance", "iterations", "displacement", "ionic")
        if any(word in column for word in unit_noise):
            continue
        x, y = a[column].to_numpy(), b[column].to_numpy()
        # the floor: a current of one electron a second, a gap of a femtometre
        np.testing.assert_allclose(y, x, rtol=rtol, atol=1e-19 if "[A]" in column else 1e-15, err_msg=column)
