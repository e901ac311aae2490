"""The interface width l is numerical: V_set does not depend on it."""

import numpy as np

from solver.scenario.protocol import Sweep
from tests.devices import march, model


def set_voltage(tmp_path, width_nm):
    """Voltage [V] at which the conductance crosses 1e-7 S (half way, in decades, from off to on) in the up-sweep."""
    m = model(
        tmp_path,
        "device: {layout: axisymmetric_gap, gap: 60 nm, radius: 50 nm}\n"
        f"physics: {{filament: {{interface_width: {width_nm} nm, initial: "
        "{core_radius: 2 nm, core_height: 46 nm, radius: 5 nm, height: 52 nm}}}\n",
    )
    records = march(m, [Sweep(to="0.16 V", rate="0.1 V/s")])
    scale = m.parameters.scaling
    volts = np.array([r.voltage for r in records])
    log_g = np.log10([scale.ampere(r.current("top")) / r.voltage for r in records])
    assert log_g[0] < -8 and log_g[-1] > -6  # it sets
    return float(np.interp(-7.0, log_g, volts))


def test_set_voltage_moves_less_than_5_mV_when_l_goes_from_0_8_to_1_2_nm(tmp_path):
    assert abs(set_voltage(tmp_path, 0.8) - set_voltage(tmp_path, 1.2)) < 5e-3
