"""Order in time of the coupled schemes with prescribed steps; what corners and jumps of the voltage cost."""

from itertools import pairwise

import numpy as np

from solver.scenario.protocol import Hold, Sweep
from tests.devices import bipolar, material_with_ions, model, with_carriers
from tests.verification.claims import Claim, Section, check
from tests.verification.drawing import order, simulated
from tests.verification.fixed_steps import alternating, equal, graded, run
from tests.verification.test_free_energy import CLOSED, EXCHANGE, FEW_IONS, FILM, JUNCTION, SILICON, STUB
from tests.verification.walking import stepper_of, walk

COUNTS = (40, 80, 160)
SET_COUNTS = (80, 160, 320)  # with longer steps the filament touches the electrode in one of them
FILAMENT = FILM + f"physics: {{{EXCHANGE}, {STUB % 12}}}\n"
BESIDE = with_carriers(FILM + f"physics: {{{STUB % 12}}}\n")
PLATES = FILM + "physics: {filament: off, ions: fixed}\n"
SET = [Sweep(to="0.2 V", rate="0.4 V/s")]
READ = 0.75  # of the sweep: 0.15 V, in the middle of the set


def refinements(text, more, protocol, steps, folder, counts=COUNTS):
    """For each count: step over the first, state (n, fields), ln(current / 1 per s) after every step."""
    out = []
    for count in counts:
        m = model(folder, text, more)
        records, state = run(m, protocol, steps(count))
        out.append((counts[0] / count, state, np.log([abs(r.current("top")) for r in records])))
    return m.fields, out


def measure(folder):
    """Case -> (fields, refinements), and what is read off single runs."""
    carriers = SILICON + bipolar(JUNCTION)
    ions = SILICON + bipolar(JUNCTION, "mobile", material_with_ions(folder)) + CLOSED
    pulse = [Hold(voltage="50 mV", duration="40 ms"), Hold(voltage="0 V", duration="40 ms")]
    fast = [Sweep(to="-0.5 V", rate="1e5 V/s")]
    triangle = [Sweep(to="0.1 V", rate="1 V/s"), Sweep(to="0 V", rate="1 V/s")]
    cases = {
        "filament sets, equal steps": (FILAMENT, (), SET, equal, SET_COUNTS),
        "filament sets, steps alternating 1 : 2": (FILAMENT, (), SET, alternating, SET_COUNTS),
        "filament sets, with electrons and holes": (BESIDE, (), SET, equal, SET_COUNTS),
        "electrons and holes, equal steps": (carriers, (), fast, equal, (160, 320, 640)),
        "filament, pulse on and off, graded steps": (FILAMENT, (), pulse, graded, COUNTS),
        "electrons, holes and ions, pulse on and off, graded steps": (ions, FEW_IONS, pulse, graded, COUNTS),
        "filament, corner of a sweep, equal steps": (FILAMENT, (), triangle, equal, COUNTS),
    }
    data = {name: refinements(text, more, protocol, steps, folder, counts)
            for name, (text, more, protocol, steps, counts) in cases.items()}
    plates = run(model(folder, PLATES), triangle, equal(10))[0]
    return data, [r.displacement["top"] for r in plates], production(folder)


def production(folder):
    """ln(current) at 0.15 V of the set by the production stepper: time tolerance -> (ln I, steps)."""
    out = {}
    for tolerance in (2e-2, 5e-3, 1.25e-3):
        protocol = [Sweep(to="0.15 V", rate="0.4 V/s")]
        records = [r for r, _ in walk(stepper_of(model(folder, FILAMENT), protocol, tolerance=tolerance, max_voltage_step=1.0))]
        out[tolerance] = np.log(records[-1].current("top")), len(records)
    return out


def differences(refined, column):
    """Root mean square change of a field from one refinement to the next."""
    states = [state[:, column] for _, state, _ in refined]
    return [float(np.sqrt(np.mean((a - b) ** 2))) for a, b in pairwise(states)]


def at_set(refined):
    """(ln I at 0.15 V of each refinement, d ln I / dV there [1/V])."""
    logs = [log for _, _, log in refined]
    at = [round(READ * len(log)) - 1 for log in logs]
    k, log = at[-1], logs[-1]
    return np.array([log[j] for log, j in zip(logs, at)]), (log[k + 4] - log[k - 4]) / (8 * 0.2 / len(log))


def claims(data):
    runs, plates, stepped = data
    bdf = "self-convergence, steps halved twice"
    for name, (fields, refined) in runs.items():
        for column, field in enumerate(fields):
            first, second = differences(refined, column)
            if second < 1e-12:  # quasi-Fermi potentials back at 0 V: nothing is left to converge
                continue
            yield Claim(f"order in time, {name}: {field}", bdf, 2.0, float(np.log2(first / second)), 0.15, "",
                        "next order at these steps; implicit Euler's first step is of second order once")
    values, slope = at_set(runs["filament sets, equal steps"][1])
    yield Claim("order in time of the set voltage", bdf, 2.0, float(np.log2((values[1] - values[0]) / (values[2] - values[1]))), 0.1, "",
                "as above")
    exact = values[2] + (values[2] - values[1]) / 3
    for tolerance, (value, steps) in stepped.items():
        # a current that is too large by a factor is a set voltage that is too low by its logarithm over the slope
        allowed = 2e-3 * (tolerance / 5e-3) ** (2 / 3)
        yield Claim(f"error of the set voltage at time_tolerance {tolerance:g} ({steps} steps)", "extrapolation of the equal steps", 0.0,
                    (exact - value) / slope, allowed, "V", "2 mV (tolerance / 5e-3)^(2/3)")
    ratio = np.array(plates) / plates[0] * np.repeat([1, -1], 10)
    yield Claim("displacement current of bare plates over C dV/dt, worst step of a triangle (corner included)", "I = C dV/dt", 1.0,
                float(ratio[np.argmax(abs(ratio - 1))]), 1e-6, "", "a step is balanced to 3e-7")


def drawing(data, figure):
    runs, _, stepped = data
    left, right = figure.subplots(1, 2)
    for k, (name, (fields, refined)) in enumerate(runs.items()):
        error = differences(refined, 0)
        simulated(left, [1.0, 0.5], np.array(error) / error[0], k, name, ls="-", lw=0.5)
    order(left, [1.0, 0.5], [1.0, 0.25])
    left.set(xscale="log", yscale="log", xlabel="step over the first", ylabel="change of φ when halved, over the first")
    handles, labels = left.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=2)
    left.set_xticks([0.5, 1.0], ["1/2", "1"])
    left.minorticks_off()
    values, slope = at_set(runs["filament sets, equal steps"][1])
    exact = values[2] + (values[2] - values[1]) / 3
    simulated(right, [1 / c for c in SET_COUNTS], abs(values - exact) / slope, 0, "equal steps")
    simulated(right, [1 / steps for _, steps in stepped.values()], [abs(v - exact) / slope for v, _ in stepped.values()], 1,
              "step control")
    order(right, [1 / c for c in SET_COUNTS], abs(values - exact) / slope)
    right.set(xscale="log", yscale="log", xlabel="1 / steps of the set", ylabel="error of the set voltage (V)")
    right.legend()


SECTION = Section(
    "Order in time of the coupled schemes",
    "Prescribed steps, halved twice, for all fields of the filament model (φ, Φ, vacancies, ξ, u) and for electrons and holes "
    "with and without mobile ions: second order in every field and in the set voltage, also with steps that alternate by a "
    "factor of two, although each march starts with one implicit Euler step (its error is of second order, once). **Jumps** "
    "of the voltage restart with implicit Euler: with steps that grow from small ones the order stays two. **Corners** of a "
    "sweep restart likewise, with a quarter step: fields are of second order either way, but BDF2 across the kink would "
    "carry half of the change of slope into the next displacement current. Right: the set voltage by equal steps and by the "
    "step control at three tolerances.",
    measure,
    claims,
    drawing,
    "time",
)


def test_the_coupled_schemes_are_of_second_order_in_time(tmp_path):
    check(SECTION.claims(SECTION.measure(tmp_path)))
