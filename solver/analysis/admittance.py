"""Spectrum of the small-signal admittance: what it holds, its table, and how it is computed."""

import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from solver.results.folder import NoResult, atomic_write_text

_COLUMNS = (
    "frequency [Hz]", "conductance [S]", "susceptance [S]", "capacitance [F]", "impedance real [ohm]",
    "impedance imaginary [ohm]", "impedance modulus [ohm]", "impedance phase [deg]", "current imbalance [1]",
)
_OF_PAIRS = ("conductance {},{} [S]", "susceptance {},{} [S]")


@dataclass(frozen=True)
class Spectrum:
    """Admittance matrix of a device against frequency; time dependence exp(+i omega t), Y = G + i omega C.

    Attributes:
        frequency: (n,) [Hz].
        terminals: names, the order of rows and columns.
        driven: name of the terminal whose own admittance is `admittance`.
        matrix: (n, N, N) complex [S]; [:, k, l] is the current into terminal k per volt on terminal l, the others held.
            Columns sum to zero (no current is lost), rows too (a common voltage does nothing).
        imbalance: (n,) |sum of all terminals' currents| over the largest.
    """

    frequency: np.ndarray
    terminals: tuple[str, ...]
    driven: str
    matrix: np.ndarray
    imbalance: np.ndarray

    @property
    def admittance(self) -> np.ndarray:
        """(n,) of the driven terminal against all others [S]."""
        k = self.terminals.index(self.driven)
        return self.matrix[:, k, k]

    @property
    def impedance(self) -> np.ndarray:
        """(n,) 1 / Y [ohm]."""
        return 1 / self.admittance

    @property
    def capacitance(self) -> np.ndarray:
        """(n,) Im Y / omega [F]."""
        return self.admittance.imag / (2 * np.pi * self.frequency)


def spectrum(small_signal, frequencies, driven: str, parallel: float = 0.0, progress=None) -> Spectrum:
    """Solve the linearised device at every frequency. Collective.

    With N terminals N - 1 are driven one after the other; the last column follows from the rows' sum.

    Args:
        small_signal: `SmallSignal`.
        frequencies: (n,) [Hz].
        driven: terminal whose admittance is asked for.
        parallel: conductance beside the modelled film, between the driven terminal and the first other [S].
        progress: called with the number of frequencies done, after each.

    Raises:
        HarmonicError: a frequency at which the system is singular or not solved.
    """
    names = tuple(small_signal.terminals)
    others = [n for n in names if n != driven]
    driving = [driven, *others[:-1]]
    frequencies = np.asarray(frequencies, dtype=float)
    matrix = np.zeros((len(frequencies), len(names), len(names)), dtype=complex)
    imbalance = np.zeros(len(frequencies))
    for i, f in enumerate(frequencies):
        for name in driving:
            current = small_signal.respond(name, f)
            column = np.array([current[n] for n in names])
            matrix[i, :, names.index(name)] = column
            imbalance[i] = max(imbalance[i], abs(column.sum()) / np.abs(column).max())
        matrix[i, :, names.index(others[-1])] = -matrix[i].sum(axis=1)
        if progress is not None:
            progress(i + 1)
    k, l = names.index(driven), names.index(others[0])
    matrix[:, [k, l], [k, l]] += parallel
    matrix[:, [k, l], [l, k]] -= parallel
    return Spectrum(frequencies, names, driven, matrix, imbalance)


def columns(found: Spectrum) -> list[str]:
    """Names of the table's columns; with more than two terminals every element of the matrix has its own."""
    pairs = [(a, b) for a in found.terminals for b in found.terminals] if len(found.terminals) > 2 else []
    return [*_COLUMNS, *(name.format(*pair) for pair in pairs for name in _OF_PAIRS)]


def write_table(found: Spectrum, path: Path) -> None:
    """The spectrum as CSV, units in the column names, ten digits."""
    y, z = found.admittance, found.impedance
    values = [
        found.frequency, y.real, y.imag, found.capacitance, z.real, z.imag, np.abs(z), np.degrees(np.angle(z)), found.imbalance,
    ]
    if len(found.terminals) > 2:
        n = len(found.terminals)
        values += [part for k in range(n) for l in range(n) for part in (found.matrix[:, k, l].real, found.matrix[:, k, l].imag)]
    text = io.StringIO()
    text.write(",".join(f'"{name}"' if "," in name else name for name in columns(found)) + "\n")
    for row in zip(*values):
        text.write(",".join(f"{value:.9e}" for value in row) + "\n")
    atomic_write_text(path, text.getvalue())


def read_table(path: Path):
    """The table of `write_table` as a pandas frame.

    Raises:
        NoResult: there is no such file, or it is another table.
    """
    import pandas

    if not Path(path).is_file():
        raise NoResult(f"{path} is no spectrum: there is no such file; halofil admittance writes one")
    table = pandas.read_csv(path)
    if list(table.columns[: len(_COLUMNS)]) != list(_COLUMNS):
        raise NoResult(f"{path} is no spectrum: its columns are not those of halofil admittance")
    return table
