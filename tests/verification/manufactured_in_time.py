"""Manufactured solutions that move: exact fields of place and time, marched by the production scheme.

The strong residual of manufactured.py and manufactured_bipolar.py is linear in the rate a0 of storage: what it gives at
a0 = 0 is the residual of the terms in space, the rest over a0 what is stored. The source at a time is the first plus the
time derivative of the second, by six points closely around the time, so that nothing of the scheme's own differences
enters it.
"""

import numpy as np

from solver.physics.fields import ELECTRONS, FERMI, FILAMENT, HOLES, POTENTIAL, TUNNELLING
from tests.verification.fixed_steps import FixedSteps
from tests.verification.jets import cosines
from tests.verification.manufactured import Sources
from tests.verification.walking import walk

# size of the part that moves, waves along the last axis; the free ends of xi and u want a whole number of half waves; xi never as steep as a
# front at rest, whose width is then what tunnelling.profile_width finds
MOVING = {POTENTIAL: (0.5, 1, 0.3), FERMI: (0.4, 2, 0.0), ELECTRONS: (0.4, 1, 0.2), HOLES: (0.3, 2, 0.5), FILAMENT: (0.05, 2, 0.0),
          TUNNELLING: (0.15, 1, 0.0)}  # fmt: skip
ION = (0.25, 1, 0.4)


def moving(m, still, length, period):
    """Function of time [s] -> field -> Jet: the fields `still`, each with a wave of its own that comes and goes."""
    x = m.coordinates[:, : m.device.mesh.topology.dim]
    side = (1,) * (x.shape[1] - 1)
    waves = {}
    for k, field in enumerate(still):
        size, count, phase = MOVING.get(field, ION)
        waves[field] = cosines(x, length, (*side, count), phase) * size, 0.7 * k

    def at(t):
        return {f: still[f] + wave * float(np.sin(2 * np.pi * t / period + shift)) for f, (wave, shift) in waves.items()}

    return at


class ManufacturedSteps(FixedSteps):
    """March along exact fields: sources and prescribed values follow the time of each step.

    Args:
        model: DeviceModel on a box.
        exact: function of time -> field -> Jet, of every field of the model.
        sources: function (model, fields) -> field -> (n,) strong residual, linear in the model's rate.
        free: fields solved for; the others follow the exact ones.
        held: those of `free` that are prescribed at the terminals.
        protocol, steps: as of `FixedSteps`.
        euler: take implicit Euler instead of BDF2.
    """

    def __init__(self, model, exact, sources, free, held, protocol, steps, euler=False):
        self._exact, self._residual, self._free, self._euler = exact, sources, free, euler
        self._target = None
        ends = np.isin(np.arange(len(model.coordinates)), np.concatenate(list(model.terminal_nodes.values())))
        for column, name in enumerate(model.fields):
            model.constrained[:, column] = True if name not in free else ends if name in held else False
        self._loads = Sources(model, free)
        model.terms += self._loads.terms
        super().__init__(model, protocol, steps, newton=1e-10)
        for name, jet in exact(0.0).items():
            model.values(name)[:] = jet.value
        self.begin()

    def _solve(self, c, t, volts, predicted):
        self._target = t
        return super()._solve(c, t, volts, predicted)

    def apply(self, volts):
        super().apply(volts)
        if self._target is None:
            return
        m, exact = self.model, self._exact(self._target)
        for column, name in enumerate(m.fields):
            held = m.constrained[:, column]
            m.values(name)[held] = exact[name].value[held]
        self._loads.set(self._source(self._target))

    def _balanced(self, c, result):
        sums, _, inflow = self._sums()
        return sums, inflow, result  # sources carry current

    def _accept(self, *args):
        record = super()._accept(*args)
        if self._euler:
            self._forget()
        return record

    def _source(self, t):
        """Strong residual of the exact fields at time `t`."""
        dt = 1e-3 * self._length
        at = {k: self._stored(t + k * dt) for k in (-3, -2, -1, 1, 2, 3)}
        weights = {1: 3 / 4, 2: -3 / 20, 3: 1 / 60}
        space = self._with_rate(0.0, self._exact(t))
        out = {}
        for field in self._free:
            rate = sum(w * (at[k][field] - at[-k][field]) for k, w in weights.items()) / dt
            if field == FILAMENT:  # (d xi/dt) / (M S): the mobility is not differentiated
                xi = sum(w * (self._exact(t + k * dt)[field].value - self._exact(t - k * dt)[field].value) for k, w in weights.items())
                rate = xi / dt * self._stored(t)[field] / self._exact(t)[field].value
            out[field] = space[field] + rate
        return out

    def _stored(self, t):
        exact, rate = self._exact(t), 1e2 / self._length  # large enough not to drown in the fluxes' rounding
        with_storage, without = self._with_rate(rate, exact), self._with_rate(0.0, exact)
        return {field: (with_storage[field] - without[field]) / rate for field in self._free}

    def _with_rate(self, rate, fields):
        """The strong residual at a0 = `rate`, the model's own rate kept."""
        constant = self.model.context.rate
        kept, constant.value = float(constant.value), rate
        out = self._residual(self.model, fields)
        constant.value = kept
        return out

    def errors(self):
        """March to the end; field -> rms nodal error there."""
        for _ in walk(self, equilibrate=False):
            pass
        exact = self._exact(self.time)
        return {k: float(np.sqrt(np.mean((self.model.values(k) - exact[k].value) ** 2))) for k in self._free}
