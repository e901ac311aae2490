"""Heat in the layouts with spacer, substrate and cap: what the currents produce leaves through the sinks, all of it."""

import numpy as np
import pytest
from dolfinx import fem

from tests.devices import model
from tests.verification.bars import T0, Stationary

COARSE = "mesh: {size_at_filament: 12 nm, size_at_edge: 25 nm, size_max: 800 nm, growth: 0.6}\n"
LAYOUTS = {
    "cross section": "device: {layout: cross_section}\n",
    "quarter cell": "device: {layout: back_contact, symmetry: quarter, cell_length: 200 nm, domain_length: 4 um}\n",
}
PHYSICS = "physics: {{filament: off, ions: fixed, heat: {heat}, contacts: {{top: {{electronic: ohmic}}}}}}\n"
SIGMA = ["material.film.electronic_conductivity={value: 1e3 S/m, source: test}"]
VOLTS = {"top": 0.2, "bottom": 0.0}
INSULATED = (
    "{terminals: {top: {condition: insulated}, bottom: {condition: insulated}}, "
    "surfaces: {bottom: {condition: robin, transfer_coefficient: 1e6 W/(m^2 K)}}}"
)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_heat_of_the_current_leaves_through_the_electrodes(tmp_path, layout):
    m = model(tmp_path, LAYOUTS[layout] + COARSE + PHYSICS.format(heat="on"), SIGMA)
    assert {"spacer", "cap"} <= set(m.device.regions)
    state = Stationary(m, VOLTS)
    assert state.power > 0
    # summed edge by edge; left is the tolerance of the solve
    assert state.heat.produced == pytest.approx(state.power, rel=1e-9)
    assert state.heat.leaving == pytest.approx(state.power, rel=1e-8)
    hottest = np.argmax(m.values("temperature"))
    assert m.film_nodes[hottest]


def test_insulated_electrodes_leave_the_heat_to_the_lower_face_of_the_substrate(tmp_path):
    # the film meets the substrate beside the bottom bar
    device = "device: {layout: back_contact, symmetry: quarter, electrode_width: 400 nm, domain_length: 1 um}\n"
    m = model(tmp_path, device + COARSE + PHYSICS.format(heat=INSULATED), SIGMA)
    # the problem is linear: the first correction is exact, the second what rounding leaves of it
    state = Stationary(m, {"top": 0.02, "bottom": 0.0}, tolerance=1e-7)
    assert state.heat.leaving == pytest.approx(state.power, rel=1e-8)
    ctx = m.context
    flow = 1e6 * 1e-18 * T0 * (ctx.unknown("temperature") - 1) * ctx.sink_measure("bottom surface")
    assert fem.assemble_scalar(fem.form(flow)) == pytest.approx(state.power, rel=1e-8)
    low = m.coordinates[:, 2] < m.coordinates[:, 2].min() + 1e-6
    theta = m.values("temperature")
    assert 1 < theta[low].min() < theta[low].max() < theta.max()
