"""How figures look: sizes, colours, units, saving. matplotlib without pyplot, so no global state is left behind."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from solver.results.folder import atomic_write_bytes

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure

# Okabe & Ito, Color Universal Design (2008): distinguishable with any colour vision
BLUE, ORANGE, GREEN, RED, PURPLE, SKY, YELLOW, BLACK = (
    "#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9", "#F0E442", "#000000")
GREY = "#7A7A7A"
GOLD = "#E0AC2B"  # electrodes
GLASS = "#C3CDD4"  # substrate oxide
SPACER = "#8FA0AC"  # SiO2 between the electrodes
FILAMENT = "#00B44B"  # stands out from every colour map used here, by lightness too
DPI = 300
MM = 1 / 25.4
DOUBLE_COLUMN = 180  # mm

_SETTINGS = {
    "font.family": "sans-serif", "font.sans-serif": ["DejaVu Sans"], "font.size": 7, "axes.labelsize": 7,
    "axes.titlesize": 7, "xtick.labelsize": 6.5, "ytick.labelsize": 6.5, "legend.fontsize": 6, "axes.linewidth": 0.6,
    "xtick.major.width": 0.6, "ytick.major.width": 0.6, "xtick.minor.width": 0.4, "ytick.minor.width": 0.4,
    "xtick.direction": "in", "ytick.direction": "in", "xtick.top": True, "ytick.right": True, "lines.linewidth": 1.1,
    "legend.frameon": False, "axes.axisbelow": False, "mathtext.default": "regular", "savefig.facecolor": "white",
}
_PREFIXES = {-18: "a", -15: "f", -12: "p", -9: "n", -6: "µ", -3: "m", 0: "", 3: "k", 6: "M", 9: "G"}


@contextmanager
def printed() -> Iterator[None]:
    """matplotlib's settings for print, for the duration of a with block."""
    from matplotlib import rc_context

    with rc_context(_SETTINGS):
        yield


def new_figure(width: float, height: float) -> Figure:
    """An empty figure on the Agg canvas.

    Args:
        width, height: [mm].
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width * MM, height * MM))
    FigureCanvasAgg(figure)
    return figure


def save(figure: Figure, path: Path) -> Path:
    """Write a PNG at 300 dpi, atomically, with the folder it goes to; returns the path."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    buffer = io.BytesIO()
    figure.savefig(buffer, dpi=DPI, format="png")
    atomic_write_bytes(path, buffer.getvalue())
    return path


def scaled(values: np.ndarray, unit: str) -> tuple[float, str]:
    """The factor and prefixed unit that bring the largest finite value between 1 and 1000.

    Args:
        values: any shape [unit].
        unit: e.g. "A".

    Returns:
        Factor to multiply with, and the unit with its prefix, e.g. (1e6, "µA").
    """
    size = np.abs(np.asarray(values, dtype=float))
    size = size[np.isfinite(size)]
    largest = float(size.max()) if size.size else 0.0
    power = 3 * int(np.floor(np.log10(largest) / 3)) if largest > 0 else 0
    power = min(max(power, min(_PREFIXES)), max(_PREFIXES))
    return 10.0**-power, _PREFIXES[power] + unit


def plain_numbers(axis: Axis) -> None:
    """Numbers as such along a logarithmic axis, 1, 2, 5 of each decade where it spans two or fewer: powers of ten take much room,
    and matplotlib's labels between them stand over each other in a small panel. To be called when the limits are set."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    low, high = axis.get_view_interval()
    axis.set_major_locator(LogLocator(subs=(1, 2, 5) if high <= 100 * low else (1,)))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_formatter(NullFormatter())


def in_print(name: str) -> str:
    """A field or column name as matplotlib text: powers raised, minus signs as such."""
    return re.sub(r"\^(-?\d+)", r"$^{\1}$", name)


def letter(axes: Axes, text: str, *, beside: bool = False) -> None:
    """A panel letter at the upper left: above the frame, or beside it left of the tick labels."""
    axes.annotate(text, (0, 1), xycoords="axes fraction", xytext=(-44, 2) if beside else (-26, 3),
                  textcoords="offset points", fontsize=9, fontweight="bold", va="top" if beside else "bottom",
                  ha="left")
