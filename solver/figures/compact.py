"""The compact model beside the runs it was fitted to and those it was not: current and gap over time."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from solver.circuit_model.equations import evaluate
from solver.circuit_model.integration import march
from solver.circuit_model.waveforms import CellWaveform
from solver.figures import style


def draw(parameters: dict[str, float], groups: dict[str, Sequence[CellWaveform]], png: Path) -> Path:
    """One row a run: size of the current and the gap, run and model.

    Args:
        parameters: of the model, name -> value.
        groups: "fitted", "held out" -> runs.
        png: where to.
    """
    rows = [(group, run) for group, runs in groups.items() for run in runs]
    arrays = {name: np.array([value]) for name, value in parameters.items()}
    with style.printed():
        figure = style.new_figure(style.DOUBLE_COLUMN, 14 + 34 * len(rows))
        panels = figure.subplots(len(rows), 2, squeeze=False, gridspec_kw={
            "left": 0.1, "right": 0.98, "bottom": 10 / (14 + 34 * len(rows)), "top": 1 - 5 / (14 + 34 * len(rows)), "wspace": 0.22,
            "hspace": 0.32})
        for (currents, gaps), (group, run) in zip(panels, rows, strict=True):
            gap = march(arrays, run.time, run.volts, run.gap[0])[:, 0]
            current = evaluate(parameters, gap, run.volts)["device_current"]
            seen = np.where(run.readable, np.abs(run.current), np.nan)
            currents.semilogy(run.time, seen, color=style.BLUE, label="fields")
            currents.semilogy(run.time, np.where(run.readable, np.abs(current), np.nan), color=style.RED, ls=(0, (4, 1.5)), label="compact model")
            gaps.plot(run.time, run.gap, color=style.BLUE)
            gaps.plot(run.time, np.maximum(gap, 0), color=style.RED, ls=(0, (4, 1.5)))
            currents.set_ylabel("|current| [A]")
            gaps.set_ylabel("gap [nm]")
            currents.set_title(f"{run.name} ({group})", loc="left")
        for axes in panels[-1]:
            axes.set_xlabel("time [s]")
        panels[0, 0].legend(loc="best")
        return style.save(figure, png)
