"""YAML text to plain data, remembering for every key the file and line it came from.

The node tree of ruamel.yaml is walked here (instead of its constructor) so that duplicate keys, tags and endless
aliases are faults with a line, `on` and `off` stay words as YAML 1.2 has it, and a value keeps its place when an
override or a material file is grafted into the document.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .faults import Fault, ScenarioError, one_of

MAX_BYTES = 1 << 20  # a scenario is a page of text; anything near this size is some other file
MAX_NODES = 20_000  # aliases can blow a short text up without bound
MAX_DEPTH = 40
OVERRIDES = "--set"  # the file name faults of command-line overrides carry

Path_ = tuple[str | int, ...]


@dataclass(frozen=True)
class Place:
    """Where a key was written: `key` is its path within `file`."""

    file: str
    line: int | None
    key: Path_


@dataclass
class Document:
    """Nested dicts, lists and scalars with the place of every node, found by its path."""

    data: Any
    places: dict[Path_, Place] = field(default_factory=dict)

    def at(self, path: Path_) -> Any:
        """The value at `path`, or None when there is none."""
        value = self.data
        for part in path:
            try:
                value = value[part]
            except (KeyError, IndexError, TypeError):
                return None
        return value

    def fault(self, path: Path_, message: str) -> Fault:
        """A fault at `path`; what is missing is reported at the line of the nearest section that is there."""
        known = path
        while known not in self.places and known:
            known = known[:-1]
        place = self.places.get(known, Place("scenario", None, ()))
        return Fault(place.file, place.line, key_text(place.key + path[len(known):]), message)

    def graft(self, path: Path_, other: "Document") -> None:
        """Put the other document at `path`, in place of what is there; sections on the way are made."""
        node = self.data
        for i, part in enumerate(path[:-1]):
            if isinstance(node, list):
                node = node[part]
                continue
            if part not in node or node[part] is None:
                node[part] = {}
                place = other.places[()]
                self.places[path[:i + 1]] = Place(place.file, place.line, path[:i + 1])
            node = node[part]
        node[path[-1]] = other.data
        self.places = {p: place for p, place in self.places.items() if p[:len(path)] != path}
        self.places.update({path + p: place for p, place in other.places.items()})


def key_text(path: Path_) -> str:
    """``protocol.0.sweep.to``."""
    return ".".join(map(str, path))


def read_document(path: Path) -> Document:
    """Read a YAML file.

    Raises:
        ScenarioError: missing, a directory, not text, empty, bad YAML, or its top level is not a mapping.
    """
    name = str(path)

    def fail(message: str):
        return ScenarioError([Fault(name, None, "", message)])

    try:
        if path.is_dir():
            raise fail("is a directory; name a scenario file in it")
        if not path.exists():
            near = sorted(p.name for p in path.parent.glob("*.y*ml")) if path.parent.is_dir() else []
            raise fail("no such file" + (f"; that directory has {one_of(near[:8])}" if near else ""))
        with path.open("rb") as stream:
            raw = stream.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise fail(f"cannot be read: {reason}") from None
    if len(raw) > MAX_BYTES:
        raise fail("is larger than 1 MiB, so it is not a scenario")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise fail("is not a text file (UTF-8); a scenario is YAML text") from None
    return parse_document(text, name)


def parse_document(text: str, name: str) -> Document:
    """As `read_document`, from text; `name` stands for the file in faults."""
    document = parse_value(text, name)
    if document.data is None:
        raise ScenarioError([Fault(name, None, "", "is empty; a scenario starts with e.g. 'name: my_cell'")])
    if not isinstance(document.data, dict):
        raise ScenarioError([Fault(name, 1, "", "the top level must be a mapping of keys, e.g. 'name: my_cell'")])
    return document


def parse_value(text: str, name: str, key: Path_ = ()) -> Document:
    """Any YAML value (mapping, list or scalar) as a document; `key` is its path as faults should show it."""
    from ruamel.yaml import YAML
    from ruamel.yaml.error import MarkedYAMLError, YAMLError

    try:
        node = YAML(typ="safe", pure=True).compose(text)
        return Document(None, {(): Place(name, 1, key)}) if node is None else _Reader(name, key).read(node)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        problem = f"{error.context or ''} {error.problem or ''}".strip()
        hints = (("mapping values", "put a value with ': ' in it in quotes"), ("\\t", "indent with spaces"),
                 ("expected ',' or", "close the bracket or separate the entries with commas"),
                 ("expected <block end>", "give the keys of one section the same indentation"))
        hint = next((f"; {advice}" for sign, advice in hints if sign in problem), "")
        raise ScenarioError([Fault(name, mark.line + 1 if mark else None, key_text(key),
                                   f"YAML syntax: {problem}{hint}")]) from None
    except YAMLError as error:
        reason = "control characters in it" if "special characters" in str(error) else str(error)
        raise ScenarioError([Fault(name, None, key_text(key), f"is not YAML text: {reason}")]) from None
    except RecursionError:
        raise ScenarioError([Fault(name, None, key_text(key), "is nested too deeply to be a scenario")]) from None
    except ValueError as error:  # escapes beyond Unicode and the like, which ruamel passes on from Python
        raise ScenarioError([Fault(name, None, key_text(key), f"is not YAML text: {error}")]) from None


def _whole(text: str) -> str:
    """Text without lone surrogates, which escapes in quoted YAML can make and which cannot be printed."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


class _Reader:
    """Node tree of one file to a Document."""

    def __init__(self, name: str, key: Path_) -> None:
        self.name, self.key = name, key
        self.places: dict[Path_, Place] = {}
        self.faults: list[Fault] = []
        self.nodes = 0

    def read(self, root: Any) -> Document:
        data = self._value(root, (), root.start_mark.line + 1)
        if self.faults:
            raise ScenarioError(self.faults)
        return Document(data, self.places)

    def _fault(self, path: Path_, line: int, message: str) -> None:
        self.faults.append(Fault(self.name, line, key_text(self.key + path), message))

    def _value(self, node: Any, path: Path_, line: int) -> Any:
        self.nodes += 1
        if self.nodes > MAX_NODES or len(path) > MAX_DEPTH:
            self._fault((), line, "aliases or nesting make this too large to be a scenario")
            raise ScenarioError(self.faults)
        self.places[path] = Place(self.name, line, self.key + path)
        if type(node).__name__ == "MappingNode":
            return self._mapping(node, path)
        if type(node).__name__ == "SequenceNode":
            return [self._value(item, (*path, i), item.start_mark.line + 1) for i, item in enumerate(node.value)]
        return self._scalar(node, path, line)

    def _mapping(self, node: Any, path: Path_) -> dict[str, Any]:
        result: dict[str, Any] = {}
        lines: dict[str, int] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            if not isinstance(key_node.value, str):
                self._fault(path, line, "a key must be a plain word")
                continue
            key = _whole(key_node.value)
            if key in result:
                self._fault((*path, key), line, f"is given twice (first in line {lines[key]}); keep one of them")
                continue
            lines[key] = line
            result[key] = self._value(value_node, (*path, key), line)
        return result

    def _scalar(self, node: Any, path: Path_, line: int) -> Any:
        kind = str(node.tag).removeprefix("tag:yaml.org,2002:")
        text = _whole(node.value)
        try:
            if kind == "null":
                return None
            if kind == "bool":
                return text.lower() == "true"
            if kind == "int":
                return int(text.replace("_", ""), 0 if text.lstrip("+-")[:2].lower() in ("0x", "0o") else 10)
            if kind == "float":
                return float(text)
        except ValueError:
            return text
        if kind not in ("str", "timestamp"):
            self._fault(path, line, f"the YAML tag {str(node.tag)[:40]} is not used in scenarios; write the plain value")
        return text
