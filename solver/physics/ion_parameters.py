"""Ion species in the solver's units (nm, s, kT/q; see scaling.py)."""

import math
from dataclasses import dataclass

from solver.physics.doping import Doping, doping_from_scenario
from solver.physics.scaling import BOLTZMANN, ELEMENTARY_CHARGE


@dataclass(frozen=True)
class Species:
    """One kind of ion. Where it moves, its name is that of its field, c / `density`.

    Attributes:
        charge: z, in elementary charges.
        density: at the start [nm^-3]; scale of the unknown where a profile says it otherwise.
        sites: c_max, places on its sublattice per volume [nm^-3].
        sublattice: species of one sublattice compete for its places.
        diffusivity: D at the device's temperature [nm^2/s].
        mobile: False: stays as it is at the start.
        activation: energy of D [kT0], for the local temperature (temperature.py).
        profile: density at the start as a function of position [nm^-3]; None: `density` everywhere.
        neutral: the fixed counter charge is that of the profile, else of `density`.
    """

    name: str
    charge: int
    density: float
    sites: float
    sublattice: str
    diffusivity: float
    mobile: bool
    activation: float = 0.0
    profile: Doping | None = None
    neutral: bool = False

    @property
    def share(self) -> float:
        """Occupied share of the sites at the start."""
        return self.density / self.sites


@dataclass(frozen=True)
class IonExchange:
    """Butler-Volmer exchange of one species with one terminal (contacts.py).

    Attributes:
        velocity: k [nm/s].
        reference: c_ref [nm^-3].
        symmetry: s, share of the affinity that drives the ions out.
        offset: potential of the film over the terminal at which c_ref is in equilibrium [kT/q].
    """

    velocity: float
    reference: float
    symmetry: float
    offset: float


def ion_contact(scenario, contact, species, s) -> tuple[dict[str, IonExchange], dict[str, float]]:
    """Exchange by species, and prescribed c/c0 by species, of a terminal's `solver.scenario.contacts.Contact`."""
    exchange, held = {}, {}
    for ion in (ion for ion in species if ion.mobile):
        given = contact.of(ion.name)
        density = ion.density if given.density is None else s.density(given.density)
        if given.kind == "fixed":
            held[ion.name] = density / ion.density
        elif given.kind == "exchange":
            velocity = scenario.material.ions[ion.name].exchange_velocity.value if given.velocity is None else given.velocity
            exchange[ion.name] = IonExchange(
                s.velocity(velocity), density, given.symmetry_factor, s.potential(given.offset)
            )
    return exchange, held


@dataclass(frozen=True)
class Reaction:
    """Mass action between ions (reactions.py).

    Attributes:
        equation: for names and messages.
        left, right: species -> number of ions.
        rate: k [nm^3/s].
        equilibrium: c_A c_B in equilibrium [nm^-6], the right side at its initial densities.
    """

    equation: str
    left: dict[str, int]
    right: dict[str, int]
    rate: float
    equilibrium: float

    def made(self, species) -> int:
        """Ions of a species that one event makes, less those it takes."""
        return self.right.get(species, 0) - self.left.get(species, 0)


def ion_reactions(scenario, species, s) -> tuple[Reaction, ...]:
    """Convert the material's reactions; `species` are the converted ones."""
    from solver.scenario.ions import sides

    density, out = {ion.name: ion.density for ion in species}, []
    for given in scenario.material.reactions:
        left, right = sides(given.equation)
        if given.equilibrium_density is not None:
            equilibrium = s.density(given.equilibrium_density.value) ** 2
        else:
            equilibrium = math.prod(density[name] ** n for name, n in left.items())
        out.append(Reaction(given.equation, left, right, s.pair_coefficient(given.rate.value), equilibrium))
    return tuple(out)


def ion_species(scenario, s) -> tuple[Species, ...]:
    """Convert the scenario's SI numbers; `s` is the `Scaling`."""
    out = []
    for name, mat in scenario.material.ions.items():
        if mat.diffusivity is not None:
            diffusivity = s.diffusivity(mat.diffusivity.value)
        else:
            # Einstein: D = mu kT / (|z| q)
            diffusivity = s.mobility_to_diffusivity(mat.mobility.value) / abs(mat.charge)
        activation = 0.0
        if mat.activation_energy is not None:
            activation = s.electronvolt(mat.activation_energy.value)
            diffusivity *= arrhenius(mat.activation_energy.value, s.temperature, mat.reference_temperature.value)
        density, sites = s.density(mat.initial_density.value), s.density(mat.site_density.value)
        given = scenario.physics.ion(name)
        profile = doping_from_scenario(given.initial_profile, s) if given.initial_profile else None
        out.append(Species(
            name, mat.charge, density, sites, mat.sublattice or name, diffusivity, given.motion == "mobile", activation,
            profile, given.counter_charge == "profile",
        ))
    return tuple(out)


def arrhenius(energy: float, temperature: float, reference: float) -> float:
    """exp(-E/k (1/T - 1/T_ref)): a rate at T over that at T_ref; `energy` in eV, temperatures in K."""
    return math.exp(-energy * ELEMENTARY_CHARGE / BOLTZMANN * (1 / temperature - 1 / reference))
