"""Violent voltages and Debye lengths from 0.5 to 50 nm: the step finds its own way, without a setting."""

import numpy as np
import pytest

from solver.scenario.protocol import Hold
from tests.devices import GAP, model
from tests.verification.claims import Claim, Section, check
from tests.verification.drawing import COLOURS, simulated
from tests.verification.walking import stepper_of, walk

STEP = 80 * 1.380649e-23 * 300 / 1.602176634e-19  # V
# lambda_D = 2.93 nm at 1e19 cm^-3
DENSITY = {0.5: 3.43e20, 2.93: 1e19, 10.0: 8.57e17, 50.0: 3.43e16}


def of_debye_length(debye):
    """Override of the vacancy density; the material file's plausible range is widened with it."""
    value = f"{{value: {DENSITY[debye]} cm^-3, source: assumed, range: [1e15 cm^-3, 1e21 cm^-3]}}"
    return [f"material.ions.vacancies.initial_density={value}"]


def thrown(folder, debye, ions):
    """A film from rest to 80 kT/q, to -80 kT/q and back: (rows (t [s], total current [A/m^2]), Newton iterations, lowest c/c0,
    largest share of the sites)."""
    m = model(
        folder,
        "device: {layout: slab, thickness: 60 nm, dimension: 1, area: 100 nm^2}\nmesh: {size_at_filament: 0.5 nm}\n"
        f"physics: {{filament: off, contacts: {{top: {{ions: {ions}}}, bottom: {{ions: {ions}}}}}}}\n",
        of_debye_length(debye),
    )
    stepper = stepper_of(m, [Hold(voltage=f"{v} V", duration="10 ms") for v in (STEP, -STEP, 0)])
    rows, iterations, low, high = [], 0, 1.0, 0.0
    share = m.parameters.ion("vacancies").share
    for record, _ in walk(stepper):
        iterations += record.newton_iterations
        c = m.values("vacancies")
        low, high = min(low, c.min()), max(high, c.max() * share)
        rows.append((record.time, m.parameters.scaling.ampere(record.current("top")) / 1e-16))
    return np.array(rows), iterations, float(low), float(high)


def measure(folder):
    return {(debye, ions): thrown(folder, debye, ions) for ions in ("blocking", "exchange") for debye in DENSITY}


def claims(data):
    for (debye, ions), (rows, iterations, low, high) in data.items():
        case = f"λ_D = {debye:g} nm, {ions}"
        yield Claim(f"time reached: {case}", "convergence", 0.03, rows[-1, 0], 1e-9, "s", "to the end of the protocol")
        yield Claim(f"Newton iterations: {case}", "no crawling", 0.0, float(iterations), 3000.0, "", "at most 3000, about ten times what is needed")
        yield Claim(f"lowest c/c₀ where negative: {case}", "positivity", 0.0, min(0.0, low), 1e-9, "", "Newton's rounding")
        yield Claim(f"share of the sites beyond 1: {case}", "steric limit", 0.0, max(0.0, high - 1), 1e-4, "",
                    "functions.crowding gives way by 1e-6 a kT, Newton by its tolerance")


def draw(data, figure):
    left, right = figure.subplots(1, 2)
    for k, debye in enumerate(DENSITY):
        rows = data[debye, "blocking"][0]
        left.plot(rows[:, 0] * 1e3, abs(rows[:, 1]), color=COLOURS[k], lw=0.8, label=f"λ$_D$ = {debye:g} nm")
    for k, ions in enumerate(("blocking", "exchange")):
        simulated(right, list(DENSITY), [data[debye, ions][1] for debye in DENSITY], k, ions)
    left.set(yscale="log", xlabel="time [ms]", ylabel="|current| [A/m²], blocking")
    right.set(xscale="log", xlabel="Debye length [nm]", ylabel="Newton iterations of the three jumps", ylim=(0, None))
    left.legend()
    right.legend()


SECTION = Section(
    "Jumps of 80 kT/q for Debye lengths from 0.5 to 50 nm",
    "A film of 60 nm with mobile vacancies, blocking or exchanging electrodes, thrown from rest to 2.07 V, to −2.07 V and back, "
    "10 ms each: the time step finds its own way, no density is negative or beyond its sites.",
    measure, claims, draw, "robustness",
)


@pytest.mark.parametrize("ions", ["blocking", "exchange"])
@pytest.mark.parametrize("debye", DENSITY)
def test_steps_of_80_kT_converge_for_any_debye_length(tmp_path, debye, ions):
    check(claims({(debye, ions): thrown(tmp_path, debye, ions)}))


@pytest.mark.parametrize("debye", [0.5, 10.0])
def test_a_coarse_mesh_of_the_gap_survives_a_step_of_40_kT(tmp_path, debye):
    m = model(tmp_path, GAP + "mesh: {size_at_filament: 1.5 nm}\n", of_debye_length(debye))
    stepper = stepper_of(m, [Hold(voltage=f"{STEP / 2} V", duration="1 us"), Hold(voltage="0 V", duration="1 us")])
    for _ in walk(stepper):
        pass
    assert stepper.time == pytest.approx(2e-6)
