"""Solving (A + i omega M) x = b, A and M real: GMRES on the doubled real system (PETSc is real here).

With B = omega M and x = x' + i x'' the system is [[A, -B], [B, A]] (x', x'') = (b', b''). It is preconditioned by
[[A, -B], [B, A + 2B]], which takes two solves with the real matrix H = A + B and one product with B:
    H h = b' + b'',    H x'' = b'' - B h,    x' = h - x''
(O. Axelsson, M. Neytcheva, B. Ahmad, Numer. Algorithms 66, 811 (2014)). For symmetric positive semi-definite A and B the
preconditioned eigenvalues lie in [1/2, 1] at every omega. H is the Jacobian of an implicit Euler step of length
1/omega: whatever solves the transient solves this, without factors of twice the size.
"""

import logging
import weakref

import numpy as np
from petsc4py import PETSc

from solver.engines.cpu.linear import incomplete_factors, make_solver

log = logging.getLogger("halofil")
PASS_TOLERANCE = 1e-8  # of GMRES in one pass
ENOUGH = 1e-9  # a pass that corrects the solution by less than this ends the refinement: what is left is 1e-17
PASSES = 6
PREFIX = "halofil_harmonic_"
SPARE = 100  # % of memory beyond MUMPS's estimate: pivots move with the frequency
LARGEST_DIRECT_3D = 20_000  # unknowns; sparse factors of larger 3D systems cost more than GMRES with ILU


class HarmonicError(ArithmeticError):
    """The linear solve at a frequency failed; the message says at which frequency and why."""


class HarmonicSolver:
    """Solver of (A + i omega M) x = b for one pair of matrices and any number of frequencies.

    Args:
        stiffness, mass: PETSc matrices A and M, the pattern of M within that of A; prescribed rows hold the identity
            in A and nothing in M.
        tdim: dimension of the mesh.
        choice: "direct" (factors of H), "iterative" (ILU, inside additive Schwarz on several ranks) or "auto".

    Attributes:
        iterations: of GMRES since creation.
    """

    def __init__(self, stiffness, mass, tdim, choice="auto"):
        self._A, self._M = stiffness, mass
        self._H = stiffness.duplicate(copy=True)
        self._omega = None
        self.iterations = 0
        comm = stiffness.comm
        if choice == "auto":
            choice = "direct" if tdim < 3 or stiffness.size[0] <= LARGEST_DIRECT_3D else "iterative"
        if choice == "direct":
            self._inner = make_solver(comm, tdim, "direct")
            self._inner.setOptionsPrefix(PREFIX + "direct_")
            PETSc.Options()[PREFIX + "direct_mat_mumps_icntl_14"] = SPARE
            self._inner.setFromOptions()
        else:
            self._inner = PETSc.KSP().create(comm)
            self._inner.setType("preonly")
            incomplete_factors(self._inner, PREFIX + "ilu_", levels=1, ordering="rcm")
        self._work = [stiffness.createVecRight() for _ in range(4)]
        # No cycle of references: PETSc objects are to be freed at the same moment on all ranks.
        own = weakref.proxy(self)
        rows = stiffness.getLocalSize()[0]
        size = ((2 * rows, None), (2 * rows, None))
        doubled = PETSc.Mat().createPython(size, context=_Doubled(own), comm=comm)
        doubled.setUp()
        self._ksp = ksp = PETSc.KSP().create(comm)
        ksp.setType("gmres")
        ksp.setGMRESRestart(100)
        ksp.setTolerances(rtol=PASS_TOLERANCE, atol=1e-300, max_it=400)
        ksp.setPCSide(PETSc.PC.Side.LEFT)
        ksp.setOperators(doubled)
        pc = ksp.getPC()
        pc.setType("python")
        pc.setPythonContext(_Preconditioner(own))
        self._b, self._x, self._d = (doubled.createVecRight() for _ in range(3))

    def at(self, omega: float) -> "HarmonicSolver":
        """Set the angular frequency [1/s], 0 included; returns the solver."""
        if omega != self._omega:
            self._A.copy(self._H, structure=PETSc.Mat.Structure.SAME_NONZERO_PATTERN)
            # M holds the blocks of the regions that store something
            self._H.axpy(omega, self._M, structure=PETSc.Mat.Structure.SUBSET_NONZERO_PATTERN)
            self._inner.setOperators(self._H)
            self._omega = omega
        return self

    def solve(self, b: np.ndarray) -> np.ndarray:
        """x of the owned rows for the right-hand side `b` (complex, owned rows), refined to rounding. Collective.

        Raises:
            HarmonicError: GMRES does not converge, or the factors do not exist.
        """
        _pack(self._b, b)
        self._x.set(0.0)
        residual = self._b.copy()
        last = np.inf
        for _ in range(PASSES):
            size = self._pass(residual)
            if size > 0.5 * last:  # rounding: further passes only stir it
                break
            self._x.axpy(1.0, self._d)
            last = size
            if size <= ENOUGH * self._x.norm(PETSc.NormType.NORM_INFINITY):
                break
            self._ksp.getOperators()[0].mult(self._x, residual)
            residual.aypx(-1.0, self._b)
        return _unpack(self._x)

    def _pass(self, residual):
        """Solve for a correction of `residual`; returns its largest entry.

        MUMPS on several ranks sometimes fails with factors it otherwise makes (its schedule is not deterministic): then they
        are made anew, once.
        """
        for attempt in range(2):
            why = self._attempt(residual)
            if why is None:
                return self._d.norm(PETSc.NormType.NORM_INFINITY)
            log.info("small signals at %.3g Hz: %s%s", self._omega / (2 * np.pi), why, "" if attempt else "; factors made anew")
            self._inner.getPC().reset()
            self._inner.setOperators(self._H)
        raise HarmonicError(f"no small-signal solution at {self._omega / (2 * np.pi):.3g} Hz: {why}.")

    def _attempt(self, residual):
        """None, or why there is no correction."""
        try:
            self._ksp.solve(residual, self._d)
        except PETSc.Error as error:
            return f"PETSc error {error.ierr}"
        self.iterations += self._ksp.getIterationNumber()
        if self._inner.getConvergedReason() < 0:
            return f"no factors (reason {self._inner.getConvergedReason()})"
        if self._ksp.getConvergedReason() < 0 or not np.isfinite(self._d.norm(PETSc.NormType.NORM_INFINITY)):
            return f"GMRES stopped after {self._ksp.getIterationNumber()} iterations (reason {self._ksp.getConvergedReason()})"
        return None

    # [[A, -B], [B, A]] (x', x'')
    def _mult(self, x, y):
        re, im, p, q = self._work
        _split(x, re, im)
        self._A.mult(re, p)
        self._M.mult(im, q)
        p.axpy(-self._omega, q)
        first = p.array_r.copy()
        self._A.mult(im, p)
        self._M.mult(re, q)
        p.axpy(self._omega, q)
        y.array[:] = np.concatenate([first, p.array_r])

    def _precondition(self, x, y):
        re, im, h, q = self._work
        _split(x, re, im)
        re.axpy(1.0, im)
        self._inner.solve(re, h)
        self._M.mult(h, q)
        im.axpy(-self._omega, q)
        self._inner.solve(im, q)
        if self._inner.getConvergedReason() < 0:
            y.set(np.nan)
            return
        h.axpy(-1.0, q)
        y.array[:] = np.concatenate([h.array_r, q.array_r])


class _Doubled:
    """Context of PETSc's Python matrix."""

    def __init__(self, solver):
        self._solver = solver

    def mult(self, mat, x, y):
        self._solver._mult(x, y)


class _Preconditioner:
    """Context of PETSc's Python preconditioner."""

    def __init__(self, solver):
        self._solver = solver

    def apply(self, pc, x, y):
        self._solver._precondition(x, y)


def _split(x, re, im):
    half = x.local_size // 2
    re.array[:], im.array[:] = x.array_r[:half], x.array_r[half:]


def _pack(x, values):
    x.array[:] = np.concatenate([values.real, values.imag])


def _unpack(x):
    half = x.local_size // 2
    return x.array_r[:half] + 1j * x.array_r[half:]
