"""A device that its terminals hold at another temperature is the device of that temperature, field by field."""

import numpy as np

from solver.scenario.protocol import Hold
from tests.devices import SHORT_FILAMENT, march, model

WARM, COLD = 360.0, 300.0  # K
SLAB = "device: {layout: slab, thickness: 20 nm, dimension: 2, area: 100 nm^2}\nmesh: {size_at_filament: 4 nm}\n"
FIELDS = ("potential", "fermi", "vacancies", "filament", "tunnelling")


def factor(energy):
    """exp(E/kT0 - E/kT) from 300 to 360 K, E in eV."""
    return np.exp(energy * 1.602176634e-19 / 1.380649e-23 * (1 / COLD - 1 / WARM))


def with_source(**values):
    return [f"material.{key.replace('__', '.')}={{value: {value}, source: test}}" for key, value in values.items()]


def test_ions_filament_and_conduction_see_the_local_temperature_as_that_of_the_device(tmp_path):
    ends = f"{{temperature: {WARM} K}}"
    heat = f"heat: {{terminals: {{top: {ends}, bottom: {ends}}}}}"
    energies = {"ions__vacancies__activation_energy": "0.2 eV"}
    # so good a conductor of heat that its own current does not warm it: 1e-4 K
    conductor = {"film__thermal_conductivity": "1e4 W/(m K)", "filament__thermal_conductivity": "1e4 W/(m K)"}
    warmed = model(
        tmp_path, SLAB + SHORT_FILAMENT.replace("}}}", "}}, " + heat + "}"),
        with_source(**energies, **conductor, filament__growth_activation_energy="0.3 eV",
                    film__conductivity_activation_energy="0.25 eV", filament__temperature_coefficient="4e-3 1/K"),
    )
    warm = model(
        tmp_path, SLAB + SHORT_FILAMENT,
        with_source(**energies, film__temperature=f"{WARM} K", filament__growth_velocity=f"{2.5 * factor(0.3)} nm/s",
                    film__electronic_conductivity=f"{1e-4 * factor(0.25)} S/m",
                    filament__conductivity=f"{6e5 / (1 + 4e-3 * (WARM - COLD))} S/m"),
    )
    records = [march(m, [Hold(voltage="0.05 V", duration="0.2 s")]) for m in (warmed, warm)]
    assert np.abs(warmed.values("temperature") * COLD / WARM - 1).max() < 1e-6
    found, wanted = (m.parameters.scaling.ampere(r[-1].electronic["top"]) for m, r in zip((warmed, warm), records))
    # both take steps of a local error of 5e-3, the same ones; Newton stops at 1e-6 kT
    np.testing.assert_allclose(found, wanted, rtol=1e-4)
    for field in FIELDS:
        scale = WARM / COLD if field in ("potential", "fermi") else 1.0  # kT of each scaling
        np.testing.assert_allclose(warmed.values(field), warm.values(field) * scale, atol=2e-4, err_msg=field)
    # the filament moved meanwhile: the agreement is not that of two states at rest
    assert np.ptp([r.electronic["top"] for r in records[0]]) > 0.1 * abs(records[0][-1].electronic["top"])
