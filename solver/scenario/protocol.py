"""The protocol: what is done to the driven terminal, step by step."""

from collections.abc import Iterator
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, Discriminator, Field, Tag, model_validator

from solver.units import Dimension, fault

from .base import Count, Duration, Part, Switch, Voltage, count_from

Resolved = count_from(2)  # the first pulse after a leap mends what the leap has distorted


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


FEWEST_AT_START = 3  # pulses followed before the first leap: the difference of two changes is its error


def _cell(value: Any) -> Any:
    if not isinstance(value, (list, tuple)) or len(value) != 2:
        raise fault(f"{value!r:.40} is no cell; write [row, column], counted from 1, e.g. [1, 2]")
    return tuple(value)


Cell = Annotated[tuple[Count, Count], BeforeValidator(_cell)]


class Bias(Step):
    """Layout array: the named terminals at voltages of their own, at once or along ramps; the others as said."""

    kind = "bias"
    voltages: dict[str, Voltage] = Field(description="terminal -> voltage", min_length=1)
    duration: Duration = Field(description="how long")
    ramp: Switch = Field(False, description="linearly from the present voltages; off: jump and stay")
    others: Literal["ground", "floating"] = Field("ground", description="the terminals not named: at 0 V, or without current")


class Write(Step):
    """Layout array: pulses on one cell, its column at +V/2 and its row at -V/2; between pulses all terminals at 0 V.

    V/2 leaves the other terminals at 0 V: cells of the same row or column see half the voltage. V/3 puts the other columns
    at -V/6 and the other rows at +V/6: every other cell sees a third, of one sign or the other.
    """

    kind = "write"
    cell: Cell = Field(description="[row, column], from 1")
    amplitude: Voltage = Field(description="voltage of the column over the row, V")
    width: Duration = Field(description="length of a pulse")
    period: Duration | None = Field(None, description="from the start of a pulse to the start of the next; without it twice the width")
    count: Count = Field(1, description="number of pulses")
    resolved: Resolved | None = Field(
        None, description="follow this many pulses in all their steps, then leap over as many as the fields allow by the change that "
        "the last one made, and so on; without it every pulse is followed")
    scheme: Literal["V/2", "V/3", "ground", "floating"] = Field(
        "V/2", description="what the other terminals do during a pulse: 0 V, a third, or no current; ground puts the whole "
        "voltage on the column and everything else at 0 V, so that the cells of the same row see nothing and those of the same "
        "column all of it")


class Read(Step):
    """Layout array: one short pulse that reads a cell, the voltage on its column, the current out of its row at 0 V."""

    kind = "read"
    cell: Cell = Field(description="[row, column], from 1")
    amplitude: Voltage = Field("20 mV", description="voltage of the column")
    width: Duration = Field("1 ms", description="length of the pulse")
    others: Literal["ground", "floating"] = Field(
        "ground", description="the other terminals: at 0 V, so that the row's current is the cell's own, or floating, with the "
        "sneak paths through other cells")


ARRAY_STEPS = (Bias, Write, Read)
STEPS = {step.kind: step for step in (Sweep, Hold, Pulses, Wait, Repeat, *ARRAY_STEPS)}


def step_kind(value: Any) -> str | None:
    """Kind of a step as written or as built, None when it is not exactly one step."""
    if isinstance(value, Step):
        return value.kind
    return next(iter(value)) if isinstance(value, dict) and len(value) == 1 and next(iter(value)) in STEPS else None


AnyStep = Annotated[
    Annotated[Sweep, Tag("sweep")] | Annotated[Hold, Tag("hold")] | Annotated[Pulses, Tag("pulses")]
    | Annotated[Wait, Tag("wait")] | Annotated[Repeat, Tag("repeat")] | Annotated[Bias, Tag("bias")]
    | Annotated[Write, Tag("write")] | Annotated[Read, Tag("read")],
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
