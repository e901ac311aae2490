"""Heat in time: decay of a hot slab, warming of a bar behind its transfer coefficients, the balance of every step."""

from pathlib import Path

import numpy as np

from solver.engines.cpu.newton import CpuEngine
from solver.physics.balances import nodal_sums
from solver.physics.heat_balance import HeatBalance, largest
from solver.scenario.protocol import Hold
from solver.transient import bdf
from tests.verification.bars import CAPACITY, LENGTH, SIGMA, T0, K, bar
from tests.verification.claims import Claim, Section, check
from tests.verification.drawing import law, order, simulated
from tests.verification.walking import stepper_of, walk

DIFFUSIVITY = K / CAPACITY
RATE = np.pi**2 * DIFFUSIVITY / LENGTH**2  # 1/s
SIZE = 2.5e-9
# linear elements with lumped mass on an even grid have the same sine as eigenvector, with this rate
RATE_ON_GRID = 4 * DIFFUSIVITY / SIZE**2 * np.sin(np.pi * SIZE / (2 * LENGTH)) ** 2
TRANSFER, VOLTS, DURATION = 1e3, 2e-3, 2e-4  # W/(m^2 K), V, s


def decay(m, engine, steps):
    """Amplitude of a sine of 30 K after one time constant in `steps` equal steps (BDF2), over that at the start."""
    ctx = m.context
    z = m.coordinates[:, 0] * 1e-9
    start = 1 + 0.1 * np.sin(np.pi * z / LENGTH)
    theta = m.values("temperature")
    free = ~m.constrained[:, m.fields.index("temperature")]
    theta[free] = start[free]
    levels, dt = [theta.copy()], 1 / RATE / steps
    past = ctx.history.x.array.reshape(len(z), -1)[:, ctx.stored.index("relative temperature")]
    for _ in range(steps):
        c = bdf.coefficients(dt, dt if len(levels) > 1 else None)
        ctx.rate.value = c.a0
        past[:] = c.a1 * levels[0] + (c.a2 * levels[1] if c.order == 2 else 0.0)
        assert engine.solve().converged
        levels = [theta.copy(), levels[0]]
    return (levels[0].max() - 1) / 0.1


def measure(folder: Path):
    m = bar(folder, size=SIZE * 1e9)
    engine = CpuEngine(m, tolerance=1e-12, linear_solver="direct")
    counts = np.array([10, 20, 40, 80])
    out = {"steps": counts, "left": np.array([decay(m, engine, n) for n in counts])}

    m = bar(folder, f"{{terminals: {{top: {{condition: robin, transfer_coefficient: {TRANSFER} W/(m^2 K)}}, "
            f"bottom: {{condition: robin, transfer_coefficient: {TRANSFER} W/(m^2 K)}}}}}}", size=10)
    stepper = stepper_of(m, [Hold(voltage=f"{VOLTS} V", duration=f"{DURATION} s")], tolerance=2e-5, newton=1e-10)
    balance, watt = HeatBalance(m), m.parameters.scaling.watt
    rows = []
    for record, _ in walk(stepper):
        residual = stepper.engine.interior_residual()
        sums, electric = balance(residual), nodal_sums(m, residual)["top"].electronic * m.context.voltage["top"].value
        parts = (electric, sums.produced, sums.stored, sums.leaving)
        rows.append((record.time, (largest(m) - 1) * T0, *map(watt, parts)))
    out["rows"] = np.array(rows)
    return out


def claims(data):
    errors = np.abs(data["left"] - np.exp(-RATE_ON_GRID / RATE))
    orders = np.log2(errors[:-1] / errors[1:])
    yield Claim("what is left of a sine after L^2/(pi^2 D)", "exp(-1)", np.exp(-1), data["left"][-1], 2e-3, "",
                "1/12 (pi h/L)^2 = 5e-4 of the rate in space, 2e-4 in time")
    yield Claim("order in time, the finest two steps", "BDF2", 2.0, orders[-1], 0.05, "", "first step implicit Euler")
    t, rise, power, produced, stored, leaving = data["rows"].T
    yield Claim("heat produced over I V, worst step", "energy", 1.0, (produced / power)[np.argmax(abs(produced / power - 1))], 1e-8)
    worst = np.abs(produced - stored - leaving).max() / produced.max()
    yield Claim("heat produced less stored less leaving, worst step over I V", "energy", 0.0, worst, 1e-8, "", "rows sum to it")
    exact = warming(t)
    yield Claim("warming, largest difference over the final rise", "1 - exp(-2 h t/(C L))", 0.0,
                np.abs(rise - exact).max() / exact.max(), 2e-3, "", "Biot number h L/k = 2.5e-4, time tolerance 2e-5")
    yield Claim("share of the power that is stored in the first step", "nearly all", 1.0, stored[0] / power[0], 0.05)


def warming(t):
    """Rise of a bar so small that its temperature is even [K]."""
    return SIGMA * VOLTS**2 / LENGTH / (2 * TRANSFER) * (1 - np.exp(-2 * TRANSFER * t / (CAPACITY * LENGTH)))


def draw(data, figure):
    left, right = figure.subplots(1, 2)
    errors = np.abs(data["left"] - np.exp(-RATE_ON_GRID / RATE))
    left.set_xscale("log")
    left.set_yscale("log")
    simulated(left, 1 / data["steps"], errors)
    order(left, 1 / data["steps"], errors)
    left.set_xticks(1 / data["steps"], [f"1/{n}" for n in data["steps"]])
    left.minorticks_off()
    left.set_xlabel("step over the time constant")
    left.set_ylabel("error of the decay")
    left.legend()
    t, rise = data["rows"].T[:2]
    fine = np.linspace(0, DURATION, 300)
    law(right, fine * 1e6, warming(fine))
    simulated(right, t * 1e6, rise, markevery=max(1, len(t) // 25))
    right.set_xlabel("time [us]")
    right.set_ylabel("temperature rise [K]")
    right.legend()


SECTION = Section(
    "Heat in time",
    "A hot slab between cold ends: the slowest mode decays as exp(-pi^2 D t/L^2), D = k/C, with second order in the step. "
    "A bar that is heated behind transfer coefficients warms as 1 - exp(-2 h t/(C L)); in every step the heat produced is "
    "I V and is found again as stored and leaving heat.",
    measure, claims, draw,
    theme="heat",
)


def test_heat_spreads_and_is_stored_as_the_closed_forms_say(tmp_path):
    check(SECTION.claims(SECTION.measure(tmp_path)))
