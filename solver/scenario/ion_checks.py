"""Checks of the ion species: densities below their sites, reactions that balance, keys without effect."""

from collections.abc import Iterator

from solver.units import format_quantity

from .document import Path_
from .faults import nearest, one_of
from .ions import ELECTRON, FILAMENT, HOLE, sides, unbalanced
from .profile_checks import profile_faults
from .schema import Scenario


def ion_faults(scenario: Scenario) -> Iterator[tuple[Path_, str]]:
    """Faults of the species and of the reaction that makes the filament, as (path, sentence)."""
    material, physics = scenario.material, scenario.physics
    ions = material.ions
    yield from _densities(ions)
    for terminal, contact in physics.contacts.items():
        path = ("physics", "contacts", terminal)
        if terminal not in scenario.terminals:
            yield path, f"the layout has no terminal {terminal!r:.40}; its terminals are {one_of(scenario.terminals)}"
        for name in contact.ions if isinstance(contact.ions, dict) else ():
            if name not in ions:
                yield (*path, "ions", name), _no_such_ions(name, ions)
            elif (density := contact.ions[name].density) and density >= ions[name].site_density.value:
                yield (*path, "ions", name, "density"), _too_dense(density, f"material.ions.{name}", ions[name].site_density.value)
    if isinstance(physics.ions, dict):
        for name, settings in physics.ions.items():
            yield from profile_faults(settings.initial_profile, ("physics", "ions", name, "initial_profile"), scenario.device.dimension)
            if name not in ions:
                yield ("physics", "ions", name), _no_such_ions(name, ions)
    yield from _reactions(scenario)
    if physics.filament == "off" or material.filament is None or not ions:
        return
    path, equation = ("material", "filament", "reaction"), material.filament.reaction
    if message := unbalanced(equation, {name: ion.charge for name, ion in ions.items()}):
        yield path, message
        return
    species = material.filament.species
    if species is None:
        yield path, f"{equation} does not make a filament of one ion; write e.g. vacancies + e- <-> filament"
        return
    if not physics.moves(species) and physics.ions != "fixed":
        yield ("physics", "ions", species), f"fixed leaves the filament no {species} to grow from; write mobile, or filament: off"
    density, limit = material.filament.equilibrium_ion_density.value, ions[species].site_density.value
    if density >= limit:
        yield ("material", "filament", "equilibrium_ion_density"), _too_dense(density, f"ions.{species}", limit)


def _no_such_ions(name, ions):
    near = nearest(name, ions)
    return f"the material has no such ions; it has {one_of(ions) if ions else 'none'}" + (f" (nearest: {near})" if near else "")


def missing_exchange(scenario: Scenario) -> Iterator[tuple[Path_, str]]:
    """Exchange velocities of the material that some terminal needs, each with what needs it."""
    for name, ion in scenario.material.ions.items():
        if ion.exchange_velocity is None and (terminals := _exchanging(scenario, name)):
            yield ("ions", name, "exchange_velocity"), (
                f"the terminal {terminals[0]}, through which they pass, (physics.contacts.{terminals[0]}.ions: {{{name}: blocking}} "
                "would hold them back)")


def _exchanging(scenario, species):
    """Terminals that exchange a mobile species and take the velocity from the material."""
    if not scenario.physics.moves(species):
        return []
    found = {terminal: scenario.contact(terminal).of(species) for terminal in scenario.terminals}
    return [terminal for terminal, ion in found.items() if ion.kind == "exchange" and ion.velocity is None]


def _reactions(scenario):
    ions = scenario.material.ions
    for k, reaction in enumerate(scenario.material.reactions):
        path = ("material", "reactions", k, "equation")
        left, right = sides(reaction.equation)
        if message := unbalanced(reaction.equation, {name: ion.charge for name, ion in ions.items()}):
            yield path, message
        elif others := {ELECTRON, HOLE, FILAMENT} & {*left, *right}:
            yield path, f"{others.pop()} cannot take part in a reaction between ions; write e.g. vacancies + interstitials <-> 0"
        elif sum(left.values()) != 2 or sum(right.values()) > 2:
            yield path, f"{reaction.equation} has not two ions on the left and at most two on the right; write it so"
        elif left == right:
            yield path, f"{reaction.equation} changes nothing; remove it"
        elif still := [name for name in {**left, **right} if not scenario.physics.moves(name)]:
            yield ("physics", "ions"), f"{still[0]} are fixed but take part in {reaction.equation}; write mobile"


def _densities(ions) -> Iterator[tuple[Path_, str]]:
    lattices: dict[str, list[str]] = {}
    for name, ion in ions.items():
        lattices.setdefault(ion.sublattice or name, []).append(name)
    for lattice, members in lattices.items():
        limit = ions[members[0]].site_density.value
        for name in members[1:]:
            if ions[name].site_density.value != limit:
                yield ("material", "ions", name, "site_density"), (
                    f"{format_quantity(ions[name].site_density.value, 'density')} is not that of {members[0]} "
                    f"({format_quantity(limit, 'density')}), which shares the sublattice {lattice}; write the same")
        whole = sum(ions[name].initial_density.value for name in members)
        if whole >= limit:
            together = "" if len(members) == 1 else f" together with {one_of(members[:-1]).replace(' or ', ' and ')}"
            path = ("material", "ions", members[-1], "initial_density")
            yield path, _too_dense(whole, f"ions.{members[-1]}", limit, together)


def _too_dense(density, owner, limit, together=""):
    return (f"{format_quantity(density, 'density')}{together} is not below {owner}.site_density "
            f"({format_quantity(limit, 'density')}); write less")


def ineffective_ions(scenario: Scenario) -> dict[Path_, str]:
    """Keys of the species without effect, each with the reason (after "has no effect")."""
    found: dict[Path_, str] = {}
    physics, ions = scenario.physics, scenario.material.ions
    if isinstance(physics.ions, dict):
        found |= {("physics", "ions", name, "counter_charge"): "without an initial profile"
                  for name, settings in physics.ions.items() if not settings.initial_profile}
    for terminal, contact in physics.contacts.items():
        path = ("physics", "contacts", terminal, "ions")
        if not any(physics.moves(name) for name in ions):
            found[path] = "because no ion moves"
        for name, kind in contact.ions.items() if isinstance(contact.ions, dict) else ():
            if name in ions and not physics.moves(name):
                found[(*path, name)] = "because these ions are fixed"
            unused = {"blocking": ("velocity", "symmetry_factor", "offset", "density"), "fixed": ("velocity", "symmetry_factor", "offset")}
            found |= {(*path, name, key): f"with kind: {kind.kind}" for key in unused.get(kind.kind, ())}
    for name, ion in ions.items():
        path = ("material", "ions", name)
        if not _exchanging(scenario, name):
            found[(*path, "exchange_velocity")] = "because no terminal exchanges these ions at it"
        if not scenario.physics.moves(name):
            found |= {(*path, key): "because these ions are fixed" for key in (
                "diffusivity", "mobility", "activation_energy", "reference_temperature")}
        elif ion.activation_energy is None:
            found[(*path, "reference_temperature")] = "without an activation_energy"
    return found
