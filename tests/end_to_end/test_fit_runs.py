"""A fit through the command line: one conductance brought into its band by one parameter, in two goes."""

import json
import subprocess
import sys
from pathlib import Path

import pandas
import pytest

from solver.scenario import load_scenario

ROOT = Path(__file__).parents[2]
# A film without filament sets nothing: of what a sweep gives only S_off is there, sigma A/d.
FILM = """\
name: film
device: {layout: slab, thickness: 60 nm, area: 1 um^2}
material: mine
physics: {filament: off, ions: fixed}
terminals: {top: driven, bottom: ground}
protocol: [{sweep: {to: 0.05 V, rate: 0.5 V/s}}]
"""
FIT = """\
name: small
scenarios: [film.yaml]
parameters:
  material.film.electronic_conductivity: {from: 1e-5 S/m, to: 1e-2 S/m, start: 1e-3 S/m}
weights: {'V_set [V]': 0, 'V_reset [V]': 0, 'on/off ratio [1]': 0, 'current jump [decades]': 0, 'on-state slope [1]': 0}
"""


@pytest.fixture(scope="module")
def fitted(tmp_path_factory):
    """Folder of a fit that used up its two trials, then went on; what the second command printed."""
    folder = tmp_path_factory.mktemp("fit")
    (folder / "materials").mkdir()
    old = (ROOT / "scenarios" / "materials" / "mapbi3_gold.yaml").read_text()
    (folder / "materials" / "mine.yaml").write_text(old.replace("name: mapbi3_gold", "name: mine").replace(", range: [1e-6 S/m, 1e-4 S/m]", ""))
    (folder / "film.yaml").write_text(FILM)
    for trials in (2, 12):
        (folder / "fit.yaml").write_text(f"{FIT}trials: {trials}\n")
        done = subprocess.run([sys.executable, "-m", "solver.cli", "fit", str(folder / "fit.yaml"), "--out", str(folder / "out")],
                              cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
    return folder, done.stdout


def test_the_fit_ends_in_the_middle_of_the_band_and_runs_nothing_twice(fitted):
    folder, printed = fitted
    trials = [json.loads(line) for line in (folder / "out" / "trials.jsonl").read_text().splitlines()]
    assert "2 trials were logged before" in printed and "in the middle of their bands" in printed
    assert len({trial["runs"]["film"] for trial in trials}) == len(trials) <= 12
    found = pandas.read_csv(folder / "out" / "observables.csv").set_index("quantity").loc["S_off [S]"]
    assert found["start"] == pytest.approx(1e-3 * 1e-12 / 60e-9, rel=1e-3)
    # the band is half a decade about 1e-9 S; the search ends within a tenth of it
    assert 10**-0.05 < found["best"] / 1e-9 < 10**0.05


def test_the_best_set_is_a_material_that_runs_as_the_best_trial_did(fitted):
    folder, _ = fitted
    best = pandas.read_csv(folder / "out" / "parameters.csv")["best"][0]
    new = folder / "materials" / "mine_small.yaml"
    assert new.read_text() == (folder / "out" / "mine_small.yaml").read_text()
    (folder / "new.yaml").write_text(FILM.replace("material: mine", "material: mine_small"))
    parameter = load_scenario(folder / "new.yaml").material.film.electronic_conductivity
    assert parameter.source.startswith("fitted") and parameter.value == pytest.approx(float(best.split()[0]))
    assert {f.name for f in (folder / "out" / "figures").iterdir()} == {"cost.png", "observables.png"}
