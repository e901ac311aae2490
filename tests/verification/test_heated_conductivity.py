"""A bar whose conductivity follows its temperature: against an ODE solver, up to the voltage where it runs away."""

from pathlib import Path

import numpy as np
import pytest
from scipy.integrate import quad, solve_bvp
from scipy.optimize import brentq

from solver.scenario.protocol import Hold
from solver.transient.stepping import SolutionStopped
from tests.verification.bars import AREA, LENGTH, SIGMA, T0, K, Stationary, bar
from tests.verification.claims import Claim, Section, check
from tests.verification.drawing import law, simulated
from tests.verification.walking import stepper_of, walk

ENERGY = 0.1  # eV
KT0 = 1.380649e-23 * T0 / 1.602176634e-19
VOLTS = (0.05, 0.1, 0.15)
OVERRIDE = f"material.film.conductivity_activation_energy={{value: {ENERGY} eV, source: test}}"


def sigma(temperature):
    """S/m at a temperature [K]."""
    return SIGMA * np.exp(ENERGY / KT0 * (1 - T0 / np.maximum(temperature, 30.0)))


def ode(volts):
    """(x [m], T [K], current density [A/m^2]) of k T'' = -j^2/sigma(T), V = int j/sigma, by collocation."""
    def right(x, y, p):
        # y = T, T', potential; scaled length x in 0..1, p = field over sigma0 V/L
        j = p[0] * SIGMA * volts / LENGTH
        return np.vstack([y[1], -(LENGTH**2) * j**2 / sigma(y[0]) / K, LENGTH * j / sigma(y[0])])

    def ends(a, b, p):
        return np.array([a[0] - T0, b[0] - T0, a[2], b[2] - volts])

    x = np.linspace(0, 1, 81)
    rise = SIGMA * volts**2 / (2 * K)
    start = np.vstack([T0 + rise * x * (1 - x), rise * (1 - 2 * x), volts * x])
    found = solve_bvp(right, ends, x, start, p=[1.0], tol=1e-8, max_nodes=20000)
    assert found.success, found.message
    return found.x * LENGTH, found.y[0], found.p[0] * SIGMA * volts / LENGTH


def kohlrausch(largest):
    """V that heats the middle to `largest` [K], ends equal, whatever sigma(T) is (F. Kohlrausch, Ann. Phys. 306, 132 (1900))."""
    return np.sqrt(8 * quad(lambda t: K / sigma(t), T0, largest)[0])


def measure(folder: Path):
    states, laws = {}, {}
    for volts in VOLTS:
        for size in (5.0, 2.5):
            states[volts, size] = Stationary(bar(folder, size=size, overrides=[OVERRIDE]), {"top": volts, "bottom": 0.0})
        laws[volts] = ode(volts)
    return {"states": states, "laws": laws}


def claims(data):
    for volts in VOLTS:
        coarse, fine = (data["states"][volts, size] for size in (5.0, 2.5))
        _, temperature, j = data["laws"][volts]
        rise = temperature.max() - T0
        reason = "second order in h, 40 elements"
        yield Claim(f"voltage at that largest temperature, {volts} V", "Kohlrausch: V^2 = 8 int k/sigma dT", kohlrausch(fine.largest),
                    volts, 2e-3, "V", reason)
        yield Claim(f"largest rise at {volts} V", "k T'' = -j^2/sigma(T) by scipy's solve_bvp", rise, fine.largest - T0, 3e-3, "K", reason)
        yield Claim(f"current at {volts} V", "the same", j * AREA, fine.currents["top"], 3e-3, "A", reason)
        yield Claim(f"heat produced over I V at {volts} V", "energy", 1.0, fine.heat.produced / fine.power, 1e-9)
        errors = [abs(s.currents["top"] / (j * AREA) - 1) for s in (coarse, fine)]
        yield Claim(f"order of the current's error in h at {volts} V", "linear elements", 2.0, np.log2(errors[0] / errors[1]), 0.1)


def draw(data, figure):
    axes = figure.subplots()
    for k, volts in enumerate(VOLTS):
        x, temperature, _ = data["laws"][volts]
        law(axes, x * 1e9, temperature - T0, k, f"{volts} V: ODE")
        state = data["states"][volts, 5.0]
        simulated(axes, state.height * 1e9, state.temperature - T0, k, f"{volts} V: simulation")
    axes.set_xlabel("position [nm]")
    axes.set_ylabel("temperature rise [K]")
    axes.legend()


SECTION = Section(
    "Bar whose conductivity rises with its temperature",
    f"Arrhenius conductivity with {ENERGY} eV between ends at 300 K: temperature and current against the two-point "
    "boundary value problem k T'' = -j^2/sigma(T) (lines: scipy.integrate.solve_bvp; points: simulated), and against "
    "Kohlrausch's V^2 = 8 int k/sigma dT from the ends' to the largest temperature.",
    measure, claims, draw,
    theme="heat",
)


def test_the_conductivity_follows_the_local_temperature(tmp_path):
    check(SECTION.claims(SECTION.measure(tmp_path)))


TRANSFER, STEEP = 1e3, 0.3  # W/(m^2 K), eV


def largest_stable_voltage():
    """Voltage beyond which a bar of even temperature between transfer coefficients h has no stationary state.

    2 h (T - T0) = sigma(T) V^2 / L: the largest V is where 1/(T - T0) = E/(k T^2).
    """
    energy = STEEP / KT0
    turn = brentq(lambda t: t**2 - energy * T0 * (t - T0), T0, energy * T0 / 2)
    return np.sqrt(2 * TRANSFER * LENGTH * (turn - T0) / (SIGMA * np.exp(energy * (1 - T0 / turn))))


def bar_that_may_run_away(folder, volts):
    end = f"{{condition: robin, transfer_coefficient: {TRANSFER} W/(m^2 K)}}"
    m = bar(folder, f"{{terminals: {{top: {end}, bottom: {end}}}}}", size=20,
            overrides=[f"material.film.conductivity_activation_energy={{value: {STEEP} eV, source: test}}"])
    return m, stepper_of(m, [Hold(voltage=f"{volts} V", duration="20 ms")])


def test_below_the_largest_stable_voltage_the_bar_settles(tmp_path):
    volts = 0.98 * largest_stable_voltage()
    m, stepper = bar_that_may_run_away(tmp_path, volts)
    *_, (record, _) = walk(stepper)
    assert record.time == pytest.approx(20e-3)
    # the lumped bar: cold end of the two solutions of 2 h (T - T0) = sigma(T) V^2 / L
    energy = STEEP / KT0
    turn = brentq(lambda t: t**2 - energy * T0 * (t - T0), T0, energy * T0 / 2)
    cold = brentq(lambda t: 2 * TRANSFER * LENGTH * (t - T0) - SIGMA * np.exp(energy * (1 - T0 / t)) * volts**2, T0, turn)
    # Biot number 2.5e-4, times the steepness close to the turning point
    assert m.values("temperature").max() * T0 - T0 == pytest.approx(cold - T0, rel=1e-2)


def test_above_it_the_run_backs_off_and_stops_with_a_sentence_that_says_runaway(tmp_path):
    _, stepper = bar_that_may_run_away(tmp_path, 1.02 * largest_stable_voltage())
    with pytest.raises(SolutionStopped, match=r"stopped at t = .* K, temperature at .* nm: beyond 2000 K.*thermal runaway"):
        list(walk(stepper))
    # the last accepted state is a warm one, and below the limit
    assert 400 < stepper.levels.states[0].reshape(-1, len(stepper.model.fields))[:, -1].max() * T0 <= 2000
