"""Heat of a scenario: where it leaves the device (`physics.heat`)."""

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field

from solver.units import Dimension

from .base import Part
from .document import Path_

Temperature = Annotated[float, Dimension("temperature", above="1 K", at_most="2000 K")]


class HeatSink(Part):
    """What a surface lets through: fixed at a temperature, through a heat transfer coefficient (robin), or nothing."""

    condition: Literal["fixed", "robin", "insulated"] = Field(
        "fixed", description="fixed at the temperature, k dT/dn = transfer_coefficient (temperature - T), or no heat flow")
    temperature: Temperature | None = Field(
        None, description="of the surface (fixed) or of what lies beyond (robin); without it material.film.temperature")
    transfer_coefficient: Annotated[float, Dimension("heat transfer coefficient", above="0 W/(m^2 K)")] | None = Field(
        None, description="heat per area, time and temperature difference, of condition robin")


class HeatSurfaces(Part):
    """Outer surfaces that are no terminal; the sides are mirror planes and let no heat through."""

    bottom: HeatSink | None = Field(
        None, description="lower face: below the substrate (without it fixed at material.film.temperature) or "
        "of the block beside its pads (without it insulated)")
    top: HeatSink | None = Field(
        None, description="upper face: above the cap, or of the block beside its pads; without it insulated")


class HeatPhysics(Part):
    """The temperature field, heated by the currents."""

    terminals: dict[str, HeatSink] = Field(
        {}, description="by terminal; one not named is fixed at material.film.temperature")
    surfaces: HeatSurfaces = Field({}, description="outer surfaces that are no terminal")

    def sinks(self) -> Iterator[tuple[Path_, HeatSink]]:
        """Every sink that the scenario gives, with its path below `physics.heat`."""
        for name, sink in self.terminals.items():
            yield ("terminals", name), sink
        for name in ("bottom", "top"):
            if (sink := getattr(self.surfaces, name)) is not None:
                yield ("surfaces", name), sink
