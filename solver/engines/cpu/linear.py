"""Linear solvers for the coupled Jacobian.

Measured on the back-contact cell (docs/performance.md): GMRES with block ILU(1) on one rank, the same inside
additive Schwarz with overlap 1 on several; MUMPS where the problem is small (1D, 2D).
"""

from petsc4py import PETSc

DIRECT_LIMIT = 40_000  # unknowns; MUMPS is faster below in 2D and as fast in 3D


def make_solver(comm, unknowns, tdim, choice="auto", rtol=1e-6) -> PETSc.KSP:
    """A KSP set up by `choice`: "direct", "iterative" or "auto" (by size and dimension)."""
    ksp = PETSc.KSP().create(comm)
    if choice == "auto":
        choice = "direct" if tdim < 3 and unknowns < DIRECT_LIMIT else "iterative"
    pc = ksp.getPC()
    if choice == "direct":
        ksp.setType("preonly")
        pc.setType("lu")
        pc.setFactorSolverType("mumps")
        return ksp
    options = PETSc.Options()
    prefix = "halofil_"
    ksp.setOptionsPrefix(prefix)
    ksp.setType("gmres")
    ksp.setGMRESRestart(150)
    ksp.setTolerances(rtol=rtol, atol=1e-50, max_it=300)
    ksp.setPCSide(PETSc.PC.Side.LEFT)
    if comm.size == 1:
        pc.setType("ilu")
        pc.setFactorLevels(1)
        pc.setFactorOrdering("rcm")
    else:
        pc.setType("asm")
        pc.setASMOverlap(1)
        options[prefix + "sub_pc_type"] = "ilu"
        options[prefix + "sub_pc_factor_levels"] = 1
        options[prefix + "sub_pc_factor_mat_ordering_type"] = "rcm"
        ksp.setFromOptions()
    return ksp
