"""`halofil admittance`: what it refuses, and the table and picture it writes."""

import numpy as np
import pytest
from typer.testing import CliRunner

from solver import cli

SLAB = """name: plates
device: {layout: slab, thickness: 20 nm, dimension: 1, area: 900 nm^2, parallel_conductance: 1 pS}
mesh: {size_at_filament: 4 nm}
material: mapbi3_gold
physics: {filament: off, ions: fixed, contacts: {top: {electronic: ohmic}}}
terminals: {top: driven, bottom: ground}
protocol: [{hold: {voltage: 0.1 V, duration: 1 s}}]
"""


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
    return result.exit_code, result.output + result.stderr


@pytest.mark.parametrize(
    ("options", "word"),
    [
        (["--bias", "0.1"], "--bias: 0.1 has no unit"),
        (["--from", "1 kHz", "--to", "10 Hz"], "less than --to"),
        (["--from", "1 s"], "not a frequency"),
        (["--settle", "0 s"], "--settle: must be more than 0 s"),
    ],
)
def test_bad_options_are_refused_by_name_before_anything_is_built(scenario, tmp_path, options, word):
    code, said = halofil(scenario, "--out", tmp_path / "out", *options)
    assert code == 2 and word in said
    assert not (tmp_path / "out").exists()


def test_table_and_picture_of_plates_are_conductance_and_capacitance(scenario, tmp_path):
    from solver.analysis.spectroscopy import read_table

    out = tmp_path / "out"
    options = ["--bias", "50 mV", "--from", "1 Hz", "--to", "1 MHz", "--points", "2", "--out", out]
    code, said = halofil(scenario, *options)
    assert code == 0, said
    found = read_table(out / "admittance.csv")
    np.testing.assert_allclose(found.frequency, np.geomspace(1, 1e6, 13), rtol=1e-9)
    # sigma A / L + parallel conductance, eps A / L; the table has ten digits
    np.testing.assert_allclose(found.admittance.real, 1e-4 * 900e-18 / 20e-9 + 1e-12, rtol=1e-8)
    np.testing.assert_allclose(found.capacitance, 60 * 8.8541878128e-12 * 900e-18 / 20e-9, rtol=1e-6)
    assert (out / "admittance.png").stat().st_size > 10_000
    header = (out / "admittance.csv").read_text().splitlines()[0]
    assert header.startswith("frequency [Hz],admittance real [S]") and "impedance imaginary [ohm]" in header
    code, said = halofil(scenario, *options)
    assert code == 2 and "--force" in said
    assert halofil(scenario, *options, "--force")[0] == 0
