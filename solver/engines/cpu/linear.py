"""Linear solvers for the coupled Jacobian.

Measured on the back-contact cell (docs/performance.md): GMRES with block ILU(1) on one rank, the same inside
additive Schwarz with overlap 1 on several; MUMPS in 1D. Already the 2D gap with 4.6 k unknowns takes 9 s a sweep with
GMRES and 18 s with MUMPS.
"""

import numpy as np
from petsc4py import PETSc

MULTIGRID_FROM = 50_000  # unknowns
ZERO_PIVOT = 1e-60  # rows span many decades (film against metal): a small pivot is no zero


def make_solver(comm, tdim, choice="auto", rtol=1e-6) -> PETSc.KSP:
    """A KSP by `choice`: "direct", "iterative" (which still needs a preconditioner) or "auto" (by the mesh's dimension)."""
    ksp = PETSc.KSP().create(comm)
    if choice == "auto":
        choice = "direct" if tdim == 1 else "iterative"
    pc = ksp.getPC()
    if choice == "direct":
        ksp.setType("preonly")
        pc.setType("lu")
        pc.setFactorSolverType("mumps")
        return ksp
    ksp.setType("gmres")
    ksp.setGMRESRestart(150)
    ksp.setTolerances(rtol=rtol, atol=1e-50, max_it=300)
    ksp.setPCSide(PETSc.PC.Side.LEFT)
    return ksp


def coupled_factors(ksp):
    """Precondition the coupled Jacobian by ILU(1)."""
    incomplete_factors(ksp, "halofil_coupled_", levels=1, ordering="rcm")


def incomplete_factors(ksp, prefix, levels=0, ordering="natural"):
    """Precondition by ILU(levels), inside additive Schwarz with overlap 1 on several ranks."""
    parallel = ksp.comm.size > 1
    sub = prefix + ("sub_" if parallel else "")
    options = PETSc.Options()
    options[prefix + "pc_type"] = "asm" if parallel else "ilu"
    if parallel:
        options[prefix + "pc_asm_overlap"] = 1
        options[sub + "pc_type"] = "ilu"
    options[sub + "pc_factor_levels"] = levels
    options[sub + "pc_factor_mat_ordering_type"] = ordering
    options[sub + "pc_factor_zeropivot"] = ZERO_PIVOT
    ksp.setOptionsPrefix(prefix)
    ksp.setFromOptions()


class RowScaling:
    """Equations of some fields divided by their own diagonal, node by node.

    Incomplete factors pivot inside a node's block, by size: beside a metal's rows those of minority carriers (1e-25 of them
    in a p-type film) would be eliminated with another field's equation and be left with its rounding. In exact arithmetic
    nothing changes: the preconditioner takes the scales out again. MUMPS scales and pivots by itself.

    Args:
        vector: of the Jacobian's layout.
        fields: their number.
        columns: of the fields whose equations are scaled; a row whose diagonal vanishes stays as it is.
    """

    def __init__(self, vector, fields, columns):
        self._factors, self._scaled = vector.duplicate(), vector.duplicate()
        self._kept = np.setdiff1d(np.arange(fields), columns)
        self._shape = (-1, fields)

    def take(self, matrix):
        """Scale the rows of `matrix`, in place."""
        matrix.getDiagonal(self._factors)
        rows = self._factors.array.reshape(self._shape)
        rows[:, self._kept] = 1.0
        rows[rows == 0.0] = 1.0  # lost to rounding in an iterate far off
        np.divide(1.0, np.abs(rows), out=rows)
        matrix.diagonalScale(L=self._factors)

    def right_side(self, b) -> PETSc.Vec:
        """The right-hand side `b` on the scale of the last `take` (own vector, overwritten by the next call)."""
        self._scaled.pointwiseMult(self._factors, b)
        return self._scaled
