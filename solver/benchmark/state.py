"""The state the benchmarks work at: the first step of a run, with everything that enters the equations."""

import numpy as np

from solver.physics.storage import stored

FIRST_VOLTS, FIRST_STEP = 0.01, 1e-3  # V on the driven terminal, s


def first_step(model, driven: str):
    """Put a model at the start of an implicit Euler step of `FIRST_STEP` from its initial state.

    Args:
        model: `DeviceModel` as constructed.
        driven: terminal that gets `FIRST_VOLTS`, the others 0 V.
    """
    ctx = model.context
    ctx.rate.value = 1.0 / FIRST_STEP
    history = ctx.history.x.array.reshape(len(model.coordinates), -1)
    for k, quantity in enumerate(ctx.stored):
        history[:, k] = -stored(quantity, model.fields, model.parameters, model.values) / FIRST_STEP
    model.apply_voltages({name: FIRST_VOLTS if name == driven else 0.0 for name in model.terminal_nodes})
    ctx.state.x.scatter_forward()
    if not np.isfinite(history).all():
        raise ValueError("the initial state has stored quantities that are not finite")
