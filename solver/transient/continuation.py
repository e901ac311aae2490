"""Reaching a voltage in as many steps as it takes, for Newton's sake: continuation in the bias."""

import logging
from dataclasses import replace

from solver.physics.fields import ELECTRONS, FERMI, HOLES, POTENTIAL

log = logging.getLogger("halofil")
SMALLEST = 1e-4  # V; where such a step fails, smaller ones do not help
MOST_SOLVES = 200  # of one continuation, refused ones included


def walk(model, engine, apply, start: float, end: float):
    """Bring the model from its state at `start` to `end` [V] at its present time coefficients, halving refused steps.

    From the second step on potential and quasi-Fermi potentials start where the last step's change points to: in a
    depleted region they follow the voltage one to one.

    Args:
        model: `DeviceModel`, in a state that solves the equations (or nearly) at `start`.
        engine: solves the model's equations in place.
        apply: function of the voltage [V] that sets the boundary conditions.
        start, end: V; equal for a solve in place.

    Returns:
        (result of the last solve, Newton iterations of all); where it has not converged the model is back in the last
        state that did, and the result's reason says how far it came.
    """
    state = model.state
    following = [k for k, f in enumerate(model.fields) if f in (POTENTIAL, FERMI, ELECTRONS, HOLES)]
    volts, step, iterations, refused = start, end - start, 0, 0
    slope = None  # change of the state per V in the last step
    for solves in range(1, MOST_SOLVES + 1):
        target = end if abs(end - volts - step) < 1e-12 else volts + step
        keep = state.copy()
        if slope is not None:
            rows, change = state.reshape(-1, len(model.fields)), slope.reshape(-1, len(model.fields))
            rows[:, following] += (target - volts) * change[:, following]
        apply(target)
        result = engine.solve()
        iterations += result.iterations
        if result.converged:
            if target == end:
                if refused:
                    log.info(
                        "continuation: %.4g V reached from %.4g V in %d steps, %d refused, %d Newton iterations",
                        end, start, solves - refused, refused, iterations,
                    )
                return result, iterations
            slope = (state - keep) / (target - volts)
            volts = target
            step = min(2 * abs(step), abs(end - volts)) * (1 if step > 0 else -1)
            continue
        state[:] = keep
        refused += 1
        log.info("continuation: step from %.4g V to %.4g V refused (%s), halving it", volts, target, result.reason)
        step *= 0.5
        if abs(step) < SMALLEST:
            break
    apply(volts)
    tried = f"continuation from {start:.4g} V to {end:.4g} V came to {volts:.4g} V in {solves} solves"
    return replace(result, converged=False, reason=f"{result.reason}; {tried}" if start != end else result.reason), iterations
