"""Material parameters: every number with its source and, where known, its plausible range."""

from typing import Annotated, Any, Generic, TypeVar

from pydantic import Field, model_validator

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


class Film(Part):
    """The perovskite as dielectric and conductor."""

    relative_permittivity: Permittivity = Field(description="static relative permittivity")
    electronic_conductivity: _of("conductivity", above="0 S/m", at_most="1e9 S/m") = Field(
        description="electronic conductivity without filament")
    temperature: _of("temperature", above="1 K", at_most="2000 K") = Field(description="temperature of the device")


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


class ContactMaterial(Part):
    """Electrode against film."""

    conductance: _of("conductance per area", above="0 S/m^2") = Field(
        description="contact conductance per area of a resistive terminal")
    exchange_velocity: _of("velocity", at_least="0 m/s", at_most="1e3 m/s") = Field(
        description="k_ex of the vacancy exchange with the electrode")


class Dielectric(Part):
    """An insulator: only its permittivity matters."""

    relative_permittivity: Permittivity = Field(description="static relative permittivity")


class Material(Part):
    """One parameter set for every layout and protocol."""

    name: Text = Field(description="name of the set")
    film: Film = Field(description="the perovskite as dielectric and conductor")
    vacancies: Vacancies = Field(description="iodide vacancies")
    filament: FilamentMaterial = Field(description="the filament phase and its interface")
    contacts: ContactMaterial = Field(description="electrode against film")
    spacer: Dielectric = Field(description="insulator between the electrodes")
    substrate: Dielectric = Field(description="oxide below the device")
    cap: Dielectric = Field(description="polymer above the film")
