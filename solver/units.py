"""Quantities with units: text such as ``60 nm`` in a scenario, floats in SI in Python.

Numbers are carried through the conversion as decimals, so ``60 nm`` becomes exactly the float ``60e-9`` and
``format_quantity`` writes a text that reads back to the same float. The pint registry is built on first use:
``halofil --help`` never pays for it.
"""

import difflib
import functools
import math
import re
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from typing import Any

from pydantic import GetJsonSchemaHandler
from pydantic_core import PydanticCustomError, core_schema

FAULT = "halofil"  # type of every pydantic error whose message is already a sentence for the user


@dataclass(frozen=True)
class Kind:
    """A physical kind of quantity: how it is called, its SI unit, and the units it is usually written in."""

    noun: str
    si: str
    example: str
    units: tuple[str, ...]


# The usual units of a kind are powers of ten of the SI unit, ascending; format_quantity picks among them.
KINDS = {
    "length": Kind("a length", "m", "60 nm", ("nm", "um", "mm", "m")),
    "area": Kind("an area", "m^2", "1 um^2", ("nm^2", "um^2", "mm^2", "m^2")),
    "time": Kind("a time", "s", "80 ms", ("ps", "ns", "us", "ms", "s")),
    "frequency": Kind("a frequency", "Hz", "1 kHz", ("mHz", "Hz", "kHz", "MHz", "GHz")),
    "voltage": Kind("a voltage", "V", "0.2 V", ("uV", "mV", "V")),
    "voltage rate": Kind("a voltage rate", "V/s", "0.1 V/s", ("V/s",)),
    "velocity": Kind("a velocity", "m/s", "2 nm/s", ("nm/s", "um/s", "cm/s", "m/s")),
    "temperature": Kind("a temperature", "K", "300 K", ("K",)),
    "conductance": Kind("a conductance", "S", "0.5 nS", ("pS", "nS", "uS", "mS", "S")),
    "resistance": Kind("a resistance", "ohm", "1 kohm", ("ohm", "kohm", "Mohm", "Gohm")),
    "capacitance": Kind("a capacitance", "F", "1 pF", ("fF", "pF", "nF", "uF", "F")),
    "current": Kind("a current", "A", "1 uA", ("pA", "nA", "uA", "mA", "A")),
    "conductivity": Kind("a conductivity", "S/m", "1e-4 S/m", ("S/m",)),
    "conductance per area": Kind("a conductance per area", "S/m^2", "1e11 S/m^2", ("S/m^2",)),
    "density": Kind("a number density", "m^-3", "1e19 cm^-3", ("cm^-3",)),
    "diffusivity": Kind("a diffusivity", "m^2/s", "5e-10 cm^2/s", ("cm^2/s",)),
    "energy per area": Kind("an energy per area", "J/m^2", "6 mJ/m^2", ("mJ/m^2", "J/m^2")),
    "energy": Kind("an energy", "eV", "1.12 eV", ("meV", "eV")),
    "mobility": Kind("a mobility", "m^2/(V s)", "1400 cm^2/(V s)", ("cm^2/(V s)",)),
    "generation rate": Kind("a generation rate", "m^-3/s", "1e21 cm^-3/s", ("cm^-3/s",)),
    "pair coefficient": Kind("a pair coefficient", "m^3/s", "1e-10 cm^3/s", ("cm^3/s",)),
    "triple coefficient": Kind("a triple coefficient", "m^6/s", "1e-31 cm^6/s", ("cm^6/s",)),
    "richardson constant": Kind("a Richardson constant", "A/(m^2 K^2)", "120 A/(cm^2 K^2)", ("A/(cm^2 K^2)",)),
    "temperature coefficient": Kind("a temperature coefficient", "1/K", "3.4e-3 1/K", ("1/K",)),
    "thermal conductivity": Kind("a thermal conductivity", "W/(m K)", "0.4 W/(m K)", ("W/(m K)",)),
    "heat capacity per volume": Kind("a heat capacity per volume", "J/(m^3 K)", "1.3e6 J/(m^3 K)", ("J/(m^3 K)",)),
    "heat transfer coefficient": Kind(
        "a heat transfer coefficient", "W/(m^2 K)", "1e8 W/(m^2 K)", ("W/(m^2 K)",)),
    "number": Kind("a pure number", "", "0.5", ("",)),
}

_QUANTITY = re.compile(r"\s*([+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)\s*(.*?)\s*", re.DOTALL)
_UNIT = re.compile(r"[A-Za-z\u00b0\u00b5\u03bc\u03a9\u00c5\u212b0-9 */^().\u00b7\u207b\u2070\u00b9\u00b2\u00b3\u2074-\u2079-]*")


class QuantityError(ValueError):
    """The text is not a quantity of the wanted kind; str() is one sentence that says what would be right."""


@functools.cache
def _registry():
    import pint

    return pint.UnitRegistry(non_int_type=Decimal)


@functools.cache
def _unit(text: str):
    """The pint unit written as `text`, or None when there is no such unit."""
    if not _UNIT.fullmatch(text) or re.search(r"\d{3}", text):
        return None
    try:
        return _registry().parse_units(text)
    except Exception:  # noqa: BLE001 - for bad text pint raises about ten unrelated types (tokeniser, arithmetic)
        return None


def _shown(value: Any) -> str:
    text = repr(value) if isinstance(value, str) else f"{value:g}" if isinstance(value, float) else str(value)
    return text if len(text) <= 60 else text[:57] + "..."


def parse_quantity(value: Any, kind: str, example: str | None = None) -> float:
    """Convert a text such as ``"60 nm"`` to a float in SI.

    Args:
        value: text with number and unit; for kind "number" a plain int or float as well.
        kind: key of KINDS.
        example: shown in faults instead of the kind's own.

    Returns:
        The value in the SI unit of the kind (correctly rounded).

    Raises:
        QuantityError: no number, no unit, an unknown unit, a unit of another kind, or not finite.
    """
    spec = KINDS[kind] if example is None else replace(KINDS[kind], example=example)
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        what = "nothing is given" if value is None else f"{_shown(value)} is not {spec.noun}"
        raise QuantityError(f"{what}; write e.g. {spec.example}")
    if isinstance(value, str):
        match = _QUANTITY.fullmatch(value.replace("\u2212", "-"))
        if not match:
            raise QuantityError(f"{value.strip()!r:.60} is not {spec.noun}; write e.g. {spec.example}")
        number, unit_text = match.groups()
    else:
        number, unit_text = repr(value), ""
    if not unit_text and spec.si:
        raise QuantityError(f"{number} has no unit; write e.g. {_with_likely_unit(number, spec)}")
    try:
        result = _to_si(Decimal(number), unit_text, spec)
    except (InvalidOperation, OverflowError):
        result = math.inf
    if not math.isfinite(result):
        raise QuantityError(f"{_shown(value)} is not a finite number; write e.g. {spec.example}")
    return result


def _with_likely_unit(number: str, spec: Kind) -> str:
    """Number and the unit of the kind's example when the number looks like one written in that unit."""
    plausible = re.fullmatch(r"-?\d{1,4}(\.\d+)?", number) or len(spec.units) == 1
    return f"{number} {spec.example.split(' ', 1)[1]}" if plausible else spec.example


def _to_si(number: Decimal, unit_text: str, spec: Kind) -> float:
    unit = _unit(unit_text)
    if unit is None and re.match(r",\s*\d", unit_text):
        raise QuantityError(f"'{number}{unit_text}' has a decimal comma; write a point, e.g. {spec.example}")
    if unit is None:
        near = difflib.get_close_matches(unit_text, spec.units, n=1, cutoff=0.4)
        raise QuantityError(f"unknown unit '{unit_text[:40]}'; {spec.noun} is written like {spec.example}"
                            + (f" (nearest: {near[0]})" if near else ""))
    try:
        return float(_registry().Quantity(number, unit).to(spec.si or "dimensionless").magnitude)
    except (InvalidOperation, OverflowError):
        raise
    except Exception:  # noqa: BLE001 - DimensionalityError, or what offset and logarithmic units raise on the way
        raise QuantityError(f"'{number} {unit_text[:40]}' is not {spec.noun}; write e.g. {spec.example}") from None


def format_quantity(value: float, kind: str) -> str:
    """Text with unit that `parse_quantity` reads back to exactly `value` (SI), e.g. 6e-08 -> ``"60 nm"``."""
    spec = KINDS[kind]
    exact = Decimal(repr(float(value)))
    for unit in reversed(spec.units):
        scaled = exact / _scale(unit, spec.si)
        if abs(scaled) >= 1 or value == 0:
            break
    return f"{_plain(scaled)} {unit}".rstrip()


@functools.cache
def _scale(unit: str, si: str) -> Decimal:
    return _registry().Quantity(Decimal(1), _unit(unit)).to(si or "dimensionless").magnitude


def _plain(number: Decimal) -> str:
    """Shortest decimal text: 60, 0.05, 2.5e+19 written as 2.5e19."""
    number = number.normalize()
    if number == 0 or 1e-3 <= abs(number) < 1e5:
        return f"{number:f}"
    return f"{number:e}".replace("e+", "e")


@dataclass(frozen=True)
class Dimension:
    """Pydantic annotation: `Annotated[float, Dimension("length", above="0 nm")]` reads ``60 nm`` as 6e-08.

    `above` and `below` are exclusive bounds, `at_least` and `at_most` inclusive ones, written with units;
    `example` is what faults show as a right value.
    """

    kind: str
    above: str | None = None
    at_least: str | None = None
    at_most: str | None = None
    below: str | None = None
    example: str | None = None

    def parse(self, value: Any) -> float:
        """SI float of `value`; raises a pydantic error whose message is a sentence."""
        try:
            result = parse_quantity(value, self.kind, self.example)
        except QuantityError as error:
            raise fault(str(error)) from None
        for text, words, good in self._bounds():
            if not good(result, parse_quantity(text, self.kind)):
                raise fault(f"{format_quantity(result, self.kind)} is out of range; it must be {words} {text}")
        return result

    def _bounds(self):
        rules = ((self.above, "more than", float.__gt__), (self.at_least, "at least", float.__ge__),
                 (self.at_most, "at most", float.__le__), (self.below, "less than", float.__lt__))
        return [rule for rule in rules if rule[0] is not None]

    def limits(self) -> list[tuple[str, str]]:
        """The bounds in words, e.g. ``[("more than", "0 nm")]``."""
        return [(words, text) for text, words, _ in self._bounds()]

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> core_schema.CoreSchema:
        return core_schema.no_info_plain_validator_function(self.parse)

    def __get_pydantic_json_schema__(self, schema: Any, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        spec = KINDS[self.kind]
        limits = " and ".join(map(" ".join, self.limits()))
        described = f"{spec.noun}, e.g. {self.example or spec.example}" + (f"; {limits}" if limits else "")
        return {"type": "string" if spec.si else "number", "description": described, "x-kind": self.kind}


def fault(message: str) -> PydanticCustomError:
    """A pydantic error that carries `message` word for word (braces are not templates)."""
    return PydanticCustomError(FAULT, "{sentence}", {"sentence": message})


def split_quantity(value: Any) -> tuple[float, str]:
    """Number and unit as written, of a quantity whose kind is not known (unit "" for a pure number).

    Raises:
        QuantityError: no number, or an unknown unit.
    """
    text = str(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else value
    match = _QUANTITY.fullmatch(text.replace("\u2212", "-")) if isinstance(text, str) else None
    if not match:
        raise QuantityError(f"{_shown(value)} is not a quantity; write e.g. 60 nm, or a pure number")
    number, unit = match.groups()
    if unit and _unit(unit) is None:
        raise QuantityError(f"unknown unit '{unit[:40]}'")
    return float(number), unit


def convert(value: Any, unit: str) -> float:
    """Number of `value` in `unit` ("" for pure numbers).

    Raises:
        QuantityError: no number, or of another dimension.
    """
    number, own = split_quantity(value)
    if own == unit:
        return number
    try:
        return float(_registry().Quantity(Decimal(repr(number)), _unit(own or "dimensionless"))
                     .to(_unit(unit or "dimensionless")).magnitude)
    except Exception:  # noqa: BLE001 - DimensionalityError, or what offset and logarithmic units raise on the way
        raise QuantityError(f"{_shown(value)} cannot be written in {unit or 'pure numbers'}") from None
