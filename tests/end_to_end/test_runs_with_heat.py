"""Whole runs with the temperature field: columns, balance with the power, the same on any number of ranks."""

import numpy as np
import pytest

from solver.results.snapshots import read_snapshots
from tests.end_to_end.running import HEAD, assert_same, halofil_run, table

SCENARIO = (
    "device: {layout: slab, thickness: 40 nm, dimension: 2, area: 1600 nm^2}\nmesh: {size_at_filament: 4 nm}\n" + HEAD
    + "material_overrides: {film.electronic_conductivity: {value: 1e3 S/m, source: test}, film.conductivity_activation_energy: {value: 0.1 eV, "
    "source: test}}\nphysics: {filament: off, heat: {terminals: {top: {condition: robin, temperature: 310 K, "
    "transfer_coefficient: 1e6 W/(m^2 K)}, bottom: {}}}}\nprotocol: [{sweep: {to: 0.2 V, rate: 100 V/s}}, "
    "{hold: {voltage: 0.1 V, duration: 1 ms}}]\noutput: {fields_every: 50 mV, figures: on}\n"
)


def test_the_heat_is_the_electrical_power_and_the_temperature_is_written(reference):
    t = table(reference)
    # vacancies move, so that a little of the power charges their layers and moves them
    late = t["time [s]"] > 2.5e-3
    power = t["current top [A]"] * t["voltage top [V]"]
    np.testing.assert_allclose(t["heat [W]"][late], power[late], rtol=1e-4)
    assert t["largest temperature [K]"].max() > 320
    field = read_snapshots(reference).fields(-1, ("temperature [K]",))["temperature [K]"]
    # written in single precision
    assert field.max() == pytest.approx(t["largest temperature [K]"].iloc[-1], rel=1e-6)
    assert field.min() == pytest.approx(300.0, rel=1e-6)
    assert (reference / "figures" / "history.png").is_file()


@pytest.mark.parametrize("ranks", [2, pytest.param(3, marks=pytest.mark.slow)])
def test_the_temperature_does_not_depend_on_the_number_of_ranks(scenario, reference, ranks):
    out = scenario.parent / f"ranks{ranks}"
    done = halofil_run(scenario, out, ranks=ranks)
    assert done.returncode == 0, done.stdout + done.stderr
    assert_same(table(reference), table(out))
