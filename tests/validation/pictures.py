"""Pictures of docs/validation.md: the runs' own figures, and one with every number beside its band."""

import math
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas

from solver.analysis.measured import Band
from solver.figures import plots, style, sweeps, synapse
from solver.results.folder import atomic_write_bytes
from solver.studies.objective import Target
from tests.validation import tables
from tests.validation.cases import CASES
from tests.verification.drawing import small_png

FOLDER = tables.ROOT / "docs" / "pictures" / "validation"
LARGEST = 120_000  # bytes
WIDTH = 1417  # pixels: 180 mm at 200 dpi
OVERVIEW = 1120  # pixels: the picture that grows with the number of rows
REACH = 4.0  # half-widths of a band shown to either side

DRAWN: dict[str, tuple[Callable, str]] = {
    "iv": (plots.iv_curve, "current against voltage; the measured V_set and V_reset as bands"),
    "sweeps": (sweeps.all_cycles, "all cycles with their median, and the distribution of V_set and V_reset"),
    "cycles": (synapse.by_cycle, "V_set, V_reset, S_on and S_off by cycle"),
    "pulses": (synapse.pulse_trains, "current at the end of each pulse; inset: energy of each pulse"),
    "train": (synapse.pulse_record, "the pulse train in time"),
    "retention": (synapse.retention, "conductance while it is read at 1 mV"),
}


def draw(case: str, folder: Path) -> list[str]:
    """Draw a case's figures from a finished run; returns the names of those for which the run has nothing to draw."""
    empty = []
    with tempfile.TemporaryDirectory() as scratch:
        for name in CASES[case].figures:
            path = DRAWN[name][0](folder, Path(scratch) / f"{name}.png")
            if path is None:
                empty.append(name)
                (FOLDER / f"{case}_{name}.png").unlink(missing_ok=True)
            else:
                _keep(path.read_bytes(), f"{case}_{name}")
    return empty


def _keep(data: bytes, name: str, width: int = WIDTH) -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    atomic_write_bytes(FOLDER / f"{name}.png", small_png(data, width))


def overview(rows: pandas.DataFrame, convergence: pandas.DataFrame) -> None:
    """Every number against its band, which is drawn from -1 to 1; logarithmic for currents, conductances and ratios."""
    from matplotlib.ticker import FixedLocator

    good = tables.inside(rows)
    height = np.arange(len(rows))[::-1]
    with style.printed():
        figure = style.new_figure(style.DOUBLE_COLUMN, 16 + 4.2 * len(rows))
        axes = figure.add_axes([0.46, 12 / (16 + 4.2 * len(rows)), 0.52, 1 - 15 / (16 + 4.2 * len(rows))])
        axes.axvspan(-1, 1, color=style.GREEN, alpha=0.18, lw=0, label="measured band")
        axes.axvline(0, color=style.GREY, lw=0.5)
        for y, (_, row), inside in zip(height, rows.iterrows(), good):
            target = Target(row["scenario"], row["quantity"], Band(row["low"], row["high"], None, ""))
            place = target.distance(None if pandas.isna(row["simulated"]) else row["simulated"])
            colour = style.BLUE if inside else style.RED
            if not math.isfinite(place):
                axes.text(0, y, "does not exist", color=style.RED, fontsize=6, ha="center", va="center")
                continue
            error = tables.error_bar(row["scenario"], row["quantity"], convergence)
            if error:
                ends = [row["simulated"] + sign * error for sign in (-1, 1)]
                # an error as large as the value itself reaches zero, which on a logarithmic scale lies to the left of everything
                ends = [-math.inf if target.logarithmic and end * row["simulated"] <= 0 else target.distance(end) for end in ends]
                axes.plot(np.clip(np.nan_to_num(ends, posinf=REACH, neginf=-REACH), -REACH, REACH), [y, y], color=colour, lw=1.2)
            beyond = abs(place) > REACH
            marker = "o" if not beyond else ">" if place > 0 else "<"
            axes.plot(np.clip(place, -REACH, REACH), y, marker=marker, ms=4.5, color=colour, ls="none", clip_on=False)
        for colour, word in ((style.BLUE, "inside"), (style.RED, "outside (arrow: farther)")):
            axes.plot([], [], "o", color=colour, ms=4.5, label=f"simulated, {word}")
        axes.set_xlim(-REACH, REACH)
        axes.set_ylim(-0.8, len(rows) - 0.2)
        names = [f"{row['scenario']}: {row['quantity']}".replace("-", "\N{MINUS SIGN}") if "mV" in row["quantity"]
                 else f"{row['scenario']}: {row['quantity']}" for _, row in rows.iterrows()]
        axes.set_yticks(height, names)
        axes.tick_params(axis="y", length=0)
        axes.xaxis.set_major_locator(FixedLocator(range(-int(REACH), int(REACH) + 1)))
        axes.set_xlabel("distance from the middle of the band, in half-widths of the band")
        figure.legend(*axes.get_legend_handles_labels(), loc="lower left", bbox_to_anchor=(0.01, 0.0), ncols=1)
        with tempfile.TemporaryDirectory() as scratch:
            _keep(style.save(figure, Path(scratch) / "overview.png").read_bytes(), "overview", OVERVIEW)
