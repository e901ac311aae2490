"""Nyquist and Bode pictures of a small-signal spectrum."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from solver.figures import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from solver.analysis.admittance import Spectrum


def nyquist_and_bode(found: Spectrum, png: Path, title: str) -> Path:
    """-Im Z against Re Z with equal axes; |Z| and phase; capacitance and conductance against frequency.

    Args:
        found: the spectrum, of two frequencies or more.
        png: where to.
        title: shown above.

    Returns:
        The picture.
    """
    f, z = found.frequency, found.impedance
    with style.printed():
        figure = style.new_figure(style.DOUBLE_COLUMN, 58)
        nyquist, bode, parallel = (
            figure.add_axes((left, 0.175, width, 0.68)) for left, width in ((0.07, 0.315), (0.475, 0.145), (0.785, 0.145))
        )
        draw_nyquist(nyquist, f, z)
        other = _pair(bode, f, (np.abs(z), "|Z|", "Ω"), (np.degrees(np.angle(z)), "phase of Z", "°"))
        low, high = min(-90.0, np.degrees(np.angle(z)).min()), max(0.0, np.degrees(np.angle(z)).max())
        other.set_ylim(low - 5, high + 5)
        other.set_yticks(np.arange(np.ceil(low / 45) * 45, high + 1, 45))
        _pair(parallel, f, (found.capacitance, "capacitance Im Y/ω", "F"), (found.admittance.real, "conductance Re Y", "S"))
        for panel, text in zip((nyquist, bode, parallel), "abc"):
            style.letter(panel, text)
        figure.suptitle(title, fontsize=7)
        return style.save(figure, png)


def draw_nyquist(axes: Axes, f: np.ndarray, z: np.ndarray, label: str | None = None) -> tuple[float, str]:
    """-Im Z against Re Z on equal axes, whole decades marked and named; returns (factor, unit) of the axes."""
    factor, unit = style.scaled(np.concatenate([z.real, z.imag]), "Ω")
    x, y = z.real * factor, -z.imag * factor
    axes.plot(x, y, color=style.BLUE, label=label)
    axes.axhline(0, color=style.GREY, lw=0.5, zorder=0)
    _equal_limits(axes, x, y)
    _mark_decades(axes, f, x, y)
    axes.set_xlabel(f"Re Z [{unit}]")
    axes.set_ylabel(f"−Im Z [{unit}]")
    return factor, unit


def _equal_limits(axes, x, y):
    """Limits with one scale for both axes that hold the curve and the origin's ordinate, with room for names."""
    box = axes.get_window_extent()
    low, high = min(0.0, y.min()), max(0.0, y.max())
    per_pixel = 1.34 * max(np.ptp(x) / box.width, 1.05 * (high - low) / box.height, 1e-300)
    left = 0.5 * (x.min() + x.max() - per_pixel * box.width)
    bottom = low - 0.07 * per_pixel * box.height
    axes.set_xlim(left, left + per_pixel * box.width)
    axes.set_ylim(bottom, bottom + per_pixel * box.height)
    axes.set_aspect("equal", adjustable="datalim")


def _mark_decades(axes, f, x, y):
    """Dots on whole decades (at the nearest points), names outside the curve beside those that stand apart."""
    reach = max(np.ptp(x), np.ptp(y), 1e-300)
    named = []
    for power in range(int(np.ceil(np.log10(f[0]) - 1e-9)), int(np.floor(np.log10(f[-1]) + 1e-9)) + 1):
        k = int(np.argmin(np.abs(np.log10(f) - power)))
        axes.plot(x[k], y[k], marker="o", ms=2.4, color=style.BLUE, zorder=3)
        if all(np.hypot(x[k] - x[j], y[k] - y[j]) > 0.08 * reach for j in named):
            named.append(k)
            # the way to high frequencies goes round an arc anticlockwise: outside is to its right
            before, after = max(k - 1, 0), min(k + 1, len(f) - 1)
            out = np.array([y[after] - y[before], x[before] - x[after]])
            out = 4 * out / max(float(np.hypot(*out)), 1e-300)
            if 0 < k < len(f) - 1 and 0 < y[k] <= min(y[before], y[after]):  # in the notch between two arcs
                out = np.array([0.0, -4.0])
            axes.annotate(_frequency(10.0**power), (x[k], y[k]), xytext=tuple(out), textcoords="offset points", fontsize=5.5,
                          color=style.GREY, ha="left" if out[0] > 1 else "right" if out[0] < -1 else "center",
                          va="bottom" if out[1] > -1 else "top")


def _frequency(value):
    factor, unit = style.scaled(np.array([value]), "Hz")
    return f"{value * factor:.3g} {unit}"


def _pair(axes, f, left, right):
    """Two (values, name, unit) against the frequency, the left one in full, the right one dashed; returns the right axes."""
    axes.set_xlabel("frequency [Hz]")
    axes.tick_params(which="both", right=False)
    other = axes.twinx()
    other.tick_params(which="both", left=False, right=True)
    for panel, (values, name, unit), colour, dashes in (
        (axes, left, style.BLUE, "-"), (other, right, style.RED, (0, (4, 2))),
    ):
        factor, unit, magnitude = _scale(panel, values, unit)
        if magnitude:
            panel.semilogx(f, np.where(values > 0, values, np.nan), color=colour, ls=dashes)
            panel.semilogx(f, np.where(values < 0, -values, np.nan), color=colour, ls=":")
            name = f"|{name.split()[0]}|, dotted: < 0"
        else:
            panel.semilogx(f, values * factor, color=colour, ls=dashes)
        panel.set_xlim(f[0], f[-1])
        panel.set_ylabel(f"{name} [{unit}]", color=colour)
    return other


def _scale(axes, values, unit):
    """Set the kind of ordinate; returns (factor, unit) of the values, and whether their magnitude is to be shown.

    Logarithmic over whole decades where the values span more than a factor 5, their magnitude where the sign changes over
    many decades (an inductive arc); else linear.
    """
    size = np.abs(values[values != 0])
    spread = size.max() / size.min() if size.size and unit != "°" else 1.0
    positive = bool(np.all(values > 0))
    if spread > (5 if positive else 1e3):
        axes.set_yscale("log")
        axes.set_ylim(10.0 ** np.floor(np.log10(size.min())), 10.0 ** np.ceil(np.log10(size.max())))
        return 1.0, unit, not positive
    factor, unit = (1.0, unit) if unit == "°" else style.scaled(values, unit)
    if positive:
        axes.set_ylim(0, 1.15 * size.max() * factor)
    return factor, unit, False
