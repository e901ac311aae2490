"""Protocol steps of a scenario as a piecewise-linear voltage of the driven terminal."""

from dataclasses import dataclass

from solver.scenario.protocol import expanded


@dataclass(frozen=True)
class Segment:
    """Linear piece of the waveform; its start may differ from the previous end (a jump).

    Attributes:
        start, end: s.
        v_start, v_end: V.
        floating: terminals that are let go for its time; none where one terminal is driven.
        resolved: pulses to follow between leaps over others (arrays); 0 for none.
    """

    start: float
    end: float
    v_start: float
    v_end: float
    floating: tuple[str, ...] = ()
    resolved: int = 0

    def voltage(self, t: float) -> float:
        """V at time `t` within the segment."""
        return self.v_start + (self.v_end - self.v_start) * (t - self.start) / (self.end - self.start)

    @property
    def slope(self) -> float:
        """V/s."""
        return (self.v_end - self.v_start) / (self.end - self.start)


class Waveform:
    """Consecutive segments starting at t = 0 from `v_start`.

    Args:
        protocol: the scenario's steps (see `solver.scenario.protocol`); repeats are unrolled.
        v_start: V before the first step.
    """

    def __init__(self, protocol, v_start: float = 0.0):
        self.segments: list[Segment] = []
        self._time, self._voltage = 0.0, v_start
        for step in expanded(protocol):
            if step.kind == "sweep":
                duration = abs(step.to - self._voltage) / step.rate
                if duration > 0:
                    self._add(duration, self._voltage, step.to)
            elif step.kind == "hold":
                self._add(step.duration, step.voltage, step.voltage)
            elif step.kind == "wait":
                self._add(step.duration, self._voltage, self._voltage)
            else:
                for _ in range(step.count):
                    self._add(step.width, step.amplitude, step.amplitude)
                    if step.period > step.width:
                        self._add(step.period - step.width, step.base, step.base)

    def _add(self, duration, v0, v1):
        self.segments.append(Segment(self._time, self._time + duration, v0, v1))
        self._time += duration
        self._voltage = v1

    @property
    def end(self) -> float:
        """Time of the last corner [s]."""
        return self._time

    def output_times(self, every) -> list[float]:
        """Times at which fields are written: the start, all corners, and `every` (value, kind) in between."""
        return output_times(self.segments, every)


def output_times(segments, every) -> list[float]:
    """The start, the ends of all segments, and each time the time or the voltage has moved by `every` (value, kind)."""
    times = {0.0}
    for s in segments:
        times.add(s.end)
        if every is None:
            continue
        if every.kind == "time":
            first = int(s.start / every.value + 1e-9) + 1
            marks = (k * every.value for k in range(first, int(s.end / every.value) + 1))
            times.update(t for t in marks if s.start < t < s.end)
        elif s.v_end != s.v_start:
            low, high = sorted((s.v_start, s.v_end))
            marks = range(int(low / every.value) - 1, int(high / every.value) + 2)
            for v in (k * every.value for k in marks):
                if low < v < high:
                    times.add(s.start + (v - s.v_start) / s.slope)
    ordered = sorted(times)
    # The same instant reached by two roundings would ask for a step of 1e-17 s.
    return [t for k, t in enumerate(ordered) if k == 0 or t - ordered[k - 1] > 1e-9 * max(segments[-1].end if segments else 0.0, 1e-9)]
