"""The protocol: what is done to the driven terminal, step by step."""

from collections.abc import Iterator
from typing import Annotated, Any, ClassVar

from pydantic import Discriminator, Field, Tag, model_validator

from solver.units import Dimension

from .base import Count, Duration, Part, Voltage


class Step(Part):
    """One step; in YAML a mapping with one key, the step's `kind`."""

    kind: ClassVar[str]

    @model_validator(mode="before")
    @classmethod
    def _unwrap(cls, value: Any) -> Any:
        return value[cls.kind] if isinstance(value, dict) and list(value) == [cls.kind] else value

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: Any, handler: Any) -> dict[str, Any]:
        inner = handler(schema)
        return {"type": "object", "properties": {cls.kind: inner}, "required": [cls.kind],
                "additionalProperties": False}


class Sweep(Step):
    """Linear ramp from the present voltage."""

    kind = "sweep"
    to: Voltage = Field(description="voltage at the end")
    rate: Annotated[float, Dimension("voltage rate", above="0 V/s")] = Field(
        description="speed (positive; the direction follows from `to`)")


class Hold(Step):
    """Jump to a voltage and stay there."""

    kind = "hold"
    voltage: Voltage = Field(description="voltage")
    duration: Duration = Field(description="how long")


class Pulses(Step):
    """Rectangular pulses from a base voltage; each period starts with the pulse."""

    kind = "pulses"
    amplitude: Voltage = Field(description="voltage during a pulse")
    width: Duration = Field(description="length of a pulse")
    period: Duration = Field(description="from the start of a pulse to the start of the next")
    count: Count = Field(description="number of pulses")
    base: Voltage = Field("0 V", description="voltage between the pulses")


class Wait(Step):
    """Stay at the present voltage."""

    kind = "wait"
    duration: Duration = Field(description="how long")


class Repeat(Step):
    """The same steps several times."""

    kind = "repeat"
    count: Count = Field(description="how often")
    steps: tuple["AnyStep", ...] = Field(description="steps, as in the protocol", min_length=1)


STEPS = {step.kind: step for step in (Sweep, Hold, Pulses, Wait, Repeat)}


def step_kind(value: Any) -> str | None:
    """Kind of a step as written or as built, None when it is not exactly one step."""
    if isinstance(value, Step):
        return value.kind
    return next(iter(value)) if isinstance(value, dict) and len(value) == 1 and next(iter(value)) in STEPS else None


AnyStep = Annotated[
    Annotated[Sweep, Tag("sweep")] | Annotated[Hold, Tag("hold")] | Annotated[Pulses, Tag("pulses")]
    | Annotated[Wait, Tag("wait")] | Annotated[Repeat, Tag("repeat")],
    Discriminator(step_kind),
]
Repeat.model_rebuild()


def expanded(protocol: tuple[Step, ...]) -> Iterator[Step]:
    """The steps in the order they are done, repeats unrolled (no `Repeat` among them)."""
    for step in protocol:
        if isinstance(step, Repeat):
            for _ in range(step.count):
                yield from expanded(step.steps)
        else:
            yield step
