"""Contact resistance of electrons and holes: in series with a doped bar, in 1D, 2D and 3D."""

import numpy as np

from tests.devices import bipolar, material_with_ions, model, stationary
from tests.verification.claims import Claim, Section, check

Q = 1.602176634e-19
AREA, LENGTH, DENSITY, CONDUCTANCE = 900e-18, 20e-9, 1e23, 1e11
MOBILITY = {"electrons": 0.14, "holes": 0.045}
VOLTS = 1e-5


def measure(tmp_path):
    """Conductances [S]: dict (carrier, dimension, number of resistive contacts) -> G."""
    material, out = material_with_ions(tmp_path), {}
    for carrier, sign in (("electrons", 1), ("holes", -1)):
        for dimension in (1, 2, 3):
            for contacts in (("top",), ("top", "bottom")):
                carriers = f"{{doping: [{{profile: uniform, density: {sign}e17 cm^-3}}], contacts: {{" + ", ".join(
                    f"{name}: {{resistive: on}}" for name in contacts) + "}}"
                device = (f"device: {{layout: slab, thickness: 20 nm, dimension: {dimension}, area: 900 nm^2}}\n"
                          "mesh: {size_at_filament: 4 nm}\n")
                m = model(tmp_path, device + bipolar(carriers, material=material))
                current = getattr(stationary(m, "direct")(VOLTS)["top"], carrier)
                g = m.parameters.scaling.ampere(current) * m.device.current_scale / VOLTS
                out[carrier, dimension, len(contacts)] = g
    return out


def law(carrier, contacts):
    return AREA / (LENGTH / (Q * MOBILITY[carrier] * DENSITY) + contacts / CONDUCTANCE)


def test_each_contact_of_the_carriers_may_have_a_conductance_of_its_own(tmp_path):
    material = material_with_ions(tmp_path)
    carriers = ("{doping: [{profile: uniform, density: 1e17 cm^-3}], "
                f"contacts: {{top: {{resistive: on, conductance: {3 * CONDUCTANCE} S/m^2}}, bottom: {{resistive: on}}}}}}")
    device = "device: {layout: slab, thickness: 20 nm, dimension: 1, area: 900 nm^2}\nmesh: {size_at_filament: 4 nm}\n"
    m = model(tmp_path, device + bipolar(carriers, material=material))
    found = m.parameters.scaling.ampere(stationary(m, "direct")(VOLTS)["top"].electrons) * m.device.current_scale / VOLTS
    assert np.isclose(found, law("electrons", 1 + 1 / 3), rtol=2e-4)


def claims(data):
    for (carrier, dimension, contacts), found in data.items():
        yield Claim(f"{carrier} in {dimension}D, {contacts} resistive contact{'s' if contacts > 1 else ''}", "A/(L/σ + k/g_c)",
                    law(carrier, contacts), found, 2e-4, "S", "the drop at the contact, 1e-4 kT, changes the density there")


def draw(data, figure):
    axis = figure.subplots()
    keys = list(data)
    axis.plot([law(c, k) for c, _, k in keys], "_", markersize=18, label="A/(L/σ + k/g_c)")
    axis.plot(np.array([data[k] for k in keys]), "o", label="simulated")
    axis.set_xticks(range(len(keys)), [f"{c[0]} {d}D {k}" for c, d, k in keys], rotation=60)
    axis.set(ylabel="conductance (S)")
    axis.legend()


SECTION = Section(
    "Contact resistance of electrons and holes",
    "σ ∂Φ/∂n = g_c (V − Φ) for each carrier (`resistive: on`): a doped bar between such contacts has the conductance of the "
    "bar and the contacts in series. Columns: carrier, dimension of the mesh, number of resistive contacts.",
    measure, claims, draw, "contacts",
)


def test_contact_resistance_of_electrons_and_holes_adds_in_series_with_a_bar_in_1d_2d_and_3d(tmp_path):
    check(SECTION.claims(SECTION.measure(tmp_path)))
