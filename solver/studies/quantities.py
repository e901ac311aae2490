"""Quantities of keys whose kind is known only from the scenario: as text between two ends, and read back in SI."""

import math
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from solver.scenario import Scenario
from solver.scenario.parameter import Parameter
from solver.scenario.protocol import Step
from solver.scenario.translate import dimension_of
from solver.units import KINDS, Dimension, QuantityError, convert, fault, split_quantity


@dataclass(frozen=True)
class Span:
    """Two ends in one unit, linear or logarithmic between them.

    Attributes:
        low, high: numbers in `unit`, in the order given (not sorted).
        unit: text, empty for pure numbers.
        log: equal ratios instead of equal differences.
    """

    low: float
    high: float
    unit: str
    log: bool

    @classmethod
    def between(cls, start: Any, to: Any, *, log: bool) -> "Span":
        """The span of two ends as written.

        Raises:
            a pydantic error with a sentence: no numbers, units of two dimensions, a logarithm of what is not positive.
        """
        try:
            low, unit = split_quantity(start)
            high = convert(to, unit)
        except QuantityError as error:
            raise fault(str(error)) from None
        if low == high:
            raise fault(f"from and to are both {start}; give two different ends")
        if log and min(low, high) <= 0:
            raise fault(f"scale: log needs ends above zero, not {start} and {to}")
        return cls(low, high, unit, log)

    def at(self, share: float) -> str | float:
        """The value at a share of the way, 0 to 1, to 8 digits: text with the unit, or a number where there is none."""
        if self.log:
            number = math.exp(math.log(self.low) + share * math.log(self.high / self.low))
        else:
            number = self.low + share * (self.high - self.low)
        number = float(f"{number:.8g}")
        return f"{number!r} {self.unit}" if self.unit else number

    def share(self, value: Any) -> float:
        """Inverse of `at`; outside 0 to 1 where the value lies outside.

        Raises:
            QuantityError: not a number of this unit, or its logarithm does not exist.
        """
        number = convert(value, self.unit)
        if self.log and number <= 0:
            raise QuantityError(f"{value} has no logarithm")
        if self.log:
            return math.log(number / self.low) / math.log(self.high / self.low)
        return (number - self.low) / (self.high - self.low)


def _walk(scenario: Scenario, key: str) -> tuple[Any, Dimension | None]:
    """What stands at a dotted key, None where nothing does, and its dimension where it has one."""
    here: Any = scenario
    dimension = None
    for part in key.split("."):
        dimension = None
        if isinstance(here, BaseModel):
            if isinstance(here, Step) and part == here.kind:
                continue
            field = type(here).model_fields.get(part)
            if field is None:
                return None, None
            here, dimension = getattr(here, part), dimension_of(field)
        elif isinstance(here, dict) and part in here:
            here = here[part]
        elif isinstance(here, tuple) and part.isdigit() and int(part) < len(here):
            here = here[int(part)]
        else:
            return None, None
    return here, dimension


def found_at(scenario: Scenario, key: str) -> Any:
    """What stands at a dotted key in a checked scenario: a value, a material's `Parameter`, a section, or None."""
    return _walk(scenario, key)[0]


def value_of(scenario: Scenario, key: str) -> tuple[Any, str]:
    """Value of a dotted key in a checked scenario.

    Returns:
        SI number and SI unit ("1" for pure numbers); (text, "") where the key holds no number; (None, "") where the
        scenario has no such key.
    """
    here, dimension = _walk(scenario, key)
    if here is None:
        return None, ""
    if isinstance(here, Parameter):
        return here.value, KINDS[here.kind()].si or "1"
    if isinstance(here, bool) or not isinstance(here, int | float):
        return str(here), ""
    return here, "1" if dimension is None else KINDS[dimension.kind].si or "1"
