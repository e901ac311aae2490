"""Checks of the ion species: densities below their sites, reactions that balance, keys without effect."""

from collections.abc import Iterator

from solver.units import format_quantity

from .document import Path_
from .faults import nearest, one_of
from .ions import unbalanced
from .schema import Scenario


def ion_faults(scenario: Scenario) -> Iterator[tuple[Path_, str]]:
    """Faults of the species and of the reaction that makes the filament, as (path, sentence)."""
    material, physics = scenario.material, scenario.physics
    ions = material.ions
    yield from _densities(ions)
    if isinstance(physics.ions, dict):
        for name in physics.ions:
            if name not in ions:
                near = nearest(name, ions)
                yield ("physics", "ions", name), f"the material has no such ions; it has {one_of(ions) if ions else 'none'}" + (
                    f" (nearest: {near})" if near else "")
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
    for name, ion in scenario.material.ions.items():
        path = ("material", "ions", name)
        if not scenario.physics.moves(name):
            found |= {(*path, key): "because these ions are fixed" for key in (
                "diffusivity", "mobility", "activation_energy", "reference_temperature")}
        elif ion.activation_energy is None:
            found[(*path, "reference_temperature")] = "without an activation_energy"
    return found
