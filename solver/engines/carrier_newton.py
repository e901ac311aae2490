"""Newton's method where electrons and holes are apart: corrections taken as changes of density.

The unknowns are quasi-Fermi potentials, in which Newton converges slowly where a density has to change much: asked for a
factor k its first correction is k - 1 kT, and coming back from there it gains 1 kT an iteration (measured: 12 and more
iterations for 0.1 V on a diode; so taken 5). Continuity is linear in the density. So a correction x of ln n is taken as
n -> n (1 + x), the step Newton makes when densities are the unknowns, except for the part that the potential carries,
which is taken in ln n. No density turns negative, and where Phi is right it stays so to the last bit.
Where the filament conducts more than the electrons of the band, inside and in the gap, the current is linear in Phi_n
and the correction is taken as it is.
"""

import numpy as np

from solver.discretization.functions import Numpy
from solver.engines.ion_limits import IonLimits
from solver.physics.conduction import filament_conductivity
from solver.physics.fields import ELECTRON_DENSITY, ELECTRONS, FILAMENT, HOLES, POTENTIAL, TUNNELLING
from solver.physics.storage import stored

EXTRAPOLATED = 1e-3  # kT; above, a fast fall of the corrections is no sign of quadratic convergence yet
LARGEST_FALL = 10.0  # of ln n by the quasi-Fermi level in one iteration [kT]


def change_of_log(a, b):
    """Change of ln n to take when Newton asks for a + b.

    Args:
        a: change of the distance to the band by the electrostatic potential [kT], array.
        b: the same by the quasi-Fermi potential.

    Returns:
        Array [kT], of the sign and first order of a + b: ln(1 + a + b) but no less than a where the level fills the
        band (b > 0); a + ln(1 + b) where it empties it, `LARGEST_FALL` at most.
    """
    asked = a + b
    density = np.log1p(np.maximum(asked, -0.999))
    filling = np.where(asked > -0.999, np.maximum(a, density), asked)
    emptying = a + np.log1p(np.clip(b, np.expm1(-LARGEST_FALL), 0.0))
    return np.where(b > 0, filling, np.where(asked > 0, asked, emptying))


class CarrierNewton:
    """Newton iterations of one engine, on whatever arrays it works with.

    Args:
        engine: evaluates, linearises and corrects; see `CpuEngine`.
        max_iterations: before a solve is given up.
    """

    def __init__(self, engine, max_iterations=40):
        self.engine, self.max_iterations = engine, max_iterations
        model, xp = engine.model, engine.xp
        fields = model.fields
        self._columns = [fields.index(f) for f in (POTENTIAL, ELECTRONS, HOLES)]
        self._free = xp.asarray(~model.constrained[: model.owned])
        self._ions = IonLimits(model, xp)

    def solve(self):
        """(converged, iterations, linear iterations, reason) from the engine's state, in place."""
        e = self.engine
        linear, updates = 0, []
        for iteration in range(1, self.max_iterations + 1):
            rows = e.evaluate()
            if not np.isfinite(e.largest(rows)):
                return False, iteration, linear, "the residual is not finite"
            e.linearise()
            solved, count = e.correct(rows)
            linear += count
            if not solved:
                return False, iteration, linear, "linear solve"
            step = -e.correction_rows()
            if not np.isfinite(e.largest(step)):
                return False, iteration, linear, "the correction is not finite"
            self._reshape(step, e.owned_state())
            e.advance(step)
            updates.append(e.largest(step))
            if updates[-1] < EXTRAPOLATED and e.small_enough(updates):
                return True, iteration, linear, ""
        return False, iteration, linear, "max it"

    def _reshape(self, step, state):
        """Turn Newton's step (owned nodes, fields) at `state` into the one to take, densities as above, in place."""
        phi, electrons, holes = self._columns
        moved = step[:, phi].copy()
        for column, sign in ((electrons, 1.0), (holes, -1.0)):
            taken = change_of_log(sign * moved, -sign * step[:, column])
            by_density = self._free[:, column]
            if column == electrons and self.engine.model.context.has(FILAMENT):
                by_density = by_density & ~self._metallic(state)
            step[:, column] = np.where(by_density, moved - sign * taken, step[:, column])
        self._ions.restrict(step, state)

    def _metallic(self, state):
        """(owned nodes) bool: filament and gap conduct more than the electrons of the band."""
        m = self.engine.model
        p = m.parameters
        get = lambda field: state[:, m.fields.index(field)]
        band = p.carriers.electron_diffusivity * stored(ELECTRON_DENSITY, m.fields, p, get)
        return filament_conductivity(p.filament, get(FILAMENT), get(TUNNELLING), Numpy) > band
