"""What each terminal lets through: current with or without a contact resistance, ions by species."""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Discriminator, Field, Tag

from solver.units import Dimension, fault

from .base import Part, Voltage
from .faults import nearest, one_of

KINDS_OF_EXCHANGE = ("exchange", "blocking", "fixed")


class IonContact(Part):
    """A kind alone (`vacancies: blocking`), or a section. With A = ln(c/c_ref) + z (phi - V - offset) q/kT the ions leave
    the film at k c_ref (e^(s A) - e^(-(1 - s) A)): cations (z > 0) leave the faster, the lower the terminal's voltage V is
    against the film's potential phi."""

    kind: Literal["exchange", "blocking", "fixed"] = Field(
        "exchange", description="ions pass into the electrode and back, or not, or have the same density there always")
    velocity: Annotated[float, Dimension("velocity", at_least="0 m/s", at_most="1e3 m/s")] | None = Field(
        None, description="k of the exchange; without it material.ions.NAME.exchange_velocity")
    symmetry_factor: Annotated[float, Dimension("number", at_least="0", at_most="1", example="0.5")] = Field(
        0.5, description="s, share of A that drives the ions out")
    offset: Voltage = Field("0 V", description="potential of the film over the terminal in equilibrium at c = c_ref")
    density: Annotated[float, Dimension("density", above="0 m^-3", at_most="1e24 cm^-3")] | None = Field(
        None, description="c_ref of the exchange, or the density where it is fixed; without it the initial density")

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: Any, handler: Any) -> dict[str, Any]:
        return {"anyOf": [{"enum": list(KINDS_OF_EXCHANGE)}, handler(schema)]}


def _by_word(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    if value not in KINDS_OF_EXCHANGE:
        near = nearest(value, KINDS_OF_EXCHANGE)
        raise fault(f"{value!r:.40} is not known here; write {one_of(KINDS_OF_EXCHANGE)}" + (f" (nearest: {near})" if near else ""))
    return {"kind": value}


IonContacts = Annotated[
    Annotated[Literal["exchange", "blocking", "fixed"], Tag("all")]
    | Annotated[dict[str, Annotated[IonContact, BeforeValidator(_by_word)]], Tag("each")],
    Discriminator(lambda value: "each" if isinstance(value, dict) else "all"),
]


class Contact(Part):
    """One terminal."""

    electronic: Literal["ohmic", "resistive"] | None = Field(
        None, description="no contact resistance, or material.contacts.conductance; without it the terminal "
        "that the filament grows towards (top, right; the other where it is grown_from top) is resistive, the others are ohmic (layout block: all ohmic)")
    conductance: Annotated[float, Dimension("conductance per area", above="0 S/m^2")] | None = Field(
        None, description="of a resistive terminal; without it material.contacts.conductance")
    ions: IonContacts | None = Field(
        None, description="ions pass into the electrode and back (Butler-Volmer), or not, or keep their density there; a "
        "mapping says it by species; without it, and for species not named, exchange (layout block: blocking)")

    def of(self, species: str) -> IonContact:
        """What it is to the ions of one species (of a contact with all defaults filled in)."""
        if isinstance(self.ions, dict):
            return self.ions[species]
        return IonContact(kind=self.ions)


def complete(contact: Contact | None, counter: bool, block: bool, species: list[str]) -> Contact:
    """A contact with its defaults filled in.

    Args:
        contact: as given.
        counter: the filament grows towards it.
        block: in layout block.
        species: names of the mobile ions.
    """
    given = contact or Contact()
    electronic = given.electronic or ("resistive" if counter else "ohmic")
    kind = "blocking" if block else "exchange"
    ions = kind if given.ions is None else given.ions
    if isinstance(ions, dict):
        ions = {**ions, **{name: IonContact(kind=kind) for name in species if name not in ions}}
    return given.model_copy(update={"electronic": electronic, "ions": ions})
