"""Pulse trains and retention: currents per pulse, doubling and its energy, how long the on-state holds.

Definitions: the current of a pulse is the one at its end, the displacement current left out (the paper corrects for
it); its energy is I V t, the paper's, and the integral of I V dt; the doubling pulse is the first whose current is at
least twice the first pulse's. Nonlinearity: the largest distance of the pulses' conductance from the straight line
between the first and the last, over their difference (0 linear, towards 1 abrupt). Distinguishable levels: how many
pulse currents follow each other at least `RESOLUTION` apart. Retention: the conductance as read after a train; it holds until
it has fallen below a third of its first value and is off once it is within a factor two of its last. Pulses of no more
than `PROBE` are readings too, each of them one value, at its end; between two readings log S is straight.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pandas

PROBE = 5e-3  # V; a hold or pulses at no more than this only read
RESOLUTION = 0.1  # relative distance of two currents that a reading tells apart


@dataclass(frozen=True)
class Train:
    """Pulses of one step of a protocol.

    Attributes:
        amplitude, width: V, s.
        ends: (count,) time at which each pulse ends [s].
    """

    amplitude: float
    width: float
    ends: np.ndarray


@dataclass(frozen=True)
class Probe:
    """A hold at a reading voltage, or pulses of it, from `start` to `end` [s].

    Attributes:
        voltage: V.
        start, end: s.
        reads: times at which the pulses end [s]; empty for a hold, which reads all the time.
    """

    voltage: float
    start: float
    end: float
    reads: tuple[float, ...] = ()


def steps_in_time(protocol: Any) -> tuple[list[Train], list[Probe]]:
    """Pulse trains, and holds and pulses that only read, of a scenario's protocol with their times."""
    from solver.scenario.protocol import expanded

    trains, probes, t, v = [], [], 0.0, 0.0
    for step in expanded(protocol):
        if step.kind == "pulses":
            starts = t + step.period * np.arange(step.count)
            end = t + step.period * step.count
            if 0 < abs(step.amplitude) <= PROBE:
                probes.append(Probe(step.amplitude, t, end, tuple((starts + step.width).tolist())))
            else:
                trains.append(Train(step.amplitude, step.width, starts + step.width))
            t, v = end, step.base
        elif step.kind == "sweep":
            t, v = t + abs(step.to - v) / step.rate, step.to
        else:
            v = step.voltage if step.kind == "hold" else v
            if 0 < abs(v) <= PROBE:
                probes.append(Probe(v, t, t + step.duration))
            t += step.duration
    return trains, probes


def train_numbers(table: pandas.DataFrame, train: Train, driven: str = "top") -> dict[str, Any]:
    """Numbers of one train.

    Returns:
        "current by pulse [A]" (list), "first current [A]", "last current [A]", "ratio of pulse 2 to pulse 1 [1]",
        "doubling pulse [1]" (None if none doubles), "energy of doubling [J]" (I V t), "energy of doubling, integral [J]",
        "energy by pulse [J]" (list, I V t), "energy by pulse, integral [J]", "nonlinearity [1]",
        "distinguishable levels [1]".
    """
    time = table["time [s]"].to_numpy()
    current = (table[f"current {driven} [A]"] - table[f"displacement current {driven} [A]"]).to_numpy()
    at_end = np.array([current[np.abs(time - end).argmin()] for end in train.ends])
    double = np.flatnonzero(np.abs(at_end) >= 2 * abs(at_end[0]))
    k = int(double[0]) if len(double) else None
    energy = table["energy [J]"].to_numpy()
    integrals = [float(np.interp(end, time, energy) - np.interp(end - train.width, time, energy)) for end in train.ends]
    products = np.abs(at_end * train.amplitude) * train.width
    return {
        "current by pulse [A]": at_end.tolist(),
        "first current [A]": float(at_end[0]),
        "last current [A]": float(at_end[-1]),
        "ratio of pulse 2 to pulse 1 [1]": float(at_end[1] / at_end[0]) if len(at_end) > 1 else None,
        "doubling pulse [1]": None if k is None else k + 1,
        "energy of doubling [J]": None if k is None else float(products[k]),
        "energy of doubling, integral [J]": None if k is None else integrals[k],
        "energy by pulse [J]": products.tolist(),
        "energy by pulse, integral [J]": integrals,
        "nonlinearity [1]": _nonlinearity(at_end),
        "distinguishable levels [1]": _levels(at_end),
    }


def _nonlinearity(currents):
    """Largest distance from the line between the first and the last value over their difference; None without one."""
    if len(currents) < 3 or currents[-1] == currents[0]:
        return None
    line = np.linspace(currents[0], currents[-1], len(currents))
    return float(np.abs(currents - line).max() / abs(currents[-1] - currents[0]))


def _levels(currents):
    """Number of pulses, the first one included, that are `RESOLUTION` away from the last one counted."""
    count, last = 1, currents[0]
    for value in currents[1:]:
        if abs(value - last) >= RESOLUTION * abs(last):
            count, last = count + 1, value
    return count


def protocol_numbers(table: pandas.DataFrame, protocol: Any, driven: str = "top") -> dict[str, Any]:
    """Numbers of every finished train and probing hold of a protocol, for summary.json.

    Returns:
        "pulse trains" (list of `train_numbers` with "amplitude [V]" and "width [s]") and "reading" (list of
        `retention_numbers` after a train, else the change of the conductance); keys that would be empty are left out.
    """
    trains, probes = steps_in_time(protocol)
    last = float(table["time [s]"].iloc[-1]) * (1 + 1e-9)
    out = {
        "pulse trains": [
            {"amplitude [V]": t.amplitude, "width [s]": t.width, **train_numbers(table, t, driven)}
            for t in trains if t.ends[-1] <= last
        ],
        "reading": [
            {"voltage [V]": p.voltage, "conductance change by reading [1]": read_disturb(table, p),
             **(retention_numbers(table, p) if any(t.ends[-1] <= p.start for t in trains) else {})}
            for p in probes if p.end <= last
        ],
    }
    return {key: rows for key, rows in out.items() if rows}


def read_disturb(table: pandas.DataFrame, probe: Probe) -> float:
    """Largest relative change of the conductance while it is read, in a hold from 10 ms after its start on [1]."""
    _, s = read_out(table, probe)
    return float(np.abs(s / s[0] - 1).max())


def read_out(table: pandas.DataFrame, probe: Probe) -> tuple[np.ndarray, np.ndarray]:
    """(n,) time since the start of the reading [s] and (n,) conductance [S], the displacement current of the jump left out."""
    time, s = table["time [s]"].to_numpy(), table["conductance [S]"].to_numpy()
    if probe.reads:
        rows = [np.abs(time - read).argmin() for read in probe.reads]
        return time[rows] - probe.start, s[rows]
    inside = (time > probe.start) & (time <= probe.end * (1 + 1e-12)) & np.isfinite(s)
    time, s = time[inside] - probe.start, s[inside]
    # The first microseconds carry the displacement current of the jump to the probing voltage.
    settled = time > 1e-2
    return time[settled], s[settled]


def retention_numbers(table: pandas.DataFrame, probe: Probe) -> dict[str, float | None]:
    """Numbers of one reading.

    Returns:
        "S_on at the start [S]", "holds for [s]" (until below a third of it), "off after [s]" (within a factor two of
        the last value, which is below a hundredth of the first: the on-state is gone), "S at the end [S]"; times None where it does
        not happen while it is read.
    """
    time, s = read_out(table, probe)
    below = np.flatnonzero(s < s[0] / 3)
    off = np.flatnonzero(s > 2 * s[-1])
    lost = len(below) > 0
    gone = s[-1] < s[0] / 100
    return {
        "S_on at the start [S]": float(s[0]),
        "holds for [s]": _passes(time, s, below[0] - 1, s[0] / 3) if lost else None,
        "off after [s]": _passes(time, s, off[-1], 2 * s[-1]) if gone and len(off) and off[-1] + 1 < len(time) else None,
        "S at the end [S]": float(s[-1]),
    }


def _passes(time, s, row, level):
    """When the conductance passes `level` between `row` and the next, its logarithm straight between them [s]."""
    share = np.log(level / s[row]) / np.log(s[row + 1] / s[row])
    return float(time[row] + share * (time[row + 1] - time[row]))
