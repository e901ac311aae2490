"""Order in time of the whole coupled scheme: all five fields, the production stepper, a filament that grows."""

import numpy as np

from solver.scenario.protocol import Sweep
from tests.devices import model
from tests.verification.claims import Claim, check
from tests.verification.walking import stepper_of, walk

DEVICE = (
    "device: {layout: slab, thickness: 20 nm, dimension: 1, area: 100 nm^2}\nmesh: {size_at_filament: 0.5 nm}\n"
    "physics: {filament: {interface_width: 2 nm, initial: "
    "{core_radius: 1 nm, core_height: 2 nm, radius: 5 nm, height: 8 nm}}}\n"
)
RATE = 0.2  # V/s


def final_states(folder, counts):
    """States (n, fields) after a sweep to 50 mV in `counts` equal steps (after a start from 1 us in doubling steps)."""
    out = []
    for count in counts:
        m = model(folder, DEVICE)
        # the error control is put out of action: the voltage step alone sets the time step
        stepper = stepper_of(m, [Sweep(to="50 mV", rate=f"{RATE} V/s")], tolerance=0.45, filament_change=0.45,
                             max_voltage_step=0.05 / count, newton=1e-10)
        records = [r for r, _ in walk(stepper)]
        assert stepper.rejected_steps == 0 and abs(records[-1].step * count * RATE / 0.05 - 1) < 0.5
        out.append(m.context.state.x.array.reshape(-1, len(m.fields)).copy())
    return m.fields, out


def order_claims(folder):
    fields, (a, b, c) = final_states(folder, (80, 160, 320))
    for k, field in enumerate(fields):
        coarse, fine = abs(a[:, k] - b[:, k]).max(), abs(b[:, k] - c[:, k]).max()
        yield Claim(f"order in time, coupled scheme: {field}", "self-convergence of a sweep with a growing filament", 2.0,
                    float(np.log2(coarse / fine)), 0.15, "", "third-order part at a fortieth of the sweep")


def test_the_coupled_scheme_is_second_order_in_time(tmp_path):
    check(order_claims(tmp_path))
