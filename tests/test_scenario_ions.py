"""Ions of a scenario: species, reactions, contacts; every mistake is one sentence that says what would be right."""

import pytest

from solver.scenario import ScenarioError, parse_scenario
from solver.scenario.ions import condensing, sides, unbalanced
from tests.devices import ion, reaction
from tests.test_scenario_faults import CELL, SCENARIOS, faults, one_fault

INTERSTITIALS = f"material.ions.interstitials={ion(-1, exchange_velocity='1e-4 cm/s')}"
PAIRS = f"material.reactions={reaction('vacancies + interstitials <-> 0', '1e-10 cm^3/s')}"


def parse(*overrides, text=CELL):
    scenario = parse_scenario(text, overrides, folder=SCENARIOS)
    assert parse_scenario(scenario.resolved_yaml(), folder=SCENARIOS) == scenario  # what a results folder keeps
    return scenario


def test_species_are_added_and_changed_one_by_one():
    scenario = parse(
        INTERSTITIALS, PAIRS, "material.ions.interstitials.diffusivity=2e-9 cm^2/s", "material.reactions.0.rate=3e-10 cm^3/s")
    ions = scenario.material.ions
    assert [(name, i.charge) for name, i in ions.items()] == [("vacancies", 1), ("interstitials", -1)]
    assert (ions["interstitials"].diffusivity.value, ions["interstitials"].diffusivity.source) == (2e-13, "override")
    assert scenario.material.reactions[0].rate.value == pytest.approx(3e-16, rel=1e-12)


def test_each_species_moves_or_stays():
    scenario = parse(INTERSTITIALS, "physics.ions={interstitials: fixed}")
    assert [scenario.physics.moves(name) for name in scenario.material.ions] == [True, False]
    assert parse("physics.filament=off", "physics.ions=fixed").physics.ions == "fixed"


def test_contacts_by_terminal_and_species_have_their_defaults():
    scenario = parse(INTERSTITIALS, "physics.contacts={top: {ions: {interstitials: {velocity: 1e-5 m/s, offset: 10 mV}}}, "
                     "bottom: {ions: fixed}}")
    top, bottom = scenario.contact("top"), scenario.contact("bottom")
    assert (top.electronic, bottom.electronic) == ("resistive", "ohmic")
    assert (top.of("vacancies").kind, top.of("interstitials").velocity, top.of("interstitials").offset) == ("exchange", 1e-5, 0.01)
    assert {bottom.of(name).kind for name in scenario.material.ions} == {"fixed"}


def test_a_terminals_own_conductance_needs_a_resistive_terminal():
    scenario = parse(INTERSTITIALS, "physics.contacts={top: {conductance: 3e5 S/m^2}}")
    assert (scenario.contact("top").electronic, scenario.contact("top").conductance) == ("resistive", 3e5)
    with pytest.raises(ScenarioError, match=r"physics.contacts.bottom.conductance: has no effect because the terminal is ohmic"):
        parse(INTERSTITIALS, "physics.contacts={bottom: {conductance: 3e5 S/m^2}}")


BLOCK = """\
name: block
device: {layout: block, dimension: 2, length: 100 nm, width: 100 nm, height: 50 nm, pads: {left: {face: left}, right: {face: right}}}
material: mapbi3_gold
physics: {filament: off}
terminals: {left: driven, right: ground}
protocol: [sweep: {to: 0.1 V, rate: 1 V/s}]
"""


def test_pads_block_ions_unless_told_otherwise():
    assert {parse(text=BLOCK).contact(name).ions for name in ("left", "right")} == {"blocking"}
    told = parse("physics.contacts.left={electronic: resistive, ions: exchange}", text=BLOCK)
    assert (told.contact("left").electronic, told.contact("left").ions, told.contact("right").ions) == (
        "resistive", "exchange", "blocking")


@pytest.mark.parametrize(
    ("text", "left", "right"),
    [
        ("vacancies + e- <-> filament", {"vacancies": 1, "e-": 1}, {"filament": 1}),
        ("2 a + b<->0", {"a": 2, "b": 1}, {}),
        ("a + a <-> 3 b", {"a": 2}, {"b": 3}),
    ],
)
def test_a_reaction_is_read_side_by_side(text, left, right):
    assert sides(text) == (left, right)


def test_the_filament_may_be_made_of_cations_or_anions():
    charges = {"ca": 2, "iodide": -1}
    for text, species in (("ca + 2 e- <-> filament", "ca"), ("iodide + h+ <-> filament", "iodide"),
                          ("iodide <-> filament + e-", "iodide")):
        assert unbalanced(text, charges) is None
        assert condensing(text) == species
    assert "+1 on the left" in unbalanced("ca + e- <-> filament", charges)
    assert condensing("ca + iodide <-> filament") is None


@pytest.mark.parametrize(
    ("overrides", "start", "word"),
    [
        (("material.filament.reaction=vacancies + 2 e- <-> filament",), "--set:1: material.filament.reaction: the charge is -1",
         "+0 on its right"),
        (("material.filament.reaction=vacancy + e- <-> filament",), "--set:1: material.filament.reaction: there is no species",
         "nearest: vacancies"),
        (("material.filament.reaction=vacancies and e-",), "--set:1: material.filament.reaction: 'vacancies and e-' is no reaction",
         "<->"),
        (("material.ions.vacancies.charge=0",), "--set:1: material.ions.vacancies.charge: 0 is no charge number", "not 0"),
        (("material.ions.vacancies.charge=0.5",), "--set:1: material.ions.vacancies.charge: 0.5 is no charge number", "whole"),
        (("material.ions.vacancies.mobility=1e-9 cm^2/(V s)",), "scenario", "both of diffusivity and mobility"),
        (("material.ions.potential=" + ion(1, exchange_velocity="1 cm/s"),), "scenario", "potential_ions"),
        ((f"material.ions.extra={ion(1)}",), "--set:1: material.ions.extra.exchange_velocity: is missing", "blocking"),
        ((INTERSTITIALS, "material.ions.interstitial.charge=1"), "--set:2: material.ions.interstitial.charge: there is no",
         "vacancies or interstitials"),
        ((f"material.ions.extra={ion(1, sites='1e20 cm^-3', sublattice='a', exchange_velocity='1 cm/s')}",
          "material.ions.vacancies.sublattice=a"), "--set:1: material.ions.extra.site_density: 1e20 cm^-3 is not that", "same"),
        ((f"material.ions.extra={ion(1, density='9.95e20 cm^-3', sublattice='a', exchange_velocity='1 cm/s')}",
          "material.ions.vacancies.sublattice=a"), "--set:1: material.ions.extra.initial_density: 1.005e21", "together with vacancies"),
        (("physics.ions={vacancy: fixed}",), "--set:1: physics.ions.vacancy: the material has no such ions", "nearest: vacancies"),
        (("physics.ions={vacancies: moving}",), "--set:1: physics.ions.vacancies: 'moving' is not known", "mobile or fixed"),
        (("physics.ions={vacancies: fixed}",), "--set:1: physics.ions.vacancies: fixed leaves the filament no vacancies", "off"),
        (("physics.ions={vacancies: {counter_charge: profile}}",), "--set:1: physics.ions.vacancies.counter_charge: has no effect",
         "without an initial profile"),
        (("physics.ions={vacancies: {initial_profile: [{profile: linear}]}}",),
         "--set:1: physics.ions.vacancies.initial_profile.0", "uniform, tanh, gaussian or formula"),
        (("physics.contacts.topp={ions: blocking}",), "--set:1: physics.contacts.topp: the layout has no terminal", "top or bottom"),
        (("physics.contacts.top.ions=open",), "--set:1: physics.contacts.top.ions: 'open' is not known", "exchange, blocking or fixed"),
        (("physics.contacts.top.ions={vacancy: fixed}",), "--set:1: physics.contacts.top.ions.vacancy: the material has no such",
         "nearest: vacancies"),
        (("physics.contacts.top.ions={vacancies: {kind: fixed, velocity: 1 m/s}}",),
         "--set:1: physics.contacts.top.ions.vacancies.velocity: has no effect", "kind: fixed"),
        (("physics.contacts.top.ions={vacancies: {kind: fixed, density: 2e21 cm^-3}}",),
         "--set:1: physics.contacts.top.ions.vacancies.density: 2e21 cm^-3 is not below", "write less"),
        (("physics.contacts={top: {ions: blocking}, bottom: {ions: blocking}}", "material.ions.vacancies.exchange_velocity=1 m/s"),
         "--set:2: material.ions.vacancies.exchange_velocity: has no effect", "no terminal"),
        (("material.ions.vacancies.reference_temperature=310 K",), "--set:1: material.ions.vacancies.reference_temperature: has no effect",
         "activation_energy"),
        ((INTERSTITIALS, PAIRS, "material.reactions.0.equation=vacancies + vacancies <-> 0"),
         "--set:3: material.reactions.0.equation: the charge is +2", "same"),
        ((INTERSTITIALS, PAIRS, "material.reactions.0.equation=vacancies + e- <-> 0"),
         "--set:3: material.reactions.0.equation: e- cannot take part", "interstitials"),
        ((INTERSTITIALS, PAIRS, "physics.ions={interstitials: fixed}"), "--set:3: physics.ions: interstitials are fixed but", "mobile"),
    ],
)
def test_one_mistake_in_ions_is_one_fault(overrides, start, word):
    found = faults(CELL, *overrides)
    if start == "scenario":  # a fault of the shipped file's own section
        assert len(found) == 1 and word in found[0], found
    else:
        one_fault(found, start, word)
