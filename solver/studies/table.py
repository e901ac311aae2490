"""One tidy table of a study: a row a member, columns with units."""

from __future__ import annotations

import io
import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from solver.results.folder import atomic_write_bytes

from .members import Member

if TYPE_CHECKING:
    import pandas


def numbers(summary: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, float]]:
    """Every number of a summary with its unit at the end of the name; entries of lists are numbered from 1.

    ``{"pulse trains": [{"current [A]": [1e-9]}]}`` gives ``"pulse trains 1: current 1 [A]"``.
    """
    for key, value in summary.items():
        name = f"{prefix}{key}"
        if isinstance(value, Mapping):
            yield from _of_mapping(name, value)
        elif isinstance(value, list):
            stem, bracket, unit = name.rpartition(" [")
            for i, item in enumerate(value, 1):
                if isinstance(item, Mapping):
                    yield from numbers(item, f"{name} {i}: ")
                elif _is_number(item):
                    yield (f"{stem} {i}{bracket}{unit}" if bracket else f"{name} {i}"), item
        elif _is_number(value):
            yield name, math.nan if value is None else value


def _of_mapping(name: str, value: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    stem, bracket, unit = name.rpartition(" [")
    if bracket:  # the unit is that of all entries, e.g. "seconds by part [s]"
        for key, item in numbers(value):
            yield f"{stem}: {key}{bracket}{unit}", item
    else:
        yield from numbers(value, f"{name}: ")


def _is_number(value: Any) -> bool:
    return value is None or isinstance(value, int | float) and not isinstance(value, bool)


def table(members: Sequence[Member], settings: Sequence[Mapping[str, Any]]) -> pandas.DataFrame:
    """The table.

    Args:
        members: one a row.
        settings: what was varied, column -> value, for each member.

    Returns:
        Columns: member, run (its folder), what was varied, status, reason, wall time, every number of summary.json.
    """
    import pandas

    rows = []
    for number, (member, varied) in enumerate(zip(members, settings), 1):
        found = dict(numbers(member.summary))
        row = {"member": number, "run": member.digest, **varied, "status": member.status, "reason": member.reason or None,
               "wall time [s]": member.wall}
        rows.append(row | found)
    return pandas.DataFrame(rows)


def write(frame: pandas.DataFrame, folder: Path, name: str) -> list[Path]:
    """NAME.csv and NAME.parquet, atomically; pyarrow, pandas' own engine, writes the second.

    A column of Parquet has one type: where texts and numbers are mixed, all become texts there.
    """
    csv, parquet = folder / f"{name}.csv", folder / f"{name}.parquet"
    atomic_write_bytes(csv, frame.to_csv(index=False).encode())
    mixed = [c for c in frame if frame[c].dtype == object and len({type(v) for v in frame[c].dropna()}) > 1]
    stream = io.BytesIO()
    frame.assign(**{c: frame[c].map(str, na_action="ignore") for c in mixed}).to_parquet(stream, index=False)
    atomic_write_bytes(parquet, stream.getvalue())
    return [csv, parquet]
