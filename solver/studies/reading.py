"""Reading a study or fit file: faults with file, line and key, as for scenarios."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from solver.scenario import Fault, Scenario, ScenarioError, load_scenario
from solver.scenario.document import OVERRIDES, Document, Path_, key_text, read_document
from solver.scenario.faults import nearest, one_of
from solver.units import FAULT

Model = TypeVar("Model", bound=BaseModel)


def read(path: Path, model: type[Model]) -> tuple[Model, Document]:
    """The checked file, and its text with the line of every key.

    Raises:
        ScenarioError: with all faults that could be found.
    """
    document = read_document(path)
    try:
        return model.model_validate(document.data), document
    except ValidationError as error:
        raise ScenarioError(_faults(error, document, model)) from None


def _faults(error: ValidationError, document: Document, model: type[BaseModel]) -> Iterator[Fault]:
    for item in error.errors(include_url=False):
        path: Path_ = ()
        kind = item["type"]
        for i, part in enumerate(item["loc"]):
            here = document.at(path)
            there = part in here if isinstance(here, dict) else isinstance(here, list) and isinstance(part, int)
            if there or (kind == "missing" and i == len(item["loc"]) - 1):
                path += (part,)
        yield document.fault(path, _message(item, path, model))


def _message(item: dict[str, Any], path: Path_, model: type[BaseModel]) -> str:
    kind, value = item["type"], item["input"]
    if kind == FAULT:
        return item["ctx"]["sentence"]
    if kind == "missing":
        return "is missing"
    if kind == "extra_forbidden":
        known = [field.alias or name for name, field in model.model_fields.items()] if len(path) == 1 else []
        near = nearest(str(path[-1]), known)
        return "unknown key" + (f" (nearest: {near})" if near else f"; the keys here are {', '.join(known)}" if known else "")
    if kind == "literal_error":
        names = re.findall(r"'([^']*)'", item["ctx"]["expected"])
        return f"{value!r:.40} is not known here; write {one_of(names)}"
    if kind in ("too_short", "tuple_type", "list_type"):
        return "must be a list with at least one entry"
    if kind in ("dict_type", "model_type", "model_attributes_type"):
        return f"{value!r:.40} cannot be used here; write a list, or a mapping of keys"
    return f"{value!r:.40} cannot be used here"


def override(key: str, value: Any) -> str:
    """The text that --set takes."""
    return f"{key}={json.dumps(value, ensure_ascii=False)}"


def load_member(base: Path, settings: Mapping[str, Any], document: Document, sections: Iterable[str]) -> Scenario:
    """The scenario of one member.

    Args:
        base: its base scenario.
        settings: key -> value.
        document: of the study, which says in which line a setting stands.
        sections: the study's keys below which settings stand.

    Raises:
        ScenarioError: faults of settings at their line in the study file, others where they are.
    """
    keys = list(settings)
    try:
        return load_scenario(base, [override(key, value) for key, value in settings.items()])
    except ScenarioError as error:
        raise ScenarioError([_in_study(fault, keys, settings, document, sections) for fault in error.faults]) from None


def _in_study(fault: Fault, keys: list[str], settings: Mapping[str, Any], document: Document,
              sections: Iterable[str]) -> Fault:
    if fault.file != OVERRIDES or fault.line is None:
        return fault
    key = keys[fault.line - 1]
    place = next((place for path, place in document.places.items() if path and path[0] in sections and path[-1] == key), None)
    place = place or document.places.get(("repeats",), document.places[()])  # which sets the seed
    shown = f"{key_text((key,))} = {settings[key]}: {fault.message}"
    return replace(fault, file=place.file, line=place.line, key="", message=shown)
