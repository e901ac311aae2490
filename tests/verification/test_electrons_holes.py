"""Electrons and holes against closed forms: junctions, diodes, contacts, space-charge-limited current."""

import math

import numpy as np
import pytest

from tests.devices import DIODE_2D, JUNCTION, bipolar, model, stationary

Q, VT = 1.602176634e-19, 1.380649e-23 * 300 / 1.602176634e-19
EPS = 11.7 * 8.8541878128e-12
N_C, N_V, GAP = 2.86e25, 3.10e25, 1.1242
N_I = math.sqrt(N_C * N_V) * math.exp(-GAP / (2 * VT))
D_N, D_P = 0.14 * VT, 0.045 * VT
AREA = 1e-12


def slab(thickness, size, carriers):
    """1 um^2 of silicon; the driven terminal `top` is at x = thickness."""
    return (
        f"device: {{layout: slab, thickness: {thickness} nm, dimension: 1, area: 1 um^2}}\n"
        f"mesh: {{size_at_filament: {size} nm}}\n" + bipolar(carriers)
    )


def diode(size=10, more=""):
    """2 um, p 1e17 below 1 um, n 1e16 above, abrupt."""
    return slab(2000, size, "{doping: [" + JUNCTION % ("x", 1000, 0) + "]" + more + "}")


NO_RECOMBINATION = ", srh: off, radiative: off, auger: off"


def current(m, sums, part="electronic"):
    """A, into the top terminal."""
    return m.parameters.scaling.ampere(getattr(sums["top"], part)) * m.device.current_scale


def test_the_built_in_voltage_is_kT_ln_of_the_dopings_over_n_i_squared(tmp_path):
    m = model(tmp_path, diode())
    stationary(m)(0.0)
    x, phi = m.coordinates[:, 0], m.values("potential") * VT
    drop = np.interp(1900.0, np.sort(x), phi[np.argsort(x)]) - np.interp(100.0, np.sort(x), phi[np.argsort(x)])
    # minority carriers are 1e-12 of the doping; 100 nm from a contact is 2.4 Debye lengths from nothing
    np.testing.assert_allclose(drop, VT * math.log(1e23 * 1e22 / N_I**2), rtol=1e-6)


def test_equilibrium_carries_no_current(tmp_path):
    m = model(tmp_path, diode())
    at = stationary(m)
    rest = max(abs(getattr(s, part)) for s in at(0.0).values() for part in ("electrons", "holes"))
    on = abs(at(-0.6)["top"].electronic)
    # the flux is a sinh of the quasi-Fermi difference: zero to the last bit, not a difference of large numbers
    assert rest <= 1e-12 * on


def test_a_short_diode_follows_shockleys_law(tmp_path):
    """J0 = q n_i^2 [D_n/(N_A w_p) + D_p/(N_D w_n)], w the neutral widths (Shockley, Bell Syst. Tech. J. 28, 435 (1949))."""
    m = model(tmp_path, diode(more=NO_RECOMBINATION))
    at = stationary(m)
    volts = np.array([0.3, 0.35, 0.4])
    found = np.array([-current(m, at(-v)) for v in volts])
    v_bi = VT * math.log(1e23 * 1e22 / N_I**2)
    depleted = np.sqrt(2 * EPS * (v_bi - volts) / Q * (1 / 1e23 + 1 / 1e22))
    w_p, w_n = 1e-6 - depleted / 11, 1e-6 - depleted * 10 / 11
    law = AREA * Q * N_I**2 * (D_N / (1e23 * w_p) + D_P / (1e22 * w_n)) * np.expm1(volts / VT)
    # the depletion edge is sharp to a Debye length (41 nm in 1 um): 4 %
    np.testing.assert_allclose(found, law, rtol=0.04)
    # slope: e per kT/q, less what the widths change
    slope = np.diff(np.log(found)) / np.diff(np.log(law))
    np.testing.assert_allclose(slope, 1.0, atol=2e-3)


def test_each_current_obeys_the_moll_ross_integral_exactly(tmp_path):
    """Without recombination J_n int dx/(q D_n n_i e^phi) = e^-Phi_n(0) - e^-Phi_n(L): the scheme keeps it edge by edge."""
    m = model(tmp_path, diode(size=25, more=NO_RECOMBINATION))
    at = stationary(m)
    for volts in (-0.5, -0.2, 1.0):
        sums = at(volts)
        order = np.argsort(m.coordinates[:, 0])
        x, phi = m.coordinates[order, 0] * 1e-9, m.values("potential")[order]
        d = np.diff(phi)
        # int e^-phi dx over an edge with phi linear on it
        whole = np.sum(np.diff(x) * np.exp(-phi[:-1]) * np.where(np.abs(d) < 1e-9, 1.0, -np.expm1(-d) / np.where(d == 0, 1, d)))
        v = volts / VT
        exact = AREA * Q * D_N * N_I * -math.expm1(-v) / whole
        # read where electrons are few: at the other contact 1e-16 of Phi times the conductance is 1e-19 A
        found = -m.parameters.scaling.ampere(sums["bottom"].electrons)
        np.testing.assert_allclose(found, exact, rtol=1e-8)


def test_the_mott_schottky_slope_gives_the_doping(tmp_path):
    """d(1/C^2)/dV = 2/(q eps N) per area^2 of a reverse-biased barrier."""
    contacts = ", contacts: {top: {work_function: 4.8 eV}}" + NO_RECOMBINATION
    m = model(tmp_path, slab(2000, 5, "{doping: [{profile: uniform, density: 1e16 cm^-3}]" + contacts + "}"))
    at = stationary(m)
    volts, step = np.array([-1.0, -1.5, -2.0, -2.5]), 0.01

    def charge(v):
        return m.parameters.scaling.coulomb(at(v)["top"].charge)

    c = np.array([(charge(v + step) - charge(v - step)) / (2 * step) for v in volts]) / AREA
    slope = np.polyfit(volts, 1 / c**2, 1)[0]
    # the depletion approximation's slope is exact up to e^-(V/VT); second order of h/lambda_D = 5/41
    np.testing.assert_allclose(slope, -2 / (Q * EPS * 1e22), rtol=5e-3)


def test_a_schottky_diodes_reverse_current_is_the_thermionic_saturation_current(tmp_path):
    """J_s = A* T^2 exp(-phi_B/kT) = q v N_c exp(-phi_B/kT), v = A* T^2/(q N_c) (Crowell, Sze 1966)."""
    richardson = 112e4  # A/(m^2 K^2), n-silicon
    v = richardson * 300**2 / (Q * N_C)
    contact = f"{{work_function: 4.65 eV, electron_velocity: {v:.9g} m/s, hole_velocity: 0 m/s}}"
    doping = "doping: [{profile: uniform, density: 1e16 cm^-3}]"
    m = model(tmp_path, slab(1000, 2, "{" + doping + ", contacts: {top: " + contact + "}" + NO_RECOMBINATION + "}"))
    at = stationary(m)
    saturation = AREA * richardson * 300**2 * math.exp(-(4.65 - 4.05) / VT)
    # drift takes the electrons away at mu E = 1e5 to 1e6 m/s, v = 2e4 m/s: diffusion limits by v/(mu E), a few percent
    found = -current(m, at(-1.0))
    field = math.sqrt(2 * Q * 1e22 * 1.5 / EPS)
    np.testing.assert_allclose(found, saturation / (1 + v / (0.14 * field)), rtol=0.03)
    # forward: the same prefactor and exp(V/kT), the neutral part's resistance being nothing
    np.testing.assert_allclose(current(m, at(0.2)) / current(m, at(0.1)), math.expm1(0.2 / VT) / math.expm1(0.1 / VT), rtol=0.03)


def test_space_charge_limited_current_tends_to_nine_eighths_eps_mu_V2_over_L3(tmp_path):
    """Mott, Gurney (1940): injected electrons only, diffusion neglected: the limit of V >> kT/q."""
    contact = "{work_function: 4.1 eV}"
    m = model(tmp_path, slab(1000, 2, "{contacts: {top: " + contact + ", bottom: " + contact + "}}"))
    at = stationary(m)
    ratios = []
    for volts in (2.0, 10.0, 40.0, 99.0):
        law = 9 / 8 * EPS * 0.14 * volts**2 / 1e-18 * AREA
        ratios.append(current(m, at(volts)) / law)
    excess = np.array(ratios) - 1
    # diffusion from both contacts adds charge: 55, 16, 5.5 and 2.7 % at 77, 390, 1500 and 3800 kT/q
    assert (np.diff(excess) < 0).all()
    assert 0 < excess[-1] < 0.03


def test_surface_recombination_limits_the_minority_current(tmp_path):
    """A p-type base w with S_n at its contact: J = q n_i^2/N_A e^(V/VT) D_n/(w + D_n/S)."""
    found = []
    speeds = (10.0, 1e3)
    for speed in speeds:
        contact = f", contacts: {{bottom: {{electron_velocity: {speed} m/s}}}}" + NO_RECOMBINATION
        m = model(tmp_path, diode(more=contact))
        found.append(-current(m, stationary(m)(-0.4), "electrons"))
    v_bi = VT * math.log(1e23 * 1e22 / N_I**2)
    w = 1e-6 - math.sqrt(2 * EPS * (v_bi - 0.4) / Q * (1 / 1e23 + 1 / 1e22)) / 11
    law = [AREA * Q * N_I**2 / 1e23 * math.expm1(0.4 / VT) * D_N / (w + D_N / s) for s in speeds]
    # as the ideal diode: 4 %
    np.testing.assert_allclose(found, law, rtol=0.04)


@pytest.mark.parametrize("statistics", ["boltzmann", "fermi_dirac"])
def test_a_doped_bar_has_the_conductance_q_mu_N_A_over_L_as_the_reduced_model_has(tmp_path, statistics):
    carriers = f"{{statistics: {statistics}, doping: [{{profile: uniform, density: 1e17 cm^-3}}]}}"
    m = model(tmp_path, slab(500, 20, carriers))
    found = current(m, stationary(m)(0.01)) / 0.01
    sigma = Q * 0.14 * 1e23
    # the reduced model's sigma A / L to rounding is tests/verification/test_slab_closed_forms.py; holes are 1e-13
    np.testing.assert_allclose(found, sigma * AREA / 500e-9, rtol=1e-7)


def test_a_lateral_diode_conducts_one_way_and_its_densities_are_positive(tmp_path):
    m = model(tmp_path, DIODE_2D)
    at = stationary(m)
    on, off = at(0.6)["anode"].electronic, at(-0.6)["anode"].electronic
    assert on > 0 > off
    assert on / -off > 1e6
    from solver.physics.observables import fields_in_si

    si = fields_in_si(m)
    for name in ("electron density [m^-3]", "hole density [m^-3]"):
        assert (si[name] > 0).all()
