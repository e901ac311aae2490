"""Layout block: pads where they belong, right-angled cells, faults in sentences; scenarios with electrons and holes."""

import numpy as np
import pytest

from tests.devices import DIODE_2D, bipolar, model, scenario, stationary

BLOCK_3D = """device:
  layout: block
  length: 200 nm
  width: 100 nm
  height: 80 nm
  pads:
    source: {face: left}
    drain: {face: right}
    gate: {face: top, x: [60 nm, 140 nm], y: [20 nm, 80 nm]}
mesh: {size_at_edge: 15 nm, size_max: 40 nm}
terminals: {source: driven, drain: ground, gate: ground}
"""
DOPED = "{doping: [{profile: uniform, density: 1e18 cm^-3}]}"


def test_pads_have_their_areas_and_no_cell_is_obtuse(tmp_path):
    from meshes.layouts import generate
    from meshes.quality import report
    from meshes.simplex_mesh import group_measure

    mesh = generate(scenario(tmp_path, BLOCK_3D + bipolar(DOPED)))
    for name, area in (("source", 100 * 80), ("drain", 100 * 80), ("gate", 80 * 60)):
        assert group_measure(mesh, name) == pytest.approx(area, rel=1e-12)
    assert group_measure(mesh, "film") == pytest.approx(200 * 100 * 80, rel=1e-12)
    assert report(mesh, 0.0).share_negative_edges == 0.0


def test_the_mesh_is_as_fine_as_asked_at_junction_and_pad_edges(tmp_path):
    from meshes.layouts import generate

    mesh = generate(scenario(tmp_path, DIODE_2D))
    x = np.unique(mesh.points[:, 0])
    for place, size in ((500.0, 12.0), (250.0, 25.0), (750.0, 25.0)):
        k = int(np.argmin(np.abs(x - place)))
        assert x[k] == pytest.approx(place)
        # one cell's growth of 0.4 of its length
        assert max(x[k + 1] - x[k], x[k] - x[k - 1]) < 1.25 * size
    assert np.diff(x).max() < 1.3 * 80


def test_three_terminals_share_the_current(tmp_path):
    m = model(tmp_path, BLOCK_3D + bipolar(DOPED))
    sums = stationary(m)(0.05)
    assert sums["source"].electronic > 0 > max(sums["drain"].electronic, sums["gate"].electronic)
    assert sum(s.electronic for s in sums.values()) == pytest.approx(0.0, abs=1e-9 * sums["source"].electronic)


@pytest.mark.parametrize(("old", "new", "key", "words"), [
    ("source: {face: left}", "source: {face: front, x: [0 nm, 300 nm]}", "device.pads.source.x", "within 0 nm to 200 nm"),
    ("x: [60 nm, 140 nm]", "z: [0 nm, 10 nm]", "device.pads.gate.z", "does not run along face top"),
    ("x: [60 nm, 140 nm]", "x: [140 nm, 60 nm]", "device.pads.gate.x", "upside down"),
    ("drain: {face: right}", "drain: {face: left}", "device.pads.drain", "touches pad source"),
    ("gate: ground}", "gates: ground}", "terminals", "its terminals are source, drain or gate"),
    ("electronic: bipolar", "electronic: quasi_equilibrium", "physics.carriers", "has no effect"),
    ("filament: off", "filament: on", "physics.ions", "fixed leaves the filament"),
    ("ions: fixed", "ions: mobile", "ions", "physics.ions: mobile needs it"),
    ("profile: uniform", "profile: linear", "physics.carriers.doping.0", "uniform, tanh, gaussian or formula"),
    ("density: 1e18 cm^-3", "densitie: 1e18 cm^-3", "physics.carriers.doping.0.densitie", "nearest: density"),
    ("profile: uniform", "profile: formula, formula: x.real", "physics.carriers.doping.0.formula", "use numbers"),
    ("{doping:", "{contacts: {gaet: {}}, doping:", "physics.carriers.contacts.gaet", "no terminal"),
    ("{doping:", "{contacts: {gate: {work_function: 4 V}}, doping:", "physics.carriers.contacts.gate.work_function", "eV"),
    ("{doping:", "{contacts: {gate: {thermionic: on, electron_velocity: 1e5 m/s}}, doping:", "physics.carriers.contacts.gate.electron_velocity", "which sets it"),
    ("{doping:", "{contacts: {gate: {thermionic: on, resistive: on}}, doping:", "physics.carriers.contacts.gate.resistive", "both carriers leave at a velocity"),
    ("{doping:", "{contacts: {gate: {conductance: 1e11 S/m^2}}, doping:", "physics.carriers.contacts.gate.conductance", "without resistive: on"),
    ("{doping:", "{contacts: {gate: {barrier_lowering: on}}, doping:", "physics.carriers.contacts.gate.barrier_lowering", "write work_function"),
    ("{doping:", "{contacts: {gate: {resistive: on}}, doping:", "contacts", "a terminal that is resistive"),
])  # fmt: skip
def test_a_mistake_in_block_or_carriers_is_a_fault_at_its_key(tmp_path, old, new, key, words):
    from solver.scenario import ScenarioError

    text = BLOCK_3D + bipolar(DOPED)
    assert old in text
    with pytest.raises(ScenarioError) as error:
        scenario(tmp_path, text.replace(old, new))
    found = [str(f) for f in error.value.faults]
    assert any(f": {key}: " in f and words in f for f in found), found


def test_a_resolved_scenario_with_carriers_loads_to_an_equal_one(tmp_path):
    from solver.scenario import parse_scenario

    s = scenario(tmp_path, BLOCK_3D + bipolar(
        "{statistics: fermi_dirac, auger: off, generation: 1e20 cm^-3/s, contacts: {gate: {work_function: 4.2 eV}}, doping: "
        "[{profile: gaussian, peak: -1e18 cm^-3, x: [0 nm, 50 nm], decay: 20 nm}, {profile: formula, formula: tanh(x/3), "
        "density: 1e16 cm^-3}, {profile: tanh, below: 1e15 cm^-3, above: -1e19 cm^-3, position: 30 nm}]}"))
    assert parse_scenario(s.resolved_yaml()) == s
