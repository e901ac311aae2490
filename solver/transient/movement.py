"""How far a state may and did move in one step: the start of Newton, the measures of its error, what refuses it."""

from functools import partial

import numpy as np
from mpi4py import MPI

from solver.physics.fields import (
    ELECTRON_DENSITY,
    ELECTRONS,
    FERMI,
    FILAMENT,
    HOLE_DENSITY,
    HOLES,
    POTENTIAL,
    TEMPERATURE,
)
from solver.physics.heat_balance import largest
from solver.physics.storage import stored

HOTTEST = 2000.0  # K; a step that ends beyond is refused


class Movement:
    """Compares a model's state with earlier ones; all methods are collective, state arrays local with ghosts."""

    def __init__(self, model):
        self.model, self._fixed = model, model.xp.asarray(model.constrained.ravel())

    def guess(self, predicted, keep):
        """Extrapolated state as the start of Newton, kept inside the physical ranges."""
        x = self.model.state
        x[:] = predicted
        # Extrapolation multiplies the rounding of a constant by up to 29 a step (doubling steps): prescribed values are kept instead.
        np.copyto(x, keep, where=self._fixed)
        self.tame(keep)

    def tame(self, keep):
        """Keep a guessed state near `keep` and within the physical ranges."""
        m = self.model
        if FILAMENT in m.fields:
            xi, old = m.values(FILAMENT), m.values(FILAMENT, keep)
            np.clip(xi, np.minimum(old, 0.0), np.maximum(old, 1.0), out=xi)
        for ion in m.context.species:
            c, old = m.values(ion.name), m.values(ion.name, keep)
            np.clip(c, 0.2 * old, 5.0 * np.maximum(old, 1e-12), out=c)

    def filament_change(self, keep):
        """Largest change of the filament fraction in the step."""
        if FILAMENT not in self.model.fields:
            return 0.0
        m, n = self.model, self.model.owned
        return self._max(np.abs(m.values(FILAMENT)[:n] - m.values(FILAMENT, keep)[:n]))

    def distance(self, predicted):
        """Largest |solution - prediction| of filament fraction, T/T0, c/max(c0, c) and likewise electrons and holes."""
        m, n, worst = self.model, self.model.owned, 0.0
        if FILAMENT in m.fields:
            worst = self._max(np.abs(m.values(FILAMENT)[:n] - m.values(FILAMENT, predicted)[:n]))
        for ion in m.context.species:
            c = m.values(ion.name)[:n]
            worst = max(worst, self._max(np.abs(c - m.values(ion.name, predicted)[:n]) / np.maximum(1.0, c)))
        if TEMPERATURE in m.fields:
            worst = max(worst, self._max(np.abs(m.values(TEMPERATURE)[:n] - m.values(TEMPERATURE, predicted)[:n])))
        for carrier in {ELECTRON_DENSITY, HOLE_DENSITY} & set(m.context.stored):
            now, then = (
                stored(carrier, m.fields, m.parameters, partial(m.values, array=a))[:n]
                for a in (m.state, predicted)
            )
            worst = max(worst, self._max(np.abs(now - then) / np.maximum(m.context.typical_density, now)))
        return worst

    def lowest_density(self):
        """Smallest c/c0 and the species that has it; BDF2 undershoots where a density falls by more than a factor of four in a step."""
        m = self.model
        return min(((-self._max(-m.values(ion.name)[: m.owned]), ion.name) for ion in m.context.species), default=(0.0, ""))

    def too_hot(self):
        """Why the temperature is beyond what the model describes (text for the log), or None. Collective."""
        m = self.model
        if TEMPERATURE not in m.fields or (hottest := largest(m)) <= HOTTEST / m.parameters.scaling.temperature:
            return None
        only = m.xp.zeros((m.owned, len(m.fields)))
        column = m.fields.index(TEMPERATURE)
        only[:, column] = m.values(TEMPERATURE)[: m.owned]
        return (
            f"{hottest * m.parameters.scaling.temperature:.0f} K, {m.place_of_largest(only.ravel())}: beyond {HOTTEST:.0f} K, "
            "where no material law holds (thermal runaway: lower the voltage, or let the heat out)"
        )

    def largest_change(self, keep):
        """Field and place where the state moved most in this step, for people. Collective."""
        m, n = self.model, self.model.owned
        moved = np.abs(m.state - keep).reshape(-1, len(m.fields))[:n]
        for name in {POTENTIAL, FERMI, ELECTRONS, HOLES} & set(m.fields):  # these follow the voltage
            moved[:, m.fields.index(name)] = 0.0
        return m.place_of_largest(moved.ravel())

    def _max(self, a):
        return self.model.device.mesh.comm.allreduce(float(a.max()) if a.size else 0.0, MPI.MAX)
