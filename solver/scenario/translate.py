"""Pydantic's errors as faults: the key as the user wrote it, and what would be right there."""

import re
from collections.abc import Iterator
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from solver.units import FAULT, KINDS, Dimension

from .carriers import PROFILES
from .document import Document, Path_, key_text
from .faults import Fault, nearest, one_of
from .protocol import STEPS
from .schema import Scenario


def faults_of(error: ValidationError, document: Document) -> Iterator[Fault]:
    """One fault per error, in pydantic's order (that of the schema)."""
    for item in error.errors(include_url=False):
        path = _path(item["loc"], document, item["type"])
        if item["type"] == "too_short" and document.at(path):
            continue  # entries are there, each with a fault of its own
        yield document.fault(path, _message(item, path, document))


def _path(loc: tuple[int | str, ...], document: Document, kind: str) -> Path_:
    """Path in the document of a pydantic location: union tags in it are no keys."""
    path: Path_ = ()
    for i, part in enumerate(loc):
        value = document.at(path)
        here = part in value if isinstance(value, dict) else isinstance(value, list) and isinstance(part, int)
        if here or (kind == "missing" and i == len(loc) - 1):
            path += (part,)
    layout = path == ("device",) and isinstance(document.at(path), dict) and kind.startswith("union_tag")
    return (*path, "layout") if layout else path


def _message(item: dict[str, Any], path: Path_, document: Document) -> str:
    kind, value, context = item["type"], item["input"], item.get("ctx", {})
    if kind == FAULT:
        return context["sentence"]
    if kind == "missing":
        return f"is missing; {_example(item['loc'])}"
    if kind == "extra_forbidden":
        return _unknown_key(item["loc"], path, document)
    if kind == "literal_error":
        names = re.findall(r"'([^']*)'|(\d+)", context["expected"])
        return _not_one_of(value, [a or b for a, b in names])
    if kind in ("union_tag_invalid", "union_tag_not_found"):
        if "doping" in path[2:3] or path[:2] == ("physics", "ions"):
            return _profile(value)
        return _step(value) if kind == "union_tag_not_found" and "protocol" in path[:1] else _layout(value)
    if kind in ("too_short", "tuple_type", "list_type"):
        noun = "steps" if path[:1] == ("protocol",) else "values"
        return f"must be a list of {noun}" + (" with at least one in it" if kind == "too_short" else "")
    if kind in ("model_type", "dict_type", "model_attributes_type"):
        what = "is empty" if value is None else f"{value!r:.40} cannot be used here"
        return f"{what}; {_example(item['loc'])}"
    if kind in ("string_type", "path_type"):
        return f"{value!r:.40} is not a text"
    return f"{value!r:.40} cannot be used here"


def _not_one_of(value: Any, names: list[str]) -> str:
    near = nearest(str(value), names)
    shown = "nothing is given" if value is None else f"{value!r:.40} is not known here"
    return f"{shown}; write {one_of(names)}" + (f" (nearest: {near})" if near and len(names) > 1 else "")


def _layout(device: Any) -> str:
    layouts = [get_args(m.model_fields["layout"].annotation)[0] for m in _models(Scenario.model_fields["device"])]
    if not isinstance(device, dict):
        return f"{device!r:.40} is not a section; write layout: {one_of(layouts)} and its dimensions below it"
    if "layout" not in device:
        near = nearest("layout", map(str, device))
        return (f"is missing ({near} is not layout)" if near else "is missing") + f"; write {one_of(layouts)}"
    return _not_one_of(device["layout"], layouts)


def _profile(value: Any) -> str:
    near = nearest("profile", map(str, value)) if isinstance(value, dict) else None
    if near and "profile" not in value:
        return f"{near} is not profile; write profile: {one_of(PROFILES)}"
    if not isinstance(value, dict) or "profile" not in value:
        return (f"{value!r:.40} is no profile; write profile: {one_of(PROFILES)} with its keys, e.g. "
                "{profile: uniform, density: 1e17 cm^-3}")
    return _not_one_of(value["profile"], list(PROFILES))


def _step(step: Any) -> str:
    what = f"a step is exactly one of {one_of(STEPS)}"
    if isinstance(step, str) and step in STEPS:
        return f"{what}; {step} needs its keys: {', '.join(STEPS[step].model_fields)}"
    if not isinstance(step, dict):
        return f"{step!r:.40} is not a step; {what}, e.g. sweep: {{to: 0.2 V, rate: 0.1 V/s}}"
    known = [key for key in step if key in STEPS]
    if len(step) > 1 and known:
        if set(step) - set(known) <= {f for key in known for f in STEPS[key].model_fields}:
            return f"{what}; write the keys of {known[0]} in braces or deeper than it" if len(known) == 1 else \
                f"{what}; this one has {' and '.join(known)}: give each its own '-'"
        return f"{what}; this one has {' and '.join(map(str, step))}"
    near = [n for n in (nearest(key, STEPS) for key in step) if n]
    return f"{what}, not {', '.join(map(str, step)) or 'nothing'}" + (f" (nearest: {near[0]})" if near else "")


def _models(field: FieldInfo | Any) -> list[type[BaseModel]]:
    """Every model that a field's annotation allows."""
    annotation = field.annotation if isinstance(field, FieldInfo) else field
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for part in get_args(annotation) if not isinstance(part, str) for model in _models(part)]


def _tag(model: type[BaseModel]) -> str | None:
    """Name under which a union's error location mentions this member."""
    for key in ("layout", "profile"):
        if key in model.model_fields:
            return get_args(model.model_fields[key].annotation)[0]
    return getattr(model, "kind", None) if model in STEPS.values() else None


def _field(loc: tuple[int | str, ...]) -> tuple[FieldInfo | None, list[type[BaseModel]]]:
    """The field at a pydantic location, and the models allowed there."""
    field, models = None, [Scenario]
    for part in loc:
        tagged = [model for model in models if _tag(model) == part]
        found = next((model.model_fields[part] for model in models if part in model.model_fields), None)
        if tagged:
            models = tagged
        elif found is not None:
            field, models = found, _models(found)
    return field, models


def _fields(loc: tuple[int | str, ...]) -> dict[str, FieldInfo]:
    return {name: field for model in _field(loc)[1] for name, field in model.model_fields.items()}


def dimension_of(field: FieldInfo | None) -> Dimension | None:
    """The Dimension of a quantity's field, also behind Optional; None for other fields."""
    if field is None:
        return None
    stack: list[Any] = [*field.metadata, field.annotation]
    while stack:
        item = stack.pop()
        if isinstance(item, Dimension):
            return item
        stack += [*getattr(item, "__metadata__", ()), *get_args(item)]
    return None


def _example(loc: tuple[int | str, ...]) -> str:
    field, models = _field(loc)
    loc = tuple(part for part in loc if part not in ("on", "off"))
    name, dimension = loc[-1], dimension_of(field)
    if dimension is not None:
        return f"write e.g. {name}: {dimension.example or KINDS[dimension.kind].example}"
    examples = {"name": "name: my_cell", "material": "material: mapbi3_gold", "source": "source: assumed",
                "terminals": "terminals: {top: driven, bottom: ground}", "role": "role: driven", "charge": "charge: 1", "count": "count: 10",
                "protocol": "protocol: [sweep: {to: 0.2 V, rate: 0.1 V/s}]",
                "device": "device: {layout: axisymmetric_gap, gap: 60 nm}"}
    if name in examples:
        return f"write e.g. {examples[name]}"
    keys = [key for model in models for key in model.model_fields]
    return f"write it with its keys: {', '.join(keys)}" if keys else f"give it as {name}: ..."


def _unknown_key(loc: tuple[int | str, ...], path: Path_, document: Document) -> str:
    here = list(_fields(loc[:-1]))
    if path[:-1] == ():
        here.append("material_overrides")
    word = str(path[-1])
    near = nearest(word, here)
    if near:
        return f"unknown key (nearest: {near})"
    elsewhere = [place for place in _all_keys() if place[-1] == word]
    if elsewhere:
        layouts = [place[1] for place in elsewhere if place[0] == "device" and len(place) > 2]
        if path[0] == "device" and layouts:
            return f"unknown key for this layout; it belongs to {one_of(layouts)} (here: {', '.join(here)})"
        shown = [key_text(tuple(p for i, p in enumerate(place) if not (place[0] == "device" and i == 1)))
                 for place in elsewhere]
        return f"unknown key; write it as {one_of(list(dict.fromkeys(shown))[:3])}"
    return f"unknown key; the keys here are {', '.join(here)}" if here else "unknown key"


def _all_keys() -> Iterator[Path_]:
    """Every key of the schema; below `device` the layout comes first."""
    def walk(models: list[type[BaseModel]], prefix: Path_) -> Iterator[Path_]:
        for model in models:
            tag = (_tag(model),) if _tag(model) else ()
            for name, field in model.model_fields.items():
                yield (*prefix, *tag, name)
                if name != "steps":  # repeat's steps are the protocol's own again
                    yield from walk(_models(field), (*prefix, *tag, name))

    yield from walk([Scenario], ())
