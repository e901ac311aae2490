"""Electrons and holes under jumps of 80 to 800 kT/q, on junctions of ratios up to 1e8: converges by itself."""

import numpy as np
import pytest

from solver.scenario.protocol import Hold
from tests.devices import DIODE_2D, bipolar, model, stationary
from tests.verification.claims import Claim, Section, check
from tests.verification.drawing import simulated
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


COMPARED = ("1e17 / 1e17 cm^-3", "1e14 / 1e20 cm^-3", "gap 2.5 eV", "Schottky, v = 1e7 cm/s")
JUMPS = (2.0, -2.0, 20.0)  # V


def thrown(folder, case):
    """Outcome of a jump to 5 V against the current, and from there to 5 V along it."""
    text, overrides, forward = CASES[case]
    return outcome(model(folder, text, overrides), [Hold(voltage=f"{v * forward} V", duration="1 ms") for v in (-5, 5)])


def detour(folder, case, volts):
    """Largest difference [kT/q] of the stationary states that one jump and 40 steps to `volts` end in."""
    text, overrides, _ = CASES[case]
    m = model(folder, text, overrides)
    at = stationary(m)
    at(volts)
    jumped = m.context.state.x.array.copy()
    for v in np.linspace(0.0, volts, 41):
        at(float(v))
    return float(np.max(abs(jumped - m.context.state.x.array)))


def measure(folder):
    return ({case: thrown(folder, case) for case in CASES},
            {(case, volts): detour(folder, case, volts) for case in COMPARED for volts in JUMPS})


def claims(data):
    outcomes, detours = data
    for case, found in outcomes.items():
        forward = CASES[case][2]
        yield Claim(f"voltages reached of −5 V and 5 V: {case}", "convergence", 2.0, float(len(found.currents)), 0.0, "",
                    found.message or "no step is given up")
        off, on = found.currents if len(found.currents) == 2 else (np.nan, np.nan)
        yield Claim(f"reverse current over forward current: {case}", "it rectifies", 0.0, off / on, 1e-3, "",
                    "at most 1e-3; the reverse current may be below rounding")
        yield Claim(f"Newton iterations: {case}", "no crawling", 0.0, float(found.iterations), 2000.0, "", "at most 2000")
        assert not on * forward <= 0, "the current runs the wrong way"
    for (case, volts), off in detours.items():
        yield Claim(f"one jump to {volts:g} V against 40 steps, largest difference of a potential: {case}", "one stationary state", 0.0, off,
                    1e-9, "kT/q", "the potentials reach 770 kT/q, whose last digit is 1e-13")


def draw(data, figure):
    axes = figure.subplots()
    rows = np.arange(len(data[0]))[::-1]
    simulated(axes, [found.iterations for found in data[0].values()], rows)
    axes.set_yticks(rows, data[0], fontsize=5.5)
    axes.minorticks_off()
    axes.set(xlim=(0, None), xlabel="Newton iterations of 0 → −5 V → 5 V, 1 ms each")


SECTION = Section(
    "Diodes thrown to 5 V against and along their current",
    "Junctions of unequal doping up to 1e8, degenerate ones, wide gaps (n_i down to 4e-10 cm⁻³), light, barriers of slow and fast "
    "emission, lateral diodes: a jump from rest to −5 V (200 kT/q) and from there to 5 V in one step each, with nothing set by "
    "hand. And one jump to a voltage ends in the state that small steps reach.",
    measure, claims, draw, "robustness",
)


@pytest.mark.parametrize("case", CASES)
def test_jumps_to_5_V_and_on_to_minus_5_V_converge(tmp_path, case):
    check(claims(({case: thrown(tmp_path, case)}, {})))


@pytest.mark.parametrize("case", COMPARED)
@pytest.mark.parametrize("volts", JUMPS)
def test_one_jump_ends_where_small_steps_end(tmp_path, case, volts):
    check(claims(({}, {(case, volts): detour(tmp_path, case, volts)})))
