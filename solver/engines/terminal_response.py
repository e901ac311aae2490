"""How the solved fields, and what is read off them, follow the voltage of a terminal.

With the equations R(x, V) = 0 solved, dx/dV = -J^-1 dR/dV by the factors of the last Jacobian: one linear solve a
terminal. The derivatives of residual and terminal sums along a direction are central differences, with no form to
compile: they steer Newton's method for the circuit and do not enter its solution.
"""

import numpy as np
from mpi4py import MPI

# Largest change in a difference: kT/q, c/c0, fractions. An exponential's slope is met to 2e-5; the rounding of currents
# at contacts with many carriers (the last digit of Phi) asks for no less.
STEP = 1e-2


class TerminalResponse:
    """Derivatives by terminal voltages at the engine's present state.

    Args:
        engine: after a solve.
        voltages: terminal -> V, those of the state.
        names: terminals to differentiate by.
        read: function of the voltages (dict) -> array read off the model's state. Collective.

    Attributes:
        fields: dx/dV [1/V] by terminal, each as the model's state.
        readings: d read / dV [1/V], (len(read), len(names)).
    """

    def __init__(self, engine, voltages, names, read):
        self._model, self._engine, self._voltages = engine.model, engine, dict(voltages)
        self._state = engine.model.state
        self._keep = self._state.copy()
        fields, readings = [], []
        for name in names:
            direction = self._field(name)
            fields.append(direction)
            readings.append(self._difference(name, direction, lambda v: np.asarray(read(v))))
        self._model.apply_voltages(voltages)
        self._state[:] = self._keep
        self.fields, self.readings = fields, np.array(readings).T

    def move(self, change):
        """Add to the model's state what follows from a change of the voltages [V]."""
        for volts, direction in zip(change, self.fields, strict=True):
            self._state[:] += float(volts) * direction

    def _at(self, name, direction, step):
        """Put the state `step` [V] along a direction; returns the voltages there."""
        volts = self._voltages | {name: self._voltages[name] + step}
        self._state[:] = self._keep
        self._model.apply_voltages(volts)
        if direction is not None:
            self._state[:] = self._keep + step * direction
        return volts

    def _difference(self, name, direction, function):
        """Central difference of a function of the voltages along a direction of the state [1/V]."""
        largest = 1.0 / self._model.parameters.scaling.thermal_voltage
        if direction is not None:
            largest = max(largest, self._engine.comm.allreduce(float(np.abs(direction).max()) if direction.size else 0.0, MPI.MAX))
        step = STEP / largest
        forward = function(self._at(name, direction, step))
        backward = function(self._at(name, direction, -step))
        return (forward - backward) / (2 * step)

    def _field(self, name):
        engine, state = self._engine, self._state
        correction = engine.correct_rows(self._difference(name, None, lambda _: engine.residual_rows()))
        # prescribed values follow the terminal's voltage itself
        self._at(name, None, 1.0)
        direction = state - self._keep
        direction[: len(correction)] -= correction
        state[:] = direction
        engine.scatter_forward()
        return state.copy()
