"""What a study file says (`halofil study`)."""

import re
from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Discriminator, Field, Tag, model_validator

from solver.scenario.base import Count, Part, Text
from solver.units import fault

from .quantities import Span

SEED = "physics.noise.seed"


def _name(value: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_.+-]{0,99}", value):
        raise fault(f"{value!r:.40} cannot name the results folder; use letters, digits, _ . + -, e.g. my_study")
    return value


def _key(value: Any) -> str:
    if not isinstance(value, str) or not all(value.split(".")) or "=" in value:
        raise fault(f"{value!r:.40} is not a key; write it as --set takes it, e.g. device.spacer_thickness")
    return value


Name = Annotated[Text, AfterValidator(_name)]
Key = Annotated[str, BeforeValidator(_key)]


class Range(Part):
    """Values from one end to the other."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True, validate_by_alias=True)

    start: Any = Field(alias="from", description="first value, with its unit")
    to: Any = Field(description="last value")
    count: Count | None = Field(None, description="how many values (without `sample`)")
    scale: Literal["linear", "log"] = Field("linear", description="how they are spaced")

    @model_validator(mode="after")
    def _ends_agree(self):
        self.span  # noqa: B018 - the faults are what is wanted
        return self

    @property
    def span(self) -> Span:
        """The two ends in one unit."""
        return Span.between(self.start, self.to, log=self.scale == "log")


def _is_list(value: Any) -> str:
    return "list" if isinstance(value, list | tuple) else "range"


Values = Annotated[
    Annotated[tuple[Any, ...], Field(min_length=1), Tag("list")] | Annotated[Range, Tag("range")], Discriminator(_is_list)]


def _axes(value: Any) -> Any:
    """A mapping of several keys is one axis for each; a list has one mapping an axis, whose keys step together."""
    return [{key: entry} for key, entry in value.items()] if isinstance(value, dict) else value


class Sample(Part):
    """Points in the ranges of `vary` instead of every combination."""

    method: Literal["latin_hypercube", "sobol"] = Field("sobol", description="how the points are drawn")
    count: Count = Field(description="number of points (Sobol: a power of two keeps them balanced)")
    seed: Count = Field(1, description="of the points")


class Study(Part):
    """A base scenario and what is varied in it."""

    name: Name = Field(description="name of the study and of its results folder")
    scenario: Text = Field(description="base scenario, relative to the study file")
    set: dict[Key, Any] = Field({}, description="keys that are the same in every member, as for --set")
    vary: Annotated[tuple[dict[Key, Values], ...], BeforeValidator(_axes)] = Field(
        (), description="keys and their values; may be left out beside `repeats`")
    sample: Sample | None = Field(None, description="draw points instead of taking every combination")
    repeats: Count = Field(1, description="runs of each point, with physics.noise.seed 1, 2, ...")
    ranks: Count = Field(1, description="MPI ranks of each member")

    @model_validator(mode="after")
    def _counts(self):
        if not self.vary and (self.repeats == 1 or self.sample is not None):
            raise fault("vary: nothing is varied; give keys and values, e.g. vary: {device.gap: [50 nm, 60 nm]}, or repeats: 8 "
                        "(without sample) for runs that differ in their noise alone")
        for axis in self.vary:
            if not axis:
                raise fault("vary: an entry is empty; write e.g. vary: {device.gap: [50 nm, 60 nm]}")
            lengths = {}
            for key, values in axis.items():
                ranged = isinstance(values, Range)
                if self.sample is not None and (not ranged or values.count is not None):
                    raise fault(f"vary: {key} must be {{from: ..., to: ...}} without count, because `sample` draws the points")
                if self.sample is None and ranged and values.count is None:
                    raise fault(f"vary: {key} needs count: how many values from {values.start} to {values.to}")
                lengths[key] = None if self.sample else values.count if ranged else len(values)
            if len(set(lengths.values())) > 1:
                shown = ", ".join(f"{key} has {n}" for key, n in lengths.items())
                raise fault(f"vary: keys of one entry step together, so they need equally many values: {shown}")
        keys = [key for axis in self.vary for key in axis]
        twice = next((key for i, key in enumerate(keys) if key in keys[:i] or key in self.set), None)
        if twice is not None:
            raise fault(f"vary: {twice} is given twice; keep one of them")
        if self.repeats > 1 and SEED in (*keys, *self.set):
            raise fault(f"repeats: {self.repeats} sets {SEED} itself; leave that key out")
        return self

    def keys(self) -> Iterator[str]:
        """The varied keys, in the order of the file."""
        for axis in self.vary:
            yield from axis
