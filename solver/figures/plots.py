"""Curves of a run: current against voltage, and the history of conductance, gap and energy."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from solver.analysis.measured import CITATION, iv_bands
from solver.analysis.switching import READ_VOLTAGE, Event, Record, legs, record, switching_events
from solver.figures import style
from solver.results.tables import read_terminals

if TYPE_CHECKING:
    import pandas
    from matplotlib.axes import Axes

_BANDS = (("V_set [V]", "set", style.ORANGE), ("V_reset [V]", "reset", style.SKY))


def iv_curve(directory: str | Path, png: Path | None = None) -> Path | None:
    """Current against voltage, |I| on a logarithmic axis and I on a linear one, with the measured V_set and V_reset.

    Args:
        directory: result folder.
        png: where to, DIR/figures/iv.png by default.

    Returns:
        The picture, or None when the run holds no voltage sweep.
    """
    data = record(read_terminals(directory))
    swept = legs(data.voltage)
    if not swept:
        return None
    events = switching_events(data)
    unit, name = style.scaled(data.current, "A")
    with style.printed():
        figure = style.new_figure(style.DOUBLE_COLUMN, 82)
        logarithmic, linear = figure.subplots(1, 2, gridspec_kw={"left": 0.085, "right": 0.985, "bottom": 0.24,
                                                                 "top": 0.93, "wspace": 0.24})
        size = np.where(np.abs(data.voltage) > 0.05 * READ_VOLTAGE, np.abs(data.current), np.nan)
        size[size <= 0] = np.nan
        logarithmic.set_yscale("log")
        logarithmic.set_ylabel("current |I| [A]")
        linear.set_ylabel(f"current I [{name}]")
        linear.axhline(0, color=style.GREY, lw=0.5, zorder=1)
        for axes, values in ((logarithmic, size), (linear, data.current * unit)):
            reach = 1.12 * np.abs(data.voltage).max()
            axes.set_xlim(-reach, reach)
            axes.margins(y=0.14)
            _draw_bands(axes, np.sign(data.voltage[swept[0][1]]))
            _draw_cycles(axes, data, values, swept)
            _mark(axes, data, values, events)
            axes.set_xlabel(f"voltage of the {data.driven} electrode V [V]")
        for axes, text in ((logarithmic, "a"), (linear, "b")):
            style.letter(axes, text)
        handles, labels = logarithmic.get_legend_handles_labels()
        figure.legend(handles, labels, loc="lower center", ncols=3, handlelength=1.6, columnspacing=1.4)
        return style.save(figure, png or Path(directory) / "figures" / "iv.png")


def _draw_bands(axes: Axes, first: float) -> None:
    """Measured bands; mirrored where the sweep starts at negative bias (`first` -1), of which no numbers are given."""
    bands = iv_bands()
    for key, word, colour in _BANDS:
        band = bands[key]
        mean, half = first * band.mean, band.mean - band.low
        source = CITATION if first > 0 else f"{CITATION}, mirrored"
        axes.axvspan(mean - half, mean + half, color=colour, alpha=0.28, lw=0, zorder=0,
                     label=f"measured $V_{{{word}}}$, {mean:.2f} ± {half:.2f} V ({source})".replace("-", "−"))
        axes.axvline(mean, color=colour, lw=0.8, ls=(0, (4, 2)), zorder=1)


def _draw_cycles(axes: Axes, data: Record, values: np.ndarray, swept: list[tuple[int, int, int]]) -> None:
    """First cycle in full colour with numbered arrows, the later ones pale behind it."""
    first_end = swept[min(1, len(swept) - 1)][2] + 2
    axes.plot(data.voltage[:first_end], values[:first_end], color=style.BLUE, zorder=3, label="simulated")
    if first_end < len(values):
        axes.plot(data.voltage[first_end - 1:], values[first_end - 1:], color=style.GREY, lw=0.5, alpha=0.6, zorder=2,
                  label="simulated, later cycles")
    axes.autoscale_view()  # the numbers beside the arrows need the final scale
    branches = [(a, b) for first, peak, last in swept[:2] for a, b in ((first, peak), (peak, last)) if b > a + 1]
    for number, (a, b) in enumerate(branches, 1):
        _arrow(axes, data.voltage[a: b + 1], values[a: b + 1], number)


def _arrow(axes: Axes, voltage: np.ndarray, values: np.ndarray, number: int) -> None:
    """An arrow head on the curve where |V| is half its largest, with the number of the branch beside it."""
    half = 0.5 * np.abs(voltage).max()
    outward = np.abs(voltage[-1]) > np.abs(voltage[0])
    k = int(np.argmin(np.abs(np.abs(voltage) - half)))
    k = min(max(k, 1), len(values) - 1)
    if not np.all(np.isfinite(values[k - 1: k + 1])):
        return
    axes.annotate("", (voltage[k], values[k]), (voltage[k - 1], values[k - 1]), zorder=4,
                  arrowprops={"arrowstyle": "-|>", "color": style.BLUE, "lw": 0.8, "mutation_scale": 9,
                              "shrinkA": 0, "shrinkB": 0})
    # beside the curve as it is seen: below it on the way out, above it on the way back
    on_screen = axes.transData.transform([(voltage[k - 1], values[k - 1]), (voltage[k], values[k])])
    along = on_screen[1] - on_screen[0]
    across = np.array([-along[1], along[0]]) / max(float(np.hypot(*along)), 1e-12)
    across *= 9 * (-1 if (across[1] > 0) == outward else 1)
    axes.annotate(str(number), (voltage[k], values[k]), xytext=tuple(across), textcoords="offset points",
                  va="center", ha="center", color=style.BLUE, fontsize=6.5)


def _mark(axes: Axes, data: Record, values: np.ndarray, events: list[Event]) -> None:
    """A marker on the curve at the first set and the first reset."""
    drawn = set()
    for event in events:
        if event.kind in drawn:
            continue
        drawn.add(event.kind)
        k = event.row
        pair = slice(max(k - 1, 0), k + 1)
        time, ordinate = data.time[pair], values[pair]
        logarithmic = axes.get_yscale() == "log"
        ordinate = np.log(ordinate) if logarithmic else ordinate
        height = np.interp(event.time, time, ordinate)
        height = np.exp(height) if logarithmic else height
        axes.plot(event.voltage, height, marker="o" if event.kind == "set" else "s", ls="none", ms=4.5, mfc="white",
                  mec=style.RED, mew=1.1, zorder=5,
                  label=f"simulated $V_{{{event.kind}}}$ = {event.voltage:.3f} V".replace("-", "−"))


def history(directory: str | Path, png: Path | None = None) -> Path:
    """Voltage, conductance, filament gap and energy over time, one below the other.

    Args:
        directory: result folder.
        png: where to, DIR/figures/history.png by default.

    Returns:
        The picture.
    """
    table = read_terminals(directory)
    data = record(table)
    events = switching_events(data)
    time_scale, time_unit = (1.0, "s") if data.time[-1] >= 1 else style.scaled(data.time, "s")
    with style.printed():
        figure = style.new_figure(style.DOUBLE_COLUMN, 118)
        panels = _panels(table, data)
        all_axes = np.atleast_1d(figure.subplots(len(panels), 1, sharex=True, gridspec_kw={
            "left": 0.09, "right": 0.985, "bottom": 0.09, "top": 0.955, "hspace": 0.12,
            "height_ratios": [0.7, *[1.0] * (len(panels) - 1)]}))
        for axes, (label, values, colour, scale), text in zip(all_axes, panels, "abcde", strict=False):
            axes.plot(data.time * time_scale, values, color=colour)
            axes.set_ylabel(label)
            if scale == "log":
                axes.set_yscale("log")
            axes.margins(y=0.16)
            style.letter(axes, text, beside=True)
            for event in events:
                axes.axvline(event.time * time_scale, color=style.GREY, lw=0.6, ls=(0, (2, 2)), zorder=0)
        all_axes[0].axhline(0, color=style.GREY, lw=0.5, zorder=0)
        if len(events) <= 6:
            for event in events:
                sign = f"{event.voltage:+.3f} V".replace("-", "−")
                all_axes[0].annotate(f"{event.kind}, {sign}", (event.time * time_scale, 1),
                                     xycoords=("data", "axes fraction"), xytext=(0, 2), textcoords="offset points",
                                     ha="center", va="bottom", fontsize=6, color=style.GREY)
        all_axes[-1].set_xlabel(f"time [{time_unit}]")
        all_axes[-1].set_xlim(0, data.time[-1] * time_scale or 1)
        figure.align_ylabels(all_axes)
        return style.save(figure, png or Path(directory) / "figures" / "history.png")


def _panels(table: pandas.DataFrame, data: Record) -> list[tuple[str, np.ndarray, str, str]]:
    """Label, values, colour and kind of axis of each panel the table has columns for."""
    panels = [("voltage [V]", data.voltage, style.BLACK, "linear")]
    conductance = data.conductance
    conductance[~(conductance > 0)] = np.nan
    panels.append(("conductance [S]", conductance, style.BLUE, "log"))
    if "filament gap [m]" in table:
        panels.append(("filament gap [nm]", table["filament gap [m]"].to_numpy(float) * 1e9, style.RED, "linear"))
    if "energy [J]" in table:
        energy = table["energy [J]"].to_numpy(float)
        factor, unit = style.scaled(energy, "J")
        panels.append((f"energy ∫IV dt [{unit}]", energy * factor, style.GREEN, "linear"))
    if "largest temperature [K]" in table:
        panels.append(("largest T [K]", table["largest temperature [K]"].to_numpy(float), style.ORANGE, "linear"))
    return panels
