"""Plates without mobile ions: displacement current, and the small-signal admittance of resistor and capacitor."""

import numpy as np
import pytest

from solver.analysis.admittance import SmallSignal
from solver.scenario.protocol import Sweep
from tests.devices import model
from tests.verification.claims import Claim, check
from tests.verification.walking import stepper_of, walk

AREA, L, EPS, SIGMA, G_C = 900e-18, 20e-9, 60 * 8.8541878128e-12, 1e-4, 1e4
CAPACITANCE = EPS * AREA / L


def plates(folder, dimension, contact="ohmic"):
    return model(
        folder,
        f"device: {{layout: slab, thickness: 20 nm, dimension: {dimension}, area: 900 nm^2}}\n"
        "mesh: {size_at_filament: 4 nm}\n"
        f"physics: {{filament: off, ions: fixed, contacts: {{top: {{electronic: {contact}}}}}}}\n",
        [f"material.contacts.conductance={G_C} S/m^2"] if contact == "resistive" else (),
    )


def displacement_claims(folder, dimension):
    m = plates(folder, dimension)
    rate = 1e6  # V/s: the displacement current is then 0.5 % to 90 % of the whole
    stepper = stepper_of(m, [Sweep(to="0.1 V", rate=f"{rate} V/s")])
    unit = m.parameters.scaling.ampere(1.0) * m.device.current_scale
    records = [r for r, _ in walk(stepper)]
    last = records[-1]
    # P1 is exact for a linear potential, BDF2 for a linear ramp: the Newton and linear solvers' tolerance is left
    yield Claim(f"displacement current of plates, {dimension}D", "C dV/dt, C = ε A / L", CAPACITANCE * rate,
                last.displacement["top"] * unit, 1e-5, "A", "solver tolerance 1e-6")
    yield Claim(f"electronic current of plates, {dimension}D", "σ A V / L", SIGMA * AREA / L * 0.1,
                last.electronic["top"] * unit, 1e-5, "A", "solver tolerance 1e-6")


@pytest.mark.parametrize("dimension", [1, 2, 3])
def test_displacement_current_is_C_dV_dt(tmp_path, dimension):
    check(displacement_claims(tmp_path, dimension))


def rc_claims(folder, dimension, contact):
    found = SmallSignal(plates(folder, dimension, contact), "top").admittance(np.logspace(-3, 9, 7))
    resistance = L / SIGMA / AREA + (1 / (G_C * AREA) if contact == "resistive" else 0.0)
    exact = 1 / resistance + 2j * np.pi * found.frequency * CAPACITANCE
    worst = np.argmax(abs(found.admittance / exact - 1))
    text = f"admittance of a {contact} slab, {dimension}D, worst from 1 mHz to 1 GHz"
    for part in ("real", "imag"):
        yield Claim(f"{text}: {part}", "1/R + iωC", getattr(exact[worst], part), getattr(found.admittance[worst], part), 1e-7,
                    "S", "linear fields: rounding of 1e-16 times the ratio of the two parts")
    yield Claim(f"{text}: relative difference", "1/R + iωC", 0.0, abs(found.admittance / exact - 1).max(), 1e-9, "", "rounding")


@pytest.mark.parametrize("contact", ["ohmic", "resistive"])
@pytest.mark.parametrize("dimension", [1, 2, 3])
def test_admittance_of_a_slab_is_its_RC(tmp_path, dimension, contact):
    check(rc_claims(tmp_path, dimension, contact))
