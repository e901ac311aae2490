"""The interface width l is numerical: V_set hardly depends on it."""

import numpy as np

from solver.scenario.protocol import Sweep
from tests.devices import march, model
from tests.verification.claims import Claim, Section, check
from tests.verification.drawing import COLOURS

WIDTHS = (0.8, 1.2)  # nm


def sweep(folder, width_nm):
    """(voltages [V], log10 of the conductance [S]) of an up-sweep."""
    m = model(
        folder,
        "device: {layout: axisymmetric_gap, gap: 60 nm, radius: 50 nm}\n"
        f"physics: {{filament: {{interface_width: {width_nm} nm, initial: "
        "{core_radius: 2 nm, core_height: 46 nm, radius: 5 nm, height: 52 nm}}}\n",
    )
    records = march(m, [Sweep(to="0.16 V", rate="0.1 V/s")])
    scale = m.parameters.scaling
    log_g = np.log10([scale.ampere(r.current("top")) / r.voltage for r in records])
    assert log_g[0] < -8 and log_g[-1] > -6  # it sets
    return np.array([r.voltage for r in records]), log_g


def set_voltage(curve):
    """Voltage [V] at which the conductance crosses 1e-7 S, half way, in decades, from off to on."""
    return float(np.interp(-7.0, curve[1], curve[0]))


def measure(folder):
    return {width: sweep(folder, width) for width in WIDTHS}


def claims(data):
    narrow, wide = (set_voltage(data[width]) for width in WIDTHS)
    yield Claim("V_set at l = 1.2 nm less V_set at l = 0.8 nm", "the interface width is numerical", 0.0, wide - narrow, 5e-3, "V",
                "first order in l: a front spread over l feels the larger driving force ahead of it; devices scatter by 30 mV")


def draw(data, figure):
    axes = figure.subplots()
    for k, (width, (volts, log_g)) in enumerate(data.items()):
        axes.plot(volts, 10.0**log_g, color=COLOURS[k], label=f"l = {width:g} nm, V$_{{set}}$ = {1e3 * set_voltage((volts, log_g)):.0f} mV")
    axes.axhline(1e-7, color="grey", lw=0.6, ls=":")
    axes.set(yscale="log", xlabel="voltage [V]", ylabel="conductance [S]")
    axes.legend()


SECTION = Section(
    "The set voltage does not depend on the interface width",
    "The phase field's interface width l is a numerical parameter. An up-sweep of the axisymmetric gap with l = 0.8 and 1.2 nm: "
    "V_set is where the conductance crosses 1e-7 S (dotted). What is left goes with l: the speed of a planar front does not depend on it (phase field), but where the driving force grows towards the electrode, a wider front feels more of it.",
    measure, claims, draw, "filament",
)


def test_set_voltage_moves_less_than_5_mV_when_l_goes_from_0_8_to_1_2_nm(tmp_path):
    check(claims(measure(tmp_path)))
