"""Which equations are solved, the filament's initial shape, and what the contacts let through."""

from typing import Annotated, Literal

from pydantic import Field

from solver.units import Dimension

from .base import Count, Duration, Length, Part, off_or
from .carriers import Carriers
from .contacts import Contact
from .heat import HeatPhysics
from .ions import Ions, IonSettings


class InitialFilament(Part):
    """Shape at the start; the core is the stub grown when the device was formed and never dissolves."""

    grown_from: Literal["bottom", "top"] = Field(
        "bottom", description="electrode the filament stands on: the cathode of the sweep that formed the device")
    core_radius: Length = Field("2 nm", description="radius of the permanent core")
    core_height: Length = Field("46 nm", description="height of the permanent core from that electrode")
    radius: Length = Field("5 nm", description="radius of the initial surface (filament fraction 0.5)")
    height: Length = Field("52 nm", description="height of the initial surface from that electrode")


class WeakSpot(Part):
    """A cylinder around the filament's axis, e.g. a grain boundary's channel or the defective film at an electrode."""

    radius: Length = Field(description="radius of the spot")
    bottom: Annotated[float, Dimension("length", at_least="0 nm", below="1 mm")] = Field(
        "0 nm", description="height at which it begins, from the electrode the filament stands on")
    top: Length = Field(description="height at which it ends")
    growth: Annotated[float, Dimension("number", above="0", at_most="1", example="1e-3")] = Field(
        "1", description="growth velocity in it, over the material's")
    binding: Annotated[float, Dimension("energy", at_least="0 eV", at_most="1 eV")] = Field(
        "0 eV", description="energy by which an ion's place in the filament is lower there than elsewhere: what lets a filament nucleate")


class WeakSpots(Part):
    """Where the film lets the filament grow and dissolve, and how fast; where two spots overlap the later one counts."""

    spots: tuple[WeakSpot, ...] = Field(description="cylinders")
    elsewhere: Annotated[float, Dimension("number", above="0", at_most="1")] = Field(
        "1e-6", description="growth velocity in the rest of the film, over the material's")


class FilamentPhysics(Part):
    """Phase field of the filament."""

    interface_width: Annotated[float, Length.__metadata__[0]] = Field(
        "1.2 nm", description="width l of the diffuse interface (numerical: results do not depend on it below 2 nm)")
    initial: off_or(InitialFilament) = Field({}, description="filament at the start, or off: the film is pristine, and thermal "
                                             "noise has to nucleate one")
    weak_spots: WeakSpots | None = Field(None, description="where it grows, and how fast; without them everywhere alike")

    @property
    def grown_from(self) -> str:
        """Electrode the filament stands on: "bottom" or "top"."""
        return "bottom" if self.initial == "off" else self.initial.grown_from

    @property
    def radius(self) -> float:
        """Largest radius known beforehand: of the initial filament, else of the weak spots, 0 without either (m)."""
        if self.initial != "off":
            return self.initial.radius
        return max((spot.radius for spot in self.weak_spots.spots), default=0.0) if self.weak_spots else 0.0


class Noise(Part):
    """Thermal noise of the phase field, by the fluctuation-dissipation theorem."""

    seed: Count = Field(1, description="of the random numbers; the same seed gives the same run")
    resolution: Duration = Field("10 ms", description="interval at which the noise is drawn, and largest time step")
    correlation_length: Annotated[float, Dimension("length", at_least="0 nm", below="1 mm")] = Field(
        "3 nm", description="shortest extent of fluctuations: what is finer than the interface is no filament; 0 nm for "
        "none, down to the mesh")


class Physics(Part):
    """Equations to solve."""

    electronic: Literal["quasi_equilibrium", "bipolar"] = Field(
        "quasi_equilibrium", description="electronic conduction: one quasi-Fermi potential, or electrons and holes")
    carriers: Carriers = Field({}, description="electrons and holes of `electronic: bipolar`")
    ions: Ions = Field("mobile", description="ions move, or stay at their initial density; a mapping says it by "
                       "species, e.g. {vacancies: mobile, interstitials: fixed}; those not named move")
    contacts: dict[str, Contact] = Field({}, description="what the terminals let through, by name")
    filament: off_or(FilamentPhysics) = Field({}, description="the filament phase field, or off")
    noise: off_or(Noise) = Field("off", description="thermal noise of the filament, or off")
    heat: off_or(HeatPhysics) = Field("off", description="the temperature field and its boundaries, or off: the same temperature everywhere")

    def moves(self, species: str) -> bool:
        """True where the ions of that name are mobile."""
        return self.ion(species).motion == "mobile"

    def ion(self, species: str) -> IonSettings:
        """Settings of the ions of that name."""
        return self.ions.get(species, IonSettings()) if isinstance(self.ions, dict) else IonSettings(motion=self.ions)
