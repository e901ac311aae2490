"""Equations of the measuring set-up by hand-worked numbers; the response to a terminal's voltage against solving again."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from solver.physics.parameters import Contact, Wiring
from solver.transient.bdf import STATIONARY, coefficients
from solver.transient.circuit import Circuit
from solver.transient.history import write_history
from tests.devices import GAP, bipolar, model


def circuit(*wirings, parallel=0.0):
    """Circuit of terminals named a, b, c, ... with the wirings."""
    return Circuit([Contact(name, w, None, {}, {}) for name, w in zip("abcd", wirings)], parallel)


def solved(c, conductance, source):
    """Free voltages and source state of a linear device, I = conductance @ V, from 0 V: one correction is exact."""
    free = np.zeros(len(c.free))

    def delivered(free):
        volts = c.voltages(source, free)
        return c.delivered(c.shunted(dict(zip(c.names, conductance @ list(volts.values()))), volts), free, STATIONARY)

    c.past = [free]
    columns = [c.names.index(name) for name in c.free]
    admittance = c.admittance(conductance[np.ix_(columns, columns)], STATIONARY)
    change, limit = c.correction(delivered(free), admittance, free, source)
    return change, limit, delivered(change)


def resistor(siemens):
    return siemens * np.array([[1.0, -1.0], [-1.0, 1.0]])


def test_a_resistor_and_a_leak_divide_the_voltage():
    c = circuit(Wiring("driven", resistance=2e3), Wiring("ground"), parallel=1e-3)
    change, limit, delivered = solved(c, resistor(3e-3), 1.0)
    # 1 / (3 mS + 1 mS) = 250 ohm behind 2 kohm
    assert change == pytest.approx([1 / 9]) and limit == 0
    assert delivered == pytest.approx([1 / 2250])


@given(
    siemens=st.floats(1e-9, 1e-1), ohm=st.sampled_from([0.0, 1.0, 1e3, 1e6]), source=st.floats(-10, 10),
    compliance=st.floats(1e-9, 1e-1),
)  # fmt: skip
def test_the_source_holds_its_voltage_or_its_compliance_never_both_and_never_neither(siemens, ohm, source, compliance):
    c = circuit(Wiring("driven", ohm, compliance=compliance), Wiring("ground"))
    change, limit, delivered = solved(c, resistor(siemens), source)
    wanted = source * siemens / (1 + ohm * siemens)
    assert delivered[0] == pytest.approx(np.clip(wanted, -compliance, compliance), rel=1e-9, abs=1e-20)
    output = c.output(delivered, change, limit, source)
    assert output == pytest.approx(change[0] + ohm * delivered[0], rel=1e-9, abs=1e-12)
    # in compliance the source's own voltage lies between zero and what it is set to
    assert 0 <= np.sign(source) * output <= abs(source) * (1 + 1e-9)
    assert (limit == 0) == (abs(wanted) <= compliance)


def test_two_floating_terminals_of_a_chain_take_the_voltages_between():
    c = circuit(Wiring("driven"), Wiring("floating"), Wiring("floating"), Wiring("ground"))
    chain = 1e-6 * np.array([[1.0, -1, 0, 0], [-1, 3, -2, 0], [0, -2, 6, -4], [0, 0, -4, 4]])  # 1, 1/2, 1/4 Mohm
    change, _, delivered = solved(c, chain, 7.0)
    assert change == pytest.approx([3.0, 1.0])
    assert delivered == pytest.approx([0.0, 0.0], abs=1e-18)


def test_a_capacitor_takes_its_charge_by_the_formula_of_the_fields():
    c = circuit(Wiring("driven", 1e3, capacitance=1e-9), Wiring("ground"))
    c.past = [np.array([0.3]), np.array([0.1])]
    steps = coefficients(2e-6, 1e-6)
    current = c.delivered(np.zeros(2), np.array([0.8]), steps)
    # BDF2 differentiates the parabola through the three voltages
    parabola = np.polyfit([0.0, 1.0, 3.0], [0.1, 0.3, 0.8], 2)
    assert current == pytest.approx([1e-9 * np.polyval(np.polyder(parabola), 3.0) * 1e6])
    assert c.admittance(np.zeros((1, 1)), steps) == pytest.approx(np.array([[1e-9 * steps.a0]]))


def test_a_current_that_falls_with_the_voltage_has_no_correction():
    c = circuit(Wiring("driven", 1e3), Wiring("ground"))
    c.past = [np.zeros(1)]
    assert c.correction(np.array([1e-3]), np.array([[-2e-3]]), np.zeros(1), 1.0)[0] is None


SIDE = "terminals: {top: {role: driven, series_resistance: 1 kohm}, bottom: ground}\n"
DIODE = (
    "device: {layout: slab, thickness: 400 nm, dimension: 1, area: 1 um^2}\nmesh: {size_at_filament: 10 nm}\n"
    + bipolar("{doping: [{profile: tanh, axis: x, below: -1e17 cm^-3, above: 1e16 cm^-3, position: 200 nm, width: 0 nm}], "
              "contacts: {top: {work_function: 4.3 eV, electron_velocity: 1e7 cm/s}}}")
)


@pytest.mark.parametrize("text", [GAP, DIODE], ids=["filament", "carriers"])
def test_the_response_to_a_terminal_is_that_of_solving_again(tmp_path, text):
    """Fields and current one millivolt on, by the response and by Newton, within a step of the transient."""
    from solver.engines.cpu.newton import CpuEngine
    from solver.engines.terminal_response import TerminalResponse
    from solver.transient.control import StepLimits
    from solver.transient.stepping import Stepper

    m = model(tmp_path, text + SIDE)
    stepper = Stepper(m, CpuEngine(m, 1e-9, 1e-10), None, StepLimits(5e-3, 0.2, 1e-12), 0.1)
    stepper.equilibrate()
    c = coefficients(1e-3, None)
    write_history(stepper.model, c, stepper.levels.states)
    state = m.context.state.x.array

    def at(volts):
        stepper.apply(volts)
        assert stepper.engine.solve().converged
        stepper.engine.polish()
        return state.copy(), read(None)[0]

    def read(_):
        return [stepper._film_currents(c, stepper._sums()[0])["top"]]

    at(0.1)
    stepper.engine.solve()
    keep = state.copy()
    response = TerminalResponse(stepper.engine, {"top": 0.1, "bottom": 0.0}, ["top"], read)
    assert (state == keep).all()
    (low, i_low), (high, i_high) = at(0.099), at(0.101)
    slope = (high - low) / 2e-3
    # the last Jacobian is one or two small updates old
    assert np.abs(response.fields[0] - slope).max() < 1e-3 * np.abs(slope).max()
    assert response.readings[0, 0] == pytest.approx((i_high - i_low) / 2e-3, rel=1e-3)
