"""A number of a material with its source and, where known, its plausible range."""

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


def of_kind(kind: str, **bounds: str):
    """Parameter of a kind of quantity (solver.units.KINDS) within bounds."""
    return Parameter[Annotated[float, Dimension(kind, **bounds)]]


Permittivity = of_kind("number", at_least="1", at_most="1e5", example="60")
Conductivity = of_kind("conductivity", at_least="0 S/m", at_most="1e9 S/m")
Density = of_kind("density", above="0 m^-3", at_most="1e24 cm^-3")
Mobility = of_kind("mobility", above="0 cm^2/(V s)", at_most="1e6 cm^2/(V s)")
Lifetime = of_kind("time", above="0 s")
Richardson = of_kind("richardson constant", above="0 A/(cm^2 K^2)", at_most="1e4 A/(cm^2 K^2)")
ThermalConductivity = of_kind("thermal conductivity", above="0 W/(m K)", at_most="1e4 W/(m K)")
HeatCapacity = of_kind("heat capacity per volume", above="0 J/(m^3 K)", at_most="1e8 J/(m^3 K)")
Temperature = of_kind("temperature", above="1 K", at_most="2000 K")
ActivationEnergy = of_kind("energy", at_least="0 eV", at_most="5 eV", example="0.3 eV")
MobilityExponent = of_kind("number", at_least="-10", at_most="10", example="2.4")
