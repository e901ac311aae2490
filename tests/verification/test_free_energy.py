"""Second law: the free energy never rises at zero bias, whatever the device is perturbed to (free_energy.py)."""

import numpy as np

from solver.scenario.protocol import Hold
from tests.devices import bipolar, material_with_ions, model, with_carriers
from tests.verification.claims import Claim, Section, check
from tests.verification.drawing import simulated
from tests.verification.free_energy import FreeEnergy, metal_pressure
from tests.verification.walking import stepper_of, walk

BLOCKING = "contacts: {top: {electronic: ohmic, ions: blocking}, bottom: {ions: blocking}}"
EXCHANGE = "contacts: {top: {electronic: resistive, ions: exchange}, bottom: {ions: exchange}}"
FILM = "device: {layout: slab, thickness: 20 nm, dimension: 1, area: 100 nm^2}\nmesh: {size_at_filament: 0.5 nm}\n"
GAP = "device: {layout: axisymmetric_gap, gap: 24 nm, radius: 16 nm}\nmesh: {size_at_filament: 2 nm}\n"
STUB = "filament: {interface_width: 2 nm, initial: {core_radius: 1 nm, core_height: 3 nm, radius: 6 nm, height: %g nm}}"
SILICON = "device: {layout: slab, thickness: 200 nm, dimension: 1, area: 1 um^2}\nmesh: {size_at_filament: 4 nm}\n"
JUNCTION = "{doping: [{profile: tanh, axis: x, below: -1e17 cm^-3, above: 1e17 cm^-3, position: 100 nm, width: 5 nm}]}"
SHUT = "contacts: {top: {ions: blocking}, bottom: {ions: blocking}}"
CLOSED = f"  {SHUT}\n"  # after `bipolar`
# as many as the doping, so that a perturbation by e is one of a few kT of potential
FEW_IONS = ["material.ions.vacancies.initial_density={value: 1e17 cm^-3, source: assumed, range: [1e16 cm^-3, 1e21 cm^-3]}"]
INTERSTITIALS = [
    ("material.ions.interstitials={charge: -1, initial_density: {value: 1e19 cm^-3, source: assumed}, "
     "site_density: {value: 1e20 cm^-3, source: assumed}, diffusivity: {value: 1e-10 cm^2/s, source: assumed}, "
     "exchange_velocity: {value: 1e-3 cm/s, source: assumed}}")
]
SUPERSATURATED = ["material.filament.equilibrium_ion_density=1e24 m^-3"]


def perturb(m, seed=3):
    """Multiply densities by up to e^2 and move the filament's surface, by a few long waves of random size."""
    rng = np.random.default_rng(seed)
    x = m.coordinates[:, : m.device.mesh.geometry.dim]
    x = (x - x.min(axis=0)) / np.ptp(x, axis=0)
    for field, size in (*((ion.name, 1.0) for ion in m.context.species), ("electrons", 2.0), ("holes", 2.0), ("filament", 0.1)):
        if field not in m.fields:
            continue
        wave = sum(a * np.cos(k * np.pi * x).prod(axis=1) for k, a in enumerate(rng.uniform(-1, 1, 5), 1))
        wave *= size / abs(wave).max()
        free = ~m.constrained[:, m.fields.index(field)]
        values = m.values(field)
        if field in {ion.name for ion in m.context.species}:
            values[free] *= np.exp(wave[free])
        elif field == "filament":
            values[free] = np.clip(values[free] + wave[free] * 4 * values[free] * (1 - values[free]), 0, 1)
        else:
            values[free] += wave[free]
    m.context.state.x.scatter_forward()


def relaxation(m, seconds, first=1e-6, tolerance=1e-3, pulse=None):
    """Free energy [kT] against time [s] at zero bias, a row for every accepted step from a perturbed state on.

    Args:
        m: DeviceModel.
        seconds: how long.
        first: first step [s]; it makes the potential that of the perturbed charges, the energy counts from there.
        tolerance: of the local error.
        pulse: [V] for 0.3 s, instead of `perturb`, brings the device out of equilibrium.
    """
    protocol = [Hold(voltage="0 V", duration=f"{seconds} s")]
    if pulse is not None:
        protocol.insert(0, Hold(voltage=f"{pulse} V", duration="0.3 s"))
    stepper = stepper_of(m, protocol, tolerance=tolerance, filament_change=0.1, smallest=1e-22, newton=1e-9)
    energy, rows = FreeEnergy(stepper.engine), []
    stepper.equilibrate()
    if pulse is None:
        perturb(m)
        stepper.begin()
        stepper.step = first
    for record, _ in walk(stepper, equilibrate=False):
        if record.voltage == 0.0:
            rows.append((record.time, energy()))
    rows = np.array(rows)
    return rows - [0.0 if pulse is None else 0.3, rows[-1, 1]]


def relaxations(folder):
    """Case -> rows (time [s], free energy above the last [kT])."""
    silicon = material_with_ions(folder)
    out = {
        "filament, blocking": relaxation(model(folder, FILM + f"physics: {{{BLOCKING}, {STUB % 9}}}\n"), 100.0),
        "filament, exchange": relaxation(model(folder, FILM + f"physics: {{{EXCHANGE}, {STUB % 9}}}\n"), 100.0),
        "filament in the gap, after a pulse": relaxation(
            model(folder, GAP + f"physics: {{{BLOCKING}, {STUB % 12}}}\n"), 3.0, pulse=0.15),
        "ions, blocking": relaxation(model(folder, FILM + f"physics: {{filament: off, {BLOCKING}}}\n"), 1.0),
        "ions, exchange": relaxation(model(folder, FILM + f"physics: {{filament: off, {EXCHANGE}}}\n"), 1.0),
        "ions of both charges, exchange": relaxation(
            model(folder, FILM + f"physics: {{filament: off, {EXCHANGE}}}\n", INTERSTITIALS), 1.0),
        "electrons, holes, ions and filament": relaxation(model(folder, with_carriers(FILM + f"physics: {{{STUB % 9}, {SHUT}}}\n")), 100.0),
        "electrons, holes, ions and filament, exchange": relaxation(
            model(folder, with_carriers(FILM + f"physics: {{{STUB % 9}}}\n")), 100.0),
        "electrons and holes": relaxation(model(folder, SILICON + bipolar(JUNCTION)), 1e-3, 1e-16),
        "electrons, holes and ions": relaxation(
            model(folder, SILICON + bipolar(JUNCTION, "mobile", silicon) + CLOSED, FEW_IONS), 1.0, 1e-16),
    }
    for name, terms in (("supersaturated film", ()), ("supersaturated film, with the metal's pressure", (metal_pressure,))):
        m = model(folder, FILM + f"physics: {{{BLOCKING}, {STUB % 8}}}\n", SUPERSATURATED)
        m.terms += [term(m.context) for term in terms]
        out[name] = relaxation(m, 100.0)
    return out


def rise(rows):
    """Largest rise in one step over the whole fall."""
    return max(0.0, float(np.diff(rows[:, 1]).max())) / (rows[0, 1] - rows[-1, 1])


def claims(data):
    law = "second law"
    for name, rows in data.items():
        assert rows[0, 1] > 1 and len(rows) > 20, name  # perturbed by many kT
        if name == "supersaturated film":
            continue
        claim = f"largest rise of the free energy in a step at zero bias over its whole fall: {name}"
        if "film" in name or "filament" in name:
            yield Claim(claim, law, 0.0, rise(rows), 2e-4, "", "the driving force along |∇ξ| is F's own on the profile at rest alone")
        else:
            yield Claim(claim, law, 0.0, rise(rows), 1e-6, "", "Newton 1e-9; BDF2 swings by its local error about the last state")
    # the known gap: with c0 = 10 c_eq the filament withdraws by 0.1 nm against 1.2 kT of its own double layer
    yield Claim("the same where the film is ten times supersaturated, without the pressure of the metal's field (left out)",
                law, 0.0, rise(data["supersaturated film"]), 5e-4, "", "the term left out, C_TF w²/2 per c_f")


def drawing(data, figure):
    axes = figure.subplots()
    for k, (name, rows) in enumerate(data.items()):
        simulated(axes, rows[:, 0], np.maximum(rows[:, 1], 1e-9) / rows[0, 1], k, name, ls="-", lw=0.6)
    axes.set(xscale="log", yscale="log", ylim=(1e-7, 2), xlabel="time at 0 V (s)", ylabel="(F − F at the end) / (F at the start)")
    figure.legend(loc="outside upper center", ncols=2)


SECTION = Section(
    "Free energy never rises at zero bias",
    "F = ∫ [ε|∇φ|²/2 + C_TF h w²/2 + c ln(c/c_eq) + (c_max − c) ln(1 − c/c_max) − μ(c + c_f h) + W g + κ|∇ξ|²/2 + "
    "n(ln n/n_i − 1) + p(ln p/n_i − 1)] − Σ Q φ_b, w = φ − Φ; μ is the electrodes' where they exchange vacancies. "
    "Devices are perturbed by factors of e in densities and by a displaced filament, and left alone at 0 V; F is evaluated "
    "after every accepted step. One term of the exact gradient, the pressure C_TF h′ w²/2 of the metal's own field on its "
    "surface, is not in the equation of ξ (free_energy.py has the derivation): it is far below the tolerance of these "
    "claims at the material's own numbers, and a film ten times supersaturated shows it. Nor is the driving force, along |∇ξ| "
    "in place of h′, F's own where the profile is not the one at rest: F may then rise, by less than 1e-4 of its fall.",
    relaxations,
    claims,
    drawing,
    "structure",
)


def test_the_free_energy_never_rises_at_zero_bias(tmp_path):
    check(SECTION.claims(SECTION.measure(tmp_path)))
