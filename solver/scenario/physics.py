"""Which equations are solved, the filament's initial shape, and what the contacts let through."""

from typing import Annotated, Literal

from pydantic import Discriminator, Field, Tag

from .base import Count, Duration, Length, Part, off_or
from .carriers import Carriers
from .heat import HeatPhysics
from .ions import Motion


class InitialFilament(Part):
    """Shape at the start; the core is the stub grown when the device was formed and never dissolves."""

    core_radius: Length = Field("2 nm", description="radius of the permanent core")
    core_height: Length = Field("46 nm", description="height of the permanent core above the foot")
    radius: Length = Field("5 nm", description="radius of the initial surface (filament fraction 0.5)")
    height: Length = Field("52 nm", description="height of the initial surface above the foot")


class FilamentPhysics(Part):
    """Phase field of the filament."""

    interface_width: Annotated[float, Length.__metadata__[0]] = Field(
        "1.2 nm", description="width l of the diffuse interface (numerical: results do not depend on it below 2 nm)")
    initial: InitialFilament = Field({}, description="filament at the start")


class _Contact(Part):
    ions: Literal["exchange", "blocking"] = Field("exchange", description="ions pass into the electrode, or not")


class TopContact(_Contact):
    """The top terminal."""

    electronic: Literal["ohmic", "resistive"] = Field(
        "resistive", description="no contact resistance, or material.contacts.conductance")


class BottomContact(_Contact):
    """The bottom terminal: the filament grew from it, so no contact resistance by default."""

    electronic: Literal["ohmic", "resistive"] = Field(
        "ohmic", description="no contact resistance, or material.contacts.conductance")


class Contacts(Part):
    """What the two contacts let through."""

    top: TopContact = Field({}, description="top terminal")
    bottom: BottomContact = Field({}, description="bottom terminal")

    def of(self, terminal: str) -> _Contact:
        """The contact of a terminal; a pad of layout block is ohmic and blocks ions."""
        return getattr(self, terminal, None) or BottomContact(ions="blocking", electronic="ohmic")


class Noise(Part):
    """Thermal noise of the phase field, by the fluctuation-dissipation theorem."""

    seed: Count = Field(1, description="of the random numbers; the same seed gives the same run")
    resolution: Duration = Field("10 ms", description="interval at which the noise is drawn, and largest time step")


Ions = Annotated[
    Annotated[Motion, Tag("all")] | Annotated[dict[str, Motion], Tag("each")],
    Discriminator(lambda value: "each" if isinstance(value, dict) else "all"),
]


class Physics(Part):
    """Equations to solve."""

    electronic: Literal["quasi_equilibrium", "bipolar"] = Field(
        "quasi_equilibrium", description="electronic conduction: one quasi-Fermi potential, or electrons and holes")
    carriers: Carriers = Field({}, description="electrons and holes of `electronic: bipolar`")
    ions: Ions = Field("mobile", description="ions move, or stay at their initial density; for some only: a mapping of "
                       "species to either, e.g. {vacancies: mobile, interstitials: fixed}; without mention they move")
    contacts: Contacts = Field({}, description="what the contacts let through")
    filament: off_or(FilamentPhysics) = Field({}, description="the filament phase field, or off")
    noise: off_or(Noise) = Field("off", description="thermal noise of the filament, or off")
    heat: off_or(HeatPhysics) = Field("off", description="the temperature field and its boundaries, or off: the same temperature everywhere")

    def moves(self, species: str) -> bool:
        """True where the ions of that name are mobile."""
        return (self.ions.get(species, "mobile") if isinstance(self.ions, dict) else self.ions) == "mobile"
