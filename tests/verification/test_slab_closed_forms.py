"""Slabs against closed forms: Ohm's law with contact resistance, Debye layers, exchange, equilibrium."""

import numpy as np
import pytest

from solver.scenario.protocol import Hold
from tests.devices import GAP, march, model

OHMIC = "physics: {filament: off, ions: fixed, contacts: {top: {electronic: ohmic}}}\n"


def slab(dimension, size=4.0, thickness=20):
    return (
        f"device: {{layout: slab, thickness: {thickness} nm, dimension: {dimension}, area: 900 nm^2}}\n"
        f"mesh: {{size_at_filament: {size} nm}}\n"
    )


def conductance(m, volts=0.1):
    """Electronic conductance [S] of a linear model, by the terminal's test function."""
    from solver.engines.cpu.newton import CpuEngine
    from solver.physics.balances import nodal_sums

    engine = CpuEngine(m, linear_solver="direct")
    m.apply_voltages({"top": volts, "bottom": 0.0})
    assert engine.solve().converged
    return m.parameters.scaling.ampere(nodal_sums(m, engine.interior_residual())["top"].electronic) * m.device.current_scale / volts


@pytest.mark.parametrize("dimension", [1, 2, 3])
def test_a_slab_has_the_conductance_sigma_A_over_L_on_any_mesh(tmp_path, dimension):
    m = model(tmp_path, slab(dimension) + OHMIC, ["material.film.electronic_conductivity=2e-3 S/m"])
    # P1 is exact for a linear potential: only rounding is left
    np.testing.assert_allclose(conductance(m), 2e-3 * 900e-18 / 20e-9, rtol=1e-9)


@pytest.mark.parametrize("dimension", [1, 2, 3])
def test_contact_resistance_adds_in_series(tmp_path, dimension):
    sigma, g_c = 2e-3, 1e5
    m = model(
        tmp_path, slab(dimension) + OHMIC.replace("ohmic", "resistive"),
        [f"material.film.electronic_conductivity={sigma} S/m", f"material.contacts.conductance={g_c} S/m^2"],
    )
    exact = 900e-18 / (20e-9 / sigma + 1 / g_c)
    np.testing.assert_allclose(conductance(m), exact, rtol=1e-9)


BLOCKING = "physics: {filament: off, contacts: {top: {electronic: ohmic, ions: blocking}, bottom: {ions: blocking}}}\n"


def electrode_charge(tmp_path, size, volts=1e-3):
    """Charge [C/m^2] on the top electrode of blocking plates, 60 nm apart, long after the voltage was applied."""
    from solver.engines.cpu.newton import CpuEngine
    from solver.physics.balances import nodal_sums

    m = model(tmp_path, slab(1, size, 60) + BLOCKING)
    march(m, [Hold(voltage=f"{volts} V", duration="100 s")])
    sums = nodal_sums(m, CpuEngine(m, linear_solver="direct").interior_residual())
    return m.parameters.scaling.coulomb(sums["top"].charge) / 900e-18


def debye_charge(volts=1e-3):
    """Linearised: eps V / (2 lambda_D) coth(L / 2 lambda_D), one mobile species, steric factor 1 - c0/c_max."""
    eps, vt, q = 60 * 8.8541878128e-12, 1.380649e-23 * 300 / 1.602176634e-19, 1.602176634e-19
    lam = np.sqrt(eps * vt / (q * 1e25 * (1 - 0.01)))
    return eps * volts / (2 * lam) / np.tanh(60e-9 / (2 * lam))


def test_blocking_plates_hold_the_charge_of_two_debye_layers(tmp_path):
    exact = debye_charge()
    errors = [abs(electrode_charge(tmp_path, h) / exact - 1) for h in (1.0, 0.5)]
    # 1 mV is 0.04 kT: the nonlinear part is 1e-5. Second order in h: (h / lambda_D)^2 / 8 with lambda_D = 2.9 nm.
    assert errors[1] < 5e-3
    assert errors[0] / errors[1] > 3.8


def test_no_current_flows_in_equilibrium(tmp_path):
    m = model(tmp_path, GAP)
    records = march(m, [Hold(voltage="0 V", duration="1 ms")])
    scale = m.parameters.scaling
    # on-currents are 1e-5 A; 1e-12 of that
    assert max(abs(scale.ampere(r.electronic["top"])) for r in records) < 1e-17


def test_the_exchange_flux_is_the_hand_worked_number(tmp_path):
    """k_ex = 1.5e-5 m/s, c = 4 c0 = 4e25 m^-3: flux out = k_ex c0 (2 - 1/2) = 2.25e20 m^-2 s^-1."""
    from solver.engines.cpu.assembly import Assembler

    m = model(tmp_path, slab(1) + "physics: {filament: off}\n")
    m.values("vacancies")[:] = 4.0
    a = Assembler(m)
    everything = a.residual().array.copy().reshape(-1, 3)
    interior = a.residual(interior_only=True).array.copy().reshape(-1, 3)
    node = m.terminal_nodes["top"]
    flux = (everything - interior)[node, 2].sum() / m.context.row_scale["vacancies"] / 900.0  # 1/(s nm^2)
    np.testing.assert_allclose(flux * 1e18, 1.5e-5 * 1e25 * 1.5, rtol=1e-10)
