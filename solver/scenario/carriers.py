"""Electrons and holes of a scenario: statistics, doping, recombination, contacts (`physics.electronic: bipolar`)."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Discriminator, Field, Tag

from solver.units import Dimension, fault

from .base import Length, Part, Switch, Text

NetDensity = Annotated[float, Dimension("density", at_least="-1e24 cm^-3", at_most="1e24 cm^-3")]
Position = Annotated[float, Dimension("length", at_least="-1 mm", at_most="1 mm")]
Velocity = Annotated[float, Dimension("velocity", at_least="0 m/s", at_most="1e9 cm/s", example="1e7 cm/s")]


def _range(value: tuple[float, float]) -> tuple[float, float]:
    if value[0] > value[1]:
        raise fault("the range is upside down; write the lower end first")
    return value


Range = Annotated[tuple[Position, Position], AfterValidator(_range)]


class UniformDoping(Part):
    """The same everywhere."""

    profile: Literal["uniform"] = Field(description="the same everywhere")
    density: NetDensity = Field(description="donors less acceptors; negative for p-type")


class TanhDoping(Part):
    """A junction across one axis: below + (above - below) (1 + tanh((s - position)/width))/2."""

    profile: Literal["tanh"] = Field(description="a junction across one axis")
    axis: Literal["x", "y", "z"] = Field("x", description="coordinate of the mesh along which the doping changes")
    below: NetDensity = Field(description="donors less acceptors far below the position")
    above: NetDensity = Field(description="donors less acceptors far above the position")
    position: Position = Field(description="where the doping is half way")
    width: Annotated[float, Dimension("length", at_least="0 nm", below="1 mm")] = Field(
        "10 nm", description="length of the change; 0 nm for an abrupt junction")


class GaussianDoping(Part):
    """peak exp(-(d/decay)^2), d the distance from a box: an implanted or diffused well."""

    profile: Literal["gaussian"] = Field(description="falls off with the distance from a box")
    peak: NetDensity = Field(description="donors less acceptors inside the box")
    x: Range | None = Field(None, description="extent of the box; without it unlimited")
    y: Range | None = Field(None, description="extent of the box; without it unlimited")
    z: Range | None = Field(None, description="extent of the box; without it unlimited")
    decay: Length = Field(description="distance over which it falls to 1/e")


def _formula(text: str) -> str:
    from solver.physics.doping import ExpressionError, evaluate

    try:
        evaluate(text, {"x": 0.5, "y": 0.5, "z": 0.5})
    except ExpressionError as error:
        raise fault(str(error)) from None
    return text


class FormulaDoping(Part):
    """density * formula(x, y, z)."""

    profile: Literal["formula"] = Field(description="an arithmetic formula of position")
    formula: Annotated[Text, AfterValidator(_formula)] = Field(
        description="a pure number of x, y, z: + - * / **, exp ln sqrt abs tanh sin cos min max step, pi")
    density: NetDensity = Field(description="multiplies the formula")
    length: Length = Field("1 nm", description="unit of x, y and z in the formula")


PROFILES = {"uniform": UniformDoping, "tanh": TanhDoping, "gaussian": GaussianDoping, "formula": FormulaDoping}

AnyProfile = Annotated[
    Annotated[UniformDoping, Tag("uniform")] | Annotated[TanhDoping, Tag("tanh")]
    | Annotated[GaussianDoping, Tag("gaussian")] | Annotated[FormulaDoping, Tag("formula")],
    Discriminator("profile"),
]


class CarrierContact(Part):
    """One terminal as electrons and holes see it; without keys ohmic: charge neutral, both in equilibrium with it."""

    work_function: Annotated[float, Dimension("energy", above="0 eV", at_most="20 eV", example="4.8 eV")] | None = Field(
        None, description="of the metal, sets the band bending; without it the surface is charge neutral")
    electron_velocity: Velocity | None = Field(
        None, description="electrons leave at velocity x (n - n_equilibrium): thermionic emission or surface "
        "recombination; without it they are in equilibrium with the metal")
    hole_velocity: Velocity | None = Field(None, description="the same for holes")
    thermionic: Switch = Field(False, description="both velocities by thermionic emission, A* T^2/(q N) with the "
                               "material's Richardson constants and densities of states")
    resistive: Switch = Field(False, description="a carrier without velocity passes material.contacts.conductance, "
                              "g (V - Phi), instead of being in equilibrium with the metal")
    conductance: Annotated[float, Dimension("conductance per area", above="0 S/m^2")] | None = Field(
        None, description="g of a resistive terminal; without it material.contacts.conductance")
    barrier_lowering: Switch = Field(False, description="the image force lowers the barrier of work_function by "
                                     "sqrt(q E/(4 pi eps)), E the field at the surface")


class Carriers(Part):
    """Electrons and holes."""

    statistics: Literal["boltzmann", "blakemore", "fermi_dirac"] = Field(
        "boltzmann", description="densities from the quasi-Fermi levels")
    doping: tuple[AnyProfile, ...] = Field((), description="profiles, summed")
    srh: Switch = Field(True, description="recombination through traps (Shockley-Read-Hall)")
    radiative: Switch = Field(True, description="radiative recombination")
    auger: Switch = Field(True, description="Auger recombination")
    generation: Annotated[float, Dimension("generation rate", at_least="0 cm^-3/s")] = Field(
        "0 cm^-3/s", description="pairs generated everywhere, by light")
    contacts: dict[str, CarrierContact] = Field({}, description="by terminal; a terminal not named is ohmic")
