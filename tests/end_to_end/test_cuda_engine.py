"""Runs on the cuda engine, host flavour: the tables of the cpu engine, on one and two ranks."""

import json
import subprocess
import sys

import numpy as np
import pytest

from tests.devices import GAP, MATERIAL, with_carriers
from tests.end_to_end.running import HEAD, ROOT, assert_same, halofil_run, place_film, table
from tests.engine_table import ALLOWED, FOLDER, judged

COARSE = "mesh: {size_at_filament: 2 nm, core_radius: 8 nm}\n"
# Growth while the voltage rises, a jump, decay: implicit Euler and BDF2.
PROTOCOL = "protocol: [{sweep: {to: 0.02 V, rate: 0.2 V/s}}, {hold: {voltage: -0.02 V, duration: 2 ms}}]\n"
OUTPUT = "output: {fields_every: 50 mV, figures: off}\n"
CIRCUIT = (
    "terminals: {top: {role: driven, series_resistance: 200 kohm, parallel_capacitance: 4 nF, compliance: 10 nA}, "
    "bottom: ground}\n"
)
HEATED = GAP.replace("physics: {", "physics: {heat: {terminals: {top: {condition: robin, transfer_coefficient: 1e8 W/(m^2 K)}, "
                     "bottom: {condition: robin, transfer_coefficient: 1e8 W/(m^2 K)}}}, ")
NAME = f"name: wired\nmaterial: {MATERIAL}\n"
TEXTS = {
    "gap": GAP + HEAD,
    "circuit": GAP + NAME + CIRCUIT,
    "heat": HEATED + HEAD,
    "bipolar": with_carriers(GAP) + HEAD,
}


@pytest.fixture(params=["gap", *(pytest.param(name, marks=pytest.mark.slow) for name in ("bipolar", "circuit", "heat"))])
def scenario(request, tmp_path):
    path = tmp_path / f"{request.param}.yaml"
    path.write_text(TEXTS[request.param] + COARSE + PROTOCOL + OUTPUT)
    return path


def test_terminals_are_those_of_the_cpu_engine(scenario, monkeypatch):
    monkeypatch.setenv("HALOFIL_CUDA_FLAVOUR", "host")
    outs = {}
    for engine in ("cpu", "cuda"):
        outs[engine] = scenario.parent / engine
        done = halofil_run(scenario, outs[engine], "--engine", engine, ranks=1)
        assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads((outs["cuda"] / "summary.json").read_text())["engine"] == "cuda"
    assert_same(table(outs["cpu"]), table(outs["cuda"]))


@pytest.mark.slow
def test_the_quick_sweep_through_set_and_reset_is_that_of_the_cpu_engine(tmp_path, monkeypatch):
    """scenarios/quick.yaml as it is: the same steps, currents within 1e-6 of the row's largest, the same set and reset."""
    monkeypatch.setenv("HALOFIL_CUDA_FLAVOUR", "host")
    tables, summaries = [], []
    for engine in ("cpu", "cuda"):
        done = halofil_run(ROOT / "scenarios/quick.yaml", tmp_path / engine, "--engine", engine, "--set", "output.figures=off", ranks=1)
        assert done.returncode == 0, done.stdout + done.stderr
        tables.append(table(tmp_path / engine))
        summaries.append(json.loads((tmp_path / engine / "summary.json").read_text()))
    one, other = (t[[c for c in t.columns if c.startswith("current ")]].to_numpy() for t in tables)
    np.testing.assert_array_equal(tables[0]["time [s]"], tables[1]["time [s]"])
    assert (np.abs(other - one).max(axis=1) <= 1e-6 * np.abs(one).max(axis=1)).all()
    assert summaries[0]["sets [1]"] == summaries[1]["sets [1]"] == 1 and summaries[0]["resets [1]"] == summaries[1]["resets [1]"] == 1
    for name in ("V_set [V]", "V_reset [V]"):
        assert summaries[1][name] == pytest.approx(summaries[0][name], rel=1e-6)


@pytest.mark.parametrize("name", [
    name if name in ("impedance", "half_select") else pytest.param(name, marks=pytest.mark.slow)
    for name in sorted(path.stem for path in FOLDER.glob("*.yaml"))
])  # fmt: skip
def test_every_scenario_starts_as_on_the_cpu_engine(name, monkeypatch):
    monkeypatch.setenv("HALOFIL_CUDA_FLAVOUR", "host")
    found, tight = judged(FOLDER / f"{name}.yaml")
    assert found["same times"] and (found["difference"] if tight is None else tight) <= ALLOWED, (found, tight)


@pytest.mark.parallel
def test_a_step_is_the_same_on_two_ranks(tmp_path, monkeypatch):
    monkeypatch.setenv("HALOFIL_CUDA_FLAVOUR", "host")
    (tmp_path / "test.yaml").write_text(GAP + HEAD + COARSE + PROTOCOL + OUTPUT)
    place_film(tmp_path / "test.yaml")
    found = []
    for ranks in (1, 2):
        done = subprocess.run(
            ["mpirun", "-n", str(ranks), sys.executable, "-m", "tests.cuda_solve", str(tmp_path)],
            cwd=ROOT, capture_output=True, text=True, timeout=200, check=False)
        assert done.returncode == 0, done.stderr
        found.append(json.loads(done.stdout.splitlines()[-1]))
    assert all(len(f["levels"]) > 1 for f in found)
    # aggregates end at the ranks' borders: iterations change little
    assert abs(found[0]["linear"] - found[1]["linear"]) <= 0.2 * found[0]["linear"]
    assert found[0]["time"] == found[1]["time"]
    for name, current in found[0]["currents"].items():
        np.testing.assert_allclose(found[1]["currents"][name], current, rtol=1e-6)
