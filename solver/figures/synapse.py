"""Figures shaped like the paper's: current by pulse with energy, retention, numbers by cycle, measured values beside."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from solver.analysis.measured import CITATION, iv_bands, retention_bands, train_bands
from solver.analysis.pulses import Train, read_out, retention_numbers, steps_in_time, train_numbers
from solver.analysis.switching import switching_numbers
from solver.figures import style
from solver.results.tables import read_terminals

if TYPE_CHECKING:
    import pandas
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_MEASURED = {"color": style.RED, "marker": "s", "ls": "none", "ms": 3.5, "capsize": 2, "lw": 0.8, "zorder": 4}
_SIMULATED = {"color": style.BLUE, "marker": "o", "ms": 3, "lw": 0.7, "zorder": 3}


def _protocol(directory: Path) -> tuple[Any, list[Train], list[Any]]:
    """Scenario, trains and readings; none where the folder has no scenario."""
    from solver.scenario import load_scenario

    path = directory / "scenario.yaml"
    if not path.is_file():
        return None, [], []
    scenario = load_scenario(path)
    return scenario, *steps_in_time(scenario.protocol)


def _whole_trains(directory: Path) -> tuple[Any, pandas.DataFrame, list[Train]]:
    """Scenario, table and the trains that the run has finished."""
    scenario, trains, _ = _protocol(directory)
    table = read_terminals(directory)
    last = float(table["time [s]"].iloc[-1])
    return scenario, table, [t for t in trains if t.ends[-1] <= last * (1 + 1e-9)]


def pulse_trains(directory: str | Path, png: Path | None = None) -> Path | None:
    """Current at the end of each pulse, first and last measured value beside it, energy of each pulse below.

    Args:
        directory: result folder.
        png: where to, DIR/figures/pulses.png by default.

    Returns:
        The picture, or None when the run holds no whole train.
    """
    folder = Path(directory)
    scenario, table, trains = _whole_trains(folder)
    trains = [t for t in trains if len(t.ends) > 1]
    if not trains:
        return None
    with style.printed():
        figure, panels = _train_panels(len(trains))
        for axes, train in zip(panels, trains):
            _draw_train(axes, table, train, scenario.driven)
        _share_legend(figure, panels)
        return style.save(figure, png or folder / "figures" / "pulses.png")


def _train_panels(count: int) -> tuple[Figure, np.ndarray]:
    """A panel for each train beside each other, with room for one legend below."""
    one = count == 1
    figure = style.new_figure(style.DOUBLE_COLUMN / 2 * min(count, 2), 88 if one else 80)
    panels = figure.subplots(1, count, squeeze=False, gridspec_kw={
        "left": 0.16 / min(count, 2), "right": 0.97, "bottom": 0.24 if one else 0.2, "top": 0.92, "wspace": 0.3})[0]
    if not one:
        for k, axes in enumerate(panels):
            style.letter(axes, "abcdefgh"[k % 8])
    return figure, panels


def _share_legend(figure: Figure, panels: np.ndarray) -> None:
    """What all panels and their insets show, each once."""
    labels: dict[str, Any] = {}
    for axes in panels:
        for one in (axes, *axes.child_axes):
            labels |= dict(zip(*reversed(one.get_legend_handles_labels())))
    one = len(panels) == 1
    figure.legend(labels.values(), labels, loc="lower center", ncols=2 if one else 3, columnspacing=1.0, handlelength=1.6,
                  fontsize=5.2 if one else 6)


def _draw_train(axes: Axes, table: pandas.DataFrame, train: Train, driven: str) -> None:
    """Current by pulse, and in an inset the energy of each pulse."""
    numbers = train_numbers(table, train, driven)
    pulse = np.arange(1, len(train.ends) + 1)
    values = np.abs(numbers["current by pulse [A]"]) * 1e9
    axes.set_yscale("log")
    axes.plot(pulse, values, label="simulated", **_SIMULATED)
    bands, ends = _draw_measured(axes, train, pulse)
    _name_axes(axes, train)
    # the curve takes the lower part, the inset lies in the corner that it leaves
    shown = np.concatenate([values[values > 0], ends])
    bottom, top = np.log10(shown.min()), np.log10(shown.max())
    reach = max(top - bottom, 0.3)
    axes.set_ylim(10 ** (bottom - 0.08 * reach), 10 ** (top + 0.6 * reach))
    inset = axes.inset_axes([0.13 if values[-1] > values[0] else 0.56, 0.6, 0.41, 0.36])
    _draw_energy(inset, numbers, bands)


def _draw_measured(axes: Axes, train: Train, pulse: np.ndarray) -> tuple[dict[str, Any], np.ndarray]:
    """First and last measured current; the train's bands, and the ends of the two drawn [nA]: none where none was measured."""
    bands = train_bands(train.amplitude, train.width)
    if not bands:
        return {}, np.array([])
    ends = [bands["first current [A]"], bands["last current [A]"]]
    mean = np.abs([b.mean for b in ends]) * 1e9
    low, high = (np.sort(np.abs([[b.low, b.high] for b in ends]), axis=1) * 1e9).T
    axes.errorbar(pulse[[0, -1]], mean, yerr=[mean - low, high - mean], label=f"measured, factor two ({CITATION})", **_MEASURED)
    return bands, np.concatenate([low, high])


def _name_axes(axes: Axes, train: Train) -> None:
    axes.set_title(f"{train.amplitude * 1e3:+.0f} mV, {train.width * 1e3:.0f} ms".replace("-", "\N{MINUS SIGN}"), pad=4)
    axes.set_ylabel("|I| at the end of the pulse [nA]")
    axes.set_xlabel("pulse")
    axes.margins(x=0.06)
    axes.xaxis.get_major_locator().set_params(integer=True)


def repeated_trains(directories: Sequence[str | Path], png: Path) -> Path | None:
    """Current at the end of each pulse of runs that differ in their noise alone, their median, and what was measured.

    Args:
        directories: result folders, all of one protocol.
        png: where to.

    Returns:
        The picture, or None when none of them has a train of several pulses.
    """
    runs = [_whole_trains(Path(directory)) for directory in directories]
    by_train = list(zip(*([(table, train, scenario.driven) for train in trains if len(train.ends) > 1]
                          for scenario, table, trains in runs)))
    if not by_train:
        return None
    with style.printed():
        figure, panels = _train_panels(len(by_train))
        for axes, repeats in zip(panels, by_train):
            _draw_repeats(axes, repeats)
        _share_legend(figure, panels)
        return style.save(figure, png)


def _draw_repeats(axes: Axes, trains: Sequence[tuple[pandas.DataFrame, Train, str]]) -> None:
    currents = np.abs([train_numbers(*one)["current by pulse [A]"] for one in trains]) * 1e9
    pulse = np.arange(1, currents.shape[1] + 1)
    axes.set_yscale("log")
    for i, values in enumerate(currents):
        axes.plot(pulse, values, color=style.SKY, lw=0.6, zorder=2, label=None if i else f"simulated with noise, {len(currents)} runs")
    axes.plot(pulse, np.median(currents, axis=0), label="their median", **_SIMULATED)
    _draw_measured(axes, trains[0][1], pulse)
    _name_axes(axes, trains[0][1])


def _draw_energy(axes: Axes, numbers: dict[str, Any], bands: dict[str, Any]) -> None:
    energy = np.array(numbers["energy by pulse [J]"])
    factor, unit = style.scaled(energy, "J")
    pulse = np.arange(1, len(energy) + 1)
    axes.set_yscale("log")
    axes.plot(pulse, np.abs(numbers["energy by pulse, integral [J]"]) * factor, color=style.GREEN, lw=0.8, label="inset: ∫ I V dt")
    axes.plot(pulse, energy * factor, color=style.BLUE, marker="o", ms=1.8, lw=0.6, ls="--", label="inset: I V t")
    if "energy of doubling [J]" in bands and numbers["doubling pulse [1]"]:
        band = bands["energy of doubling [J]"]
        mean, low, high = (e * factor for e in (band.mean, band.low, band.high))
        axes.errorbar([numbers["doubling pulse [1]"]], [mean], yerr=[[mean - low], [high - mean]],
                      label="inset: measured, doubling", **_MEASURED | {"ms": 2.5})
    axes.set_ylabel(f"energy [{unit}]", fontsize=5.5, labelpad=1)
    axes.tick_params(labelsize=5)
    axes.margins(y=0.15)
    axes.autoscale_view()
    style.plain_numbers(axes.yaxis)
    axes.xaxis.get_major_locator().set_params(integer=True)


def pulse_record(directory: str | Path, png: Path | None = None) -> Path | None:
    """Voltage and current over the time of the pulse trains.

    Args:
        directory: result folder.
        png: where to, DIR/figures/train.png by default.

    Returns:
        The picture, or None when the run holds no whole train.
    """
    folder = Path(directory)
    scenario, table, trains = _whole_trains(folder)
    if not trains:
        return None
    time = table["time [s]"].to_numpy()
    driven = scenario.driven
    current = (table[f"current {driven} [A]"] - table[f"displacement current {driven} [A]"]).to_numpy()
    rows = time <= trains[-1].ends[-1] * 1.02
    # the current of a pulse only: between the pulses there is next to none, and a logarithm of it shows noise
    on = np.zeros(len(time), dtype=bool)
    for train in trains:
        for end in train.ends:
            on |= (time > end - train.width * (1 - 1e-3)) & (time <= end * (1 + 1e-9))
    pulsed = np.where(on, np.abs(current), np.nan)
    factor, unit = style.scaled(pulsed[rows], "A")
    with style.printed():
        figure = style.new_figure(style.DOUBLE_COLUMN, 70)
        voltage, amperes = figure.subplots(2, 1, sharex=True, height_ratios=[0.4, 1], gridspec_kw={
            "left": 0.085, "right": 0.985, "bottom": 0.135, "top": 0.96, "hspace": 0.08})
        voltage.plot(time[rows], table[f"voltage {driven} [V]"].to_numpy()[rows] * 1e3, color=style.BLACK, lw=0.7)
        voltage.set_ylabel("voltage [mV]")
        voltage.margins(y=0.2)
        amperes.set_yscale("log")
        amperes.plot(time[rows], pulsed[rows] * factor, color=style.BLUE, lw=0.9, label="simulated, during the pulses")
        labelled = False
        for train in trains:
            bands = train_bands(train.amplitude, train.width)
            for end, key in ((train.ends[0], "first"), (train.ends[-1], "last")):
                if bands:
                    band = np.abs([(b := bands[f"{key} current [A]"]).mean, b.low, b.high]) * factor
                    low, high = np.sort(band[1:])
                    amperes.errorbar([end], [band[0]], yerr=[[band[0] - low], [high - band[0]]], **_MEASURED,
                                     label=None if labelled else f"measured, factor two ({CITATION})")
                    labelled = True
        amperes.set_ylabel(f"current |I| [{unit}]")
        amperes.set_xlabel("time [s]")
        amperes.margins(y=0.12)
        amperes.legend(loc="best")
        figure.align_ylabels([voltage, amperes])
        return style.save(figure, png or folder / "figures" / "train.png")


def retention(directory: str | Path, png: Path | None = None) -> Path | None:
    """Conductance over the time of the reading that follows a train, with the measured times.

    Args:
        directory: result folder.
        png: where to, DIR/figures/retention.png by default.

    Returns:
        The picture, or None when the run holds no such reading.
    """
    folder = Path(directory)
    _, trains, probes = _protocol(folder)
    table = read_terminals(folder)
    if not trains or not probes or float(table["time [s]"].iloc[-1]) < probes[0].end * (1 - 1e-9):
        return None
    probe, bands = probes[0], retention_bands()
    time, conductance = read_out(table, probe)
    numbers = retention_numbers(table, probe)
    with style.printed():
        figure = style.new_figure(style.DOUBLE_COLUMN / 2, 74)
        axes = figure.add_axes([0.16, 0.34, 0.8, 0.6])
        axes.set_yscale("log")
        axes.plot(time, conductance, "o" if probe.reads else "-", ms=2, color=style.BLUE, label="simulated")
        for key, word, colour in (("holds for [s]", "on-state holds", style.GREEN), ("off after [s]", "off", style.ORANGE)):
            band = bands[key]
            axes.axvspan(band.low, band.high, color=colour, alpha=0.25, lw=0, zorder=0, label=f"measured: {word}")
            if numbers[key] is not None:
                axes.axvline(numbers[key], color=colour, lw=0.9, ls="--", label=f"simulated: {word}, {numbers[key]:.1f} s")
        axes.set_xlabel(f"time of reading at {probe.voltage * 1e3:.3g} mV [s]")
        axes.set_ylabel("conductance [S]")
        axes.set_xlim(0, probe.end - probe.start)
        axes.margins(y=0.1)
        figure.legend(*axes.get_legend_handles_labels(), loc="lower center", ncols=2)
        return style.save(figure, png or folder / "figures" / "retention.png")


def by_cycle(directory: str | Path, png: Path | None = None) -> Path | None:
    """V_set, V_reset, S_on and S_off by cycle number with the measured bands.

    Args:
        directory: result folder.
        png: where to, DIR/figures/cycles.png by default.

    Returns:
        The picture, or None with fewer than three cycles that set.
    """
    folder = Path(directory)
    numbers = switching_numbers(read_terminals(folder))
    count = len(numbers["V_set by cycle [V]"])
    if numbers["sets [1]"] < 3:
        return None
    bands, cycle = iv_bands(), np.arange(1, count + 1)

    def values(key):
        return np.array([np.nan if v is None else v for v in numbers[key]], dtype=float)

    with style.printed():
        figure = style.new_figure(style.DOUBLE_COLUMN, 66)
        voltage, conductance = figure.subplots(1, 2, gridspec_kw={
            "left": 0.08, "right": 0.985, "bottom": 0.15, "top": 0.91, "wspace": 0.24})
        for name, colour in (("V_set", style.ORANGE), ("V_reset", style.SKY)):
            band = bands[f"{name} [V]"]
            symbol = f"${name.replace('_', '_{')}}}$"
            voltage.axhspan(band.low, band.high, color=colour, alpha=0.25, lw=0, label=f"measured {symbol}")
            voltage.plot(cycle, values(f"{name} by cycle [V]"), color=colour, marker="o", ms=3, lw=0.6, mec=style.BLACK,
                         mew=0.3, label=f"simulated {symbol}")
        voltage.axhline(0, color=style.GREY, lw=0.5)
        voltage.set_ylabel("voltage [V]")
        conductance.set_yscale("log")
        band = bands["S_off [S]"]
        conductance.axhspan(band.low, band.high, color=style.GREY, alpha=0.25, lw=0, label="measured $S_{off}$, order")
        for name, colour in (("S_on", style.RED), ("S_off", style.BLUE)):
            conductance.plot(cycle, values(f"{name} by cycle [S]"), color=colour, marker="o", ms=3, lw=0.6,
                             label=f"simulated $S_{{{name[2:]}}}$")
        conductance.set_ylabel("conductance at 20 mV [S]")
        for axes, text in ((voltage, "a"), (conductance, "b")):
            axes.set_xlabel("cycle")
            axes.margins(y=0.2)
            axes.legend(loc="best", ncols=2)
            axes.xaxis.get_major_locator().set_params(integer=True)
            style.letter(axes, text)
        return style.save(figure, png or folder / "figures" / "cycles.png")
