"""Material parameters: every number with its source and, where known, its plausible range."""

from typing import Annotated, get_args

from pydantic import AfterValidator, BaseModel, Field
from pydantic.fields import FieldInfo

from .base import Part, Text
from .ions import Equation, IonSpecies, Reaction, condensing, named
from .parameter import (
    ActivationEnergy,
    Conductivity,
    Density,
    HeatCapacity,
    Lifetime,
    Mobility,
    MobilityExponent,
    Parameter,
    Permittivity,
    Richardson,
    Temperature,
    ThermalConductivity,
    of_kind,
)


class Film(Part):
    """The film as dielectric and conductor."""

    relative_permittivity: Permittivity = Field(description="static relative permittivity")
    electronic_conductivity: of_kind("conductivity", above="0 S/m", at_most="1e9 S/m") | None = Field(
        None, description="electronic conductivity without filament (quasi_equilibrium)")
    conductivity_activation_energy: ActivationEnergy | None = Field(
        None, description="E of electronic_conductivity exp[E/kT0 - E/kT], T0 = temperature (physics.heat); without it 0")
    temperature: Temperature = Field(description="temperature of the device")
    thermal_conductivity: ThermalConductivity | None = Field(None, description="thermal conductivity (physics.heat)")
    heat_capacity: HeatCapacity | None = Field(None, description="density times specific heat (physics.heat)")


class FilamentMaterial(Part):
    """The condensed (metal-like) phase and its interface."""

    reaction: Equation = Field(
        description="one ion that electrons (e-) or holes (h+) neutralise, e.g. vacancies + e- <-> filament")
    equilibrium_ion_density: Density = Field(description="density of that ion in equilibrium with a flat filament")
    ion_density: Density = Field(description="ions condensed per volume of filament")
    interface_energy: of_kind("energy per area", above="0 J/m^2", at_most="10 J/m^2") = Field(
        description="energy of the filament's surface")
    growth_velocity: of_kind("velocity", at_least="0 m/s", at_most="1 m/s") = Field(
        description="speed of the interface at a driving force of kT per ion")
    symmetry_factor: of_kind("number", at_least="0", at_most="1", example="0.42") = Field(
        description="Butler-Volmer symmetry factor of the interface reaction")
    conductivity: Conductivity = Field(description="conductivity of the filament")
    tunnelling_conductivity: Conductivity = Field(description="prefactor of the conduction across the gap")
    conductance_decay_length: of_kind("length", at_least="0.05 nm", at_most="20 nm") = Field(
        description="lambda_G of the gap conductance exp(-gap / lambda_G)")
    screening_length: of_kind("length", at_least="0.05 nm", at_most="20 nm") = Field(
        description="Thomas-Fermi screening length inside the filament")
    thermal_conductivity: ThermalConductivity | None = Field(
        None, description="thermal conductivity of the filament (physics.heat); without it the film's")
    temperature_coefficient: of_kind("temperature coefficient", at_least="0 1/K", at_most="0.1 1/K") | None = Field(
        None, description="a of conductivity / [1 + a (T - T0)] (physics.heat); without it 0")
    growth_activation_energy: ActivationEnergy | None = Field(
        None, description="E of growth_velocity exp[E/kT0 - E/kT] (physics.heat); without it 0")
    work_function: of_kind("energy", above="0 eV", at_most="20 eV", example="4.8 eV") | None = Field(
        None, description="of the filament (bipolar); without it no band bending between filament and neutral film")
    capture_time: Lifetime | None = Field(
        None, description="time in which the filament's electrons take up a hole of the film inside it (bipolar)")

    @property
    def species(self) -> str | None:
        """The ions of which the filament is made; None where the reaction is of another form."""
        return condensing(self.reaction)


class ContactMaterial(Part):
    """Electrode against film."""

    conductance: of_kind("conductance per area", above="0 S/m^2") = Field(
        description="contact conductance per area of a resistive terminal")


class Semiconductor(Part):
    """Bands, mobilities and recombination of the film's electrons and holes (`physics.electronic: bipolar`)."""

    conduction_density: Density = Field(description="effective density of states of the conduction band, N_c")
    valence_density: Density = Field(description="effective density of states of the valence band, N_v")
    gap: of_kind("energy", above="0 eV", at_most="20 eV") = Field(description="band gap")
    affinity: of_kind("energy", above="0 eV", at_most="20 eV", example="4.05 eV") = Field(
        description="electron affinity: vacuum level less conduction band edge")
    electron_mobility: Mobility = Field(description="mobility of electrons")
    hole_mobility: Mobility = Field(description="mobility of holes")
    electron_mobility_exponent: MobilityExponent | None = Field(
        None, description="m of electron_mobility (T/T0)^-m (physics.heat); without it 0")
    hole_mobility_exponent: MobilityExponent | None = Field(
        None, description="m of hole_mobility (T/T0)^-m (physics.heat); without it 0")
    electron_lifetime: Lifetime = Field(description="Shockley-Read-Hall lifetime of electrons, tau_n")
    hole_lifetime: Lifetime = Field(description="Shockley-Read-Hall lifetime of holes, tau_p")
    trap_level: of_kind("energy", at_least="-5 eV", at_most="5 eV", example="0 eV") = Field(
        description="level of the traps above the intrinsic level")
    radiative_coefficient: of_kind("pair coefficient", at_least="0 cm^3/s") = Field(
        description="B of the radiative rate B (n p - n_i^2)")
    electron_richardson_constant: Richardson | None = Field(
        None, description="A* of thermionic emission of electrons, 120 A/(cm^2 K^2) m*/m_0")
    hole_richardson_constant: Richardson | None = Field(None, description="A* of thermionic emission of holes")
    image_force_permittivity: Permittivity | None = Field(
        None, description="relative permittivity of the image force (optical: the carrier is fast); without it the "
        "static one of the film")
    electron_auger_coefficient: of_kind("triple coefficient", at_least="0 cm^6/s") = Field(
        description="C_n of the Auger rate (C_n n + C_p p)(n p - n_i^2)")
    hole_auger_coefficient: of_kind("triple coefficient", at_least="0 cm^6/s") = Field(description="C_p of the Auger rate")


class Dielectric(Part):
    """An insulator: a dielectric that conducts heat."""

    relative_permittivity: Permittivity = Field(description="static relative permittivity")
    thermal_conductivity: ThermalConductivity | None = Field(None, description="thermal conductivity (physics.heat)")
    heat_capacity: HeatCapacity | None = Field(None, description="density times specific heat (physics.heat)")


class Material(Part):
    """One parameter set for every layout and protocol."""

    name: Text = Field(description="name of the set")
    film: Film = Field(description="the film as dielectric and conductor")
    ions: Annotated[dict[str, IonSpecies], AfterValidator(named)] = Field({}, description="ion species by name")
    reactions: tuple[Reaction, ...] = Field((), description="reactions between ions")
    filament: FilamentMaterial | None = Field(None, description="the filament phase and its interface")
    contacts: ContactMaterial | None = Field(None, description="electrode against film")
    semiconductor: Semiconductor | None = Field(None, description="electrons and holes in the film")
    spacer: Dielectric | None = Field(None, description="insulator between the electrodes")
    substrate: Dielectric | None = Field(None, description="oxide below the device")
    cap: Dielectric | None = Field(None, description="polymer above the film")

    def contact_conductance(self, own: float | None) -> float:
        """Conductance of a resistive terminal [S/m^2]: its `own`, without one that of all."""
        return self.contacts.conductance.value if own is None else own


KEYED = ("ions",)  # sections whose parameters stand below a name of the user's


LISTED = ("reactions",)  # sections that are lists


def depth(section: str) -> int:
    """Number of keys that lead to a parameter: section.key, or section.NAME.key."""
    return 3 if section in KEYED else 2


def sections() -> dict[str, dict[str, FieldInfo]]:
    """Material section -> its parameters (name -> field)."""
    return {name: model_of(field).model_fields for name, field in Material.model_fields.items() if name != "name"}


def parameter_of(field: FieldInfo) -> type[Parameter] | None:
    """The `Parameter` class of a field, also behind Optional; None where it is another key."""
    annotations = (field.annotation, *get_args(field.annotation))
    return next((a for a in annotations if isinstance(a, type) and issubclass(a, Parameter)), None)


def model_of(field: FieldInfo) -> type[BaseModel]:
    """The model that a field's annotation holds, also behind Optional."""
    annotations = (field.annotation, *get_args(field.annotation))
    return next(a for a in annotations if isinstance(a, type) and issubclass(a, BaseModel))
