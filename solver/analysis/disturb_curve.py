"""Disturb of several array runs: against pitch, or against whatever else they differ in (mesh, box, walls, heat)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from solver.analysis.crosstalk import changes, exchanged, moving_ions, readings, writes
from solver.results.folder import NoResult, RunFolder
from solver.results.tables import read_terminals

CONTROL = 1e-4  # V: a write below this writes nothing, its run shows what the cells do by themselves
PITCH = "device.pitch"


def smallest_pitch(pitch: np.ndarray, disturbed: np.ndarray, limit: float) -> float | None:
    """Pitch at which the disturb falls to a limit, by interpolation of ln |disturb| over ln pitch.

    Args:
        pitch: (n,) [m], in any order.
        disturbed: (n,) victim over aggressor [1], of either sign.
        limit: largest size that is borne [1].

    Returns:
        [m]; the smallest pitch where all are within the limit, None where the largest pitch is not.
    """
    order = np.argsort(pitch)
    p, d = np.asarray(pitch, float)[order], np.maximum(np.abs(np.asarray(disturbed, float)[order]), 1e-300)
    over = np.flatnonzero(d > limit)
    if len(over) == 0:
        return float(p[0])
    k = over[-1]
    if k == len(p) - 1:
        return None
    share = np.log(d[k] / limit) / np.log(d[k] / d[k + 1])
    return float(np.exp(np.log(p[k]) + share * np.log(p[k + 1] / p[k])))


@dataclass(frozen=True)
class CurvePoint:
    """What the first write did in one device.

    Attributes:
        pitch: [m].
        aggressor: ln change of the written cell's conductance, its own drift taken off.
        victim: that of the other cell which changed most, of either sign.
        drawn: species -> ions that the written cell drew from its neighbours in the step, what they exchange by themselves taken off.
        setting: key -> value of the scenario, as text, for the keys that differ between the points.
    """

    pitch: float
    aggressor: float
    victim: float
    drawn: Mapping[str, float]
    setting: Mapping[str, str]

    @property
    def disturb(self) -> float:
        """Victim over aggressor [1]."""
        return self.victim / self.aggressor


def _entries(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Every key of a scenario with its value as text; entries of lists are numbered from 0."""
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in parts:
        yield from _entries(part, f"{path}.{key}" if path else str(key))
    if not isinstance(value, (dict, list)):
        yield path, str(value)


def _setting(directory: Path, scenario: Any) -> dict[str, str]:
    """What a run is of, but the amplitude of its first write, its name and its output."""
    from ruamel.yaml import YAML

    written = next(k for k, step in enumerate(scenario.protocol) if step.kind == "write")
    left_out = f"protocol.{written}.write.amplitude"
    entries = _entries(YAML(typ="safe").load(RunFolder(directory).scenario.read_text(encoding="utf-8")))
    return {key: text for key, text in entries if key not in (left_out, "name") and not key.startswith("output.")}


def disturb_curve(directories: Sequence[str | Path]) -> list[CurvePoint]:
    """Disturb of finished array runs, by pitch, then by what else they differ in.

    Args:
        directories: results folders, each setting once with a write and, to take the cells' drift off, once with a write of
            less than `CONTROL`.

    Raises:
        NoResult: one sentence: no run is of layout array with a write and reads around it, a setting lacks its control or
            occurs twice.
    """
    from solver.scenario import load_scenario

    written: dict[tuple, tuple] = {}
    drift: dict[tuple, tuple] = {}
    settings: dict[tuple, dict] = {}
    for directory in map(Path, directories):
        scenario = load_scenario(RunFolder(directory).scenario)
        steps = writes(scenario) if scenario.device.layout == "array" else []
        if not any(step.kind == "write" for step in scenario.protocol) or not steps:
            continue
        setting = _setting(directory, scenario)
        key = tuple(sorted(setting.items()))
        table = read_terminals(directory)
        change = changes(readings(table, scenario), steps[0])
        drawn = {ion: exchanged(table, steps[0], steps[0].cell, ion)[0] for ion in moving_ions(table, scenario.device)}
        control = abs(steps[0].amplitude) < CONTROL
        if key in (drift if control else written):
            raise NoResult(f"{directory} is the second run of the same scenario{' with a control write' if control else ''}: name each once")
        settings[key] = setting
        if control:
            drift[key] = change, drawn
        elif steps[0].cell in change and len(change) > 1:
            written[key] = (scenario.device.pitch, change, steps[0].cell, drawn)
    if not written:
        raise NoResult("no run of layout array was given that reads two cells before and after a write")
    differing = [name for name in settings[next(iter(written))] if len({settings[key].get(name) for key in written}) > 1]
    points = []
    for key, (pitch, change, aggressor, drawn) in written.items():
        setting = {name: settings[key].get(name, "-") for name in differing}
        if key not in drift:
            told = ", ".join(f"{name}={text}" for name, text in setting.items()) or f"the pitch of {pitch * 1e9:g} nm"
            raise NoResult(f"{told} has no control: run it once more with an amplitude below {CONTROL * 1e6:g} uV")
        own, idle = drift[key]
        net = {cell: value - own[cell] for cell, value in change.items()}
        victim = max((value for cell, value in net.items() if cell != aggressor), key=abs)
        points.append(CurvePoint(pitch, net[aggressor], victim, {ion: n - idle[ion] for ion, n in drawn.items()}, setting))
    return sorted(points, key=lambda point: (point.pitch, *map(_in_order, point.setting.values())))


def _in_order(text: str) -> tuple[float, str]:
    """Numbers of a setting by size, then words."""
    number = text.split()[0] if text else ""
    try:
        return float(number), text
    except ValueError:
        return float("inf"), text


def run_folders(directory: str | Path) -> list[Path]:
    """The folder itself, or the finished members of a study's."""
    members = sorted((Path(directory) / "members").glob("*/summary.json"))
    return [path.parent for path in members] or [Path(directory)]


def main(directories: Sequence[str | Path], limit: float) -> int:
    """Print the disturb of each run, and where only the pitch differs its smallest value and a picture (`halofil crosstalk`).

    Returns:
        0, or 2 where a folder holds no such runs.
    """
    from rich.console import Console
    from rich.table import Column, Table

    from solver.figures.crosstalk import draw_curve

    try:
        points = disturb_curve([run for directory in directories for run in run_folders(directory)])
    except (NoResult, ValueError) as fault:
        Console(stderr=True, soft_wrap=True).print(str(fault), markup=False, highlight=False)
        return 2
    keys = list(points[0].setting) or [PITCH]
    table = Table(*(Column(key, overflow="fold") for key in keys), *(Column(text, overflow="fold") for text in (
        "ln change, written cell", "ln change, other cell", "disturb", *(f"{ion} from other cells" for ion in points[0].drawn))), title="crosstalk")
    for point in points:
        table.add_row(*(point.setting.get(key, f"{point.pitch * 1e9:g} nm") for key in keys),
                      f"{point.aggressor:.3f}", f"{point.victim:+.2e}", f"{point.disturb:+.2e}",
                      *(f"{n:+.4g}" for n in point.drawn.values()))
    console = Console(soft_wrap=True)
    console.print(table)
    if keys == [PITCH]:
        pitch = smallest_pitch(np.array([p.pitch for p in points]), np.array([p.disturb for p in points]), limit)
        console.print(f"smallest pitch for a disturb of {limit:g}: "
                      + ("beyond the largest one" if pitch is None else f"{pitch * 1e9:.3g} nm"), highlight=False)
        console.print(f"wrote {draw_curve(points, Path(directories[0]) / 'figures' / 'disturb.png', limit)}")
    return 0
