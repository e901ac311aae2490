"""Fitting the compact model to runs, and how far it is from runs it has not seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import least_squares

from solver.circuit_model.equations import BOLTZMANN, PARAMETERS, evaluate
from solver.circuit_model.integration import march
from solver.circuit_model.waveforms import CellWaveform

GAP_WEIGHT = 0.3  # decades of current that an error of 1 nm in the gap counts as
_LARGEST = (6.0, 20.0)  # decades, nm: beyond, a miss counts no more
_STEP = 1e-4  # of the finite differences, in ln(parameter) or shares of the upper bound


@dataclass(frozen=True)
class Miss:
    """How far the model is from a run, each row by the time it stands for.

    Attributes:
        name: of the run.
        decades: root mean square of log10(current, model over run), where the voltage tells a conductance.
        median, largest: of its size.
        gap: root mean square [nm]; a closed filament's gap is 0.
    """

    name: str
    decades: float
    median: float
    largest: float
    gap: float


def fitted_names() -> list[str]:
    """Parameters that a fit may change."""
    return [name for name, p in PARAMETERS.items() if p.low < p.high]


def _decoded(points: np.ndarray, temperature: float) -> dict:
    """(parameters, sets) coordinates -> name -> (sets,) values."""
    values = {name: np.exp(row) if PARAMETERS[name].logarithmic else row * PARAMETERS[name].high
              for name, row in zip(fitted_names(), points, strict=True)}
    return {"thermal_voltage": np.full(points.shape[1], BOLTZMANN * temperature), **values}


def _encoded(values: Sequence[float]) -> np.ndarray:
    pairs = zip(fitted_names(), values, strict=True)
    return np.array([np.log(value) if PARAMETERS[name].logarithmic else value / PARAMETERS[name].high for name, value in pairs])


def _misses(parameters: dict, run: CellWaveform) -> tuple[np.ndarray, np.ndarray]:
    """log10 of the current over the run's (readable rows, sets), and the gap's miss [nm] (rows, sets)."""
    gap = march(parameters, run.time, run.volts, run.gap[0])
    current = evaluate(parameters, gap, run.volts[:, None])["device_current"]
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.log10(np.abs(current[run.readable] / run.current[run.readable, None]))
    ratio = np.nan_to_num(np.clip(ratio, -_LARGEST[0], _LARGEST[0]), nan=_LARGEST[0])
    return ratio, np.nan_to_num(np.clip(np.maximum(gap, 0) - run.gap[:, None], -_LARGEST[1], _LARGEST[1]), nan=_LARGEST[1])


def _residuals(points: np.ndarray, runs: Sequence[CellWaveform]) -> np.ndarray:
    parts = []
    for run in runs:
        decades, gap = _misses(_decoded(points, run.temperature), run)
        weight = np.sqrt(run.weights)[:, None]
        parts += [weight[run.readable] * decades, GAP_WEIGHT * weight * gap]
    return np.concatenate(parts)


def fit(runs: Sequence[CellWaveform], trials: int = 80) -> dict[str, float]:
    """Parameters that bring the model closest to runs.

    Least squares (scipy's trust-region reflective method within bounds) of log10 of the current's ratio and of the gap over the
    whole waveform, from the run's first gap on.

    Args:
        runs: to fit to; one temperature.
        trials: most evaluations.

    Returns:
        name -> value, all of `PARAMETERS`.
    """
    runs = [run.thinned() for run in runs]
    low, high, start = (_encoded([getattr(PARAMETERS[name], what) for name in fitted_names()]) for what in ("low", "high", "start"))

    def jacobian(x):
        shifts = _STEP * np.eye(len(x))
        both = _residuals(np.hstack([x[:, None] + shifts, x[:, None] - shifts]), runs)
        return (both[:, :len(x)] - both[:, len(x):]) / (2 * _STEP)

    found = least_squares(lambda x: _residuals(x[:, None], runs)[:, 0], np.clip(start, low, high), jac=jacobian, bounds=(low, high),
                          max_nfev=trials, ftol=1e-5)
    return {name: float(value[0]) for name, value in _decoded(found.x[:, None], runs[0].temperature).items()}


def miss(parameters: dict[str, float], run: CellWaveform) -> Miss:
    """How far the model is from a run, every row of it."""
    decades, gap = (part[:, 0] for part in _misses({name: np.array([value]) for name, value in parameters.items()}, run))
    weights = run.weights[run.readable] / run.weights[run.readable].sum()
    order = np.argsort(np.abs(decades))
    median = np.abs(decades)[order][np.searchsorted(np.cumsum(weights[order]), 0.5)]
    return Miss(run.name, float(np.sqrt(weights @ decades**2)), float(median), float(np.abs(decades).max()),
                float(np.sqrt(run.weights @ gap**2)))
