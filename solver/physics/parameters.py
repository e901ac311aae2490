"""Material and interface numbers of a scenario in the solver's units (see scaling.py)."""

from dataclasses import dataclass

from solver.physics.carrier_parameters import (
    CarrierContact,
    CarrierParameters,
    carrier_contact,
    carrier_parameters,
    filament_alignment,
)
from solver.physics.crosspoints import Crosspoints
from solver.physics.heat_parameters import (
    NEUTRAL,
    HeatParameters,
    TemperatureDependence,
    heat_parameters,
    temperature_dependence,
)
from solver.physics.ion_parameters import IonExchange, Reaction, Species, ion_contact, ion_reactions, ion_species
from solver.physics.scaling import Scaling
from solver.physics.weak_spots import WeakSpots


@dataclass(frozen=True)
class FilamentParameters:
    """Phase field and gap conduction, solver units (nm, s, kT, kT/q, charges/s).

    Attributes:
        width: interface width l [nm]; profile 0.5 (1 - tanh(d / 2l)).
        surface_energy: gamma [kT/nm^2].
        species: name of the ions of which it is made.
        density: ions condensed per volume c_f [nm^-3].
        equilibrium: their density c_eq in equilibrium with a flat filament [nm^-3].
        mobility: M [1/s per kT nm^-3], chosen so that the interface moves at v0 per kT whatever l is: v0 = 6 l M c_f.
        alpha: Butler-Volmer symmetry factor.
        conductivity: metal-like core [charges/s per kT/q per nm].
        tunnelling_conductivity: prefactor of the gap conduction, same unit.
        decay_length: lambda [nm] of the amplitude u; the conductance falls with lambda_G = lambda / 2.
        screening: Thomas-Fermi coefficient eps / l_TF^2 [charges per kT/q per nm^3].
        alignment: potential of the neutral filament less its level [kT/q], as `CarrierContact.barrier`; 0 in
            quasi-equilibrium.
        capture: rate at which the metal takes up and gives back holes [1/s]; None in quasi-equilibrium.
        weak_spots: share of the mobility and binding energy by place; None: the same film everywhere.
    """

    species: str
    width: float
    surface_energy: float
    density: float
    equilibrium: float
    mobility: float
    alpha: float
    conductivity: float
    tunnelling_conductivity: float
    decay_length: float
    screening: float
    alignment: float = 0.0
    capture: float | None = None
    weak_spots: WeakSpots | None = None

    @property
    def well(self) -> float:
        """W = 3 gamma / l [kT/nm^3]."""
        return 3 * self.surface_energy / self.width

    @property
    def gradient(self) -> float:
        """kappa = 6 gamma l [kT/nm]."""
        return 6 * self.surface_energy * self.width


@dataclass(frozen=True)
class Wiring:
    """What the measuring set-up puts between a terminal and its source, or ground; SI.

    Attributes:
        role: "driven", "ground" or "floating".
        resistance: in series [ohm]; 0 for none.
        capacitance: from the terminal to ground [F].
        compliance: largest current of the source [A], or None.
    """

    role: str
    resistance: float = 0.0
    capacitance: float = 0.0
    compliance: float | None = None

    @property
    def free(self) -> bool:
        """True where the terminal's voltage is not that of an ideal source, so that it has to be solved for."""
        return self.role == "floating" or self.resistance > 0 or self.compliance is not None


@dataclass(frozen=True)
class NoiseParameters:
    """Thermal noise of the phase field (noise.py): seed, interval of the draws and largest time step [s]; number of mirror
    images of the modelled part that make up one filament; shortest extent of fluctuations [nm]."""

    seed: int
    resolution: float
    images: float
    correlation_length: float


@dataclass(frozen=True)
class Contact:
    """One terminal: resistive (Robin) or ohmic for the current, exchange or blocking for the ions."""

    name: str
    wiring: Wiring
    conductance: float | None  # charges/s per kT/q per nm^2; None: ohmic
    exchange: dict[str, IonExchange]  # by species; blocking where there is none
    held: dict[str, float]  # species -> c/c0 that the electrode prescribes
    carriers: CarrierContact | None = None  # with electrons and holes, instead of `conductance`

    @property
    def driven(self) -> bool:
        """True for the terminal that follows the protocol."""
        return self.wiring.role == "driven"


@dataclass(frozen=True)
class DeviceParameters:
    """Everything the weak forms need besides the mesh, in solver units."""

    scaling: Scaling
    permittivity: dict[str, float]
    species: tuple[Species, ...]
    reactions: tuple[Reaction, ...]
    conductivity: float | None  # None with electrons and holes
    carriers: CarrierParameters | None
    contacts: tuple[Contact, ...]
    parallel_conductance: float  # S, from the driven terminal to the first that is ground
    filament: FilamentParameters | None
    heat: HeatParameters | None = None
    dependence: TemperatureDependence = NEUTRAL
    noise: NoiseParameters | None = None
    crosspoints: Crosspoints | None = None  # of an array

    def ion(self, name) -> Species:
        """The species of that name."""
        return next(ion for ion in self.species if ion.name == name)

    def condenses(self, ion) -> bool:
        """True for the species of which the filament is made."""
        return self.filament is not None and self.filament.species == ion.name

    @classmethod
    def from_scenario(cls, scenario) -> "DeviceParameters":
        """Convert the scenario's SI numbers (`solver.scenario.Scenario`)."""
        mat = scenario.material
        s = Scaling(mat.film.temperature.value)
        eps_film = s.permittivity(mat.film.relative_permittivity.value)
        carriers = carrier_parameters(scenario, s) if scenario.physics.electronic == "bipolar" else None
        filament = None
        if scenario.physics.filament != "off":
            f, width = mat.filament, scenario.physics.filament.interface_width * 1e9
            density = s.density(f.ion_density.value)
            filament = FilamentParameters(
                species=f.species,
                width=width,
                surface_energy=s.surface_energy(f.interface_energy.value),
                density=density,
                equilibrium=s.density(f.equilibrium_ion_density.value),
                mobility=s.velocity(f.growth_velocity.value) / (6 * width * density),
                alpha=f.symmetry_factor.value,
                conductivity=s.conductivity(f.conductivity.value),
                tunnelling_conductivity=s.conductivity(f.tunnelling_conductivity.value),
                decay_length=2 * f.conductance_decay_length.value * 1e9,
                screening=eps_film / (f.screening_length.value * 1e9) ** 2,
                alignment=0.0 if carriers is None else filament_alignment(scenario, carriers, s),
                capture=None if carriers is None else 1 / f.capture_time.value,
                weak_spots=WeakSpots.of(scenario.physics.filament.weak_spots, s),
            )
        species = ion_species(scenario, s)
        noise = scenario.physics.noise
        if noise != "off":
            noise = NoiseParameters(
                noise.seed, noise.resolution, scenario.device.filament_images, noise.correlation_length * 1e9)
        contacts = []
        for name, terminal in scenario.terminals.items():
            kind = scenario.contact(name)
            resistive = kind.electronic == "resistive" and carriers is None
            contacts.append(
                Contact(
                    name,
                    Wiring(terminal.role, terminal.series_resistance or 0.0, terminal.parallel_capacitance or 0.0,
                           terminal.compliance),
                    s.contact_conductance(mat.contact_conductance(kind.conductance)) if resistive else None,
                    *ion_contact(scenario, kind, species, s),
                    carriers and carrier_contact(scenario, name, s),
                )
            )
        return cls(
            scaling=s,
            permittivity={"film": eps_film, **{
                region: s.permittivity(getattr(mat, region).relative_permittivity.value)
                for region in ("spacer", "substrate", "cap")
                if getattr(mat, region) is not None
            }},
            species=species,
            reactions=ion_reactions(scenario, species, s),
            conductivity=s.conductivity(mat.film.electronic_conductivity.value) if carriers is None else None,
            carriers=carriers,
            contacts=tuple(contacts),
            parallel_conductance=scenario.device.parallel_conductance,
            filament=filament,
            heat=heat_parameters(scenario, s),
            dependence=temperature_dependence(scenario, s),
            noise=None if noise == "off" else noise,
            crosspoints=Crosspoints.of(scenario.device),
        )
