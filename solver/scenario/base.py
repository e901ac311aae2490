"""What every part of a scenario shares: strict frozen models, switches, counts and lengths."""

import math
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Discriminator, Tag, WithJsonSchema

from solver.units import Dimension, fault


class Part(BaseModel):
    """A section of a scenario: unknown keys are faults, values do not change after loading."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)


def _switch(value: Any) -> bool:
    words = {"on": True, "yes": True, "true": True, "off": False, "no": False, "false": False}
    found = value if isinstance(value, bool) else words.get(value.lower()) if isinstance(value, str) else None
    if found is None:
        raise fault(f"{value!r:.40} is neither on nor off; write on or off")
    return found


def count_from(smallest: int) -> Any:
    """Type of a whole number from `smallest` to 1e9."""

    def count(value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value) or value != int(value):
            raise fault(f"{value!r:.40} is not a whole number; write e.g. 10")
        if not smallest <= value <= 10**9:
            raise fault(f"{value} is out of range; it must be at least {smallest} and at most 1e9")
        return int(value)

    return Annotated[int, BeforeValidator(count), WithJsonSchema({"type": "integer", "minimum": smallest})]


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise fault("must be a text" + ("" if value in (None, "") else f", not {value!r:.40}; put it in quotes"))
    return value.strip()


def _section(value: Any) -> Any:
    if value is False:
        return "off"
    return {} if value is True or value == "on" else value


def off_or(section: type[Part]) -> Any:
    """Type of a key that is `off`, `on` (the section with its defaults) or the section."""
    return Annotated[
        Annotated[Literal["off"], Tag("off"), WithJsonSchema({"enum": ["off", False]})] | Annotated[section, Tag("on")],
        Discriminator(lambda value: "off" if value == "off" else "on"),
        BeforeValidator(_section),
    ]


# YAML 1.2 reads on and off as words and true and false as booleans: all four are accepted.
Switch = Annotated[bool, BeforeValidator(_switch), WithJsonSchema({"enum": ["on", "off", True, False]})]
Count = count_from(1)
Text = Annotated[str, BeforeValidator(_text)]

# A micrometre device: 1 mm and more is a unit slip (60 m for 60 nm).
Length = Annotated[float, Dimension("length", above="0 nm", below="1 mm")]
Voltage = Annotated[float, Dimension("voltage", at_least="-100 V", at_most="100 V")]
Duration = Annotated[float, Dimension("time", above="0 s")]
ParallelConductance = Annotated[float, Dimension("conductance", at_least="0 S", at_most="1 S")]
