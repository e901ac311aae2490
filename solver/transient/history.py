"""What earlier time levels contribute to the rates, written into the forms' context."""

from functools import partial

from solver.physics.storage import stored


def write_history(model, c, states):
    """Set the leading coefficient and a1 s_(n-1) + a2 s_(n-2) of the stored quantities in the model's context.

    Args:
        model: `DeviceModel`.
        c: `bdf.Coefficients`.
        states: local arrays of earlier states, newest first; as many as there are count.
    """
    ctx = model.context
    ctx.rate.value = c.a0
    model.history[:] = 0.0
    history = model.history.reshape(len(model.coordinates), -1)
    for a, state in zip((c.a1, c.a2), states):
        for k, quantity in enumerate(ctx.stored):
            history[:, k] += a * stored(quantity, model.fields, model.parameters, partial(model.values, array=state))
