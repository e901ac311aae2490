"""The measuring set-up around devices whose answer is known: resistor, capacitor, compliance, floating terminals."""

import numpy as np
import pytest

from solver.scenario.protocol import Hold, Sweep
from solver.transient.bdf import coefficients
from solver.transient.history import write_history
from tests.devices import bipolar, model
from tests.verification.claims import Claim, Section, check
from tests.verification.drawing import law, simulated
from tests.verification.walking import stepper_of, walk

OHMIC = "physics: {filament: off, ions: fixed, contacts: {top: {electronic: ohmic}}}\n"
SLAB = "device: {layout: slab, thickness: 60 nm, dimension: 1, area: 1 um^2%s}\n"
EPS = 60 * 8.8541878128e-12
CAPACITANCE = EPS * 1e-12 / 60e-9  # F, parallel plates of the slab
SIGMA = ["material.film.electronic_conductivity=1e-4 S/m"]
CONDUCTANCE = 1e-4 * 1e-12 / 60e-9  # S, of the slab
TAU = 20e-6  # s, of the charging plates


def wired(tmp_path, circuit, device=SLAB % "", rest=OHMIC, overrides=SIGMA):
    """Model of a device with `circuit` (YAML of its terminals)."""
    return model(tmp_path, device + rest + f"terminals: {circuit}\n", overrides)


def ampere(m):
    """A per charge/s of the meshed part."""
    return m.parameters.scaling.ampere(1.0) * m.device.current_scale


def charging(tmp_path, steps, extra=0.0):
    """Largest error [V] of the voltage of plates charged by 1 V through a resistor over 2 tau, in equal steps.

    The scheme is started with exact values: a jump's implicit-Euler start is another matter, of first order in one step.
    """
    resistance = TAU / (CAPACITANCE + extra)
    more = f", parallel_capacitance: {extra} F" if extra else ""
    m = wired(tmp_path, f"{{top: {{role: driven, series_resistance: {resistance!r} ohm{more}}}, bottom: ground}}",
              overrides=["material.film.electronic_conductivity=1e-30 S/m"])
    stepper = stepper_of(m, [Hold(voltage="1 V", duration="1 ms")])
    stepper.equilibrate()
    segment, dt = stepper.waveform.segments[0], 2 * TAU / steps
    stepper.enter(segment, 0.0)

    def exact(t):
        return 1 - np.exp(-t / TAU)

    # the state at dt, exactly: a linear potential, whose charge follows from its voltage
    closure = stepper.closure
    write_history(stepper.model, coefficients(dt, None), stepper.levels.states)
    closure.apply(1.0, [exact(dt)])
    assert stepper.engine.solve().converged
    charge = {n: s.charge for n, s in stepper._sums()[0].items()}
    stepper._charges = [charge, *stepper._charges[:1]]
    closure.accept(coefficients(dt, None))
    stepper.levels.push(dt, m.context.state.x.array)
    stepper.time, stepper._jumped, worst = dt, False, 0.0
    for k in range(2, steps + 1):
        stepper.step = dt * (1 + 1e-12)
        record = stepper.advance(k * dt, segment)
        assert record.step == pytest.approx(dt, rel=1e-6)
        worst = max(worst, abs(record.voltages["top"] - exact(record.time)))
    return worst


def sweep(m, protocol, **settings):
    """Arrays over the steps of a protocol: time, source and device voltage [V], current [A], limit (-1, 0, 1)."""
    rows = [
        (r.time, r.voltage, r.voltages["top"], r.current("top") * ampere(m), r.circuit.limit if r.circuit else 0)
        for r, _ in walk(stepper_of(m, protocol, **settings))
    ]
    return dict(zip(("time", "source", "device", "current", "limit"), np.array(rows).T, strict=True))


HEIGHT, LENGTH, HALF_PAD = 50.0, 1000.0, 20.0  # nm
BAR = """device:
  layout: block
  dimension: 2
  length: 1 um
  height: 50 nm
  width: 0.5 um
  pads:
    left: {face: left}
    right: {face: right}
    quarter: {face: top, x: [230 nm, 270 nm]}
    middle: {face: top, x: [480 nm, 520 nm]}
mesh: {size_at_edge: 2 nm, size_max: 25 nm, growth: 0.5}
"""
BAR_TERMINALS = "{left: driven, right: ground, quarter: floating, middle: floating}"


def probe_voltages():
    """Voltages of the bar's two floating probes over that of the bar.

    An equipotential pad of length 2a on a strip of height h carries the current past it on a length shorter by
    delta = (4h/pi) ln cosh(pi a/2h): with t = exp(pi z/h) the strip is a half plane, where dw/dt is A (t - 1) over
    t sqrt((t - t_1)(t - t_2)); the field is symmetric about the pad's middle.
    """
    delta = 4 * HEIGHT / np.pi * np.log(np.cosh(np.pi * HALF_PAD / (2 * HEIGHT)))
    length = LENGTH - 2 * delta
    return {"quarter": (0.75 * LENGTH - 1.5 * delta) / length, "middle": (0.5 * LENGTH - 0.5 * delta) / length}


def probed(m, volts=0.1):
    """Of each floating probe: its voltage over that of the bar, its current over that of the bar."""
    record = [r for r, _ in walk(stepper_of(m, [Hold(voltage=f"{volts} V", duration="1 ms")]))][-1]
    return {name: (record.voltages[name] / volts, abs(record.current(name) / record.current("left")))
            for name in ("quarter", "middle")}


def measure(tmp_path):
    data = {"errors": {n: charging(tmp_path, n) for n in (20, 40, 80)}}
    data["with capacitor"] = charging(tmp_path, 40, 3 * CAPACITANCE)
    resistance = TAU / CAPACITANCE
    m = wired(tmp_path, f"{{top: {{role: driven, series_resistance: {resistance!r} ohm}}, bottom: ground}}",
              overrides=["material.film.electronic_conductivity=1e-30 S/m"])
    data["charging"] = sweep(m, [Hold(voltage="1 V", duration=f"{4 * TAU} s")])
    triangle = [Sweep(to=f"{v} V", rate="10 V/s") for v in (1, -1, 0)]
    data["divider"] = sweep(
        wired(tmp_path, "{top: {role: driven, series_resistance: 1 Gohm}, bottom: ground}"), triangle, max_voltage_step=0.05)
    data["both sides"] = sweep(
        wired(tmp_path, "{top: {role: driven, series_resistance: 0.4 Gohm}, bottom: {role: ground, series_resistance: "
              "0.6 Gohm}}"), triangle[:1], max_voltage_step=0.05)
    data["leaky"] = sweep(
        wired(tmp_path, "{top: {role: driven, series_resistance: 1 Gohm}, bottom: ground}",
              SLAB % ", parallel_conductance: 1e-9 S"), triangle[:1], max_voltage_step=0.05)
    for key, resistor in (("limited", ""), ("limited behind a resistor", ", series_resistance: 0.2 Gohm")):
        circuit = f"{{top: {{role: driven, compliance: 1 nA{resistor}}}, bottom: ground}}"
        data[key] = sweep(wired(tmp_path, circuit), triangle, max_voltage_step=0.05)
    data["bar"] = probed(wired(tmp_path, BAR_TERMINALS, BAR, "physics: {filament: off, ions: fixed}\n"))
    carriers = bipolar("{doping: [{profile: uniform, density: 1e18 cm^-3}]}")
    data["doped bar"] = probed(wired(tmp_path, BAR_TERMINALS, BAR, carriers, ()))
    return data


RATE = 10.0  # V/s of the sweeps: the slab's displacement current is C * RATE, 9e-14 A


def claims(data):
    errors = data["errors"]
    for n in (20, 40):
        yield Claim(f"order in time of charging through a resistor, {n} to {2 * n} steps", "V = 1 - exp(-t/RC)", 2.0,
                    float(np.log2(errors[n] / errors[2 * n])), 0.06, "", "asymptotic: 1.94 and 1.97 at these steps")
    yield Claim("a capacitor beside the plates counts as theirs", "RC of the sum", errors[40], data["with capacitor"], 1e-6,
                "V", "the same scheme for both; rounding of the small slope between them")
    c = data["charging"]
    yield Claim("charging with steps chosen by the error control", "V = 1 - exp(-t/RC)", 0.0,
                float(np.abs(c["device"] - (1 - np.exp(-c["time"] / TAU))).max()), 0.02, "V",
                "local errors of 5e-3 a step; the steps after the jump are of first order")
    for key, above, below, leak in (("divider", 1e9, 0.0, 0.0), ("both sides", 4e8, 6e8, 0.0), ("leaky", 1e9, 0.0, 1e-9)):
        d, total = data[key], CONDUCTANCE + leak
        peak = int(np.argmax(d["source"]))
        current = total / (1 + (above + below) * total)
        yield Claim(f"{key}: voltage left to the terminal at 1 V", "1 - R I", 1 - above * current,
                    float(d["device"][peak]), 1e-4, "V", "displacement current of the sweep: 9e-14 A of 6e-10 A")
    d = data["divider"]
    away = np.abs(d["source"]) > 0.1
    ratio = d["current"][away] / d["device"][away]
    yield Claim("current over the device's own voltage is its conductance, with the resistor as without", "sigma A / L",
                CONDUCTANCE, float(np.median(ratio)), 1e-4, "S", "displacement current of the sweep")
    for key, resistance in (("limited", 0.0), ("limited behind a resistor", 2e8)):
        d = data[key]
        on = d["limit"] != 0
        yield Claim(f"{key}: current in compliance", "the compliance", 1e-9, float(np.abs(d["current"][on]).max()), 1e-9, "A",
                    "an equation of the solved system")
        yield Claim(f"{key}: no step lets more through, of either sign", "the compliance", 1e-9,
                    float(np.abs(d["current"]).max()), 1e-9, "A", "the same")
        free = np.clip(d["source"] * CONDUCTANCE / (1 + resistance * CONDUCTANCE), -1e-9, 1e-9)
        yield Claim(f"{key}: elsewhere Ohm's law", "V / (R + L/(sigma A)), clipped", 0.0,
                    float(np.abs(d["current"] - free).max() / 1e-9), 2e-3, "of I_c",
                    "displacement current: 9e-5 of I_c, and its ringing where the slope of V changes at once")
        yield Claim(f"{key}: the source goes into compliance and back once a polarity", "two polarities", 4.0,
                    float(np.count_nonzero(np.diff(np.concatenate([[0], d["limit"], [0]])))), 0.0, "changes", "no chattering")
    for key, what in (("bar", "one quasi-Fermi potential"), ("doped bar", "electrons and holes")):
        for name, exact in probe_voltages().items():
            potential, current = data[key][name]
            yield Claim(f"floating probe, {name} of a bar ({what}): its voltage over the bar's", "conformal map of the strip",
                        exact, potential, 2e-3, "", "the pads' edges are singular: with 2 nm cells the pads' effect on the "
                        "middle (6e-3) is met to 12 %")
            yield Claim(f"floating probe, {name} of a bar ({what}): its net current over the bar's", "0", 0.0, current, 1e-12,
                        "", "an equation of the solved system")


def draw(data, figure):
    left, right = figure.subplots(1, 2)
    c = data["charging"]
    t = np.linspace(0, c["time"][-1], 200)
    law(left, t * 1e6, 1 - np.exp(-t / TAU), label="1 − exp(−t/RC)")
    simulated(left, c["time"] * 1e6, c["device"])
    left.set_xlabel("time [µs]")
    left.set_ylabel("voltage of the plates [V]")
    v = np.linspace(-1, 1, 201)
    for k, (key, label, resistance) in enumerate((("limited", "compliance 1 nA", 0.0), ("divider", "resistor 1 GΩ", 1e9))):
        ohmic = CONDUCTANCE * v / (1 + resistance * CONDUCTANCE)
        law(right, v, np.clip(ohmic, -1e-9, 1e-9) * 1e9, k, label=None)
        simulated(right, data[key]["source"], data[key]["current"] * 1e9, k, label=label)
    right.set_xlabel("voltage of the source [V]")
    right.set_ylabel("current [nA]")
    for axes in (left, right):
        axes.legend()


SECTION = Section(
    "The measuring set-up",
    "A resistor, a capacitor or a current compliance between source and device, and terminals that float, are solved with the "
    "fields, with their time scheme. Left: parallel plates charged through a resistor; right: an ohmic slab whose source is "
    "limited to 1 nA, and one behind a resistor.",
    measure, claims, draw, "circuit",
)


def test_circuit_and_device_follow_the_closed_forms(tmp_path):
    check(SECTION.claims(SECTION.measure(tmp_path)))
