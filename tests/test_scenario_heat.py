"""physics.heat in a scenario: every mistake is one sentence that says what would be right."""

import pytest

from solver.scenario import parse_scenario
from tests.test_scenario_faults import CELL, GAP, SCENARIOS, faults, one_fault


def heated(text, heat):
    return text.replace("physics:\n", f"physics:\n  heat: {heat}\n")


@pytest.mark.parametrize("heat", ["on", "off", "{}", "{terminals: {top: {condition: insulated}}}",
                                  "{surfaces: {bottom: {condition: robin, transfer_coefficient: 1e8 W/(m^2 K)}}}"])
def test_heat_is_on_off_or_a_section(heat):
    scenario = parse_scenario(heated(CELL, heat), folder=SCENARIOS)
    assert (scenario.physics.heat == "off") == (heat == "off")
    assert parse_scenario(scenario.resolved_yaml(), folder=SCENARIOS) == scenario


@pytest.mark.parametrize(
    ("heat", "start", "word"),
    [
        ("{terminals: {topp: {}}}", "cell.yaml:9: physics.heat.terminals.topp: the layout has no terminal", "top or bottom"),
        ("{terminals: {top: {condition: held}}}", "cell.yaml:9: physics.heat.terminals.top.condition: 'held' is not known",
         "fixed, robin or insulated"),
        ("{terminals: {top: {condition: robin}}}", "cell.yaml:9: physics.heat.terminals.top.transfer_coefficient: is missing",
         "1e8 W/(m^2 K)"),
        ("{terminals: {top: {transfer_coefficient: 1e8 W/(m^2 K)}}}",
         "cell.yaml:9: physics.heat.terminals.top.transfer_coefficient: has no effect with condition: fixed", "remove"),
        ("{surfaces: {top: {condition: insulated, temperature: 300 K}}}",
         "cell.yaml:9: physics.heat.surfaces.top.temperature: has no effect with condition: insulated", "remove"),
        ("{terminals: {top: {temperature: 300}}}", "cell.yaml:9: physics.heat.terminals.top.temperature: 300 has no unit", "K"),
        (("{terminals: {top: {condition: insulated}, bottom: {condition: insulated}}, surfaces: {bottom: {condition: "
          "insulated}}}"), "cell.yaml:9: physics.heat.terminals: every surface is insulated", "fixed"),
        ("perhaps", "cell.yaml:9: physics.heat: 'perhaps' cannot be used here", "terminals, surfaces"),
    ],
)
def test_one_mistake_in_heat_is_one_fault(heat, start, word):
    one_fault(faults(heated(CELL, heat)), start, word)


def test_under_a_shortened_cell_the_substrate_takes_no_heat_from_the_film():
    text = heated(CELL, "{terminals: {top: {condition: insulated}, bottom: {condition: insulated}}}")
    parse_scenario(text, folder=SCENARIOS)
    one_fault(faults(text, "device.cell_length=200 nm"), "cell.yaml:9: physics.heat.terminals: every surface is insulated")


def test_a_surface_that_is_an_electrode_has_no_sink():
    one_fault(faults(heated(GAP, "{surfaces: {bottom: {}}}")), "cell.yaml:7: physics.heat.surfaces.bottom: has no effect in",
              "electrode")


@pytest.mark.parametrize("key", ["film.thermal_conductivity", "cap.heat_capacity", "filament.thermal_conductivity"])
def test_thermal_numbers_without_heat_are_a_fault(key):
    value = "1e6 J/(m^3 K)" if "heat" in key else "1 W/(m K)"
    override = f"material.{key}={{value: {value}, source: test}}"
    one_fault(faults(CELL, override), f"--set:1: material.{key}: has no effect with physics.heat: off", "remove it")
    parse_scenario(heated(CELL, "on"), [override], folder=SCENARIOS)


def test_heat_needs_the_thermal_numbers_of_every_region(tmp_path):
    (tmp_path / "materials").mkdir()
    text = (SCENARIOS / "materials" / "mapbi3_gold.yaml").read_text()
    lines = [line for line in text.splitlines() if "thermal_conductivity" not in line]
    (tmp_path / "materials" / "cold.yaml").write_text("\n".join(lines).replace("mapbi3_gold", "cold"))
    cold = CELL.replace("mapbi3_gold", "cold")
    parse_scenario(cold, folder=tmp_path)
    found = faults_in(tmp_path, heated(cold, "on"))
    assert len(found) == 4, found
    assert all("thermal_conductivity: is missing, and physics.heat needs it; write thermal_conductivity: {value" in f for f in found)


def faults_in(folder, text):
    from solver.scenario import ScenarioError

    with pytest.raises(ScenarioError) as caught:
        parse_scenario(text, folder=folder, name="cell.yaml")
    return list(map(str, caught.value.faults))
