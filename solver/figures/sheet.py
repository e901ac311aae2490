"""A figure of one or two runs at one moment: pictures side by side with one colour bar, or curves in one frame."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from solver.figures import line_profile, plane_view, style
from solver.figures.inspection import Stage, terminal_places
from solver.figures.look import Look, Run, colour_limits
from solver.figures.scenes_3d import round_length, tripod

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_PANEL, _HIGH, _BAR, _STRIP = 101.0, 84.0, 20.0, 26.0  # mm
_HALO = {"boxstyle": "round,pad=0.15", "fc": "white", "ec": "none", "alpha": 0.8}
Ends = tuple[np.ndarray, np.ndarray]


class Sheet:
    """What is drawn at every step alike.

    Args:
        runs: one or two, of one dimension.
        look: how.
        lines: ends of the profile in each run [nm], None for a picture of the field.
        strip: with voltage and current over time below, and a mark at the present time.
    """

    def __init__(self, runs: Sequence[Run], look: Look, lines: Sequence[Ends] | None = None, *, strip: bool = False):
        self.runs, self.look, self.lines = list(runs), look, lines
        self.strip = strip and all(run.table is not None for run in runs)
        self.stages = [Stage(run, look) for run in runs] if lines is None and runs[0].found.dimension == 3 else []

    def limits(self, steps: Sequence[Sequence[int]]) -> tuple[float, float, bool]:
        """Of the values over steps of each run, for one colour map or axis."""
        ends = [self._ends(k, step) for k, run in enumerate(self.runs) for step in steps[k]]
        return colour_limits(np.array(ends))

    def _ends(self, k: int, step: int) -> tuple[float, float]:
        if self.lines is not None:
            values = line_profile.sample(self.runs[k].found, step, self.look.field, *self.lines[k])[2]
            values = values[np.isfinite(values)]
        elif self.stages:
            values = self.stages[k].values(step)
        else:
            values = plane_view.values(self.runs[k], self.look.field, step)
        return float(values.min()), float(values.max())

    def draw(self, steps: Sequence[int], limits: tuple[float, float, bool], figure: Figure | None = None) -> Figure:
        """The figure at a step of each run.

        Args:
            steps: number of the stored step of each run.
            limits: from :meth:`limits`.
            figure: to draw into anew, or None.
        """
        with style.printed():
            panels = 1 if self.lines is not None else len(self.runs)
            width, height = _PANEL * panels + _BAR, _HIGH + (_STRIP if self.strip else 0)
            figure = style.new_figure(width, height) if figure is None else figure
            floor = _STRIP / height if self.strip else 0.0
            scale = (_PANEL / width, _HIGH / height)

            def place(k: int, x: float, y: float, w: float, h: float) -> tuple[float, float, float, float]:
                return ((k + x) * scale[0], floor + y * scale[1], w * scale[0], h * scale[1])

            if self.lines is not None:
                self._curves(figure.add_axes(place(0, 0.15, 0.15, 1.02, 0.72)), steps, limits)
            else:
                for k, run in enumerate(self.runs):
                    axes = figure.add_axes(place(k, 0, 0, 1, 0.9) if self.stages else place(k, 0.14, 0.12, 0.8, 0.76))
                    self._panel(axes, k, run, steps[k], limits)
                self._bar(figure, (1 - 0.82 * _BAR / width, floor + 0.15 * scale[1], 2.6 / width, 0.65 * scale[1]), limits)
            if self.strip:
                self._strip(figure, (0.1 if panels == 1 else 0.055, 9.5 / height, 0.8 if panels == 1 else 0.89, 14.5 / height), steps)
            return figure

    def _title(self, run: Run, step: int) -> str:
        first = f"{run.name}: " if len(self.runs) > 1 else f"{style.in_print(self.look.field)}, "
        return first + run.state(step)

    def _panel(self, axes: Axes, k: int, run: Run, step: int, limits: tuple[float, float, bool]) -> None:
        axes.set_title(self._title(run, step))
        if not self.stages:
            plane_view.draw(axes, run, step, self.look, limits)
            return
        stage = self.stages[k]
        axes.imshow(stage.picture(step, limits))
        axes.set_axis_off()
        tripod(axes, stage.camera, (0.04, 0.94), round_length(0.15 * stage.size))
        for terminal, point in terminal_places(stage).items():
            volts = run.voltage(terminal, step)
            words = terminal if volts is None else f"{terminal} {volts:.3g} V".replace("-", "−")
            axes.annotate(words, stage.camera.project(point)[0], fontsize=6, ha="center", va="center", bbox=_HALO)

    def _curves(self, axes: Axes, steps: Sequence[int], limits: tuple[float, float, bool]) -> None:
        curves = []
        for run, step, ends in zip(self.runs, steps, self.lines, strict=True):
            distance, _, values = line_profile.sample(run.found, step, self.look.field, *ends)
            curves.append((self._title(run, step), distance, values))
        line_profile.draw(axes, curves, self.look.field, self.lines[0], limits)
        if len(curves) == 1:
            axes.set_title(curves[0][0])

    def _bar(self, figure: Figure, box: tuple, limits: tuple[float, float, bool]) -> None:
        from matplotlib.cm import ScalarMappable
        from matplotlib.colors import LogNorm, Normalize

        low, high, log = limits
        figure.colorbar(ScalarMappable((LogNorm if log else Normalize)(low, high), "viridis"), cax=figure.add_axes(box),
                        label=style.in_print(self.look.field))

    def _strip(self, figure: Figure, box: tuple, steps: Sequence[int]) -> None:
        """Voltage (grey) and size of the current over time, with the present time."""
        from solver.analysis.switching import record

        axes = figure.add_axes(box)
        beside: Any = axes.twinx()
        for run, step, colour in zip(self.runs, steps, (style.BLUE, style.RED), strict=False):
            data = record(run.table)
            size = abs(data.current)
            axes.plot(data.time, np.where(size > 0, size, np.nan), color=colour, lw=0.9)
            beside.plot(data.time, data.voltage, color=style.GREY, lw=0.7)
            axes.axvline(run.found.times[step], color=colour, lw=0.8)
        first = record(self.runs[0].table)
        axes.set(yscale="log", xlabel="time [s]", ylabel="|current| [A]", xlim=(0.0, first.time[-1]))
        beside.set_ylabel("voltage [V]", color=style.GREY)
        beside.tick_params(right=True)
