"""summary.json: the numbers of a run, each with its unit in the key."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from solver.results.folder import NoResult, atomic_write_text


def _plain(value: Any) -> Any:
    """What JSON knows: numpy values as Python ones, not-a-number and infinity as null."""
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, Path):
        return str(value)
    return value


def write_summary(path: str | Path, numbers: Mapping[str, Any]) -> None:
    """Write summary.json atomically (rank 0 only); its presence says that the run is finished, so write it last.

    Args:
        path: the file.
        numbers: name with unit -> value, list or mapping of the same; NaN becomes null.
    """
    atomic_write_text(Path(path), json.dumps(_plain(numbers), indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def read_summary(directory: str | Path) -> dict[str, Any]:
    """summary.json of a result folder.

    Raises:
        NoResult: the run is not finished.
    """
    path = Path(directory) / "summary.json"
    if not path.is_file():
        raise NoResult(f"{directory} holds no finished result: it has no summary.json")
    return json.loads(path.read_text(encoding="utf-8"))
