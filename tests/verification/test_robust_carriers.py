"""Electrons and holes under jumps of 80 to 800 kT/q, on junctions of ratios up to 1e8: converges by itself."""

import numpy as np
import pytest

from solver.scenario.protocol import Hold
from tests.devices import DIODE_2D, bipolar, model, stationary
from tests.verification.robust import outcome


def slab(thickness, size, carriers):
    """1D slab of silicon; the driven terminal `top` is at x = thickness."""
    return (
        f"device: {{layout: slab, thickness: {thickness} nm, dimension: 1, area: 1 um^2}}\n"
        f"mesh: {{size_at_filament: {size} nm}}\n" + bipolar(carriers)
    )


def junction(below, above, size=20, width=0, more=""):
    """p below, n above: reverse biased at positive voltages."""
    profile = f"{{profile: tanh, axis: x, below: -{below} cm^-3, above: {above} cm^-3, position: 500 nm, width: {width} nm}}"
    return slab(1000, size, "{doping: [" + profile + "]" + more + "}")


def barrier(velocity):
    """n-silicon with a metal of 4.9 eV on top: forward at positive voltages."""
    contact = f"{{work_function: 4.9 eV, electron_velocity: {velocity}, hole_velocity: {velocity}}}"
    return slab(1000, 10, "{doping: [{profile: uniform, density: 1e16 cm^-3}], contacts: {top: " + contact + "}}")


def wide(gap):
    """Override: a gap of `gap` eV, n_i = 1e-2 (2.5 eV) and 4e-10 cm^-3 (3.4 eV)."""
    return [f"material.semiconductor.gap={{value: {gap} eV, source: test, range: [1 eV, 5 eV]}}"]


NO_RECOMBINATION = ", srh: off, radiative: off, auger: off"
# case: scenario, overrides, sign of the voltage that lets current through
CASES = {
    "1e17 / 1e17 cm^-3": (junction("1e17", "1e17"), [], -1),
    "1e19 / 1e13 cm^-3": (junction("1e19", "1e13"), [], -1),
    "1e14 / 1e20 cm^-3": (junction("1e14", "1e20"), [], -1),
    "1e20 / 1e12 cm^-3, Fermi-Dirac": (junction("1e20", "1e12", more=", statistics: fermi_dirac"), [], -1),
    "1e14 / 1e20 cm^-3, Blakemore": (junction("1e14", "1e20", more=", statistics: blakemore"), [], -1),
    "1e14 / 1e20 cm^-3, Fermi-Dirac, 50 nm cells": (junction("1e14", "1e20", 50, more=", statistics: fermi_dirac"), [], -1),
    "1e14 / 1e20 cm^-3, graded": (junction("1e14", "1e20", width=20), [], -1),
    "1e14 / 1e20 cm^-3, no recombination": (junction("1e14", "1e20", more=NO_RECOMBINATION), [], -1),
    "1e17 / 1e17 cm^-3, light": (junction("1e17", "1e17", more=", generation: 1e22 cm^-3/s"), [], -1),
    "gap 2.5 eV": (junction("1e17", "1e17"), wide(2.5), -1),
    "gap 3.4 eV": (junction("1e17", "1e17"), wide(3.4), -1),
    "Schottky, v = 1e-3 cm/s": (barrier("1e-3 cm/s"), [], 1),
    "Schottky, v = 1e7 cm/s": (barrier("1e7 cm/s"), [], 1),
    "2D lateral": (DIODE_2D, [], 1),
    "2D lateral, 1e14 / 1e20 cm^-3": (
        DIODE_2D.replace("-1e17 cm^-3, above: 1e17", "-1e14 cm^-3, above: 1e20"), [], 1,
    ),
}  # fmt: skip


def jumps(folder, case):
    """Outcome of 0 V, then 5 V in reverse, then 5 V forward."""
    text, overrides, forward = CASES[case]
    protocol = [Hold(voltage=f"{v * forward} V", duration="1 ms") for v in (-5, 5)]
    return outcome(model(folder, text, overrides), protocol)


@pytest.mark.parametrize("case", CASES)
def test_jumps_to_5_V_and_on_to_minus_5_V_converge(tmp_path, case):
    found, forward = jumps(tmp_path, case), CASES[case][2]
    assert not found.message
    off, on = found.currents
    # what is read at the contacts against 5 V of forward bias; the reverse current may be below rounding
    assert on * forward > 0
    assert abs(off) < 1e-3 * abs(on)
    assert found.iterations < 2000


@pytest.mark.parametrize("case", ["1e17 / 1e17 cm^-3", "1e14 / 1e20 cm^-3", "gap 2.5 eV", "Schottky, v = 1e7 cm/s"])
@pytest.mark.parametrize("volts", [2.0, -2.0, 20.0])
def test_one_jump_ends_where_small_steps_end(tmp_path, case, volts):
    text, overrides, _ = CASES[case]
    m = model(tmp_path, text, overrides)
    at = stationary(m)
    at(volts)
    jumped = m.context.state.x.array.copy()
    for v in np.linspace(0.0, volts, 41):
        at(float(v))
    # found 3e-11 kT and less; the potentials reach 770 kT, whose last digit is 1e-13
    np.testing.assert_allclose(jumped, m.context.state.x.array, atol=1e-9, rtol=0)
