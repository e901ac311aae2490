"""Slabs against closed forms: Ohm's law with contact resistance, Debye layers, exchange, equilibrium."""

import math

import numpy as np

from solver.scenario.protocol import Hold
from tests.devices import GAP, march, model
from tests.verification.claims import Claim, Section, check
from tests.verification.drawing import law, order, simulated

OHMIC = "physics: {filament: off, ions: fixed, contacts: {top: {electronic: ohmic}}}\n"
AREA = 900e-18  # m^2


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


# ---- Ohm's law -------------------------------------------------------------------------------------------------------

SIGMA, G_C = 2e-3, 1e5  # S/m, S/m^2


def resistance(thickness, resistive):
    """L / (sigma A), and 1 / (g_c A) of one contact in series [ohm]; thickness in nm."""
    return (thickness * 1e-9 / SIGMA + resistive / G_C) / AREA


def ohm(folder):
    """Rows (dimension, thickness [nm], one contact resistive, resistance [ohm])."""
    cases = [(1, thickness) for thickness in (5, 10, 30, 60)] + [(2, 20), (3, 20)]
    overrides = [f"material.film.electronic_conductivity={SIGMA} S/m", f"material.contacts.conductance={G_C} S/m^2"]
    rows = []
    for dimension, thickness in cases:
        for resistive in (False, True):
            physics = OHMIC.replace("ohmic", "resistive") if resistive else OHMIC
            m = model(folder, slab(dimension, 4.0, thickness) + physics, overrides[: 1 + resistive])
            rows.append((dimension, thickness, resistive, 1 / conductance(m)))
    return rows


def test_each_contact_may_have_a_conductance_of_its_own(tmp_path):
    physics = ("physics: {filament: off, ions: fixed, contacts: {top: {electronic: resistive, conductance: 3e5 S/m^2}, "
               "bottom: {electronic: resistive}}}\n")
    overrides = [f"material.film.electronic_conductivity={SIGMA} S/m", f"material.contacts.conductance={G_C} S/m^2"]
    found = 1 / conductance(model(tmp_path, slab(1) + physics, overrides))
    assert math.isclose(found, (20e-9 / SIGMA + 1 / G_C + 1 / 3e5) / AREA, rel_tol=1e-9)


def ohm_claims(rows):
    for dimension, thickness, resistive, found in rows:
        if (dimension, thickness) == (1, 10) or dimension > 1:
            text = "L/σA + 1/g_c A, one resistive contact" if resistive else "L/σA"
            yield Claim(f"{dimension}D, {thickness} nm: {text}", "Ohm's law", resistance(thickness, resistive), found, 1e-9,
                        "ohm", "P1 is exact for a linear potential on any mesh: only rounding is left")
    worst = max(rows, key=lambda r: abs(r[3] / resistance(*r[1:3]) - 1))
    yield Claim(f"worst of all {len(rows)}", "Ohm's law", resistance(*worst[1:3]), worst[3], 1e-9, "ohm",
                "P1 is exact for a linear potential on any mesh: only rounding is left")


def draw_ohm(rows, figure):
    axes = figure.subplots()
    line = np.array([0.0, 65.0])
    for resistive, text in ((False, "L/σA"), (True, "L/σA + 1/g$_c$A")):
        law(axes, line, resistance(line, resistive) * 1e-9, resistive, text)
    for dimension in (1, 2, 3):
        mine = [r for r in rows if r[0] == dimension]
        simulated(axes, [r[1] for r in mine], [r[3] * 1e-9 for r in mine], dimension + 1, f"{dimension}D")
    axes.set(xlabel="thickness [nm]", ylabel="resistance [GΩ]", xlim=(0, 65), ylim=(0, None))
    axes.legend()


OHM = Section(
    "Ohm's law in a slab with contact resistance",
    "A slab of area A and conductivity σ between two electrodes, one of them with a contact conductance g_c (Robin "
    "condition): R = L/(σA) + 1/(g_c A), in one, two and three dimensions, on right-angled meshes. Currents come from "
    "the test functions of the terminals.",
    ohm, ohm_claims, draw_ohm, "contacts",
)


def test_a_slab_has_the_conductance_sigma_A_over_L_and_contact_resistance_adds_in_series(tmp_path):
    check(ohm_claims(ohm(tmp_path)))


# ---- Debye layers ----------------------------------------------------------------------------------------------------

BLOCKING = "physics: {filament: off, contacts: {top: {electronic: ohmic, ions: blocking}, bottom: {ions: blocking}}}\n"


def electrode_charge(tmp_path, size, volts=1e-3):
    """Charge [C/m^2] on the top electrode of blocking plates, 60 nm apart, long after the voltage was applied."""
    from solver.engines.cpu.newton import CpuEngine
    from solver.physics.balances import nodal_sums

    m = model(tmp_path, slab(1, size, 60) + BLOCKING)
    march(m, [Hold(voltage=f"{volts} V", duration="100 s")])
    sums = nodal_sums(m, CpuEngine(m, linear_solver="direct").interior_residual())
    return m.parameters.scaling.coulomb(sums["top"].charge) / AREA


def debye_length():
    """Of one mobile species with steric factor 1 - c0/c_max [m]."""
    eps, vt, q = 60 * 8.8541878128e-12, 1.380649e-23 * 300 / 1.602176634e-19, 1.602176634e-19
    return np.sqrt(eps * vt / (q * 1e25 * (1 - 0.01)))


def debye_charge(volts=1e-3):
    """Linearised: eps V / (2 lambda_D) coth(L / 2 lambda_D)."""
    eps, lam = 60 * 8.8541878128e-12, debye_length()
    return eps * volts / (2 * lam) / np.tanh(60e-9 / (2 * lam))


def layers(folder):
    """Rows (mesh size [nm], charge [C/m^2])."""
    return np.array([(h, electrode_charge(folder, h)) for h in (2.0, 1.0, 0.5, 0.25)])


def layer_claims(rows):
    source, exact = "linearised Poisson-Boltzmann equation", debye_charge()
    errors = abs(rows[:, 1] / exact - 1)
    yield Claim("charge on the electrode, cells of 0.25 nm", source, exact, rows[-1, 1], 1.5e-3, "C/m^2",
                "(h/λ_D)²/8 = 9e-4 with λ_D = 2.9 nm; 1 mV is 0.04 kT/q, its nonlinear part 1e-5")
    # the three finer meshes: at 2 nm fourth powers of h/lambda_D show
    found = math.log(errors[1] / errors[3]) / math.log(4)
    yield Claim("order of the error in the mesh size, 1 to 0.25 nm", source, 2.0, found, 0.05, "",
                "next power of h/λ_D: 3 % on the coarsest")


def draw_layers(rows, figure):
    axes = figure.subplots()
    errors = abs(rows[:, 1] / debye_charge() - 1)
    simulated(axes, rows[:, 0], errors)
    order(axes, rows[:, 0], errors)
    axes.set(xscale="log", yscale="log", xlabel="mesh size h [nm]", ylabel="relative error of the electrode's charge")
    axes.legend()


DEBYE = Section(
    "Two Debye layers of vacancies between blocking plates",
    "1 mV on plates 60 nm apart that let no vacancy through, long after the vacancies have settled: each plate carries "
    "εV/(2λ_D) coth(L/2λ_D), with λ_D² = εkT/(q²c₀(1 − c₀/c_max)) for one mobile species in a fixed background. The plot "
    "shows the error of the charge against the size of the mesh.",
    layers, layer_claims, draw_layers, "ions",
)


def test_blocking_plates_hold_the_charge_of_two_debye_layers(tmp_path):
    check(layer_claims(layers(tmp_path)))


# ---- rest and exchange by hand ---------------------------------------------------------------------------------------


def current_at_rest(folder):
    """Largest electronic terminal current [A] of the gap with a filament, 1 ms at 0 V."""
    m = model(folder, GAP)
    records = march(m, [Hold(voltage="0 V", duration="1 ms")])
    return max(abs(m.parameters.scaling.ampere(r.electronic["top"])) for r in records)


def exchange_flux(folder):
    """Outflow [1/(m^2 s)] of vacancies through the top contact at c = 4 c0."""
    from solver.engines.cpu.assembly import Assembler

    m = model(folder, slab(1) + "physics: {filament: off}\n")
    m.values("vacancies")[:] = 4.0
    a = Assembler(m)
    shape = (-1, len(m.fields))
    everything = a.residual().array.copy().reshape(shape)
    interior = a.residual(interior_only=True).array.copy().reshape(shape)
    node, column = m.terminal_nodes["top"], m.fields.index("vacancies")
    return (everything - interior)[node, column].sum() / m.context.row_scale["vacancies"] / 900.0 * 1e18


def by_hand(folder):
    return current_at_rest(folder), exchange_flux(folder)


def by_hand_claims(data):
    rest, flux = data
    yield Claim("largest current of a gap with a filament at 0 V, of an on-current of 1e-5 A", "equilibrium", 0.0, rest / 1e-5,
                1e-12, "", "what the Newton solve leaves")
    yield Claim("vacancies out through a contact at c = 4 c₀: k_ex c₀ (2 − 1/2)", "worked by hand: 1.5e-5 m/s × 1e25 m^-3 × 1.5",
                1.5e-5 * 1e25 * 1.5, flux, 1e-10, "1/(m^2 s)", "a formula evaluated")


HAND = Section(
    "A device at rest, and an exchange flux worked by hand",
    "At 0 V nothing flows, filament and double layers or not. And the exchange of vacancies with an electrode, outflow "
    "k_ex c₀ · 2 sinh(½ ln c/c₀), has the number one gets on paper.",
    by_hand, by_hand_claims, None, "structure",
)


def test_no_current_flows_in_equilibrium_and_the_exchange_flux_is_the_hand_worked_number(tmp_path):
    check(by_hand_claims(by_hand(tmp_path)))


SECTIONS = (OHM, DEBYE, HAND)
