"""A material file with some values replaced, everything else as its author wrote it."""

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from solver.results.folder import atomic_write_text


def rewritten(text: str, name: str, values: Mapping[str, Any], source: str, head: str) -> str:
    """Text of a material file.

    Args:
        text: the old file.
        name: of the new material.
        values: ``section.key`` or ``section.name.key`` -> new value as text with unit, or number.
        source: what is said of each; the old value and source follow it.
        head: first line, a comment.

    Returns:
        The new text; comments, order and unchanged entries are the old ones.
    """
    from ruamel.yaml import YAML

    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = 10_000
    yaml.indent(mapping=2, sequence=4, offset=2)
    data = yaml.load(text)
    data["name"] = name
    for key, value in values.items():
        entry = data
        *sections, last = key.split(".")
        for section in sections:
            entry = entry[section]
        old = entry[last]
        said = str(old["source"])
        entry[last]["source"] = f"{source}; before: {old['value']}, {said}"
        entry[last]["value"] = value
    stream = io.StringIO()
    yaml.dump(data, stream)
    return f"# {head}\n{stream.getvalue()}"


def write(path: Path, text: str, head: str) -> bool:
    """Write the file unless one stands there that was not written under the same head; says whether it did."""
    if path.is_file() and not path.read_text(encoding="utf-8").startswith(f"# {head}"):
        return False
    atomic_write_text(path, text)
    return True
