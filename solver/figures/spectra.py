"""Nyquist and Bode pictures of a small-signal spectrum."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from solver.figures import style

if TYPE_CHECKING:
    from solver.analysis.admittance import Spectrum


def nyquist_and_bode(found: Spectrum, png: Path, title: str) -> Path:
    """-Im Z against Re Z, |Z| and phase against frequency, capacitance and conductance against frequency.

    Args:
        found: the spectrum.
        png: where to.
        title: shown above.

    Returns:
        The picture.
    """
    z, f = found.impedance, found.frequency
    with style.printed():
        figure = style.new_figure(style.DOUBLE_COLUMN, 62)
        nyquist, bode, parallel = figure.subplots(1, 3, gridspec_kw={"left": 0.075, "right": 0.925, "bottom": 0.17,
                                                                     "top": 0.87, "wspace": 0.7})
        factor, unit = style.scaled(np.concatenate([z.real, z.imag]), "Ω")
        nyquist.plot(z.real * factor, -z.imag * factor, color=style.BLUE, marker=".", ms=3)
        for k in (0, len(f) - 1):
            nyquist.annotate(_frequency(f[k]), (z[k].real * factor, -z[k].imag * factor), xytext=(3, 3),
                             textcoords="offset points", fontsize=6, color=style.GREY)
        nyquist.set_xlabel(f"Re Z [{unit}]")
        nyquist.set_ylabel(f"−Im Z [{unit}]")
        nyquist.margins(0.14)
        _pair(bode, f, np.abs(z), "|Z| [Ω]", np.degrees(np.angle(z)), "phase [°]", log_right=False)
        _pair(parallel, f, found.capacitance, "capacitance Im Y/ω [F]", found.admittance.real, "conductance Re Y [S]",
              log_right=True)
        for axes, text in zip((nyquist, bode, parallel), "abc"):
            style.letter(axes, text)
        figure.suptitle(title, fontsize=7)
        return style.save(figure, png)


def _frequency(value):
    factor, unit = style.scaled(np.array([value]), "Hz")
    return f"{value * factor:g} {unit}"


def _pair(axes, f, left, left_label, right, right_label, *, log_right):
    """Two quantities against the frequency, the left one in full, the right one dashed."""
    axes.semilogx(f, left, color=style.BLUE)
    _spread(axes, left)
    axes.set_xlabel("frequency [Hz]")
    axes.set_ylabel(left_label, color=style.BLUE)
    other = axes.twinx()
    other.semilogx(f, right, color=style.RED, ls=(0, (4, 2)))
    if log_right:
        _spread(other, right)
    other.set_ylabel(right_label, color=style.RED)


def _spread(axes, values):
    """Logarithmic over more than a decade, and on both sides of zero where the sign changes (an inductive loop)."""
    size = np.abs(values[values != 0])
    if not size.size or size.max() < 10 * size.min():
        return
    if np.all(values > 0):
        axes.set_yscale("log")
    else:
        axes.set_yscale("symlog", linthresh=size.min())
