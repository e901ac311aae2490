"""Linear solvers for the coupled Jacobian.

Measured on the back-contact cell (docs/performance.md): GMRES with block ILU(1) on one rank, the same inside
additive Schwarz with overlap 1 on several; MUMPS in 1D. Already the 2D gap with 4.6 k unknowns takes 9 s a sweep with
GMRES and 18 s with MUMPS.
"""

from petsc4py import PETSc

ZERO_PIVOT = 1e-60  # rows span many decades (film against metal): a small pivot is no zero


def make_solver(comm, tdim, choice="auto", rtol=1e-6) -> PETSc.KSP:
    """A KSP set up by `choice`: "direct", "iterative" or "auto" (by the mesh's dimension)."""
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
    incomplete_factors(ksp, "halofil_coupled_", levels=1, ordering="rcm")
    return ksp


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
