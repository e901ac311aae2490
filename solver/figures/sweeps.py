"""The sweeps of many cycles: all of them with their median, and how their set and reset voltages are distributed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from solver.analysis.measured import iv_bands
from solver.analysis.switching import READ_VOLTAGE, Record, legs, record, switching_numbers
from solver.figures import style
from solver.results.tables import read_terminals

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FEWEST = 3  # cycles that make a figure
_VOLTAGES = (("V_set", style.ORANGE), ("V_reset", style.SKY))
_POINTS = 120  # voltages of a branch at which the median is taken


def cycles_of(data: Record) -> list[list[tuple[int, int, int]]]:
    """Swept legs by cycle; a cycle begins with each leg of the first leg's polarity."""
    cycles: list[list[tuple[int, int, int]]] = []
    swept = legs(data.voltage)
    for leg in swept:
        if not cycles or np.sign(data.voltage[leg[1]]) == np.sign(data.voltage[swept[0][1]]):
            cycles.append([])
        cycles[-1].append(leg)
    return cycles


def median_sweep(data: Record) -> tuple[np.ndarray, np.ndarray]:
    """Median over the cycles of log |I| at each voltage of each branch.

    Args:
        data: a record with at least one swept leg.

    Returns:
        Voltage (n,) in the order of the sweep [V], |I| (n,) [A]; branches the last cycle does not have are made of the
        others.
    """
    cycles = cycles_of(data)
    voltage, current = [], []
    for k in range(max(map(len, cycles))):
        having = [cycle[k] for cycle in cycles if len(cycle) > k]
        reach = min(abs(data.voltage[peak]) for _, peak, _ in having)
        sign = np.sign(data.voltage[having[0][1]])
        grid = np.linspace(0.05 * READ_VOLTAGE, reach, _POINTS)
        for back in (False, True):
            rows = [slice(peak, last + 1) if back else slice(first, peak + 1) for first, peak, last in having]
            found = np.array([_at(data, branch, grid) for branch in rows])
            seen = np.isfinite(found).any(axis=0)
            middle = np.full(_POINTS, np.nan)
            middle[seen] = np.nanmedian(found[:, seen], axis=0)
            order = slice(None, None, -1 if back else 1)
            voltage.append(sign * grid[order])
            current.append(np.exp(middle)[order])
    return np.concatenate(voltage), np.concatenate(current)


def _at(data: Record, rows: slice, size: np.ndarray) -> np.ndarray:
    """log |I| of one branch at those |V|, NaN beyond its ends."""
    volts, current = np.abs(data.voltage[rows]), np.abs(data.current[rows])
    good = current > 0
    order = np.argsort(volts[good], kind="stable")
    if len(order) < 2:
        return np.full(len(size), np.nan)
    return np.interp(size, volts[good][order], np.log(current[good][order]), left=np.nan, right=np.nan)


def all_cycles(directory: str | Path, png: Path | None = None) -> Path | None:
    """|I| against V of every cycle with the median, and histograms of V_set and V_reset, measured bands behind both.

    Args:
        directory: result folder.
        png: where to, DIR/figures/sweeps.png by default.

    Returns:
        The picture, or None with fewer than three cycles.
    """
    table = read_terminals(directory)
    data = record(table)
    cycles = cycles_of(data)
    if len(cycles) < FEWEST:
        return None
    numbers = switching_numbers(table)
    with style.printed():
        figure = style.new_figure(style.DOUBLE_COLUMN, 78)
        curves, shares = figure.subplots(1, 2, width_ratios=[1.5, 1], gridspec_kw={
            "left": 0.085, "right": 0.985, "bottom": 0.135, "top": 0.92, "wspace": 0.24})
        _draw_curves(curves, data, len(cycles))
        _draw_shares(shares, numbers)
        for axes, text in ((curves, "a"), (shares, "b")):
            style.letter(axes, text)
        return style.save(figure, png or Path(directory) / "figures" / "sweeps.png")


def _draw_curves(axes: Axes, data: Record, count: int) -> None:
    bands = iv_bands()
    for name, colour in _VOLTAGES:
        band = bands[f"{name} [V]"]
        axes.axvspan(band.low, band.high, color=colour, alpha=0.25, lw=0, zorder=0, label=f"measured {_symbol(name)}")
    size = np.abs(np.where(np.abs(data.voltage) > 0.05 * READ_VOLTAGE, data.current, np.nan))
    size[size <= 0] = np.nan
    axes.set_yscale("log")
    axes.plot(data.voltage, size, color=style.GREY, lw=0.4, alpha=0.55, zorder=2, label=f"simulated, {count} cycles")
    axes.plot(*median_sweep(data), color=style.BLUE, lw=1.4, zorder=3, label="simulated, median")
    reach = 1.1 * float(np.abs(data.voltage).max())
    axes.set_xlim(-reach, reach)
    axes.margins(y=0.1)
    axes.set_xlabel(f"voltage of the {data.driven} electrode V [V]")
    axes.set_ylabel("current |I| [A]")
    axes.legend(loc="lower left", frameon=True, framealpha=0.85, edgecolor="none")


def _draw_shares(axes: Axes, numbers: dict) -> None:
    """Histograms in 10 mV bins; the measured mean and standard deviation as a bar above them."""
    bands, bins = iv_bands(), np.arange(-0.3, 0.3001, 0.01)
    tallest = 1.0
    for name, colour in _VOLTAGES:
        values = [v for v in numbers[f"{name} by cycle [V]"] if v is not None]
        spread = f", {np.mean(values):.3f} ± {np.std(values, ddof=1):.3f} V".replace("-", "\N{MINUS SIGN}") if len(values) > 1 else ""
        counts, _, _ = axes.hist(values, bins, color=colour, edgecolor=style.BLACK, lw=0.4,
                                 label=f"simulated {_symbol(name)}{spread}")
        tallest = max(tallest, float(np.max(counts)))
    for name, colour in _VOLTAGES:
        band = bands[f"{name} [V]"]
        axes.errorbar([band.mean], [1.09 * tallest], xerr=[[band.mean - band.low], [band.high - band.mean]], color=style.BLACK,
                      marker="s", mfc=colour, ms=4, capsize=2.5, lw=0.9, ls="none",
                      label=f"measured {_symbol(name)}, {band.mean:.2f} ± {band.mean - band.low:.2f} V".replace("-", "\N{MINUS SIGN}"))
    axes.vlines(0, 0, 1.2 * tallest, color=style.GREY, lw=0.5, zorder=0)
    axes.set_xlim(-0.22, 0.22)
    axes.set_ylim(0, 1.62 * tallest)
    axes.set_xlabel("voltage [V]")
    axes.set_ylabel("cycles")
    axes.yaxis.get_major_locator().set_params(integer=True)
    axes.legend(loc="upper center")


def _symbol(name: str) -> str:
    return f"${name.replace('_', '_{')}}}$"
