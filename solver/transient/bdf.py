"""Variable-step BDF2: coefficients, predictor and local error from the predictor's miss."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Coefficients:
    """dy/dt ~ a0 y_n + a1 y_(n-1) + a2 y_(n-2) [1/s]; `order` 1 (implicit Euler) or 2."""

    a0: float
    a1: float
    a2: float
    order: int


STATIONARY = Coefficients(0.0, 0.0, 0.0, 1)  # no time derivative


def coefficients(dt: float, previous: float | None) -> Coefficients:
    """BDF2 for steps `previous`, `dt` [s]; implicit Euler when there is no previous step."""
    if previous is None:
        return Coefficients(1 / dt, -1 / dt, 0.0, 1)
    w = dt / previous
    return Coefficients((1 + 2 * w) / ((1 + w) * dt), -(1 + w) / dt, w * w / ((1 + w) * dt), 2)


class Integral:
    """Integral of rates over time by the formula of the fields: the rates are the a0 y_n + a1 y_(n-1) + a2 y_(n-2) of what is kept.

    Args:
        levels: (n,) values, newest first.
    """

    def __init__(self, *levels):
        self.levels = [np.asarray(level, float) for level in levels]

    @property
    def value(self) -> np.ndarray:
        """Newest one."""
        return self.levels[0]

    def add(self, c: Coefficients, rate) -> np.ndarray:
        """Take a step at whose end the rates are `rate`; returns what it adds."""
        earlier = sum(a * level for a, level in zip((c.a1, c.a2), self.levels))
        self.levels = [(rate - earlier) / c.a0, *self.levels[:1]]
        return self.levels[0] - self.levels[1]

    def restart(self, shift=0.0):
        """Forget all but the newest value, and add `shift` to it."""
        self.levels = [self.levels[0] + shift]

    def snapshot(self) -> list:
        """Plain data; `Integral(*data)` goes on."""
        return [level.tolist() for level in self.levels]


class Levels:
    """Earlier states, newest first, at most three; a restart (jump of the voltage) forgets all but the newest."""

    def __init__(self):
        self.times: list[float] = []
        self.states: list[np.ndarray] = []

    def push(self, t: float, state: np.ndarray):
        """Keep a copy of `state` at time `t` [s]."""
        self.times.insert(0, t)
        self.states.insert(0, state.copy())
        del self.times[3:], self.states[3:]

    def restart(self):
        """Forget all but the newest level."""
        del self.times[1:], self.states[1:]

    @property
    def previous_step(self) -> float | None:
        """t_(n-1) - t_(n-2), or None."""
        return self.times[0] - self.times[1] if len(self.times) > 1 else None

    def weights(self, t: float) -> list[float]:
        """Lagrange weights of the levels at time `t` (constant, linear or quadratic extrapolation)."""
        out = []
        for i, ti in enumerate(self.times):
            weight = 1.0
            for k, tk in enumerate(self.times):
                if k != i:
                    weight *= (t - tk) / (ti - tk)
            out.append(weight)
        return out

    def extrapolate(self, t: float) -> np.ndarray:
        """Extrapolation through the levels to time `t`."""
        out = np.zeros_like(self.states[0])
        for weight, state in zip(self.weights(t), self.states, strict=True):
            out += weight * state
        return out

    def error_factor(self, t: float) -> float | None:
        """Local error of a BDF2 step to `t` as a fraction of (solution - extrapolation); None with fewer than 3 levels.

        The extrapolation misses a smooth solution by y'''/6 dt (dt+dt1)(dt+dt1+dt2), a third divided difference;
        BDF2's local error is y'''/6 dt^2 (dt+dt1)(1+w)/(1+2w), w = dt/dt1 (2/9 dt^3 y''' for equal steps).
        """
        if len(self.times) < 3:
            return None
        dt, w = t - self.times[0], (t - self.times[0]) / (self.times[0] - self.times[1])
        return dt * (1 + w) / (1 + 2 * w) / (t - self.times[2])
