"""Set and reset numbers of an I-V record, by the definitions of the measurement.

Definitions (V is the voltage of the driven terminal's source, I its current, S = I/V, as in the experiment):

- a *leg* is a stretch of one sign of V; its way out ends at the largest |V|, its way back begins there. Only legs
  that are swept count (at least 5 voltages on the way out); rectangular pulses are not I-V curves.
- S_off and S_on are I/V at the read voltage (20 mV, in the polarity of the leg) on the way out and on the way back.
- *set*: a leg whose S_on is at least ten times its S_off. V_set is the first voltage at which S rises through the
  geometric mean of S_off and S_on.
- *reset*: the first voltage after that at which S falls below the same geometric mean, in a later leg.
- set steepness: the voltage swept while log S goes from 10 % to 90 % of the way from S_off to S_on.
- current jump: log10 of the largest S of the setting leg over S_off (ratio of currents at one voltage).
- energy to set: integral of I V dt from the beginning of the leg to the set.
- on-state slope: d log|I| / d log|V| on the way back from the set, from the peak to the read voltage; 1 is ohmic.
- a device may set in either polarity: the numbers are of the sets in the polarity of the first leg, those in the other
  are counted.

This is how de Boer & Ehrler (ACS Energy Lett. 2024, 9, 5787) read Fig. 3a, S_on on the way back and S_off on the way
out; they do not say at which conductance the set is counted, hence the geometric mean.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pandas

READ_VOLTAGE = 0.02  # V
DECADE = 10.0  # smallest S_on / S_off that is called a set
_SWEPT = 5  # voltages on the way out that make a leg a sweep


@dataclass(frozen=True)
class Record:
    """Voltage and current of the device over time.

    Attributes:
        time: (n,) [s].
        voltage: (n,) of the driven terminal's source [V].
        current: (n,) that it delivers [A].
        driven: its name.
    """

    time: np.ndarray
    voltage: np.ndarray
    current: np.ndarray
    driven: str

    @property
    def conductance(self) -> np.ndarray:
        """(n,) I/V [S], NaN where |V| is below a twentieth of the read voltage."""
        safe = np.abs(self.voltage) > 0.05 * READ_VOLTAGE
        return np.divide(self.current, self.voltage, out=np.full(len(self.time), np.nan), where=safe)


@dataclass(frozen=True)
class Event:
    """A set or a reset.

    Attributes:
        kind: "set" or "reset".
        time: [s].
        voltage: [V].
        row: first row of the table at or after it.
        s_off, s_on: conductances before and after a set at the read voltage [S]; of the set before, for a reset.
        leg: (first, last) row of its leg.
    """

    kind: str
    time: float
    voltage: float
    row: int
    s_off: float
    s_on: float
    leg: tuple[int, int]


def record(table: pandas.DataFrame) -> Record:
    """Voltage and current of the driven terminal: of its source, as measured, where a circuit lies between.

    The driven terminal is the one with a source, else the one whose voltage varies most; the others are at ground (or
    follow, floating or behind a resistor).

    Args:
        table: terminals.csv as read by ``read_terminals``.

    Raises:
        ValueError: the table has fewer than two terminals.
    """
    names = [c.removeprefix("voltage ").removesuffix(" [V]") for c in table.columns if c.startswith("voltage ")]
    if len(names) < 2:
        raise ValueError(f"the voltages of two terminals are needed, the table has {len(names)}")
    time = table["time [s]"].to_numpy(float)
    for name in names:
        if f"source voltage {name} [V]" in table:
            return Record(time, table[f"source voltage {name} [V]"].to_numpy(float),
                          table[f"source current {name} [A]"].to_numpy(float), name)
    volts = {name: table[f"voltage {name} [V]"].to_numpy(float) for name in names}
    driven = max(names, key=lambda name: np.ptp(volts[name]))
    return Record(time, volts[driven], table[f"current {driven} [A]"].to_numpy(float), driven)


def legs(voltage: np.ndarray) -> list[tuple[int, int, int]]:
    """First, peak and last row of each swept leg.

    Args:
        voltage: (n,) [V].

    Returns:
        Rows (first, peak, last); the row before the leg (at or across 0 V) is not part of it.
    """
    sign = np.sign(np.where(np.abs(voltage) < 1e-9, 0.0, voltage))
    edges = np.flatnonzero(np.diff(sign)) + 1
    found = []
    for first, end in zip([0, *edges], [*edges, len(voltage)], strict=True):
        if sign[first] == 0:
            continue
        size = np.abs(voltage[first:end])
        peak = first + int(np.argmax(size))
        if len(np.unique(np.round(size[: peak - first + 1], 9))) >= _SWEPT:
            found.append((int(first), peak, int(end) - 1))
    return found


def read_conductance(data: Record, first: int, last: int, *, outward: bool) -> float:
    """I/V at the read voltage on the way out (first passage) or back (last passage) [S].

    The current is interpolated linearly in V; where the rows do not reach the read voltage, the nearest row counts.
    """
    size, current = np.abs(data.voltage[first: last + 1]), data.current[first: last + 1]
    below = size < READ_VOLTAGE
    change = np.flatnonzero(below[:-1] != below[1:])
    if len(change) == 0:
        nearest = first + int(np.argmin(np.abs(size - READ_VOLTAGE)))
        return float(data.current[nearest] / data.voltage[nearest])
    k = int(change[0] if outward else change[-1])
    share = (READ_VOLTAGE - size[k]) / (size[k + 1] - size[k])
    return float((current[k] + share * (current[k + 1] - current[k])) / np.copysign(READ_VOLTAGE, data.voltage[first]))


def conductance_change(data: Record) -> float:
    """Largest over smallest conductance at and above the read voltage, 1 for an ohmic device that does not switch."""
    found = data.conductance[np.abs(data.voltage) >= READ_VOLTAGE * (1 - 1e-6)]
    low = float(found.min(initial=np.inf))
    return float(found.max()) / low if 0 < low < np.inf else float("nan")


def _crossing(data: Record, rows: range, threshold: float, *, upwards: bool) -> tuple[int, float, float] | None:
    """Row, time and voltage at which S first passes the threshold; linear in log S between two rows."""
    conductance = data.conductance
    valid = [k for k in rows if np.isfinite(conductance[k])]
    for before, k in zip([None, *valid], valid, strict=False):
        if (conductance[k] >= threshold) != upwards:
            continue
        if before is None or min(conductance[before], conductance[k]) <= 0 or conductance[k] == conductance[before]:
            return k, float(data.time[k]), float(data.voltage[k])
        share = np.log(threshold / conductance[before]) / np.log(conductance[k] / conductance[before])
        share = float(np.clip(share, 0, 1))
        return (k, float(data.time[before] + share * (data.time[k] - data.time[before])),
                float(data.voltage[before] + share * (data.voltage[k] - data.voltage[before])))
    return None


def switching_events(data: Record) -> list[Event]:
    """Sets and resets in the order of time (definitions: module docstring)."""
    events: list[Event] = []
    on: Event | None = None
    for first, peak, last in legs(data.voltage):
        s_out = read_conductance(data, first, peak, outward=True)
        s_back = read_conductance(data, peak, last, outward=False)
        if min(s_out, s_back) <= 0:
            continue
        start = first
        if on is not None:
            middle = np.sqrt(on.s_off * on.s_on)
            found = _crossing(data, range(first, last + 1), middle, upwards=False)
            if found is None:
                continue
            start = found[0]
            events.append(Event("reset", found[1], found[2], start, on.s_off, on.s_on, (first, last)))
            on = None
            # it may set again in the same leg (the device sets in either polarity)
            lowest = np.nanmin(data.conductance[start: last + 1])
            s_out = max(float(lowest), 1e-3 * events[-1].s_off)
        if s_back >= DECADE * s_out:
            found = _crossing(data, range(start, last + 1), np.sqrt(s_out * s_back), upwards=True)
            if found is not None:
                on = Event("set", found[1], found[2], found[0], s_out, s_back, (first, last))
                events.append(on)
        elif not events and s_out >= DECADE * s_back:  # the record begins in the on-state
            found = _crossing(data, range(first, last + 1), np.sqrt(s_out * s_back), upwards=False)
            if found is not None:
                events.append(Event("reset", found[1], found[2], found[0], s_back, s_out, (first, last)))
    return events


def _steepness(data: Record, event: Event) -> float:
    """Voltage swept while log S goes from 10 % to 90 % of the way from S_off to S_on [V]."""
    path = np.concatenate([[0.0], np.cumsum(np.abs(np.diff(data.voltage)))])
    span = np.log(event.s_on / event.s_off)
    at = []
    for share in (0.1, 0.9):
        found = _crossing(data, range(event.leg[0], event.leg[1] + 1), event.s_off * np.exp(share * span), upwards=True)
        if found is None:
            return float("nan")
        at.append(float(np.interp(found[1], data.time, path)))
    return at[1] - at[0]


def _energy(data: Record, first: int, until: float) -> float:
    """Integral of I V dt from row ``first`` to the time ``until`` [J], trapezoidal."""
    power = data.current * data.voltage
    inside = (data.time >= data.time[first]) & (data.time < until)
    time = np.append(data.time[inside], until)
    return float(np.trapezoid(np.append(power[inside], np.interp(until, data.time, power)), time))


def _on_slope(data: Record, event: Event) -> float:
    """Slope of log|I| over log|V| on the way back of the setting leg, least squares (a linear I-V has 1).

    NaN where the record ends before half the peak: what is seen of a run that goes on is mostly the filament growing.
    """
    size = np.abs(data.voltage)
    peak = event.leg[0] + int(np.argmax(size[event.leg[0]: event.leg[1] + 1]))
    rows = np.arange(max(peak, event.row), event.leg[1] + 1)
    rows = rows[(size[rows] >= READ_VOLTAGE) & (np.abs(data.current[rows]) > 0)]
    if len(rows) < 3 or size[rows].min() > size[peak] / 2:
        return float("nan")
    return float(np.polyfit(np.log(size[rows]), np.log(np.abs(data.current[rows])), 1)[0])


def _mean(values: list[float | None]) -> float | None:
    known = [v for v in values if v is not None and np.isfinite(v)]
    return float(np.mean(known)) if known else None


def switching_numbers(table: pandas.DataFrame) -> dict[str, Any]:
    """Switching numbers of a run, each with its unit in the key.

    Args:
        table: terminals.csv as read by ``read_terminals``.

    Returns:
        Scalars are means over the cycles in which the event happened (one set in the polarity of the first leg and the
        reset after it make a cycle; "sets in the other polarity [1]" counts the others);
        the values of each cycle are in the lists "... by cycle [unit]", None where there was no event. None stands for
        every number that does not exist: no set, no reset, no sweep. S_off and S_on are those of the first leg when
        nothing sets.
    """
    data = record(table)
    swept = legs(data.voltage)
    events = switching_events(data)
    polarity = np.sign(data.voltage[swept[0][1]]) if swept else 0
    every = [event for event in events if event.kind == "set"]
    sets = [event for event in every if np.sign(event.voltage) == polarity]
    cycles: list[dict[str, float | None]] = []
    for event in sets:
        following = events[events.index(event) + 1:]
        reset = following[0] if following and following[0].kind == "reset" else None
        highest = np.nanmax(data.conductance[event.leg[0]: event.leg[1] + 1])
        cycles.append({
            "V_set [V]": event.voltage, "V_reset [V]": reset.voltage if reset else None, "S_on [S]": event.s_on,
            "S_off [S]": event.s_off, "on/off ratio [1]": event.s_on / event.s_off,
            "current jump [decades]": float(np.log10(highest / event.s_off)),
            "set steepness [V]": _steepness(data, event), "on-state slope [1]": _on_slope(data, event),
            "energy to set [J]": _energy(data, event.leg[0], event.time),
            "time of set [s]": event.time, "time of reset [s]": reset.time if reset else None})
    if not cycles and swept:
        first, peak, last = swept[0]
        s_off = read_conductance(data, first, peak, outward=True)
        s_on = read_conductance(data, peak, last, outward=False)
        cycles.append({"S_on [S]": s_on, "S_off [S]": s_off, "on/off ratio [1]": s_on / s_off if s_off else None})
        lone = [event for event in events if event.kind == "reset"]
        cycles[0] |= {"V_reset [V]": lone[0].voltage, "time of reset [s]": lone[0].time} if lone else {}
    keys = ("V_set [V]", "V_reset [V]", "S_on [S]", "S_off [S]", "on/off ratio [1]", "current jump [decades]",
            "set steepness [V]", "on-state slope [1]", "energy to set [J]", "time of set [s]", "time of reset [s]")
    lists = {key: [cycle.get(key) for cycle in cycles] for key in keys}
    numbers: dict[str, Any] = {key: (_mean(values) if not key.startswith("time") else (values or [None])[0])
                               for key, values in lists.items()}
    numbers["S_off end [S]"] = None
    if events and events[-1].kind == "reset":
        _, peak, last = next(leg for leg in reversed(swept) if leg[2] >= events[-1].row)
        numbers["S_off end [S]"] = read_conductance(data, peak, last, outward=False)
    energy = "energy [J]"
    numbers[energy] = float(table[energy].iloc[-1]) if energy in table else _energy(data, 0, data.time[-1])
    numbers["read voltage [V]"] = READ_VOLTAGE
    numbers["sets [1]"] = len(every)
    numbers["sets in the other polarity [1]"] = len(every) - len(sets)
    numbers["resets [1]"] = len(events) - len(every)
    for key in ("V_set [V]", "V_reset [V]", "S_on [S]", "S_off [S]"):
        numbers[key.replace(" [", " by cycle [")] = lists[key]
    return {key: None if isinstance(value, float) and not np.isfinite(value) else value
            for key, value in numbers.items()}
