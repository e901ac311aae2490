"""Reaching a voltage in as many steps as it takes, for Newton's sake: continuation in the bias."""

import logging

log = logging.getLogger("halofil")
SMALLEST = 1e-4  # V; where such a step fails, smaller ones do not help


def walk(model, engine, apply, start: float, end: float):
    """Bring the model from its state at `start` to `end` [V] at its present time coefficients, halving refused steps.

    Args:
        model: `DeviceModel`, in a state that solves the equations (or nearly) at `start`.
        engine: solves the model's equations in place.
        apply: function of the voltage [V] that sets the boundary conditions.
        start, end: V; equal for a solve in place.

    Returns:
        (result of the last solve, Newton iterations of all); where it has not converged the model is back in the last
        state that did.
    """
    state = model.context.state.x
    volts, step, iterations, refused = start, end - start, 0, 0
    while True:
        target = end if abs(end - volts - step) < 1e-12 else volts + step
        keep = state.array.copy()
        apply(target)
        result = engine.solve()
        iterations += result.iterations
        if result.converged:
            volts = target
            if volts == end:
                if refused:
                    log.info("continuation: %.4g V reached from %.4g V in smaller steps", end, start)
                return result, iterations
            step = min(2 * abs(step), abs(end - volts)) * (1 if step > 0 else -1)
            continue
        state.array[:] = keep
        refused += 1
        log.info("continuation: step from %.4g V to %.4g V refused (%s), halving it", volts, target, result.reason)
        step *= 0.5
        if abs(step) < SMALLEST:
            apply(volts)
            return result, iterations
