"""What a loaded scenario holds: SI values, defaults, materials, overrides; and that it can be written and read again."""

import re
from pathlib import Path

import pytest

from solver.scenario import load_scenario, parse_scenario
from solver.scenario.base import Part
from solver.scenario.parameter import Parameter
from solver.scenario.protocol import Pulses, Repeat, Sweep, Wait, expanded

SCENARIOS = Path(__file__).parents[1] / "scenarios"
SHIPPED = sorted(SCENARIOS.glob("*.yaml"))
# without its mesh section, which these tests set themselves
QUICK = re.sub(r"(?m)^mesh: .*\n", "", (SCENARIOS / "quick.yaml").read_text())
IV_SWEEP = (SCENARIOS / "iv_sweep.yaml").read_text()


def parse(text, *overrides):
    return parse_scenario(text, overrides, folder=SCENARIOS)


def test_the_main_scenario_has_the_papers_numbers_in_si():
    scenario = load_scenario(SCENARIOS / "iv_sweep.yaml")
    device = scenario.device
    assert (device.layout, device.step, device.symmetry) == ("back_contact", "conformal", "half")
    assert (device.electrode_width, device.spacer_thickness, device.film_thickness) == (2.5e-6, 60e-9, 300e-9)
    assert [(step.kind, step.to, step.rate) for step in scenario.protocol] == [
        ("sweep", 0.2, 0.16), ("sweep", -0.2, 0.16), ("sweep", 0.0, 0.16)]
    assert (scenario.output.fields_every.value, scenario.output.fields_every.kind) == (0.02, "voltage")
    assert {name: terminal.role for name, terminal in scenario.terminals.items()} == {"top": "driven", "bottom": "ground"}
    assert scenario.driven == "top" and all(terminal.plain for terminal in scenario.terminals.values())
    assert scenario.source_path == SCENARIOS / "iv_sweep.yaml"


def test_defaults_are_filled_in():
    scenario = parse("""
name: least
device: {layout: back_contact}
material: mapbi3_gold
terminals: {top: driven, bottom: ground}
protocol: [hold: {voltage: 1 mV, duration: 40 s}]
""")
    device, initial = scenario.device, scenario.physics.filament.initial
    assert (device.electrode_width, device.electrode_thickness, device.substrate_oxide_thickness, device.cap_thickness,
            device.domain_length, device.cell_length) == (2.5e-6, 50e-9, 100e-9, 200e-9, 5e-6, None)
    assert (scenario.physics.ions, scenario.physics.filament.interface_width) == ("mobile", 1.2e-9)
    assert (initial.core_radius, initial.core_height, initial.radius, initial.height) == (2e-9, 46e-9, 5e-9, 52e-9)
    contacts = scenario.physics.contacts
    assert (contacts["top"].electronic, contacts["bottom"].electronic, contacts["top"].ions) == ("resistive", "ohmic", "exchange")
    assert (scenario.output.checkpoint_every, scenario.output.max_step, scenario.output.figures) == (300.0, None, True)
    solver = scenario.solver
    assert (solver.newton_tolerance, solver.max_filament_change, solver.max_steps, solver.min_step) == (
        1e-8, 0.2, 20000, 1e-12)


def test_a_material_parameter_has_value_source_and_range():
    scenario = parse(QUICK, "material.ions.vacancies.initial_density={value: 2e19 cm^-3, source: Walsh 2015, "
                            "range: [1e17 cm^-3, 1e20 cm^-3]}", "material.film.temperature={value: 310 K, source: assumed}")
    density, temperature = scenario.material.ions["vacancies"].initial_density, scenario.material.film.temperature
    assert (density.value, density.source, density.range) == (2e25, "Walsh 2015", (1e23, 1e26))
    assert (temperature.value, temperature.source, temperature.range) == (310.0, "assumed", None)


def test_mesh_sizes_follow_the_filament_where_they_are_not_given():
    mesh = parse(IV_SWEEP, "physics.filament.interface_width=0.8 nm").mesh
    assert (mesh.size_at_filament, mesh.core_radius) == pytest.approx((1.0e-9, 12e-9), rel=1e-12)
    mesh = parse(IV_SWEEP, "physics.filament.initial.radius=9 nm").mesh
    assert mesh.core_radius == pytest.approx(16.2e-9, rel=1e-12)  # radius + 6 interface widths
    assert parse(IV_SWEEP, "mesh.size_at_filament=2 nm").mesh.size_at_filament == 2e-9
    assert parse(IV_SWEEP, "physics.filament=off").mesh.size_at_filament is None


def test_depth_of_a_cross_section_is_the_electrode_width_unless_given():
    assert parse(QUICK, "device={layout: cross_section, electrode_width: 2 um}").device.depth == 2e-6
    assert parse(QUICK, "device={layout: cross_section, depth: 1 um}").device.depth == 1e-6


@pytest.mark.parametrize("word", ["off", "false"])
def test_a_part_of_the_physics_can_be_switched_off(word):
    scenario = parse(QUICK, f"physics.filament={word}", f"output.figures={word}")
    assert scenario.physics.filament == "off"
    assert scenario.output.figures is False


def test_repeats_unroll_in_order():
    scenario = parse(QUICK, "protocol=[repeat: {count: 2, steps: [sweep: {to: 1 V, rate: 1 V/s}, repeat: {count: 2, "
                            "steps: [wait: {duration: 1 s}]}]}, pulses: {amplitude: 0.1 V, width: 1 s, period: 2 s, count: 3}]")
    assert isinstance(scenario.protocol[0], Repeat)
    assert [type(step) for step in expanded(scenario.protocol)] == [Sweep, Wait, Wait, Sweep, Wait, Wait, Pulses]


def test_one_node_may_be_named_and_used_again():
    scenario = parse(QUICK.replace("protocol:", "protocol:\n  - hold: &h {voltage: 0.1 V, duration: 1 s}\n  - hold: *h"))
    assert scenario.protocol[0] == scenario.protocol[1]


@pytest.mark.parametrize("key", ["material.ions.vacancies.diffusivity=1e-9 cm^2/s",
                                 "material_overrides.ions.vacancies.diffusivity=1e-9 cm^2/s",
                                 "material_overrides={ions.vacancies.diffusivity: 1e-9 cm^2/s}",
                                 "material_overrides={ions: {vacancies: {diffusivity: 1e-9 cm^2/s}}}"])
def test_an_override_changes_one_material_value_and_its_source(key):
    plain, changed = parse(QUICK), parse(QUICK, key)
    assert changed.material.ions["vacancies"].diffusivity.value == 1e-13
    assert changed.material.ions["vacancies"].diffusivity.source == "override"
    assert changed.material.film == plain.material.film


def test_an_override_beats_material_overrides_and_the_last_override_wins():
    text = QUICK + "material_overrides: {ions.vacancies.diffusivity: 1e-9 cm^2/s, film.temperature: 310 K}\n"
    scenario = parse(text, "material.ions.vacancies.diffusivity=2e-9 cm^2/s", "material.ions.vacancies.diffusivity=3e-9 cm^2/s")
    assert scenario.material.ions["vacancies"].diffusivity.value == 3e-13
    assert scenario.material.film.temperature.value == 310


def test_a_material_beside_the_scenario_comes_before_the_shipped_one(tmp_path):
    (tmp_path / "materials").mkdir()
    material = (SCENARIOS / "materials" / "mapbi3_gold.yaml").read_text()
    (tmp_path / "materials" / "mapbi3_gold.yaml").write_text(material.replace("value: 300 K", "value: 310 K"))
    (tmp_path / "a.yaml").write_text(QUICK)
    assert load_scenario(tmp_path / "a.yaml").material.film.temperature.value == 310
    (tmp_path / "materials" / "mapbi3_gold.yaml").unlink()
    assert load_scenario(tmp_path / "a.yaml").material.film.temperature.value == 300


def test_every_shipped_material_number_states_its_source():
    material = parse(QUICK).material
    parts = [getattr(material, section) for section in type(material).model_fields if section != "name"]
    parts = [part for part in parts if isinstance(part, Part)] + list(material.ions.values())
    entries = [entry for part in parts for key in type(part).model_fields
               if isinstance(entry := getattr(part, key), (Parameter, float))]
    assert len(entries) > 15
    assert all(entry.source for entry in entries)


def test_overrides_reach_sections_lists_and_mappings():
    scenario = parse(QUICK, "protocol.0.sweep.rate=0.2 V/s", "output.max_step=5 mV", "solver={max_steps: 1e4}")
    assert scenario.protocol[0].rate == 0.2
    assert scenario.output.max_step == 5e-3
    assert scenario.output.fields_every.value == 0.02
    assert scenario.solver.max_steps == 10_000


VARIANTS = [
    (),
    ("physics.filament=off", "solver.max_steps=7"),
    ("physics.filament=off", "physics.ions=fixed"),
    ("device={layout: slab, dimension: 2, area: 3 um^2}", "mesh.size_at_filament=2 nm"),
    ("device={layout: cross_section, symmetry: full}", "mesh.size_max=333.3 nm"),
    ("device={layout: back_contact, step: planarised, symmetry: quarter, cell_length: 120 nm}",),
    ("material.ions.vacancies.diffusivity=1.2345678901234567e-9 cm^2/s", "output.fields_every=0.3 s"),
    ("protocol=[repeat: {count: 3, steps: [pulses: {amplitude: -0.1 V, width: 55 ms, period: 0.1 s, count: 10}]}, "
     + "wait: {duration: 1 min}]", "terminals={top: ground, bottom: driven}"),
]


@pytest.mark.parametrize("overrides", VARIANTS, ids=lambda o: o[0][:30] if o else "as it is")
def test_the_resolved_scenario_loads_to_an_equal_one_anywhere(overrides, tmp_path):
    scenario = parse(QUICK, *overrides)
    (tmp_path / "scenario.yaml").write_text(scenario.resolved_yaml())
    again = load_scenario(tmp_path / "scenario.yaml")  # no materials folder here: everything is inlined
    assert again == scenario
    assert again.resolved_yaml() == scenario.resolved_yaml()


@pytest.mark.parametrize("path", SHIPPED, ids=lambda p: p.name)
def test_every_shipped_scenario_loads_and_resolves(path):
    scenario = load_scenario(path)
    assert parse_scenario(scenario.resolved_yaml(), folder="nowhere") == scenario


def test_a_mesh_file_is_found_beside_the_scenario_and_stays_found(tmp_path):
    (tmp_path / "a.yaml").write_text(QUICK + "mesh: {file: cell.msh}\n")
    (tmp_path / "cell.msh").write_text("")
    scenario = load_scenario(tmp_path / "a.yaml")
    assert scenario.mesh.file == tmp_path / "cell.msh"
    assert parse_scenario(scenario.resolved_yaml(), folder="/").mesh.file == tmp_path / "cell.msh"


def test_scenarios_that_differ_are_unequal_and_none_changes_after_loading():
    scenario = parse(QUICK)
    assert scenario == parse(QUICK)
    assert scenario != parse(QUICK, "device.gap=61 nm")
    with pytest.raises(ValueError, match="frozen"):
        scenario.device.gap = 1.0
