"""Whole runs through resistor, capacitor and compliance: columns, energy, ranks, kill and resume."""

import numpy as np
import pytest

from tests.devices import GAP, MATERIAL
from tests.end_to_end.running import assert_same, halofil_run, start_and_wait_for_rows, table

CIRCUIT = (
    "terminals: {top: {role: driven, series_resistance: 200 kohm, parallel_capacitance: 4 nF, compliance: 10 nA}, "
    "bottom: ground}\n"
)
SCENARIO = GAP + f"name: wired\nmaterial: {MATERIAL}\n" + CIRCUIT + (
    "protocol: [{sweep: {to: 0.11 V, rate: 0.2 V/s}}, {hold: {voltage: -0.05 V, duration: 0.1 s}}]\n"
    "output: {fields_every: 50 mV, checkpoint_every: 0.5 s}\n"
)


def test_the_table_keeps_the_circuits_laws(reference):
    t = table(reference)
    source, device = t["source voltage top [V]"], t["voltage top [V]"]
    delivered, current = t["source current top [A]"], t["current top [A]"]
    limited = t["in compliance top [1]"]
    # at the end of the sweep, and after the jump while the capacitor is discharged at 10 nA: 0.16 V 4 nF / 10 nA = 64 ms
    assert limited.max() == 1 and limited.iloc[0] == 0 and limited.iloc[-1] == 0
    np.testing.assert_allclose(delivered[limited == 1].abs(), 1e-8, rtol=1e-6)
    assert delivered.abs().max() <= 1e-8 * (1 + 1e-6)
    free = limited == 0
    np.testing.assert_allclose((source - device)[free], 2e5 * delivered[free], rtol=1e-5, atol=1e-9)
    # implicit Euler and BDF2 differ from this difference quotient by their order; the charge must agree over the run
    charge = np.trapezoid(delivered - current, t["time [s]"])
    assert charge == pytest.approx(4e-9 * (device.iloc[-1] - device.iloc[0]), rel=0.03)


def test_energies_are_those_of_device_and_source(reference):
    t = table(reference)
    steps = t["step [s]"].to_numpy()

    def integral(power):
        return float(np.sum(0.5 * (np.append(0.0, power[:-1]) + power) * steps))

    assert t["energy [J]"].iloc[-1] == pytest.approx(
        integral((t["current top [A]"] * t["voltage top [V]"]).to_numpy()), rel=2e-3)  # charges by the time formula, not trapezoids
    output = t["source voltage top [V]"].where(
        t["in compliance top [1]"] == 0, t["voltage top [V]"] + 2e5 * t["source current top [A]"])
    delivered, volts = t["source current top [A]"].to_numpy(), t["voltage top [V]"].iloc[-1]
    assert t["source energy [J]"].iloc[-1] == pytest.approx(integral((output * delivered).to_numpy()), rel=2e-3)
    # source = device + resistor + capacitor
    in_resistor = 2e5 * float(np.sum((0.5 * (np.append(0.0, delivered[:-1]) + delivered)) ** 2 * steps))
    assert (t["source energy [J]"] - t["energy [J]"]).iloc[-1] == pytest.approx(in_resistor + 0.5 * 4e-9 * volts**2, rel=2e-3)


def test_figures_and_switching_numbers_use_the_sources_voltage(reference):
    from solver.analysis.switching import record

    data = record(table(reference))
    assert data.driven == "top" and data.voltage.max() == pytest.approx(0.11)
    assert (reference / "figures" / "iv.png").exists() and (reference / "figures" / "history.png").exists()


@pytest.mark.parallel
def test_the_answer_does_not_depend_on_the_number_of_ranks(scenario, reference):
    out = scenario.parent / "ranks3"
    done = halofil_run(scenario, out, ranks=3)
    assert done.returncode == 0, done.stdout + done.stderr
    assert_same(table(reference), table(out))


@pytest.mark.slow
@pytest.mark.parallel
def test_kill_9_then_resume_on_two_ranks_gives_the_same_table(scenario, reference):
    out = scenario.parent / "killed"
    process = start_and_wait_for_rows(scenario, out, 40)
    process.kill()
    process.wait()
    assert not (out / "summary.json").exists()
    done = halofil_run(scenario, out, "--resume", ranks=2)
    assert done.returncode == 0, done.stdout + done.stderr
    assert_same(table(reference), table(out))
