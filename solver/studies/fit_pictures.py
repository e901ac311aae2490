"""Figures of a fit: cost against trial, observables with their bands, the trade-off front, sensitivities."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from solver.figures import style

if TYPE_CHECKING:
    from .fit import Problem
    from .trials import Trial

_PURPOSES = {"start": (style.RED, "s", "start"), "explore": (style.SKY, "o", "samples"),
             "derivative": (style.GREY, ".", "differences"), "step": (style.BLUE, "o", "steps"),
             "sensitivity": (style.PURPLE, ".", "sensitivities")}


def cost_by_trial(costs: Sequence[float], purposes: Sequence[str], png: Path) -> Path:
    """Cost of every trial by what it was tried for, and the lowest so far."""
    numbers, costs = np.arange(1, len(costs) + 1), np.asarray(costs)
    with style.printed():
        figure = style.new_figure(110, 70)
        axes = figure.add_axes((0.13, 0.14, 0.84, 0.82))
        axes.step(numbers, np.minimum.accumulate(costs), where="post", color=style.BLACK, lw=0.9, label="lowest so far")
        for purpose, (colour, marker, label) in _PURPOSES.items():
            mine = np.array([p == purpose for p in purposes])
            if mine.any():
                axes.plot(numbers[mine], costs[mine], marker, ms=3.5, color=colour, label=label, mew=0)
        axes.axhline(1, color=style.GREEN, lw=0.8, ls="--", label="mean quantity at the edge of its band")
        axes.set_yscale("log")
        axes.set_xlabel("trial")
        axes.set_ylabel("cost (mean squared residual)")
        axes.legend(loc="best")
        return style.save(figure, png)


def observables(made: Problem, start: Trial, lowest: Trial, png: Path) -> Path:
    """Residual of every quantity before and after, the band from -1 to 1."""
    penalty = made.fit.penalty
    with style.printed():
        figure = style.new_figure(style.DOUBLE_COLUMN, 16 + 5.2 * len(made.targets))
        axes = figure.add_subplot()
        places = -np.arange(len(made.targets))
        axes.axvspan(-1, 1, color=style.GREEN, alpha=0.2, lw=0, label="measured band")
        for trial, colour, marker, label in ((start, style.GREY, "o", "start"), (lowest, style.BLUE, "D", "best")):
            axes.plot(trial.residuals(made.targets, penalty), places, marker, ms=3.5, color=colour, label=label, mew=0)
        axes.set_yticks(places, [_with_value(t, lowest) for t in made.targets])
        axes.set_xlim(-1.08 * penalty, 1.08 * penalty)
        axes.set_xscale("symlog", linthresh=2)
        ticks = [x for x in (1, 2, 5, 10, 100) if x <= penalty]
        axes.set_xticks([*(-x for x in reversed(ticks)), 0, *ticks], [*(f"−{x}" for x in reversed(ticks)), "0", *map(str, ticks)])
        axes.xaxis.set_minor_locator(_no_ticks())
        axes.set_xlabel(f"distance from the middle of the band [half-widths]; {penalty:g} also where a quantity does not exist")
        axes.legend(loc="upper center", bbox_to_anchor=(0.5, 1 + 10 / (16 + 5.2 * len(made.targets))), ncols=3)
        figure.tight_layout(pad=0.6)
        return style.save(figure, png)


def _no_ticks():
    from matplotlib.ticker import NullLocator

    return NullLocator()


def _with_value(target, trial) -> str:
    value = trial.values.get(target.name)
    stem, _, unit = target.quantity.rpartition(" [")
    unit = unit.rstrip("]").replace("1", "")
    shown = "none" if value is None else f"{value:.3g} {unit}".strip()
    return f"{target.scenario}: {stem or target.quantity} = {shown}"


def front_of(names: Sequence[str], costs: np.ndarray, on_front: np.ndarray, lowest: int, png: Path) -> Path:
    """Root mean square residuals of every two groups against each other.

    Args:
        names: of the groups.
        costs: (trials, groups).
        on_front: (trials,) which of them no other beats.
        lowest: index of the trial with the lowest cost.
        png: where to.
    """
    count = len(names) - 1
    with style.printed():
        side = min(60.0, style.DOUBLE_COLUMN / count)
        figure = style.new_figure(max(side * count, 75), max(side * count, 65))
        for row in range(count):
            for column in range(row + 1):
                axes = figure.add_subplot(count, count, row * count + column + 1)
                x, y = costs[:, column], costs[:, row + 1]
                axes.plot(x, y, ".", ms=3, color=style.GREY, label="trials")
                axes.plot(x[on_front], y[on_front], "o", ms=3.5, color=style.BLUE, label="front")
                axes.plot(x[lowest], y[lowest], "D", ms=4.5, color=style.RED, label="lowest cost")
                axes.axvline(1, color=style.GREEN, lw=0.7, ls="--")
                axes.axhline(1, color=style.GREEN, lw=0.7, ls="--")
                axes.set_xscale("log")
                axes.set_yscale("log")
                style.plain_numbers(axes.xaxis)
                style.plain_numbers(axes.yaxis)
                if row == count - 1:
                    axes.set_xlabel(f"{names[column]}\n[half-widths]")
                if column == 0:
                    axes.set_ylabel(f"{names[row + 1]}\n[half-widths]")
                if row == column == 0:
                    axes.legend(loc="best")
        figure.tight_layout(pad=0.6)
        return style.save(figure, png)


def heat_map(values: np.ndarray, rows: Sequence[str], columns: Sequence[str], sure: np.ndarray, png: Path) -> Path:
    """Normalised derivatives; those within the noise in brackets, those below a hundredth as 0: the columns are narrow.

    Args:
        values: (rows, columns), NaN where there is none.
        rows, columns: names of observables and parameters.
        sure: (rows, columns) larger than the noise.
        png: where to.
    """
    with style.printed():
        figure = style.new_figure(style.DOUBLE_COLUMN, 34 + 5.2 * len(rows))
        axes = figure.add_subplot()
        finite = np.abs(values[np.isfinite(values)])
        limit = max(float(np.quantile(finite, 0.95)) if len(finite) else 1.0, 0.1)
        image = axes.imshow(values, cmap="RdBu_r", vmin=-limit, vmax=limit, aspect="auto")
        for i in range(len(rows)):
            for k in range(len(columns)):
                dark = np.isfinite(values[i, k]) and abs(values[i, k]) > 0.6 * limit
                axes.text(k, i, _entry(values[i, k], sure[i, k]), ha="center", va="center", fontsize=5.5,
                          color="white" if dark else "black")
        axes.set_yticks(range(len(rows)), rows)
        axes.set_xticks(range(len(columns)), [c.removeprefix("material.") for c in columns], rotation=30, ha="right")
        axes.tick_params(top=False, right=False, direction="out")
        bar = figure.colorbar(image, ax=axes, fraction=0.03, pad=0.02, extend="both")
        bar.set_label("d ln|O| / d ln p")
        axes.set_title("observables O by parameters p; in brackets: within the noise; 0: below 0.01", loc="left")
        figure.tight_layout(pad=0.6)
        return style.save(figure, png)


def _entry(value: float, sure: bool) -> str:
    if not np.isfinite(value):
        return "–"
    shown = f"{value:.2g}".replace("-", "−") if abs(value) >= 0.01 else "0"
    return shown if sure else f"({shown})"
