"""A scenario written out in full: what a results folder keeps."""

import itertools
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from solver.units import format_quantity

from .checks import ineffective
from .document import Path_
from .parameter import Parameter
from .protocol import Step
from .schema import Scenario
from .settings import Interval
from .terminals import Terminal
from .translate import dimension_of


def resolved_yaml(scenario: Scenario) -> str:
    """YAML text with every effective key, units written out, the material inlined; loads to an equal scenario."""
    import io

    from ruamel.yaml import YAML

    yaml = YAML(typ="safe", pure=True)
    yaml.default_flow_style = False
    yaml.sort_base_mapping_type_on_output = False
    yaml.width = 120
    yaml.allow_unicode = True
    stream = io.StringIO()
    yaml.dump(_plain(scenario, (), ineffective(scenario)), stream)
    return f"# {scenario.name}: every value as it was used, defaults included\n" + stream.getvalue()


_OVERRIDE = "# --set "  # how an override is noted in the head of a results folder's scenario.yaml


def recorded_yaml(scenario: Scenario) -> str:
    """As `resolved_yaml`, with the overrides it was loaded with noted in the head."""
    first, _, rest = resolved_yaml(scenario).partition("\n")
    notes = [_OVERRIDE + " ".join(text.split()) for text in scenario.overrides]
    return "\n".join([first, *notes, rest])


def recorded_overrides(text: str) -> list[str]:
    """The overrides noted by `recorded_yaml`, as KEY=VALUE."""
    head = itertools.takewhile(lambda line: line.startswith("#"), text.splitlines())
    return [line.removeprefix(_OVERRIDE) for line in head if line.startswith(_OVERRIDE)]


def _plain(part: BaseModel, path: Path_, leave_out: dict[Path_, str]) -> dict[str, Any] | str:
    """Mapping of a section, or the role of a plain terminal; keys without value or without effect are left out."""
    if isinstance(part, Terminal) and part.plain:
        return part.role
    result: dict[str, Any] = {}
    for name, field in type(part).model_fields.items():
        value = getattr(part, name)
        here = (*path, name)
        if value is None or (here in leave_out and path[:1] != ("material",)):
            continue
        dimension = dimension_of(field)
        if isinstance(value, BaseModel) and not isinstance(value, Interval):
            result[name] = _plain(value, here, leave_out)
        elif isinstance(part, Parameter) and name == "range" or dimension is not None and isinstance(value, tuple):
            result[name] = [_number(x, dimension.kind) for x in value]
        elif dimension is not None and isinstance(value, dict):
            result[name] = {key: _number(x, dimension.kind) for key, x in value.items()}
        elif dimension is not None:
            result[name] = _number(value, dimension.kind)
        elif isinstance(value, dict):
            result[name] = {k: _plain(v, (*here, k), leave_out) if isinstance(v, BaseModel) else v for k, v in value.items()}
        elif isinstance(value, tuple) and all(isinstance(item, BaseModel) for item in value):
            result[name] = [_plain(step, (*here, i), leave_out) for i, step in enumerate(value)]
        elif isinstance(value, tuple):
            result[name] = list(value)
        else:
            result[name] = str(value) if isinstance(value, (Interval, Path)) else value
    return {part.kind: result} if isinstance(part, Step) else result


def _number(value: float, kind: str) -> float | str:
    return value if kind == "number" else format_quantity(value, kind)
