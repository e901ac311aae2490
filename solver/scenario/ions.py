"""Ion species of a material, the reaction that makes the filament of one of them, and which of them move."""

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Discriminator, Field, Tag, WithJsonSchema, model_validator

from solver.units import fault

from .base import Part, Text
from .carriers import AnyProfile
from .faults import nearest, one_of
from .parameter import Density, Temperature, of_kind

ELECTRON, HOLE, FILAMENT = "e-", "h+", "filament"  # in reactions, besides the ions
# names of fields, and what the columns of terminals.csv begin with
RESERVED = ("potential", "fermi", "electrons", "holes", "filament", "tunnelling", "temperature", "electron", "hole",
            "ionic", "displacement")


def _charge(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value != int(value) or not 1 <= abs(value) <= 10:
        raise fault(f"{value!r:.40} is no charge number; write a whole number from -10 to 10 that is not 0, e.g. 1 or -1")
    return int(value)


class IonSpecies(Part):
    """One kind of mobile ion."""

    charge: Annotated[int, BeforeValidator(_charge), WithJsonSchema({"type": "integer"})] = Field(
        description="charge number z, in elementary charges, with its sign")
    initial_density: Density = Field(
        description="ions per volume at the start; the fixed counter charge neutralises them")
    site_density: Density = Field(description="steric limit: places per volume of the sublattice")
    sublattice: Text | None = Field(
        None, description="species that name the same sublattice share its places; without it a species has its own")
    diffusivity: of_kind("diffusivity", above="0 m^2/s", at_most="1 cm^2/s") | None = Field(
        None, description="diffusion coefficient D; this or the mobility")
    mobility: of_kind("mobility", above="0 cm^2/(V s)", at_most="1e6 cm^2/(V s)") | None = Field(
        None, description="drift velocity per field, D = mobility x kT/q over the size of z; instead of the diffusivity")
    exchange_velocity: of_kind("velocity", at_least="0 m/s", at_most="1e3 m/s") | None = Field(
        None, description="k of the exchange with the electrodes (physics.contacts)")
    activation_energy: of_kind("energy", at_least="0 eV", at_most="5 eV", example="0.58 eV") | None = Field(
        None, description="E_a of D = D_ref exp(-E_a/k (1/T - 1/T_ref)); without it D does not depend on temperature")
    reference_temperature: Temperature = Field(
        {"value": "300 K", "source": "default"}, description="T_ref, at which the diffusivity is the value given")

    @model_validator(mode="after")
    def _one_coefficient(self):
        if (self.diffusivity is None) == (self.mobility is None):
            has = "neither" if self.diffusivity is None else "both"
            raise fault(f"has {has} of diffusivity and mobility; write one of them, e.g. diffusivity: "
                        "{value: 5e-10 cm^2/s, source: assumed}")
        return self


def named(value: Mapping[str, IonSpecies]) -> Mapping[str, IonSpecies]:
    """Check the names of species: words that no field, carrier or column has."""
    for name in value:
        if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]{0,30}", name):
            raise fault(f"{name!r:.40} cannot name a species; use letters, digits and _, e.g. vacancies")
        if name in RESERVED:
            raise fault(f"{name} names another quantity already; give the species another name, e.g. {name}_ions")
    return value


_ARROW = re.compile(r"\s*<->\s*")
_PART = re.compile(r"(?:(\d+)\s+)?([A-Za-z][A-Za-z0-9_]*[+-]?)")


def sides(text: str) -> tuple[dict[str, int], dict[str, int]]:
    """Left and right of an equation like "vacancies + e- <-> filament": name -> coefficient; 0 is nothing.

    Raises:
        a fault in words: it cannot be read.
    """
    halves = _ARROW.split(text.strip())
    if len(halves) != 2:
        raise fault(f"{text!r:.60} is no reaction; write e.g. vacancies + e- <-> filament")
    out = []
    for half in halves:
        found: dict[str, int] = {}
        for part in () if half == "0" else re.split(r"\s+\+\s+", half):
            match = _PART.fullmatch(part.strip())
            if not match or match[1] == "0":
                raise fault(f"{part!r:.40} cannot stand in a reaction; write names with spaces around each +, e.g. "
                            "vacancies + e- <-> filament")
            found[match[2]] = found.get(match[2], 0) + int(match[1] or 1)
        out.append(found)
    return out[0], out[1]


def _equation(value: Any) -> str:
    if not isinstance(value, str):
        raise fault(f"{value!r:.40} is no reaction; write e.g. vacancies + e- <-> filament")
    sides(value)
    return " ".join(value.split())


Equation = Annotated[str, BeforeValidator(_equation), WithJsonSchema({"type": "string"})]


class Reaction(Part):
    """Two ions that meet, by the law of mass action: rate (a_A a_B - a_A0 a_B0 products / their initial activities)."""

    equation: Equation = Field(description="two ions on the left, at most two on the right, 0 for none: vacancies + "
                               "interstitials <-> 0; the charge must balance")
    rate: of_kind("pair coefficient", at_least="0 cm^3/s") = Field(
        description="k of the rate k c_A c_B at which they react")
    equilibrium_density: Density | None = Field(
        None, description="square root of c_A c_B in equilibrium (with the right side's ions at their initial densities); "
        "without it the initial densities are in equilibrium")


def unbalanced(equation: str, charges: Mapping[str, int]) -> str | None:
    """What is wrong with a reaction's names or charges, a sentence; None where nothing is.

    Args:
        equation: text of a reaction.
        charges: species -> charge number.
    """
    known = {**charges, ELECTRON: -1, HOLE: 1, FILAMENT: 0}
    left, right = sides(equation)
    for name in (*left, *right):
        if name not in known:
            near = nearest(name, known)
            return f"there is no species {name:.40}; it has {one_of(known)}" + (f" (nearest: {near})" if near else "")
    before, after = (sum(n * known[name] for name, n in side.items()) for side in (left, right))
    if before != after:
        return f"the charge is {before:+d} on the left of {equation} and {after:+d} on its right; it must be the same"
    return None


def condensing(equation: str) -> str | None:
    """The species of which a reaction of the form "ion + n e- <-> filament" makes the filament; None for another form."""
    net: dict[str, int] = {}
    for sign, side in zip((-1, 1), sides(equation)):
        for name, n in side.items():
            net[name] = net.get(name, 0) + sign * n
    ions = [name for name in net if name not in (ELECTRON, HOLE, FILAMENT)]
    if net.get(FILAMENT) == 1 and len(ions) == 1 and net[ions[0]] == -1:
        return ions[0]
    return None


MOTIONS = ("mobile", "fixed")


class IonSettings(Part):
    """A word alone (`interstitials: fixed`), or a section."""

    motion: Literal["mobile", "fixed"] = Field("mobile", description="they move, or stay as they are at the start")
    initial_profile: tuple[AnyProfile, ...] = Field(
        (), description="density at the start, profiles summed (keys as in physics.carriers.doping, no negative density); all "
        "ions are then held until the protocol begins; without it the material's initial_density everywhere, and equilibrium")
    counter_charge: Literal["uniform", "profile"] = Field(
        "uniform", description="the fixed charge that neutralises them: the material's initial_density everywhere, so that "
        "a profile makes a space charge; or the profile itself, so that the start is neutral")

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: Any, handler: Any) -> dict[str, Any]:
        return {"anyOf": [{"enum": list(MOTIONS)}, handler(schema)]}


def _by_word(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    if value not in MOTIONS:
        near = nearest(value, MOTIONS)
        raise fault(f"{value!r:.40} is not known here; write {one_of(MOTIONS)}" + (f" (nearest: {near})" if near else ""))
    return {"motion": value}


Ions = Annotated[
    Annotated[Literal["mobile", "fixed"], Tag("all")]
    | Annotated[dict[str, Annotated[IonSettings, BeforeValidator(_by_word)]], Tag("each")],
    Discriminator(lambda value: "each" if isinstance(value, dict) else "all"),
]
