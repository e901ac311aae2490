"""What each terminal is connected to: the driven source, ground or nothing, directly or through the measuring set-up."""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo

from solver.units import Dimension, fault

from .base import Part
from .device import Array
from .document import Path_
from .faults import nearest, one_of

ROLES = ("driven", "ground", "floating")


class Terminal(Part):
    """A role alone (`top: driven`), or a section. The source sees resistor, then capacitor to ground, then device."""

    role: Literal["driven", "ground", "floating"] = Field(
        description="follows the protocol, is held at 0 V, or is connected to nothing: no net current, its potential is "
        "solved for")
    series_resistance: Annotated[float, Dimension("resistance", above="0 ohm", at_most="1e15 ohm")] | None = Field(
        None, description="resistor between the source (or ground) and the terminal")
    parallel_capacitance: Annotated[float, Dimension("capacitance", above="0 F", at_most="1 F")] | None = Field(
        None, description="capacitor from the terminal to ground, of cables and probes, on the device's side of the resistor")
    compliance: Annotated[float, Dimension("current", above="0 A", at_most="1000 A")] | None = Field(
        None, description="largest current, of either sign, that the source delivers; beyond it it holds this current "
        "instead of the voltage")

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: Any, handler: Any) -> dict[str, Any]:
        return {"anyOf": [{"enum": list(ROLES)}, handler(schema)]}

    @property
    def plain(self) -> bool:
        """True when the role says it all."""
        return self.series_resistance is None and self.parallel_capacitance is None and self.compliance is None


def _terminal(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    if value not in ROLES:
        near = nearest(value, ROLES)
        raise fault(f"{value!r:.40} is not known here; write {one_of(ROLES)}" + (f" (nearest: {near})" if near else ""))
    return {"role": value}


def _complete(value: dict[str, Terminal], info: ValidationInfo) -> dict[str, Terminal]:
    """Every terminal of the layout once, in its order; one driven, in an array at least one."""
    device = info.data.get("device")
    if device is None:  # a fault of its own; which terminals there should be is not known
        return value
    names = device.terminal_names
    for name in value:
        if name not in names:
            raise fault(f"the layout has no terminal {name!r:.40}; its terminals are {one_of(names)}"
                        f" (nearest: {nearest(name, names) or names[0]})")
    driven = [name for name, terminal in value.items() if terminal.role == "driven"]
    grounded = any(terminal.role == "ground" for terminal in value.values())
    missing = [name for name in names if name not in value]
    many = isinstance(device, Array)
    if many and driven and not missing:
        return {name: value[name] for name in names}
    if missing or len(driven) != 1 or not grounded:
        if missing:
            what = f"{missing[0]} is missing"
        elif not driven:
            roles = ", ".join(f"{name} is {terminal.role}" for name, terminal in value.items())
            what = f"no terminal is driven: {roles}, so that no voltage would be applied"
        elif len(driven) > 1:
            what = f"{len(driven)} terminals are driven, {' and '.join(driven)}"
        else:
            what = "no terminal is ground, so that no current could flow"
        roles = ", ".join(f"{name}: {'ground' if k else 'driven'}" for k, name in enumerate(names))
        if many:
            what = f"{missing[0]} is missing" if missing else "no terminal is driven"
            shown = ", ".join(f"{name}: driven" for name in names) if len(names) <= 8 else f"{names[0]}: driven, ..., {names[-1]}: driven"
            raise fault(f"{what}; write every row and column, e.g. {{{shown}}}")
        raise fault(f"{what}; one terminal is driven and another is ground, e.g. {{{roles}}}")
    return {name: value[name] for name in names if name in value}


Terminals = Annotated[dict[str, Annotated[Terminal, BeforeValidator(_terminal)]], AfterValidator(_complete)]


def terminals_without_effect(terminals: dict[str, Terminal]) -> dict[Path_, str]:
    """Circuit elements that their terminal's role leaves without effect, each with the reason."""
    found: dict[Path_, str] = {}

    def when(condition: bool, name: str, key: str, why: str) -> None:
        if condition:
            found["terminals", name, key] = why

    for name, terminal in terminals.items():
        role = terminal.role
        when(role == "floating", name, "series_resistance", "at a floating terminal, through which no current flows")
        when(role != "driven", name, "compliance", f"with role: {role}, which has no source")
        when(role == "ground" and terminal.series_resistance is None, name, "parallel_capacitance",
             "at a terminal that is grounded directly")
        when(role == "driven" and terminal.series_resistance is None and terminal.compliance is None, name,
             "parallel_capacitance", "beside an ideal source, which needs a series_resistance or a compliance")
    return found

