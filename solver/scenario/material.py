"""Material parameters: every number with its source and, where known, its plausible range."""

from typing import Annotated, Any, Generic, TypeVar, get_args

from pydantic import BaseModel, Field, model_validator
from pydantic.fields import FieldInfo

from solver.units import Dimension, fault, format_quantity

from .base import Part, Text

Value = TypeVar("Value")


class Parameter(Part, Generic[Value]):
    """One number of a material. `value` and `range` are SI floats; `source` is a reference, "assumed" or "fitted"."""

    value: Value = Field(description="the number, with its unit")
    source: Text = Field(description="where the number comes from: a reference, or assumed, or fitted to what")
    range: tuple[Value, Value] | None = Field(None, description="plausible lowest and highest value")

    @model_validator(mode="after")
    def _value_in_range(self):
        if self.range is not None:
            kind = self.kind()
            shown = [format_quantity(x, kind) for x in (*self.range, self.value)]
            if self.range[0] > self.range[1]:
                raise fault(f"the range {shown[0]} to {shown[1]} is upside down; write the lowest value first")
            if not self.range[0] <= self.value <= self.range[1]:
                raise fault(f"{shown[2]} is outside the plausible range {shown[0]} to {shown[1]} that stands with it; to "
                            f"use it all the same write {{value: {shown[2]}, source: ..., range: [..., ...]}}")
        return self

    @classmethod
    def model_parametrized_name(cls, params: tuple[Any, ...]) -> str:
        """Short class name for print-outs and the JSON schema."""
        return f"Parameter[{next(m.kind for m in params[0].__metadata__)}]"

    @classmethod
    def kind(cls) -> str:
        """Key of solver.units.KINDS of the value."""
        return next(m.kind for m in cls.model_fields["value"].metadata if isinstance(m, Dimension))


def _of(kind: str, **bounds: str):
    return Parameter[Annotated[float, Dimension(kind, **bounds)]]


Permittivity = _of("number", at_least="1", at_most="1e5", example="60")
Conductivity = _of("conductivity", at_least="0 S/m", at_most="1e9 S/m")
Density = _of("density", above="0 m^-3", at_most="1e24 cm^-3")
Mobility = _of("mobility", above="0 cm^2/(V s)", at_most="1e6 cm^2/(V s)")
Lifetime = _of("time", above="0 s")
Richardson = _of("richardson constant", above="0 A/(cm^2 K^2)", at_most="1e4 A/(cm^2 K^2)")
ThermalConductivity = _of("thermal conductivity", above="0 W/(m K)", at_most="1e4 W/(m K)")
HeatCapacity = _of("heat capacity per volume", above="0 J/(m^3 K)", at_most="1e8 J/(m^3 K)")


class Film(Part):
    """The film as dielectric and conductor."""

    relative_permittivity: Permittivity = Field(description="static relative permittivity")
    electronic_conductivity: _of("conductivity", above="0 S/m", at_most="1e9 S/m") | None = Field(
        None, description="electronic conductivity without filament (quasi_equilibrium)")
    temperature: _of("temperature", above="1 K", at_most="2000 K") = Field(description="temperature of the device")
    thermal_conductivity: ThermalConductivity | None = Field(None, description="thermal conductivity (physics.heat)")
    heat_capacity: HeatCapacity | None = Field(None, description="density times specific heat (physics.heat)")


class Vacancies(Part):
    """Iodide vacancies, charge +1."""

    initial_density: Density = Field(description="mobile vacancies per volume, equal to the fixed counter charge")
    site_density: Density = Field(description="steric limit of the vacancy density")
    diffusivity: _of("diffusivity", above="0 m^2/s", at_most="1 cm^2/s") = Field(description="diffusion coefficient")


class FilamentMaterial(Part):
    """The condensed (metal-like) phase and its interface."""

    equilibrium_vacancy_density: Density = Field(description="vacancy density in equilibrium with a flat filament")
    vacancy_density: Density = Field(description="vacancies condensed per volume of filament")
    interface_energy: _of("energy per area", above="0 J/m^2", at_most="10 J/m^2") = Field(
        description="energy of the filament's surface")
    growth_velocity: _of("velocity", at_least="0 m/s", at_most="1 m/s") = Field(
        description="speed of the interface at a driving force of kT per vacancy")
    symmetry_factor: _of("number", at_least="0", at_most="1", example="0.42") = Field(
        description="Butler-Volmer symmetry factor of the interface reaction")
    conductivity: Conductivity = Field(description="conductivity of the filament")
    tunnelling_conductivity: Conductivity = Field(description="prefactor of the conduction across the gap")
    conductance_decay_length: _of("length", at_least="0.05 nm", at_most="20 nm") = Field(
        description="lambda_G of the gap conductance exp(-gap / lambda_G)")
    screening_length: _of("length", at_least="0.05 nm", at_most="20 nm") = Field(
        description="Thomas-Fermi screening length inside the filament")
    thermal_conductivity: ThermalConductivity | None = Field(
        None, description="thermal conductivity of the filament (physics.heat); without it the film's")


class ContactMaterial(Part):
    """Electrode against film."""

    conductance: _of("conductance per area", above="0 S/m^2") = Field(
        description="contact conductance per area of a resistive terminal")
    exchange_velocity: _of("velocity", at_least="0 m/s", at_most="1e3 m/s") = Field(
        description="k_ex of the vacancy exchange with the electrode")


class Semiconductor(Part):
    """Bands, mobilities and recombination of the film's electrons and holes (`physics.electronic: bipolar`)."""

    conduction_density: Density = Field(description="effective density of states of the conduction band, N_c")
    valence_density: Density = Field(description="effective density of states of the valence band, N_v")
    gap: _of("energy", above="0 eV", at_most="20 eV") = Field(description="band gap")
    affinity: _of("energy", above="0 eV", at_most="20 eV", example="4.05 eV") = Field(
        description="electron affinity: vacuum level less conduction band edge")
    electron_mobility: Mobility = Field(description="mobility of electrons")
    hole_mobility: Mobility = Field(description="mobility of holes")
    electron_lifetime: Lifetime = Field(description="Shockley-Read-Hall lifetime of electrons, tau_n")
    hole_lifetime: Lifetime = Field(description="Shockley-Read-Hall lifetime of holes, tau_p")
    trap_level: _of("energy", at_least="-5 eV", at_most="5 eV", example="0 eV") = Field(
        description="level of the traps above the intrinsic level")
    radiative_coefficient: _of("pair coefficient", at_least="0 cm^3/s") = Field(
        description="B of the radiative rate B (n p - n_i^2)")
    electron_richardson_constant: Richardson | None = Field(
        None, description="A* of thermionic emission of electrons, 120 A/(cm^2 K^2) m*/m_0")
    hole_richardson_constant: Richardson | None = Field(None, description="A* of thermionic emission of holes")
    image_force_permittivity: Permittivity | None = Field(
        None, description="relative permittivity of the image force (optical: the carrier is fast); without it the "
        "static one of the film")
    electron_auger_coefficient: _of("triple coefficient", at_least="0 cm^6/s") = Field(
        description="C_n of the Auger rate (C_n n + C_p p)(n p - n_i^2)")
    hole_auger_coefficient: _of("triple coefficient", at_least="0 cm^6/s") = Field(description="C_p of the Auger rate")


class Dielectric(Part):
    """An insulator: a dielectric that conducts heat."""

    relative_permittivity: Permittivity = Field(description="static relative permittivity")
    thermal_conductivity: ThermalConductivity | None = Field(None, description="thermal conductivity (physics.heat)")
    heat_capacity: HeatCapacity | None = Field(None, description="density times specific heat (physics.heat)")


class Material(Part):
    """One parameter set for every layout and protocol."""

    name: Text = Field(description="name of the set")
    film: Film = Field(description="the film as dielectric and conductor")
    vacancies: Vacancies | None = Field(None, description="iodide vacancies")
    filament: FilamentMaterial | None = Field(None, description="the filament phase and its interface")
    contacts: ContactMaterial | None = Field(None, description="electrode against film")
    semiconductor: Semiconductor | None = Field(None, description="electrons and holes in the film")
    spacer: Dielectric | None = Field(None, description="insulator between the electrodes")
    substrate: Dielectric | None = Field(None, description="oxide below the device")
    cap: Dielectric | None = Field(None, description="polymer above the film")


def sections() -> dict[str, dict[str, FieldInfo]]:
    """Material section -> its parameters (name -> field)."""
    return {name: model_of(field).model_fields for name, field in Material.model_fields.items() if name != "name"}


def model_of(field: FieldInfo) -> type[BaseModel]:
    """The model that a field's annotation holds, also behind Optional."""
    annotations = (field.annotation, *get_args(field.annotation))
    return next(a for a in annotations if isinstance(a, type) and issubclass(a, BaseModel))
