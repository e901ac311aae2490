"""Engines solve the equations of `solver.physics`: `cpu` is PETSc under MPI."""
