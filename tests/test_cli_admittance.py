"""`halofil admittance`: the frequencies it reads, what it refuses, and the files it writes."""

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from solver import cli
from solver.analysis.frequencies import FrequencyError, parse_frequencies
from solver.scenario import load_scenario

QUICK = Path(__file__).parents[1] / "scenarios" / "quick.yaml"
SLAB = """name: plates
device: {layout: slab, thickness: 20 nm, dimension: 1, area: 900 nm^2, parallel_conductance: 1 pS}
mesh: {size_at_filament: 4 nm}
material: mapbi3_gold
physics: {filament: off, ions: fixed, contacts: {top: {electronic: ohmic}}}
terminals: {top: driven, bottom: ground}
protocol: [{hold: {voltage: 0.1 V, duration: 1 s}}]
"""
SIGMA = load_scenario(QUICK).material.film.electronic_conductivity.value  # of the shipped film [S/m]
CONDUCTANCE, CAPACITANCE = SIGMA * 900e-18 / 20e-9 + 1e-12, 60 * 8.8541878128e-12 * 900e-18 / 20e-9


@pytest.fixture
def scenario(tmp_path):
    path = tmp_path / "plates.yaml"
    path.write_text(SLAB)
    return path


def halofil(*arguments):
    """Exit status and what was said."""
    result = CliRunner().invoke(cli.app, ["admittance", *map(str, arguments)], prog_name="halofil")
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.output


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1mHz:1kHz:1/decade", [1e-3, 1e-2, 1e-1, 1, 10, 100, 1e3]),
        ("1 Hz : 5 Hz : 1/decade", [1, 5]),
        ("10 Hz:1 kHz", np.geomspace(10, 1e3, 21)),
        ("10 Hz, 1 kHz, 2 MHz", [10, 1e3, 2e6]),
        ("50 Hz", [50]),
    ],
)
def test_frequencies_are_read_with_both_ends_exact(text, expected):
    found = parse_frequencies(text)
    np.testing.assert_allclose(found, expected, rtol=1e-14)
    assert (found[0], found[-1]) == (expected[0], expected[-1])


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("1 kHz:10 Hz", "goes from 1 kHz to 10 Hz; the first must be the lower one"),
        ("1 Hz:1 Hz", "the first must be the lower one"),
        ("1 s:1 Hz", "'1 s' is not a frequency; write e.g. 1 kHz"),
        ("1:10 Hz", "1 has no unit"),
        ("0 Hz:1 Hz", "out of range; a frequency lies between 1 nHz and 1 PHz"),
        ("-1 Hz:1 Hz", "out of range"),
        ("1 Hz:1e16 Hz", "out of range"),
        ("1 Hz:1 kHz:0/decade", "'0/decade' is no density of points; write e.g. 10/decade"),
        ("1 Hz:1 kHz:10", "'10' is no density of points"),
        ("1 Hz:1 kHz:10/decade:2", "has 4 parts"),
        ("1 mHz:1 GHz:500/decade", "6001 frequencies are too many"),
        ("1 kHz, 10 Hz", "must ascend"),
        ("", "is not a frequency"),
    ],
)
def test_other_texts_are_refused_in_a_sentence(text, word):
    with pytest.raises(FrequencyError) as caught:
        parse_frequencies(text)
    assert word in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("options", "word"),
    [
        (["--bias", "0.1"], "--bias: 0.1 has no unit"),
        (["--bias", "1 kV"], "--bias: 1 kV is out of range"),
        (["--bias", "0 V", "--hold", "0 s"], "--hold: must be more than 0 s"),
        (["--hold", "1 s"], "--hold goes with --bias"),
        (["--frequencies", "1 kHz:1 Hz"], "--frequencies: '1 kHz:1 Hz' goes from"),
        (["--freeze-filament"], "--freeze-filament: the scenario has no filament"),
    ],
)
def test_bad_options_are_refused_by_name_before_anything_is_built(scenario, tmp_path, options, word):
    code, said = halofil(scenario, "--out", tmp_path / "out", *options)
    assert code == 2 and word in said and said.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_a_circuit_at_a_terminal_is_refused(tmp_path, caplog):
    text = QUICK.read_text().replace("top: driven", "top: {role: driven, series_resistance: 1 kohm}")
    path = tmp_path / "wired.yaml"
    path.write_text(text)
    code, said = halofil(path, "--bias", "0 V", "--freeze-filament", "--out", tmp_path / "out")
    assert code == 2 and "terminals.top: the admittance is that of the device alone" in said + caplog.text
    assert not (tmp_path / "out").exists()


def test_a_moving_filament_has_no_stationary_state_to_wait_for(tmp_path):
    code, said = halofil(QUICK, "--bias", "0.1 V", "--out", tmp_path / "out")
    assert code == 2 and "give --hold, e.g. --hold '1 s', or --freeze-filament" in said
    assert not (tmp_path / "out").exists()


def test_table_numbers_and_picture_of_plates_are_conductance_and_capacitance(scenario, tmp_path):
    from solver.analysis.admittance import read_table

    out = tmp_path / "out"
    options = ["--bias", "50 mV", "--frequencies", "1 Hz:1 MHz:2/decade", "--out", out]
    code, said = halofil(scenario, *options)
    assert code == 0, said
    found = read_table(out / "admittance.csv")
    np.testing.assert_allclose(found["frequency [Hz]"], np.geomspace(1, 1e6, 13), rtol=1e-9)
    # sigma A / L + parallel conductance, eps A / L; the table has ten digits
    np.testing.assert_allclose(found["conductance [S]"], CONDUCTANCE, rtol=1e-9)
    np.testing.assert_allclose(found["capacitance [F]"], CAPACITANCE, rtol=1e-9)
    z = 1 / (CONDUCTANCE + 2j * np.pi * found["frequency [Hz]"] * CAPACITANCE)
    np.testing.assert_allclose(found["impedance real [ohm]"] + 1j * found["impedance imaginary [ohm]"], z, rtol=1e-9)
    np.testing.assert_allclose(found["impedance phase [deg]"], np.degrees(np.angle(z)), rtol=1e-8)
    numbers = json.loads((out / "admittance.json").read_text())
    assert numbers["bias [V]"] == 0.05 and numbers["state"] == "stationary"
    assert numbers["capacitance at the highest frequency [F]"] == pytest.approx(CAPACITANCE, rel=1e-9)
    assert (out / "admittance.png").stat().st_size > 10_000
    code, said = halofil(scenario, *options)
    assert code == 2 and "use --force, or another --out" in said
    assert halofil(scenario, *options, "--force")[0] == 0


def test_the_protocol_a_hold_and_the_stationary_state_lead_to_the_same_spectrum(scenario, tmp_path):
    from solver.analysis.admittance import read_table

    found = []
    for k, options in enumerate(([], ["--bias", "0.1 V", "--hold", "1 s"], ["--bias", "0.1 V"])):
        code, said = halofil(scenario, "--frequencies", "1 Hz,1 kHz", "--out", tmp_path / f"out{k}", *options)
        assert code == 0, said
        found.append(read_table(tmp_path / f"out{k}" / "admittance.csv"))
    for other in found[1:]:
        np.testing.assert_allclose(other["conductance [S]"], found[0]["conductance [S]"], rtol=1e-9)


def test_a_folder_that_holds_a_run_is_left_alone(scenario, tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "terminals.csv").write_text("time [s]\n")
    code, said = halofil(scenario, "--bias", "0 V", "--out", tmp_path / "run", "--force")
    assert code == 2 and "holds a run" in said
    assert [p.name for p in (tmp_path / "run").iterdir()] == ["terminals.csv"]
