"""Checks of physics.heat: sinks that exist, conditions that are complete, material numbers that are there."""

from collections.abc import Iterator

from .device import BackContact, Block
from .document import Path_
from .faults import one_of
from .schema import Scenario

REGIONS = ("film", "spacer", "substrate", "cap")
THERMAL = ("thermal_conductivity", "heat_capacity")
DEPENDENCES = (
    ("film", "conductivity_activation_energy"), ("filament", "thermal_conductivity"), ("filament", "temperature_coefficient"),
    ("filament", "growth_activation_energy"), ("semiconductor", "electron_mobility_exponent"),
    ("semiconductor", "hole_mobility_exponent"),
)
HERE: Path_ = ("physics", "heat")


def surfaces_of(scenario: Scenario) -> tuple[str, ...]:
    """Outer surfaces of the layout that are no terminal and may be heat sinks."""
    if isinstance(scenario.device, Block) or scenario.device.substrate_is_sink:
        return "bottom", "top"
    return ("top",) if scenario.device.regions else ()


def heat_faults(scenario: Scenario) -> Iterator[tuple[Path_, str]]:
    """Faults of the section, as (path, sentence)."""
    heat = scenario.physics.heat
    if heat == "off":
        return
    for name in heat.terminals:
        if name not in scenario.terminals:
            yield (*HERE, "terminals", name), (
                f"the layout has no terminal {name!r:.40}; its terminals are {one_of(scenario.terminals)}")
    for path, sink in heat.sinks():
        if sink.condition == "robin" and sink.transfer_coefficient is None:
            yield (*HERE, *path, "transfer_coefficient"), (
                "is missing, and condition: robin needs it; write e.g. transfer_coefficient: 1e8 W/(m^2 K)")
    if not _heat_can_leave(scenario):
        yield (*HERE, "terminals"), (
            "every surface is insulated, so the heat cannot leave and no stationary state exists; give one of them "
            "condition: fixed, or robin")


def _heat_can_leave(scenario: Scenario) -> bool:
    heat, given = scenario.physics.heat, scenario.physics.heat.terminals
    terminals = any(name not in given or given[name].condition != "insulated" for name in scenario.terminals)
    given_surfaces = {name: getattr(heat.surfaces, name) for name in surfaces_of(scenario)}
    if isinstance(scenario.device, BackContact) and scenario.device.cell_length is not None:
        given_surfaces.pop("bottom")  # the bottom electrode lies between it and the film
    elif scenario.device.substrate_is_sink and heat.surfaces.bottom is None:
        return True
    return terminals or any(s is not None and s.condition != "insulated" for s in given_surfaces.values())


def missing_thermal(scenario: Scenario) -> Iterator[tuple[Path_, str]]:
    """Material values that the heat equation lacks, each with what needs them."""
    if scenario.physics.heat == "off":
        return
    for region in ("film", *scenario.device.regions):
        section = getattr(scenario.material, region)
        for key in THERMAL:
            if section is not None and getattr(section, key) is None:
                yield (region, key), "physics.heat"


def without_effect(scenario: Scenario) -> dict[Path_, str]:
    """Keys of heat that the rest of the scenario leaves without effect, each with the reason."""
    heat, found = scenario.physics.heat, {}
    if heat == "off":
        off = "with physics.heat: off"
        found |= {("material", region, key): off for region in REGIONS for key in THERMAL}
        return found | dict.fromkeys((("material", *key) for key in DEPENDENCES), off)
    for path, sink in heat.sinks():
        if sink.condition != "robin":
            found[(*HERE, *path, "transfer_coefficient")] = f"with condition: {sink.condition}"
        if sink.condition == "insulated":
            found[(*HERE, *path, "temperature")] = "with condition: insulated"
    for name in {"bottom", "top"} - set(surfaces_of(scenario)):
        found[(*HERE, "surfaces", name)] = f"in layout {scenario.device.layout}, where that face is an electrode"
    return found
