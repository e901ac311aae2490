"""A device that its terminals hold at another temperature is the device of that temperature, field by field."""

import numpy as np

from solver.scenario.protocol import Hold
from tests.devices import SHORT_FILAMENT, march, model
from tests.verification.claims import Claim, Section, check
from tests.verification.drawing import law, simulated

WARM, COLD = 360.0, 300.0  # K
SLAB = "device: {layout: slab, thickness: 20 nm, dimension: 2, area: 100 nm^2}\nmesh: {size_at_filament: 4 nm}\n"
FIELDS = ("potential", "fermi", "vacancies", "filament", "tunnelling")


def factor(energy):
    """exp(E/kT0 - E/kT) from 300 to 360 K, E in eV."""
    return np.exp(energy * 1.602176634e-19 / 1.380649e-23 * (1 / COLD - 1 / WARM))


def with_source(**values):
    return [f"material.{key.replace('__', '.')}={{value: {value}, source: test}}" for key, value in values.items()]


def measure(folder):
    """Currents [A] in time of both devices, and what their last states differ by: {field: largest difference}."""
    ends = f"{{temperature: {WARM} K}}"
    heat = f"heat: {{terminals: {{top: {ends}, bottom: {ends}}}}}"
    energies = {"ions__vacancies__activation_energy": "0.2 eV"}
    # so good a conductor of heat that its own current does not warm it: 1e-4 K
    conductor = {"film__thermal_conductivity": "1e4 W/(m K)", "filament__thermal_conductivity": "1e4 W/(m K)"}
    warmed = model(
        folder, SLAB + SHORT_FILAMENT.replace("}}}", "}}, " + heat + "}"),
        with_source(**energies, **conductor, filament__growth_activation_energy="0.3 eV",
                    film__conductivity_activation_energy="0.25 eV", filament__temperature_coefficient="4e-3 1/K"),
    )
    warm = model(
        folder, SLAB + SHORT_FILAMENT,
        with_source(**energies, film__temperature=f"{WARM} K", filament__growth_velocity=f"{2.5 * factor(0.3)} nm/s",
                    film__electronic_conductivity=f"{1e-4 * factor(0.25)} S/m",
                    filament__conductivity=f"{6e5 / (1 + 4e-3 * (WARM - COLD))} S/m"),
    )
    records = [march(m, [Hold(voltage="0.05 V", duration="0.2 s")]) for m in (warmed, warm)]
    curves = [np.array([(r.time, m.parameters.scaling.ampere(r.electronic["top"])) for r in run]) for m, run in zip((warmed, warm), records)]
    # potentials in kT of each scaling
    off = {f: float(np.max(abs(warmed.values(f) - warm.values(f) * (WARM / COLD if f in ("potential", "fermi") else 1.0)))) for f in FIELDS}
    return curves, off, float(np.abs(warmed.values("temperature") * COLD / WARM - 1).max())


def claims(data):
    (warmed, warm), off, uneven = data
    source = "the device whose temperature is 360 K"
    yield Claim("temperature of the heated device over 360 K, largest deviation from 1", "its terminals hold it", 0.0, uneven, 1e-6)
    yield Claim("current after 0.2 s", source, warm[-1, 1], warmed[-1, 1], 1e-4, "A",
                "both take the same steps of a local error of 5e-3; Newton stops at 1e-6 kT")
    for field, difference in off.items():
        yield Claim(f"largest difference, {field}", source, 0.0, difference, 2e-4, "", "Newton's tolerance, added up")
    # the filament moved meanwhile: the agreement is not that of two states at rest
    assert np.ptp(warmed[:, 1]) > 0.1 * abs(warmed[-1, 1])


def draw(data, figure):
    axes = figure.subplots()
    (warmed, warm), _, _ = data
    law(axes, warm[:, 0], warm[:, 1], label="device of 360 K")
    simulated(axes, warmed[:, 0], warmed[:, 1], label="device of 300 K with terminals at 360 K")
    axes.set(xscale="log", yscale="log", xlabel="time at 50 mV [s]", ylabel="current [A]")
    axes.legend()


SECTION = Section(
    "A heated device is the device of that temperature",
    "A filament with a gap whose terminals hold it at 360 K, parameters given at 300 K with their activation energies, against the same "
    "device made for 360 K with the parameters worked out by hand: ions, filament, conduction, field by field.",
    measure, claims, draw, "heat",
)


def test_ions_filament_and_conduction_see_the_local_temperature_as_that_of_the_device(tmp_path):
    check(claims(measure(tmp_path)))
