"""An array's run: reads, gaps and vacancies of every cell over time, and what a write did to each cell."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from solver.analysis.crosstalk import changes, disturb, readings, writes
from solver.figures import style
from solver.results.folder import NoResult, RunFolder
from solver.results.tables import read_terminals
from solver.transient.array_rows import cell_name, gap_column

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_COLOURS = (style.BLUE, style.RED, style.GREEN, style.PURPLE, style.ORANGE, style.SKY, style.BLACK, style.YELLOW)


def array_map(directory: str | Path, png: Path | None = None) -> Path | None:
    """Reads, gaps and vacancies by cell over time, and a map of the first write's effect.

    Args:
        directory: result folder.
        png: where to, DIR/figures/array.png by default.

    Returns:
        The picture, or None where the run is of another layout.

    Raises:
        NoResult: one sentence, when the folder is no result.
    """
    scenario = array_scenario(directory)
    if scenario is None:
        return None
    table, device = read_terminals(directory), scenario.device
    read, written = readings(table, scenario), writes(scenario)
    time = table["time [s]"].to_numpy()
    with style.printed():
        figure = style.new_figure(style.DOUBLE_COLUMN, 120)
        (reads, gaps), (ions, chart) = figure.subplots(2, 2, gridspec_kw={
            "left": 0.1, "right": 0.97, "bottom": 0.15, "top": 0.95, "wspace": 0.28, "hspace": 0.32})
        for k, cell in enumerate(device.cells):
            colour, name = _COLOURS[k % len(_COLOURS)], f"cell ({cell[0]}, {cell[1]})"
            mine = [r for r in read if r.cell == cell]
            reads.plot([r.time for r in mine], [r.conductance for r in mine], "o-", color=colour, ms=3, lw=0.8, label=name)
            if gap_column(cell) in table:
                gaps.plot(time, table[gap_column(cell)] * 1e9, color=colour)
            column = next((c for c in table.columns if c.endswith(f" {cell_name(cell)} [1]")), None)
            if column is not None:
                ions.plot(time, table[column] - table[column].iloc[0], color=colour)
        for axes in (reads, gaps, ions):
            axes.set_xlabel("time [s]")
            for write in written:
                axes.axvspan(write.start, write.end, color=style.GREY, alpha=0.18, lw=0)
        if any(r.conductance > 0 for r in read):
            reads.set_yscale("log")
        reads.set_ylabel("conductance at the reads [S]")
        gaps.set_ylabel("filament gap [nm]")
        ions.set_ylabel("vacancies gained [1]")
        _draw_effect(chart, device, changes(read, written[0]) if written else {}, written[0].cell if written else None)
        for axes, text in zip((reads, gaps, ions, chart), "abcd", strict=True):
            style.letter(axes, text)
        figure.legend(*reads.get_legend_handles_labels(), loc="lower center", ncols=min(8, len(device.cells)))
        return style.save(figure, png or Path(directory) / "figures" / "array.png")


def array_scenario(directory: str | Path):
    """The scenario of a result folder where its layout is array, else None.

    Raises:
        NoResult: the scenario cannot be loaded.
    """
    from solver.scenario import ScenarioError, load_scenario

    path = RunFolder(Path(directory)).scenario
    if not path.is_file():
        return None
    try:
        scenario = load_scenario(path)
    except ScenarioError as error:
        raise NoResult(f"{path} cannot be loaded: {error}") from error
    return scenario if scenario.device.layout == "array" else None


def _draw_effect(axes: Axes, device, change: dict, aggressor) -> None:
    """Change of each cell's conductance in decades by the write, the victims' share of it below."""
    values = np.full((device.rows, device.columns), np.nan)
    for (i, j), value in change.items():
        values[i - 1, j - 1] = value / np.log(10)
    reach = np.nanmax(np.abs(values)) if np.any(np.isfinite(values)) else 1.0
    axes.imshow(values, cmap="RdBu_r", vmin=-reach, vmax=reach, origin="lower",
                extent=(0.5, device.columns + 0.5, 0.5, device.rows + 0.5), aspect="equal" if device.rows > 1 else "auto")
    share = disturb(change, aggressor) if aggressor else {}
    for (i, j), value in change.items():
        text = f"{value / np.log(10):+.2g} decades"
        text += "\nwritten" if (i, j) == aggressor else f"\n{100 * share[i, j]:+.2g} %" if (i, j) in share else ""
        strong = abs(value / np.log(10)) > 0.6 * reach
        axes.text(j, i, text.replace("-", "−"), ha="center", va="center", color="white" if strong else "black")
    axes.set(xlabel="column", ylabel="row", xticks=range(1, device.columns + 1), yticks=range(1, device.rows + 1))
    axes.set_title("change by the first write")


def draw_curve(points, png: Path, limit: float) -> Path:
    """Size of the disturb against pitch, filled where the victim follows the aggressor, open where it goes the other way.

    Args:
        points: `solver.analysis.disturb_curve.CurvePoint`s.
        png: where to.
        limit: largest disturb that is borne [1].
    """
    with style.printed():
        figure = style.new_figure(style.DOUBLE_COLUMN / 2, 65)
        axes = figure.subplots(gridspec_kw={"left": 0.18, "right": 0.96, "bottom": 0.18, "top": 0.95})
        pitch = np.array([p.pitch for p in points]) * 1e9
        size = np.array([p.disturb for p in points])
        axes.loglog(pitch, np.abs(size), "-", color=style.BLUE, lw=0.8)
        for chosen, face, words in ((size > 0, style.BLUE, "with the written cell"), (size <= 0, "white", "against it")):
            if np.any(chosen):
                axes.loglog(pitch[chosen], np.abs(size[chosen]), "o", ms=4, mec=style.BLUE, mfc=face, label=f"changes {words}")
        axes.axhline(limit, color=style.RED, lw=0.8, ls=(0, (4, 2)), label=f"limit {limit:g}")
        axes.axvline(90, color=style.GREY, lw=0.5, label="90 nm")
        axes.set(xlabel="pitch [nm]", ylabel="disturb: |victim over aggressor| [1]")
        axes.legend(loc="lower left", frameon=True, framealpha=1, facecolor="white", edgecolor="none")
        return style.save(figure, png)
