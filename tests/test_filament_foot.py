"""The filament may stand on either electrode: between equal planes the two are mirror images."""

import numpy as np
import pytest

from solver.physics.fields import FILAMENT
from solver.physics.observables import AxisProbe
from solver.scenario.protocol import Sweep
from tests.devices import march, model, scenario

PLANES = (
    "device: {layout: axisymmetric_gap, gap: 24 nm, radius: 16 nm}\n"
    "mesh: {size_at_filament: 2 nm}\n"
    "physics: {filament: {interface_width: 2 nm, initial: "
    "{grown_from: %s, core_radius: 2 nm, core_height: 16 nm, radius: 5 nm, height: 18 nm}}}\n"
)


@pytest.fixture
def swept(tmp_path):
    """electrode -> (records, gap [nm] at the end) of a filament on it, whose electrode is the cathode of the sweep."""
    out = {}
    for foot, to in (("bottom", "0.06 V"), ("top", "-0.06 V")):
        m = model(tmp_path, PLANES % foot)
        start = AxisProbe(m).gap()
        records = march(m, [Sweep(to=to, rate="0.5 V/s")])
        out[foot] = records, start, AxisProbe(m).gap(), float(m.values(FILAMENT).max())
    return out


def test_filament_on_top_sets_at_negative_voltage_as_the_one_below_does_at_positive(swept):
    (below, start_below, end_below, _), (above, start_above, end_above, full) = swept["bottom"], swept["top"]
    assert full > 0.99
    assert start_above == pytest.approx(start_below, abs=1e-6)
    assert end_below < start_below - 0.1  # it grew
    assert end_above == pytest.approx(end_below, abs=0.02)  # the mesh's diagonals are not mirrored
    current = np.array([-above[-1].current("top"), below[-1].current("top")])
    assert current[0] == pytest.approx(current[1], rel=0.02)


def test_terminal_the_filament_grows_towards_is_resistive(tmp_path):
    for foot, resistive in (("bottom", "top"), ("top", "bottom")):
        s = scenario(tmp_path, PLANES % foot)
        assert [name for name in s.terminals if s.contact(name).electronic == "resistive"] == [resistive]
