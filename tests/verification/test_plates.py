"""Plates without mobile ions: charge, displacement current, and the admittance of a resistor beside a capacitor."""

import numpy as np

from solver.analysis.admittance import spectrum
from solver.engines.cpu.small_signal import SmallSignal
from solver.scenario.protocol import Sweep
from tests.devices import model
from tests.verification.claims import Claim, Section, check
from tests.verification.drawing import law, simulated
from tests.verification.walking import stepper_of, terminal_charge, walk

AREA, L, EPS0 = 900e-18, 20e-9, 8.8541878128e-12
EPS, EPS_SPACER, SIGMA, G_C = 60 * EPS0, 3.9 * EPS0, 1e-4, 1e4
CAPACITANCE = EPS * AREA / L
PHYSICS = "physics: {filament: off, ions: fixed, contacts: {top: {electronic: %s}}}\n"


def plates(folder, dimension, contact="ohmic"):
    device = f"device: {{layout: slab, thickness: 20 nm, dimension: {dimension}, area: 900 nm^2}}\n"
    return model(
        folder, device + "mesh: {size_at_filament: 4 nm}\n" + PHYSICS % contact,
        [f"material.contacts.conductance={G_C} S/m^2"] if contact == "resistive" else (),
    )


# ---- charge and displacement current ---------------------------------------------------------------------------------

RATE, VOLTS = 1e5, 0.1  # V/s, V: the displacement current is then 84 % of the whole at the end
SPACER = 8e-9  # in the middle of the layered slab


def layered(folder):
    """6 nm of film, 8 nm of spacer, 6 nm of film in 1D: a mesh file for the layout slab."""
    from meshes.simplex_mesh import SimplexMesh, write_msh
    from meshes.tags import FACETS, REGIONS

    points = np.zeros((11, 3))
    points[:, 0] = 2.0 * np.arange(11)
    cells = np.column_stack([np.arange(10), np.arange(1, 11)])
    middle = points[cells, 0].mean(axis=1)
    region = np.where(abs(middle - 10) < 4, REGIONS["spacer"], REGIONS["film"])
    terminals = {name: FACETS[name] for name in ("bottom", "top")}
    mesh = SimplexMesh(points, cells, region, np.array([[0], [10]]), np.array(list(terminals.values())),
                       {name: REGIONS[name] for name in ("film", "spacer")}, terminals)
    write_msh(mesh, folder / "layered.msh")
    device = "device: {layout: slab, thickness: 20 nm, dimension: 1, area: 900 nm^2}\nmesh: {file: layered.msh}\n"
    return model(folder, device + PHYSICS % "ohmic")


def ramps(folder):
    """Case -> (capacitance by closed form [F], rows (voltage [V], charge [C], displacement, electronic current [A]))."""
    out = {}
    series = AREA / ((L - SPACER) / EPS + SPACER / EPS_SPACER)
    cases = [(f"{d}D", plates(folder, d), CAPACITANCE) for d in (1, 2, 3)] + [("film, oxide, film", layered(folder), series)]
    for name, m, capacitance in cases:
        stepper = stepper_of(m, [Sweep(to=f"{VOLTS} V", rate=f"{RATE} V/s")], max_voltage_step=5e-3, newton=1e-10)
        scale, whole = m.parameters.scaling, m.device.current_scale
        rows = [(r.voltage, terminal_charge(stepper) * whole, scale.ampere(r.displacement["top"]) * whole,
                 scale.ampere(r.electronic["top"]) * whole) for r, _ in walk(stepper)]
        out[name] = (capacitance, np.array(rows))
    return out


def ramp_claims(data):
    reason = "P1 is exact for a linear potential, BDF2 for a linear ramp: rounding"
    for name, (capacitance, rows) in data.items():
        volts, charge, displacement, electronic = rows[-1]
        yield Claim(f"{name}: charge at {VOLTS} V", "Q = CV", capacitance * VOLTS, charge, 1e-12, "C", reason)
        yield Claim(f"{name}: displacement current at the end of the ramp", "I = C dV/dt", capacitance * RATE, displacement, 1e-10, "A",
                    "charges over a time step: their rounding over their change")
        if name.endswith("D"):
            yield Claim(f"{name}: electronic current at the end of the ramp", "σ A V / L", SIGMA * AREA / L * volts, electronic, 1e-12, "A", reason)


def draw_ramp(data, figure):
    axes = figure.subplots()
    volts = np.linspace(0, VOLTS, 20)
    for k, (name, (capacitance, rows)) in enumerate(data.items()):
        conducts = name.endswith("D")
        if name == "1D" or not conducts:
            text = f"C dV/dt{' + σAV/L' if conducts else ''}, {'film' if conducts else name}"
            law(axes, volts * 1e3, (capacitance * RATE + conducts * SIGMA * AREA / L * volts) * 1e12, k, text)
        simulated(axes, rows[k::4, 0] * 1e3, (rows[k::4, 2] + conducts * rows[k::4, 3]) * 1e12, k, f"simulation, {name}")
    axes.set(xlabel="voltage [mV]", ylabel="current [pA]", ylim=(0, None))
    axes.legend()


RAMP = Section(
    "Charge and displacement current of parallel plates",
    "A slab without mobile ions on a ramp of 0.1 V/µs: the electrode carries Q = CV, C = εA/L, and C dV/dt flows beside the "
    "electrons' σAV/L; with 8 nm of oxide (ε 3.9) inside the film (ε 60) the capacitances are in series and no electron "
    "passes. Charge and currents come from the test functions of the equations.",
    ramps, ramp_claims, draw_ramp, "time",
)


def test_plates_carry_C_V_and_their_displacement_current_is_C_dV_dt(tmp_path):
    check(RAMP.claims(RAMP.measure(tmp_path)))


# ---- admittance ------------------------------------------------------------------------------------------------------

FREQUENCIES = np.logspace(-3, 12, 16)


def resistance(contact):
    """L / (sigma A), and 1 / (g_c A) of one contact in series [ohm]."""
    return L / SIGMA / AREA + (1 / (G_C * AREA) if contact == "resistive" else 0.0)


def spectra(folder):
    """(dimension, contact) -> Spectrum."""
    return {
        (d, contact): spectrum(SmallSignal(plates(folder, d, contact)), FREQUENCIES, "top")
        for d in (1, 2, 3) for contact in ("ohmic", "resistive")
    }


def spectra_claims(data):
    for (dimension, contact), found in data.items():
        exact = 1 / resistance(contact) + 2j * np.pi * FREQUENCIES * CAPACITANCE
        for part in ("real", "imag"):
            off = abs(getattr(found.admittance, part) / getattr(exact, part) - 1)
            yield Claim(f"{dimension}D, {contact} contact, 1 mHz to 1 THz: worst relative difference of the {part} part".replace("imag ", "imaginary "),
                        "Y = 1/R + iωC", 0.0, float(off.max()), 1e-12, "", "linear fields: rounding; each part by itself")


def draw_spectra(data, figure):
    axes = figure.subplots()
    fine = np.logspace(-3, 12, 200)
    for k, contact in enumerate(("ohmic", "resistive")):
        found, z = data[2, contact], 1 / (1 / resistance(contact) + 2j * np.pi * fine * CAPACITANCE)
        law(axes, fine, abs(z), k, f"|Z|, {contact} contact")
        simulated(axes, FREQUENCIES, abs(found.impedance), k, f"simulation, 2D, {contact}")
    axes.set(xscale="log", yscale="log", xlabel="frequency [Hz]", ylabel="|Z| [Ω]")
    axes.legend()


RC = Section(
    "Admittance of a slab: resistor beside capacitor",
    "Without mobile ions a slab is R = L/(σA) + 1/(g_c A) beside C = εA/L at every frequency: Y = 1/R + iωC, here over 15 "
    "decades in 1D, 2D and 3D with the linearised equations of `halofil admittance`.",
    spectra, spectra_claims, draw_spectra, "time",
)


def test_admittance_of_a_slab_is_its_resistor_beside_its_capacitor(tmp_path):
    check(RC.claims(RC.measure(tmp_path)))


SECTIONS = [RAMP, RC]
