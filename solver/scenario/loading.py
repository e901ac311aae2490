"""From a scenario file and command-line overrides to a checked `Scenario`."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from . import checks
from .document import OVERRIDES, Document, Path_, Place, key_text, parse_document, parse_value, read_document
from .faults import Fault, ScenarioError, nearest, one_of
from .material import KEYED, LISTED, depth, parameter_of
from .material import sections as material_sections
from .schema import Scenario
from .translate import faults_of

SHIPPED = Path(__file__).parents[2] / "scenarios" / "materials"


def load_scenario(path: str | Path, overrides: Iterable[str] = ()) -> Scenario:
    """Read and check a scenario file.

    Args:
        path: YAML file; a material it names and a mesh file it names are looked up relative to it.
        overrides: texts ``key.path=value`` as given to ``--set``; list entries by number from 0,
            e.g. ``protocol.0.sweep.rate=0.2 V/s``; material values as ``material.film.electronic_conductivity=...``.

    Returns:
        The scenario, every default filled in, quantities in SI.

    Raises:
        ScenarioError: with all faults that could be found.
    """
    path, overrides = Path(path), tuple(overrides)
    scenario = _build(read_document(path), path.parent, overrides)
    scenario._source_path, scenario._overrides = path.absolute(), overrides
    return scenario


def parse_scenario(text: str, overrides: Iterable[str] = (), *, folder: str | Path = ".", name: str = "text") -> Scenario:
    """As `load_scenario`, from YAML text; `folder` is where relative files are looked up."""
    return _build(parse_document(text, name), Path(folder), overrides)


def _build(document: Document, folder: Path, overrides: Iterable[str]) -> Scenario:
    parsed = [_parse_override(text, number) for number, text in enumerate(overrides, 1)]
    faults: list[Fault] = []
    faults += [f for path, value in parsed if path[0] != "material" or len(path) == 1
               for f in _set(document, path, value)]
    faults += _inline_material(document, folder)
    changed, found = _override_material(document)
    faults += found
    for path, value in parsed:
        if path[0] == "material" and len(path) > 1 and isinstance(document.at(("material",)), dict):
            found = _set_parameter(document, path, value)
            faults += found
            if not found and len(path) == 1 + depth(str(path[1])):
                changed[path[1:]] = path
    if faults and document.at(("material",)) is None:
        document.data.pop("material", None)
    try:
        scenario = Scenario.model_validate(document.data)
    except ValidationError as error:
        known = {fault.key for fault in faults}
        faults += [fault for fault in faults_of(error, document) if fault.key not in known]
        raise ScenarioError(_in_order(faults)) from None
    faults += [document.fault(path, message) for path, message in checks.faults(scenario, document.at, changed, folder)]
    if faults:
        raise ScenarioError(_in_order(faults))
    return checks.filled(scenario, folder)


def _in_order(faults: list[Fault]) -> list[Fault]:
    """By file and line, the order in which a user mends them; equal faults once."""
    files = list(dict.fromkeys(fault.file for fault in faults))
    return sorted(dict.fromkeys(faults), key=lambda fault: (files.index(fault.file), fault.line or 0))


def _parse_override(text: str, number: int) -> tuple[Path_, Document]:
    """The override `text` as path and value; `number` stands for the line in faults."""
    def fail(key: str, message: str) -> ScenarioError:
        return ScenarioError([Fault(OVERRIDES, number, key, message)])

    key, sign, value = text.partition("=")
    key = key.strip()
    path = tuple(int(part) if part.isascii() and part.isdigit() else part for part in key.split("."))
    if not sign or not key.isprintable() or not all(part != "" for part in path):
        raise fail("", f"{text!r:.60} is not key=value; write e.g. device.spacer_thickness='90 nm'")
    try:
        document = parse_value(value, OVERRIDES, path)
    except ScenarioError as error:
        raise ScenarioError(replace(fault, line=number) for fault in error.faults) from None
    if document.data is None:
        raise fail(key, f"no value is given; write e.g. {key}='90 nm'")
    document.places = {p: Place(place.file, number, place.key) for p, place in document.places.items()}
    return path, document


def _set(document: Document, path: Path_, value: Document) -> list[Fault]:
    """Put an override in place; the sections on the way must be sections, list entries must exist."""
    place = value.places[()]
    for i in range(len(path)):
        here = document.at(path[:i])
        shown = key_text(path[:i])
        if isinstance(here, list):
            if not isinstance(path[i], int) or path[i] >= len(here):
                return [Fault(place.file, place.line, key_text(path), f"{shown} is a list of {len(here)} entries; name "
                              f"one by its number, {shown}.0 to {shown}.{len(here) - 1}")]
        elif here is not None and not isinstance(here, dict):
            return [Fault(place.file, place.line, key_text(path),
                          f"{shown} is {here!r:.40}, not a section; set {shown} itself to a mapping first")]
    if isinstance(path[0], int):
        return [Fault(place.file, place.line, key_text(path), "unknown key")]
    document.graft(tuple(p if isinstance(document.at(path[:i]), list) else str(p) for i, p in enumerate(path)), value)
    return []


def _inline_material(document: Document, folder: Path) -> list[Fault]:
    """Replace the name of a material by the content of its file."""
    name = document.at(("material",))
    if not isinstance(name, str):
        return []
    folders = [folder / "materials", SHIPPED]
    stem = name.removesuffix(".yaml")
    simple = bool(stem) and "/" not in stem and "\\" not in stem and "\0" not in stem and len(stem) < 100
    found = next((f / f"{stem}.yaml" for f in folders if simple and (f / f"{stem}.yaml").is_file()), None)
    if found is None:
        known = sorted({p.stem for f in folders if f.is_dir() for p in f.glob("*.yaml")})
        near = nearest(stem, known)
        fault = document.fault(("material",), f"no file {stem:.60}.yaml in {folders[0]}; known materials: "
                               f"{one_of(known) if known else 'none'}" + (f" (nearest: {near})" if near else ""))
        document.data["material"] = None
        return [fault]
    try:
        document.graft(("material",), read_document(found))
    except ScenarioError as error:
        document.data["material"] = None
        return list(error.faults)
    return []


def _override_material(document: Document) -> tuple[dict[Path_, Path_], list[Fault]]:
    """Apply `material_overrides` (keys dotted or nested) and remove them.

    Returns:
        The overridden parameters as (section, key) or (section, name, key) -> path of the override; faults.
    """
    changed: dict[Path_, Path_] = {}
    if "material_overrides" not in document.data:
        return changed, []
    overrides = document.data["material_overrides"]
    if not isinstance(overrides, dict):
        return changed, [document.fault(("material_overrides",), "must be a mapping of material keys to values, e.g. "
                                        "{ions.vacancies.diffusivity: 1e-9 cm^2/s}")]
    entries = dict(_entries(overrides, (), ("material_overrides",), document.at(("material", "ions")) or ()))
    faults: list[Fault] = []
    if isinstance(document.at(("material",)), dict):
        for target, path in entries.items():
            places = {p[len(path):]: place for p, place in document.places.items() if p[:len(path)] == path}
            found = _set_parameter(document, ("material", *target), Document(document.at(path), places))
            faults += found
            if not found and len(target) == depth(target[0]):
                changed[target] = path
    del document.data["material_overrides"]
    return changed, faults


def _entries(overrides: dict, target: Path_, path: Path_, names: Iterable[str]) -> Iterator[tuple[Path_, Path_]]:
    """(Parameter, path of its override) of nested or dotted overrides; a species that is not among `names` is whole."""
    for key, value in overrides.items():
        parts = (*target, *str(key).split("."))
        new = parts[0] in KEYED and len(parts) == 2 and parts[1] not in names
        if isinstance(value, dict) and len(parts) < depth(parts[0]) and not new:
            yield from _entries(value, parts, (*path, key), names)
        else:
            yield parts, (*path, key)


def _set_parameter(document: Document, path: Path_, value: Document) -> list[Fault]:
    """Override one material parameter: a value replaces the value, a mapping replaces the whole entry."""
    place = value.places[()]
    if path[1:] != ("name",) and (message := _unknown_parameter(path[1:], document.at(("material", "ions")) or ())):
        return [Fault(place.file, place.line, key_text(place.key), message)]
    entry: Any = document.at(path)
    whole = len(path) <= depth(str(path[1]))  # a section or a species
    bare = entry is None and not whole and path[1] not in LISTED and parameter_of(material_sections()[path[1]][path[-1]])
    if whole or isinstance(value.data, dict) or not (isinstance(entry, dict) or bare):
        return _set(document, path, value)
    document.graft((*path, "value"), value)
    document.graft((*path, "source"), Document("override", {(): place}))
    document.places[path] = place
    return []


def _unknown_parameter(target: Path_, names: Iterable[str]) -> str | None:
    """What is wrong with the name of a material parameter, None when there is such a one.

    Args:
        target: (section, key), or (section, name, key) where the material has names of its own there.
        names: those it has.
    """
    sections = {name: list(fields) for name, fields in material_sections().items()}
    section, *rest = map(str, target)
    if section in LISTED or section in KEYED and len(rest) < 2:
        return None  # all of it, or a whole species
    if section in sections and len(rest) + 1 == depth(section) and rest[-1] in sections[section]:
        if section not in KEYED or rest[0] in names:
            return None
        return f"there is no {rest[0]:.40} in {section}" + (f"; it has {one_of(names)}" if names else "")
    full = [f"{name}.{own}{key}" for name, keys in sections.items() for own in ([f"{n}." for n in names] if name in KEYED else [""])
            for key in keys]
    by_key = {key.rpartition(".")[2]: key for key in full}
    near = nearest(key_text(target), full) or by_key.get(nearest(str(target[-1]), by_key))
    return f"unknown material key {key_text(target):.60}" + (
        f" (nearest: {near})" if near else f"; {section} has {one_of(sections[section])}" if section in sections
        else f"; the sections are {one_of(sections)}")
