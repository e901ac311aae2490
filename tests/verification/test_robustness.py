"""Violent voltages and Debye lengths from 0.5 to 50 nm: the step finds its own way, without a setting."""

import pytest

from solver.scenario.protocol import Hold
from tests.devices import GAP, model
from tests.verification.walking import stepper_of, walk

STEP = 80 * 1.380649e-23 * 300 / 1.602176634e-19  # V
# lambda_D = 2.93 nm at 1e19 cm^-3
DENSITY = {0.5: 3.43e20, 2.93: 1e19, 10.0: 8.57e17, 50.0: 3.43e16}


def of_debye_length(debye):
    """Override of the vacancy density; the material file's plausible range is widened with it."""
    value = f"{{value: {DENSITY[debye]} cm^-3, source: assumed, range: [1e15 cm^-3, 1e21 cm^-3]}}"
    return [f"material.ions.vacancies.initial_density={value}"]


@pytest.mark.parametrize("ions", ["blocking", "exchange"])
@pytest.mark.parametrize("debye", DENSITY)
def test_steps_of_80_kT_converge_for_any_debye_length(tmp_path, debye, ions):
    m = model(
        tmp_path,
        "device: {layout: slab, thickness: 60 nm, dimension: 1, area: 100 nm^2}\nmesh: {size_at_filament: 0.5 nm}\n"
        f"physics: {{filament: off, contacts: {{top: {{ions: {ions}}}, bottom: {{ions: {ions}}}}}}}\n",
        of_debye_length(debye),
    )
    stepper = stepper_of(m, [Hold(voltage=f"{v} V", duration="10 ms") for v in (STEP, -STEP, 0)])
    total = 0
    for record, _ in walk(stepper):
        total += record.newton_iterations
        assert m.values("vacancies").min() >= -1e-9
        # functions.crowding lets c pass the limit by 1e-6 a kT, Newton by its tolerance
        assert m.values("vacancies").max() < (1 + 1e-4) / m.parameters.ion("vacancies").share
    assert stepper.time == pytest.approx(0.03)
    assert total < 3000  # no crawling: about ten times what is needed


@pytest.mark.parametrize("debye", [0.5, 10.0])
def test_a_coarse_mesh_of_the_gap_survives_a_step_of_40_kT(tmp_path, debye):
    m = model(tmp_path, GAP + "mesh: {size_at_filament: 1.5 nm}\n", of_debye_length(debye))
    stepper = stepper_of(m, [Hold(voltage=f"{STEP / 2} V", duration="1 us"), Hold(voltage="0 V", duration="1 us")])
    for _ in walk(stepper):
        pass
    assert stepper.time == pytest.approx(2e-6)
