"""What the user of ``halofil view`` names: a field, a time, a cut, a line. Errors are one sentence."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas


_SECONDS = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9, "min": 60.0, "": 1.0}
_NANOMETRES = {"nm": 1.0, "um": 1e3, "µm": 1e3, "": 1.0}
_NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
_EVENTS = ("set", "reset")


class ViewError(ValueError):
    """What the user named is not there; the message is one sentence."""


def match_field(wanted: str, names: Sequence[str]) -> str:
    """The field meant by a name, its name without unit, or a beginning that only one field has.

    Args:
        wanted: as typed, upper and lower case alike.
        names: of the stored fields.

    Raises:
        ViewError: no field, or several, are meant.
    """
    key = " ".join(wanted.lower().split())
    bare = {name: re.sub(r"\s*\[.*\]$", "", name).lower() for name in names}
    for exact in ({n: n.lower() for n in names}, bare):
        found = [name for name in names if exact[name] == key]
        if found:
            return found[0]
    found = [name for name in names if bare[name].startswith(key)] if key else []
    if len(found) == 1:
        return found[0]
    listing = ", ".join(f"'{name}'" for name in names)
    if len(found) > 1:
        raise ViewError(f"field '{wanted}' could be {' or '.join(repr(n) for n in found)}: write more of it")
    words = {word: name for name in names for word in (bare[name], *bare[name].split())}
    near = difflib.get_close_matches(key, list(words), n=1, cutoff=0.5)
    hint = f"did you mean '{words[near[0]]}'? " if near else ""
    raise ViewError(f"there is no field '{wanted}': {hint}The run stored {listing}")


def match_time(wanted: str | float | None, times: np.ndarray, table: pandas.DataFrame | None) -> int:
    """The stored step meant by a time.

    Args:
        wanted: seconds as a number, "0.8s" or "800 ms" (the nearest step); "set" or "reset" (the first step at or
            after the first such event); "first"; "last" or None.
        times: (k,) of the stored steps [s].
        table: terminals.csv, needed for "set" and "reset".

    Raises:
        ViewError: not a time, outside the run, or an event that did not happen.
    """
    text = "last" if wanted is None else str(wanted).strip().lower()
    if text in ("first", "last"):
        return 0 if text == "first" else len(times) - 1
    if text in _EVENTS:
        from solver.analysis.switching import record, switching_events

        events = [event for event in switching_events(record(table)) if event.kind == text] if table is not None else []
        if not events:
            raise ViewError(f"time '{text}' does not exist: there is no {text} in this run")
        later = np.flatnonzero(times >= events[0].time)
        return int(later[0]) if len(later) else len(times) - 1
    parts = re.fullmatch(rf"({_NUMBER})\s*([a-zµ]*)", text)
    if not parts or parts[2] not in _SECONDS:
        raise ViewError(f"time '{wanted}' is not a time: write seconds like 0.8 or 0.8s, or set, reset, first, last")
    time = float(parts[1]) * _SECONDS[parts[2]]
    slack = 1e-9 + 1e-6 * abs(times[-1])
    if not times[0] - slack <= time <= times[-1] + slack:
        raise ViewError(f"time {time:g} s is outside the stored fields, which go from {times[0]:g} to {times[-1]:g} s")
    return int(np.argmin(np.abs(times - time)))


def _length(text: str, what: str) -> float:
    parts = re.fullmatch(rf"({_NUMBER})\s*([a-zµ]*)", text.strip().lower())
    if not parts or parts[2] not in _NANOMETRES:
        raise ViewError(f"{what}: '{text.strip()}' is not a length, write nm as a plain number or with nm or um")
    return float(parts[1]) * _NANOMETRES[parts[2]]


def parse_clip(text: str, what: str = "clip") -> tuple[str, float]:
    """Axis and position [nm] of a cut like "y=0" or "z = 0.1um"; ``what`` it is, for the sentence.

    Raises:
        ViewError: not of that form.
    """
    axis, sign, place = text.partition("=")
    axis = axis.strip().lower()
    if not sign or axis not in ("x", "y", "z"):
        raise ViewError(f"{what} '{text}' is not a plane: write an axis and a position in nm, like y=0")
    return axis, _length(place, f"{what} '{text}'")


def parse_line(text: str) -> tuple[np.ndarray, np.ndarray]:
    """The two ends (3,) [nm] of a line like "0,0,50:0,0,110".

    Raises:
        ViewError: not of that form, or without length.
    """
    ends = [end.split(",") for end in text.split(":")]
    if len(ends) != 2 or any(len(end) != 3 for end in ends):
        raise ViewError(f"line '{text}' is not a line: write two points in nm, like 0,0,50:0,0,110")
    first, last = (np.array([_length(value, f"line '{text}'") for value in end]) for end in ends)
    if np.allclose(first, last):
        raise ViewError(f"line '{text}' has no length")
    return first, last
