"""The compact model over a waveform: many parameter sets at once for a fit, one set to a tolerance for a result."""

from __future__ import annotations

import numpy as np
from scipy.integrate import solve_ivp

from solver.circuit_model.equations import evaluate

_GAMMA = 1 + 1 / np.sqrt(2)  # L-stable two-stage Rosenbrock method
_DIFFERENCE = 1e-5  # nm


def march(parameters: dict, time: np.ndarray, volts: np.ndarray, start: float, substeps: int = 2) -> np.ndarray:
    """Gap at given times, for many parameter sets side by side.

    Rosenbrock's L-stable method of second order (ROS2, Verwer et al., SIAM J. Sci. Comput. 20, 1456 (1999)); the voltage is
    linear between two times.

    Args:
        parameters: name -> (sets,) values.
        time: (n,) [s].
        volts: (n,) [V].
        start: gap at time[0] [nm].
        substeps: equal steps between two times.

    Returns:
        (n, sets) [nm].
    """
    sets = max(np.size(value) for value in parameters.values())
    gap = np.full((len(time), sets), float(start))
    now = gap[0].copy()
    with np.errstate(over="ignore"):
        for k in range(1, len(time)):
            step = (time[k] - time[k - 1]) / substeps
            for part in range(substeps):
                v = volts[k - 1] + (volts[k] - volts[k - 1]) * (part + np.array([0.0, 1.0])[:, None]) / substeps
                both = evaluate(parameters, np.stack([now, now + _DIFFERENCE]), v[0])["rate"]
                slope = np.minimum((both[1] - both[0]) / _DIFFERENCE, 0.0)
                weight = 1 / (1 - _GAMMA * step * slope)
                first = weight * both[0]
                there = evaluate(parameters, now + step * first, v[1])["rate"]
                second = weight * (there - 2 * first)
                now = now + step * (1.5 * first + 0.5 * second)
            gap[k] = now
    return gap


def solve(parameters: dict, time: np.ndarray, volts: np.ndarray, start: float, tolerance: float = 1e-8) -> tuple[np.ndarray, np.ndarray]:
    """Gap and current over a waveform, to a tolerance.

    Args:
        parameters: name -> value.
        time: (n,) corners of the waveform [s]; a jump is a short ramp.
        volts: (n,) [V], linear in between.
        start: gap at time[0] [nm].
        tolerance: relative, of the gap; absolute in nm.

    Returns:
        (n,) gap [nm], (n,) current [A] at the corners.
    """
    gap = np.empty(len(time))
    gap[0] = start
    for k in range(1, len(time)):  # the voltage has a corner at each time
        t0, span, v0, dv = time[k - 1], time[k] - time[k - 1], volts[k - 1], volts[k] - volts[k - 1]
        found = solve_ivp(lambda t, g: evaluate(parameters, g, v0 + dv * (t - t0) / span)["rate"], (t0, time[k]), gap[k - 1: k],  # noqa: B023
                          method="LSODA", rtol=tolerance, atol=tolerance)
        if not found.success:
            raise ArithmeticError(f"the compact model could not be integrated beyond {found.t[-1]:.6g} s: {found.message}")
        gap[k] = found.y[0, -1]
    return gap, evaluate(parameters, gap, volts)["device_current"]
