"""Energy from all terminals of an array is what it dissipates and stores, by whatever carries it."""

import pytest

from tests.devices import model, scenario
from tests.test_array import FILAMENT, FLAT, OFF, THREE, wired
from tests.verification.energy_balance import balance_of

PAIR = THREE.replace("layout: array", "layout: array, rows: 1")
RAMPS = ("protocol: [{bias: {voltages: {col_1: 0.2 V, row_1: -0.1 V}, duration: 5 us, ramp: on}}, "
         "{bias: {voltages: {col_2: 0.1 V, row_1: -0.1 V}, duration: 20 us, ramp: on}}]\n")
PULSE = "protocol: [{write: {cell: [1, 1], amplitude: 0.2 V, width: 5 ms, period: 10 ms}}]\n"
DARK = ["material.film.electronic_conductivity={value: 1e-9 S/m, source: assumed}",
        "material.filament.tunnelling_conductivity={value: 1 S/m, source: assumed}"]  # next to no electronic current


@pytest.mark.parametrize(("text", "overrides", "parts"), [
    (FLAT + OFF + RAMPS, (), {"stored": 0.02, "conduction": 0.02}),
    (FLAT + FILAMENT + PULSE, (), {"conduction": 0.9}),
    (FLAT + FILAMENT + PULSE, DARK, {"conduction": 0.05, "ions": 0.5, "ions, terminals": 0.1, "filament": 1e-3}),
    pytest.param(PAIR + FILAMENT + PULSE, DARK, {"conduction": 0.01, "ions": 0.5, "ions, terminals": 0.05}, marks=pytest.mark.slow),
], ids=["2D, conduction", "2D, filament", "2D, mostly ions", "3D, mostly ions"])
def test_energy_of_all_terminals_is_dissipated_or_stored(tmp_path, text, overrides, parts):
    from solver.transient.marching import stepper_for

    text += wired(1, 2)
    stepper = stepper_for(scenario(tmp_path, text, overrides), model(tmp_path, text, overrides).device)
    taken, stored, spent = balance_of(stepper)
    # what is left is of the microsecond after a jump, and of trapezoids over the steps
    assert taken == pytest.approx(stored + sum(spent.values()), rel=1e-3)
    shares = {part: energy / taken for part, energy in {**spent, "stored": stored}.items()}
    assert all(shares[part] > share for part, share in parts.items()), shares  # none of them is what the tolerance would hide
