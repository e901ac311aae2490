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
from petsc4py import PETSc

from solver.discretization.functions import Numpy
from solver.engines.cpu.ion_limits import IonLimits
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
    """Newton iterations of one engine.

    Args:
        engine: `CpuEngine`, whose assembler, linear solver and tolerances are used.
        max_iterations: before a solve is given up.
    """

    def __init__(self, engine, max_iterations=40):
        self.engine, self.max_iterations = engine, max_iterations
        fields = engine.model.fields
        self._columns = [fields.index(f) for f in (POTENTIAL, ELECTRONS, HOLES)]
        self._ions = IonLimits(engine.model)

    def solve(self):
        """(converged, iterations, linear iterations, reason) from the model's state, in place."""
        e = self.engine
        linear, updates = 0, []
        for iteration in range(1, self.max_iterations + 1):
            b = e.assembler.residual()
            norm = b.norm(PETSc.NormType.NORM_INFINITY)
            if not np.isfinite(norm):
                return False, iteration, linear, "the residual is not finite"
            e.linearise()
            try:
                solved, count = e.correct(b)
            except PETSc.Error:  # factors of a singular matrix
                solved, count = False, 0
            linear += count
            if not solved:
                e.linear_solver.getPC().reset()
                return False, iteration, linear, "linear solve"
            if not np.isfinite(e.correction.norm(PETSc.NormType.NORM_INFINITY)):
                return False, iteration, linear, "the correction is not finite"
            updates.append(self._apply(e.correction))
            if updates[-1] < EXTRAPOLATED and e.small_enough(updates):
                return True, iteration, linear, ""
        return False, iteration, linear, "max it"

    def _apply(self, correction):
        """Take the correction (x <- x - correction, densities as above); returns the largest change."""
        m = self.engine.model
        rows = self.engine.assembler.owned_rows
        state = m.context.state.x
        step = -correction.array_r.reshape(-1, len(m.fields)).copy()
        phi, electrons, holes = self._columns
        moved = step[:, phi].copy()
        free = ~m.constrained[: m.owned]
        for column, sign in ((electrons, 1.0), (holes, -1.0)):
            taken = change_of_log(sign * moved, -sign * step[:, column])
            by_density = free[:, column]
            if column == electrons and m.context.has(FILAMENT):
                by_density &= ~self._metallic()
            step[:, column] = np.where(by_density, moved - sign * taken, step[:, column])
        self._ions.restrict(step, state.array[:rows].reshape(step.shape))
        state.array[:rows] += step.ravel()
        state.scatter_forward()
        largest = PETSc.Vec().createWithArray(step.ravel(), comm=self.engine.comm)
        return largest.norm(PETSc.NormType.NORM_INFINITY)

    def _metallic(self):
        """(owned nodes) bool: filament and gap conduct more than the electrons of the band."""
        m = self.engine.model
        p = m.parameters
        get = lambda field: m.values(field)[: m.owned]
        band = p.carriers.electron_diffusivity * stored(ELECTRON_DENSITY, m.fields, p, get)
        return filament_conductivity(p.filament, get(FILAMENT), get(TUNNELLING), Numpy) > band
