"""What holds whatever the numbers: energy, positivity, conservation, continuity of the current, symmetry."""

import numpy as np
import pytest
from dolfinx import fem

from solver.engines.cpu.assembly import JIT
from solver.scenario.protocol import Hold, Sweep
from tests.devices import GAP, model
from tests.verification.boxes import box_model, right_angled
from tests.verification.claims import Claim, check
from tests.verification.free_energy import FreeEnergy
from tests.verification.walking import stepper_of, walk

BLOCKING = "contacts: {top: {ions: blocking}, bottom: {ions: blocking}}"
CLOSED_GAP = GAP.replace("physics: {", f"physics: {{{BLOCKING}, ")
SLAB = "device: {layout: slab, thickness: 60 nm, dimension: 1, area: 100 nm^2}\nmesh: {size_at_filament: 0.5 nm}\n"


def relaxation(folder, text):
    """Free energy [kT] against time [s] at zero bias after a pulse has pulled the device out of equilibrium."""
    m = model(folder, text)
    protocol = [Hold(voltage="0.15 V", duration="0.3 s"), Hold(voltage="0 V", duration="3 s")]
    stepper = stepper_of(m, protocol, tolerance=2e-3)
    energy, rows = FreeEnergy(m), []
    for record, _ in walk(stepper):
        if record.time >= 0.3 and record.voltage == 0.0:
            rows.append((record.time - 0.3, energy()))
    return np.array(rows)


def energy_claims(folder):
    for name, text in (("gap with filament", CLOSED_GAP), ("slab", SLAB + f"physics: {{filament: off, {BLOCKING}}}\n")):
        rows = relaxation(folder, text)
        drop = rows[0, 1] - rows[-1, 1]
        assert drop > 0
        rise = max(0.0, float(np.diff(rows[:, 1]).max()))
        # a step's Newton tolerance, 1e-6 kT per charge, on an energy that falls by tens of kT
        yield Claim(f"largest rise of the free energy in a step at zero bias over its fall, {name}", "second law", 0.0, rise / drop,
                    1e-5, "", "Newton tolerance 1e-6")


def test_the_free_energy_never_rises_at_zero_bias(tmp_path):
    check(energy_claims(tmp_path))


def test_densities_stay_positive_and_vacancies_are_conserved_far_from_equilibrium(tmp_path):
    m = model(tmp_path, SLAB + f"physics: {{filament: off, {BLOCKING}}}\n")
    lowest, worst = np.inf, 0.0
    for record, _ in walk(stepper_of(m, [Hold(voltage="1 V", duration="1 s"), Sweep(to="-1 V", rate="10 V/s")],
                                     max_voltage_step=0.1)):
        lowest = min(lowest, m.values("vacancies").min())
        worst = max(worst, abs(record.ion_imbalance))
    # depleted, and below zero by no more than Newton's rounding (stepping.NEGATIVE_DENSITY)
    assert -1e-9 <= lowest < 1e-6
    assert worst < 1e-10  # LOST_IONS is 1e-11 a step


def test_vacancies_are_conserved_while_a_filament_grows(tmp_path):
    m = model(tmp_path, CLOSED_GAP)
    worst, grown = 0.0, []
    for record, _ in walk(stepper_of(m, [Hold(voltage="0.15 V", duration="0.5 s")])):
        worst = max(worst, abs(record.ion_imbalance))
        grown.append(m.values("filament").sum())
        assert m.values("vacancies")[m.film_nodes].min() > 0
    assert grown[-1] != grown[0]
    assert worst < 1e-8  # LOST_IONS, a thousand steps


def test_the_total_current_has_no_divergence_at_any_node(tmp_path):
    """Displacement + electronic + ionic flux of each node, from the flux terms alone, while the filament grows.

    The storage terms of the three equations have to cancel: dc/dt and the filament's electrons both ways.
    """
    m = model(tmp_path, GAP)
    fluxes = {t.field: fem.form(t.form, jit_options=JIT) for t in m.terms if t.name in
              ("potential, edges", "conduction, edges", "vacancies, edges")}
    assert len(fluxes) == 3

    def flux(field):
        column = m.fields.index(field)
        return fem.assemble_vector(fluxes[field]).array.reshape(-1, len(m.fields))[:, column] / m.context.row_scale[field]

    from solver.transient.bdf import coefficients

    stepper = stepper_of(m, [Sweep(to="0.15 V", rate="0.5 V/s")])
    inner = np.ones(m.owned, dtype=bool)
    inner[np.concatenate(list(m.terminal_nodes.values()))] = False
    previous, worst, steps = [], 0.0, 0
    for record, _ in walk(stepper):
        charge = flux("potential")
        if len(previous) == 2:
            c = coefficients(record.step, stepper.levels.times[1] - stepper.levels.times[2])
            total = c.a0 * charge + c.a1 * previous[0] + c.a2 * previous[1] + flux("fermi") + flux("vacancies")
            parts = np.abs(flux("fermi"))[inner].max(), abs(record.current("top"))
            worst, steps = max(worst, np.abs(total[inner]).max() / max(parts)), steps + 1
        previous = [charge, *previous[:1]]
    assert steps > 20
    # Newton's tolerance: the balance of a step is met to 3e-7 of the current (stepping.BALANCE)
    assert worst < 1e-6


def test_a_mirror_symmetric_device_has_a_mirror_symmetric_curve(tmp_path):
    """Swapping the sign of the voltage is the mirror image of the slab: the current changes its sign, no more."""
    text = SLAB + "physics: {filament: off, contacts: {top: {electronic: ohmic}}}\n"
    curves = []
    for sign in (1, -1):
        m = model(tmp_path, text)
        protocol = [Sweep(to=f"{sign * 0.5} V", rate="50 V/s"), Sweep(to="0 V", rate="50 V/s")]
        # equal steps on both sides: the mirrored problem has the mirrored error
        rows = [(r.time, sign * r.current("top")) for r, _ in walk(stepper_of(m, protocol, newton=1e-9))]
        curves.append(np.array(rows))
    a, b = curves
    at = np.interp(a[:, 0], b[:, 0], b[:, 1])
    assert np.ptp(a[:, 1]) > 0
    # steps agree to rounding as long as their control sees the same numbers: Newton's tolerance is left
    np.testing.assert_allclose(at, a[:, 1], atol=1e-6 * abs(a[:, 1]).max())
    # and it is no trivial curve: ions make the way back differ from the way out
    half = len(a) // 2
    back = np.interp(0.005, a[half:, 0], a[half:, 1]), np.interp(0.015, a[:, 0], a[:, 1])
    assert abs(back[0] - back[1]) > 0.01 * abs(a[:, 1]).max()


TURNS = {
    2: [np.array([[0.0, 1.0], [1.0, 0.0]]), np.array([[0.6, -0.8], [0.8, 0.6]])],
    3: [np.eye(3)[[1, 2, 0]], np.array([[0.36, 0.48, -0.8], [-0.8, 0.6, 0.0], [0.48, 0.64, 0.6]])],
}


@pytest.mark.parametrize("dimension", [2, 3])
def test_results_do_not_depend_on_the_orientation_of_the_mesh(tmp_path, dimension):
    """The same mesh turned (also into its mirror image, and off the axes) gives the same fields and currents."""
    physics = (
        "{filament: {interface_width: 2 nm, initial: {core_radius: 1 nm, core_height: 4 nm, radius: 4 nm, height: 7 nm}}}"
    )
    states = []
    for turn in (None, *TURNS[dimension]):
        mesh = right_angled(dimension, 8 if dimension == 2 else 5, 12.0)
        m = box_model(tmp_path, mesh, 12.0, physics, turn=turn)
        records = [r for r, _ in walk(stepper_of(m, [Hold(voltage="0.1 V", duration="20 ms")]))]
        states.append((m.context.state.x.array.copy(), records[-1].current("top")))
    (state, current), *others = states
    for other, its in others:
        # coordinates off the axes are rounded: 1e-16 times the condition of the steps, far below Newton's tolerance
        np.testing.assert_allclose(other, state, atol=1e-5)
        np.testing.assert_allclose(its, current, rtol=1e-5)
