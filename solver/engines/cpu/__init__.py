"""PETSc engine: assembly of the terms, linear solvers, Newton."""
