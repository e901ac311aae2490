"""Heat of electrons and holes: I V in a diode, recombination included; a warm diode is the diode of that temperature."""

from pathlib import Path

import numpy as np
import pytest

from solver.physics.heat_balance import HeatBalance, largest
from tests.devices import JUNCTION, bipolar, model, stationary
from tests.verification.claims import Claim, Section, check

COLD, WARM = 300.0, 350.0  # K
N_C, N_V = 2.86e19, 3.10e19  # cm^-3, as in materials/silicon.yaml
END = "{condition: robin, transfer_coefficient: 1e6 W/(m^2 K)}"
DEVICES = {
    "diode": ("", 0.6),
    "with emission": (", contacts: {top: {work_function: 4.2 eV, electron_velocity: 1e7 cm/s, hole_velocity: 1e6 cm/s}}", 0.6),
    "Fermi-Dirac, surface recombination": (", statistics: fermi_dirac, contacts: {top: {electron_velocity: 1e5 cm/s}}", 0.6),
}


def diode(more="", heat="off", doping="[" + JUNCTION % ("x", 500, 20) + "]"):
    """1 um of silicon, p below 500 nm, n above; the driven terminal `top` is on the n side."""
    return (
        "device: {layout: slab, thickness: 1000 nm, dimension: 1, area: 1 um^2}\nmesh: {size_at_filament: 10 nm}\n"
        + bipolar(f"{{doping: {doping}{more}}}").replace("  filament: off\n", f"  filament: off\n  heat: {heat}\n")
    )


class Heated:
    """Power and heat [W] of a stationary state."""

    def __init__(self, m, volts):
        at = stationary(m)
        for v in np.linspace(0, volts, 4)[1:]:
            sums = at(v)
        residual = at.engine.interior_residual()
        found, scale = HeatBalance(m)(residual), m.parameters.scaling
        self.current = scale.ampere(sums["top"].electronic)
        self.power = self.current * volts
        self.produced, self.leaving = scale.watt(found.produced), scale.watt(found.leaving)
        self.rise = (largest(m) - 1) * COLD


def measure(folder: Path):
    ends = f"{{terminals: {{top: {END}, bottom: {END}}}}}"
    out = {name: Heated(model(folder, diode(more, ends)), -volts) for name, (more, volts) in DEVICES.items()}
    lit = model(folder, diode(", generation: 1e21 cm^-3/s", ends))
    out["lit"] = Heated(lit, -0.3)
    order = np.argsort(lit.coordinates[:, 0])
    split = (lit.values("holes") - lit.values("electrons"))[order]
    pairs = lit.parameters.carriers.generation * 1e6 * np.trapezoid(split, lit.coordinates[order, 0])
    out["light"] = lit.parameters.scaling.watt(pairs)
    out["warm"] = warm_currents(folder)
    return out


def warm_currents(folder):
    """Currents [A] at a few voltages of a diode held at 350 K, and of one whose temperature is 350 K."""
    exponents = {"electron_mobility_exponent": 2.4, "hole_mobility_exponent": 2.2}
    held = "{terminals: {top: {temperature: 350 K}, bottom: {temperature: 350 K}}}"
    trap = "material.semiconductor.trap_level={value: 0.1 eV, source: test}"
    warmed = model(folder, diode(heat=held), [
        *(f"material.semiconductor.{key}={{value: {value}, source: test}}" for key, value in exponents.items()), trap])
    ratio = WARM / COLD
    numbers = {
        "semiconductor.conduction_density": f"{N_C * ratio**1.5} cm^-3", "semiconductor.valence_density": f"{N_V * ratio**1.5} cm^-3",
        "semiconductor.electron_mobility": f"{1400 * ratio**-2.4} cm^2/(V s)", "film.temperature": f"{WARM} K",
        "semiconductor.hole_mobility": f"{450 * ratio**-2.2} cm^2/(V s)",
        "semiconductor.trap_level": trap_at(WARM),
    }
    warm = model(folder, diode(), [f"material.{key}={{value: {value}, source: test}}" for key, value in numbers.items()])
    found = []
    for m in (warmed, warm):
        at = stationary(m)
        found.append([m.parameters.scaling.ampere(at(v)["top"].electronic) for v in (0.5, -0.3, -0.6)])
    return np.array(found)


def trap_at(temperature):
    """The same trap, 0.1 eV above the intrinsic level of 300 K, above that of another temperature (kT/2 ln N_v/N_c)."""
    per_kelvin = 1.380649e-23 / 1.602176634e-19 * 0.5 * np.log(N_V / N_C)
    return f"{0.1 - per_kelvin * (temperature - COLD)} eV"


def claims(data):
    for name in DEVICES:
        state = data[name]
        yield Claim(f"heat produced over I V, {name}", "energy", 1.0, state.produced / state.power, 1e-8, "",
                    "continuity is solved to 1e-10 of the current")
        yield Claim(f"heat leaving over I V, {name}", "energy", 1.0, state.leaving / state.power, 1e-6, "",
                    "silicon conducts heat so well that the last bit of T is 1e-8 of it")
    lit = data["lit"]
    yield Claim("heat of the lit diode over I V + int G (Phi_p - Phi_n)", "energy", 1.0,
                lit.produced / (lit.power + data["light"]), 5e-8, "",
                "the last bit of Φ_n at the n side's contact is 4e-8 of the current")
    for volts, warmed, warm in zip(("-0.5 V", "0.3 V", "0.6 V"), *data["warm"]):
        tolerance = 1e-3 if volts == "-0.5 V" else 1e-4  # a difference of nearly equal fluxes
        yield Claim(f"current at {volts} of a diode held at 350 K over one whose temperature it is",
                    "N_c, N_v ~ T^3/2, mobility ~ T^-m", 1.0, warmed / warm, tolerance, "", "its own heat warms it by 0.01 K")


SECTION = Section(
    "Heat of electrons and holes",
    "Joule heat of both carriers, the heat q R (Phi_p - Phi_n) of recombination and that of emission at the contacts add up "
    "to I V; light adds what it gives the pairs. A diode between ends at 350 K has the currents of a diode whose "
    "temperature is 350 K: densities of states, levels over kT, Einstein relation and mobilities see the local temperature.",
    measure, claims,
    theme="heat",
)


def test_carriers_heat_with_their_power_and_see_the_local_temperature(tmp_path):
    check(SECTION.claims(SECTION.measure(tmp_path)))


def test_a_diode_heated_by_its_current_draws_more_than_a_cold_one(tmp_path):
    """n_i grows with T: the sign of the feedback, and that the coupled Newton's method takes it."""
    poor = "{terminals: {top: {condition: robin, transfer_coefficient: 1e3 W/(m^2 K)}, bottom: {condition: insulated}}}"
    warm, cold = (Heated(model(tmp_path, diode(heat=heat)), -0.52) for heat in (poor, "on"))
    assert warm.rise > 5 * cold.rise and warm.rise > 1
    assert abs(warm.current) > 1.02 * abs(cold.current)
    # everything leaves through the one end
    assert warm.leaving == pytest.approx(warm.power, rel=1e-8)
