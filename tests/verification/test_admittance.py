"""Small-signal admittance: blocking slab against its closed form, a step in time, the charge against voltage."""

import numpy as np

from solver.analysis.admittance import SmallSignal
from solver.scenario.protocol import Hold
from tests.devices import march, model
from tests.verification.claims import Claim, check
from tests.verification.layers import Film
from tests.verification.test_double_layers import AREA, slab
from tests.verification.walking import stepper_of, terminal_charge, walk

SOURCE = "linearised Poisson-Nernst-Planck with one mobile species (layers.py)"
FREQUENCIES = np.logspace(0, 6, 25)


def blocking_spectrum(folder, size=0.25):
    """(Spectrum, closed form [S]) of blocking plates 60 nm apart at 0 V, cells of `size` [nm]."""
    m = slab(folder, 60, size)
    march(m, [Hold(voltage="0 V", duration="1 s")])
    film = Film(1e25, 1e27, 5e-14, 60e-9, AREA)
    exact = film.admittance(2j * np.pi * FREQUENCIES) + 1e-4 * AREA / film.L
    return SmallSignal(m, "top").admittance(FREQUENCIES), exact


def blocking_claims(folder):
    worst = []
    for size in (0.5, 0.25):
        found, exact = blocking_spectrum(folder, size)
        # the electrons' conductance hides the ions in |Y|: the two parts are compared each
        parts = [abs(getattr(found.admittance, p) - getattr(exact, p)) for p in ("real", "imag")]
        ionic = abs(exact - 1e-4 * AREA / 60e-9)
        worst.append(float(np.max(np.hypot(*parts) / ionic)))
    # (h / lambda)^2 / 8 = 9e-4 at h = 0.25 nm
    yield Claim("admittance of blocking plates, 1 Hz to 1 MHz, worst relative difference", SOURCE, 0.0, worst[1], 2e-3, "",
                "(h/λ_D)²/8 of the mesh")
    yield Claim("the same, ratio of meshes h and h/2", "second order in space", 4.0, worst[0] / worst[1], 0.05, "", "next order")


def test_blocking_plates_have_their_closed_form_impedance(tmp_path):
    check(blocking_claims(tmp_path))


def step_claims(folder):
    """Fourier transform of the current after a step of 0.5 mV about 50 mV, against the spectrum at 50 mV; the
    vacancies pass into the electrodes and the top contact has a resistance."""
    text = "device: {layout: slab, thickness: 30 nm, dimension: 1, area: 900 nm^2}\nmesh: {size_at_filament: 0.5 nm}\n"
    step = 0.5e-3
    currents = {}
    for volts in (0.05, 0.05 + step):
        m = model(folder, text + "physics: {filament: off}\n", ["material.contacts.conductance=1e4 S/m^2"])
        protocol = [Hold(voltage="0.05 V", duration="1 s"), Hold(voltage=f"{volts} V", duration="0.2 s")]
        stepper = stepper_of(m, protocol, tolerance=1e-5, max_voltage_step=1.0, newton=1e-9)
        if volts == 0.05:
            for _, ends in walk(stepper):
                if ends:
                    found = SmallSignal(m, "top").admittance(np.array([10.0, 100.0, 1e3, 3e3]))
                    break
            continue
        rows, charge = [], []
        for r, ends in walk(stepper):
            if r.time > 1.0:
                rows.append((r.time - 1.0, r.electronic["top"] + r.ionic["top"]))
                charge.append(terminal_charge(stepper))
            elif ends:
                currents["start"] = r.electronic["top"] + r.ionic["top"]
                base = terminal_charge(stepper)
    t, conduction = np.array(rows).T
    ampere = m.parameters.scaling.ampere(1.0)
    for f, y in zip(found.frequency, found.admittance):
        w = 2 * np.pi * f
        # Y = (i w / dV) int I e^{-iwt} dt; what has settled at the end is a step and goes on for ever
        drift = (conduction - currents["start"]) * ampere
        transient = _transform(t, drift - drift[-1], w) * 1j * w + drift[-1]
        q = np.array(charge) - base
        stored = (_transform(t, q - q[-1], w) * 1j * w + q[-1]) * 1j * w
        measured = (transient + stored) / step
        for part in ("real", "imag"):
            yield Claim(f"admittance at {f:g} Hz from a step in time, {part}", "Fourier transform of the transient",
                        getattr(y, part), getattr(measured, part), 0.02, "S",
                        "steps of 1e-5 local error; first step 1 µs; curvature of the response at 0.5 mV = 0.02 kT")


def _transform(t, f, w):
    """int_0^inf f e^{-iwt} dt of a function linear between its samples, constant before the first, 0 after the last."""
    t, f = np.concatenate([[0.0], t]), np.concatenate([f[:1], f])
    dt, slope = np.diff(t), np.diff(f) / np.diff(t)
    e = np.exp(-1j * w * t)
    return np.sum((f[:-1] * e[:-1] - f[1:] * e[1:]) / (1j * w) + slope * (e[:-1] - e[1:]) / (1j * w) ** 2 * (dt > 0))


def test_the_spectrum_is_the_transform_of_a_small_step(tmp_path):
    check(step_claims(tmp_path))


def bias_claims(folder):
    """The capacitance at low frequency is the slope of the charge, also far from equilibrium."""
    volts = 0.4
    film = Film(1e25, 1e26, 5e-14, 60e-9, AREA)
    m = slab(folder, 60, 0.2, ["material.vacancies.site_density=1e20 cm^-3"])
    for _ in walk(stepper_of(m, [Hold(voltage=f"{volts} V", duration="1 s")], max_voltage_step=1.0)):
        pass
    found = SmallSignal(m, "top").admittance(np.array([1e-2]))
    exact = (film.split(volts + 1e-4)[1] - film.split(volts - 1e-4)[1]) / 2e-4 * AREA
    yield Claim("capacitance of steric layers at 0.4 V and 10 mHz", "slope of the charge (layers.py)", exact,
                float(found.capacitance[0]), 5e-3, "F", "(h/λ_D)² of the mesh")


def test_the_low_frequency_capacitance_is_the_slope_of_the_charge(tmp_path):
    check(bias_claims(tmp_path))


def test_all_terminals_currents_sum_to_zero_and_a_filament_s_response_is_real_at_dc(tmp_path):
    from tests.devices import GAP

    m = model(tmp_path, GAP)
    march(m, [Hold(voltage="20 mV", duration="1 ms")])
    found = SmallSignal(m, "top").admittance(np.logspace(2, 6, 5))
    # the sum cancels displacement currents of both plates: rounding times their ratio
    assert found.imbalance.max() < 1e-8
    assert (found.admittance.real > 0).all()
