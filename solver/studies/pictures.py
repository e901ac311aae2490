"""Figures of a study: every observable against every varied key, and what repeats alone have in common."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from solver.figures import style
from solver.figures.synapse import repeated_trains

from .members import DONE

if TYPE_CHECKING:
    import pandas
    from matplotlib.axes import Axes

    from .study import Plan

COLUMNS, ROWS = 3, 4
DISTRIBUTIONS, TRAINS = "distributions", "trains"  # pictures of repeats
# Cost of a run, and single entries of lists (the table has them), are no observables.
_NOT_DRAWN = re.compile(r"wall time|seconds by part|steps|iterations|peak memory|unknowns|nodes|ranks|simulated time|"
                        r"read voltage|member$| by cycle|(: | )(current|energy|conductance)[^:]* \d+ \[")
SAME = 1e-9  # relative difference that is rounding
DECADES = 30  # ratio of the largest to the smallest above which an axis is logarithmic


def observables(frame: pandas.DataFrame, varied: set[str]) -> list[str]:
    """Columns worth a panel: numbers of the device that are not the same in all members."""
    names = []
    for name in frame.columns:
        if name in varied or _NOT_DRAWN.search(name) or frame[name].dtype.kind not in "fiu":
            continue
        values = frame[name].dropna()
        if len(values) > 1 and np.ptp(values) > SAME * np.abs(values).max():
            names.append(name)
    return names


def observables_by_key(frame: pandas.DataFrame, plan: Plan, folder: Path) -> list[Path]:
    """A page of panels for each varied key; keys that step together share that of the first.

    Args:
        frame: the study's table.
        plan: says which columns are varied.
        folder: where the pictures go.

    Returns:
        The pictures written; none where fewer than two members are done.
    """
    names = observables(frame, set(plan.columns.values()))
    written = []
    for axis in plan.study.vary:
        key = next(iter(axis))
        column = plan.columns[key]
        for page, start in enumerate(range(0, len(names), COLUMNS * ROWS)):
            png = folder / f"{_file(key)}{f'_{page + 1}' if page else ''}.png"
            written.append(_page(names[start:start + COLUMNS * ROWS], png, lambda axes, name, x=column: panel(axes, frame, x, name)))
    return written


def repeats(frame: pandas.DataFrame, plan: Plan, folder: Path) -> list[Path]:
    """What runs that differ in their noise alone have in common, where nothing else is varied: the share of the runs up to each
    value of every observable, and the pulse trains over each other.

    Args:
        frame: the study's table.
        plan: its members.
        folder: where the pictures go.

    Returns:
        The pictures written; none where a key is varied, or fewer than two members are done.
    """
    done = [member.folder for member in plan.members if member.status == DONE]
    if plan.study.vary or len(done) < 2:
        return []
    frame = frame[frame["status"] == DONE]  # a run that failed or is still to come is no draw
    names = observables(frame, set(plan.columns.values()))
    pages = [_page(names[start:start + COLUMNS * ROWS], folder / f"{DISTRIBUTIONS}{f'_{page + 1}' if page else ''}.png",
                   lambda axes, name: distribution(axes, frame, name))
             for page, start in enumerate(range(0, len(names), COLUMNS * ROWS))]
    trains = repeated_trains(done, folder / f"{TRAINS}.png")
    return pages + ([trains] if trains else [])


def _file(key: str) -> str:
    return key.removeprefix("material.").replace(".", "_")


def _page(names: list[str], png: Path, draw: Callable[[Axes, str], None]) -> Path:
    rows = -(-len(names) // COLUMNS)
    with style.printed():
        figure = style.new_figure(style.DOUBLE_COLUMN, 46 * rows + 4)
        for i, name in enumerate(names):
            draw(figure.add_subplot(rows, COLUMNS, i + 1), name)
        figure.tight_layout(pad=0.6, h_pad=1.2, w_pad=1.2)
        return style.save(figure, png)


def distribution(axes: Axes, frame: pandas.DataFrame, name: str) -> None:
    """Share of the runs whose value is not above the abscissa; runs without the value never get there."""
    values, title = _axis_values(np.sort(frame[name].dropna().to_numpy(dtype=float)), name)
    if _spans(values):
        axes.set_xscale("log")
    axes.step(values, np.arange(1, len(values) + 1) / len(frame), where="post", color=style.GREY, lw=0.8)
    axes.plot(values, np.arange(1, len(values) + 1) / len(frame), "o", ms=3, color=style.BLUE, mew=0)
    axes.set_ylim(0, 1.04)
    axes.set_xlabel(style.in_print(_broken(title)))
    axes.set_ylabel("share of the runs")


def panel(axes: Axes, frame: pandas.DataFrame, column: str, name: str) -> None:
    """Points of all members, and the median where several have the same abscissa."""
    x, y = frame[column], frame[name]
    numeric = x.dtype.kind in "fiu"
    label = column.removeprefix("material.")
    if numeric:
        there = y.notna() & x.notna()
        values, text = _axis_values(x[there].to_numpy(dtype=float), label)
        if _spans(values):
            axes.set_xscale("log")
    else:
        there = y.notna()
        words = list(dict.fromkeys(x.astype(str)))
        values, text = np.array([words.index(str(word)) for word in x[there]], dtype=float), label
        axes.set_xticks(range(len(words)), words, rotation=20 if max(map(len, words)) > 8 else 0)
    heights, title = _axis_values(y[there].to_numpy(dtype=float), name)
    if _spans(heights):
        axes.set_yscale("log")
    if axes.get_yscale() == "linear":
        axes.ticklabel_format(axis="y", useOffset=False)
    axes.plot(values, heights, "o", ms=3, color=style.BLUE, alpha=0.8, mew=0)
    places = np.unique(values)
    if 1 < len(places) <= max(len(values) // 2, 2) or len(places) == len(values) < 30 and _ordered(frame, column):
        axes.plot(places, [np.median(heights[values == place]) for place in places], color=style.GREY, lw=0.8, zorder=1)
    axes.set_xlabel(style.in_print(_broken(text)))
    axes.set_ylabel(style.in_print(_broken(title)))


def _ordered(frame: pandas.DataFrame, column: str) -> bool:
    """A single row of values, one after the other, and not scattered samples."""
    values = frame[column]
    return values.dtype.kind in "fiu" and (values.is_monotonic_increasing or values.is_monotonic_decreasing)


def _spans(values: np.ndarray) -> bool:
    return len(values) > 1 and values.min() > 0 and values.max() / values.min() > DECADES


def _axis_values(values: np.ndarray, name: str) -> tuple[np.ndarray, str]:
    """Values and label, in a prefixed unit where the unit is a plain symbol and the axis is linear."""
    stem, bracket, unit = name.rpartition(" [")
    unit = unit.rstrip("]")
    if not bracket or unit not in ("V", "A", "S", "J", "m", "s", "K") or not len(values) or _spans(np.abs(values)):
        return values, name.removesuffix(" [1]")
    factor, prefixed = style.scaled(values, unit)
    return values * factor, f"{stem} [{prefixed}]"


def _broken(text: str) -> str:
    """A long label on two lines."""
    if len(text) < 26:
        return text
    middle = min((i for i, c in enumerate(text) if c == " "), key=lambda i: abs(i - len(text) / 2), default=None)
    return text if middle is None else f"{text[:middle]}\n{text[middle + 1:]}"
