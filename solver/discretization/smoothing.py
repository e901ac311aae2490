"""Helmholtz filter on part of a mesh: takes the short waves out of a nodal field and leaves the long ones as they are."""

import numpy as np
import ufl
from dolfinx import fem
from petsc4py import PETSc

from solver import compat


class HelmholtzFilter:
    """w -> (V + l^2 K)^-1 V w with lumped volumes V and the stiffness K of grad . grad, insulated at the part's surface.

    A wave of number k becomes 1/(1 + (k l)^2) times as high; the mean is kept. Collective.

    Args:
        space: P1 space.
        length: l [nm].
        volume: UFL measure of nodal terms on the part of the mesh (vertex rule).
        edges: UFL measure of gradient terms there (one-point rule).
        weight: UFL factor of both measures (2 pi r, depth, 1).
    """

    def __init__(self, space, length, volume, edges, weight):
        u, v = ufl.TrialFunction(space), ufl.TestFunction(space)
        # int v
        lumped = fem.form(weight * v * volume)
        # int l^2 grad u . grad v
        stiffness = fem.form(length**2 * weight * ufl.inner(ufl.grad(u), ufl.grad(v)) * edges)
        # nodes outside the part need their diagonal, and PETSc drops entries that nothing was added to: zeros over the whole mesh
        everywhere = fem.form(fem.Constant(space.mesh, 0.0) * u * v * ufl.dx)
        self._matrix = compat.create_matrix(everywhere, "aij")
        compat.assemble_matrix(self._matrix, everywhere, [], 1.0)
        compat.assemble_matrix(self._matrix, stiffness, [], 1.0)
        self._matrix.assemble()
        self._b = compat.create_vector(lumped, space)
        compat.assemble_vector(self._b, lumped)
        self._b.ghostUpdate(addv=PETSc.InsertMode.ADD, mode=PETSc.ScatterMode.REVERSE)
        self._volume = self._b.array_r.copy()
        diagonal = self._matrix.getDiagonal()
        diagonal.array[:] += np.where(self._volume > 0, self._volume, 1.0)
        self._matrix.setDiagonal(diagonal)
        self._x = self._b.duplicate()
        self._out = fem.Function(space)
        self._ksp = PETSc.KSP().create(space.mesh.comm)
        self._ksp.setType("cg")
        self._ksp.getPC().setType("jacobi")
        # the same on any number of ranks to this
        self._ksp.setTolerances(rtol=1e-12, atol=1e-300, max_it=2000)
        self._ksp.setOperators(self._matrix)

    def __call__(self, values):
        """Filtered copy of (local nodes, ghosts included) `values`; 0 outside the part.

        Raises:
            RuntimeError: the linear solve did not converge.
        """
        n = len(self._volume)
        self._b.array[:] = self._volume * values[:n]
        self._ksp.solve(self._b, self._x)
        if self._ksp.getConvergedReason() < 0:
            raise RuntimeError(f"smoothing the noise did not converge (PETSc reason {self._ksp.getConvergedReason()})")
        self._out.x.array[:n] = self._x.array_r
        self._out.x.scatter_forward()
        return self._out.x.array.copy()
