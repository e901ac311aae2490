"""Edge-averaged (Scharfetter-Gummel) fluxes on P1 simplices as plain UFL, in 1D, 2D and 3D.

With a one-point rule every nodal value of a P1 function is an affine extrapolation from the centroid,
f_i = f(x_c) + grad f . J (X_i - X_c), so a sum over the cell's edges is an ordinary UFL integrand and
`ufl.derivative` gives its exact Jacobian (edge-averaged finite elements: Xu, Zikatanov, Math. Comp. 68, 1429 (1999)).

Weights: omega_ij = -grad lambda_i . grad lambda_j, so that sum_ij omega_ij |T| k_ij (u_j - u_i)(v_j - v_i) is the
stiffness form with one coefficient an edge. Forms built here must be integrated with the one-point rule and never
be joined with another rule in one form (FFCx 0.9 then generates wrong code; see tests).
"""

import itertools

import numpy as np
import ufl

from solver.discretization.functions import bernoulli

_CORNERS = {
    "interval": [[0.0], [1.0]],
    "triangle": [[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]],
    "tetrahedron": [[0.0, 0.0, 0.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]],
}

ONE_POINT = {"quadrature_degree": 1}
VERTEX = {"quadrature_rule": "vertex", "quadrature_degree": 1}


class CellEdges:
    """Symbolic edges of the simplices of `mesh` (affine cells).

    Attributes:
        pairs: list of vertex pairs (i, j), i < j, of one cell.
        vertices: number of vertices of one cell.
    """

    def __init__(self, mesh):
        self._corners = np.array(_CORNERS[mesh.topology.cell_name()])
        self._centre = self._corners.mean(axis=0)
        self.tdim = self._corners.shape[1]
        self.vertices = self.tdim + 1
        self.pairs = list(itertools.combinations(range(self.vertices), 2))
        self._J = ufl.Jacobian(mesh)
        K = ufl.JacobianInverse(mesh)
        reference = [ufl.as_vector([-1.0] * self.tdim)]
        reference += [ufl.as_vector([1.0 if k == i else 0.0 for k in range(self.tdim)]) for i in range(self.tdim)]
        self._grad_lambda = [ufl.dot(ufl.transpose(K), g) for g in reference]

    def _vector(self, a):
        return ufl.as_vector([float(t) for t in a])

    def nodal(self, f):
        """Values of the P1 expression `f` at the cell's vertices (list of scalars)."""
        g = ufl.dot(ufl.transpose(self._J), ufl.grad(f))
        return [f + ufl.dot(g, self._vector(X - self._centre)) for X in self._corners]

    def weight(self, i, j):
        """omega_ij = -grad lambda_i . grad lambda_j [1/nm^2]; negative opposite an obtuse angle."""
        return -ufl.dot(self._grad_lambda[i], self._grad_lambda[j])

    def difference(self, v, i, j):
        """v_j - v_i of a P1 expression (gradient along the edge: exact for P1)."""
        return ufl.dot(ufl.dot(ufl.transpose(self._J), ufl.grad(v)), self._vector(self._corners[j] - self._corners[i]))

    def length(self, i, j):
        """|x_j - x_i| [nm]."""
        e = ufl.dot(self._J, self._vector(self._corners[j] - self._corners[i]))
        return ufl.sqrt(ufl.dot(e, e))

    def mean_length(self):
        """Mean edge length of the cell [nm]."""
        return sum(self.length(i, j) for i, j in self.pairs) / len(self.pairs)

    def diffusion(self, u, v, coefficient):
        """Integrand of k grad u . grad v with k = coefficient(i, j) an edge."""
        return sum(
            coefficient(i, j) * self.weight(i, j) * self.difference(u, i, j) * self.difference(v, i, j)
            for i, j in self.pairs
        )

    def drift_diffusion(self, c, psi, v, obtuse=False):
        """Integrand of (grad c + c grad psi) . grad v, Scharfetter-Gummel average on each edge.

        c, psi: nodal values (lists from `nodal`). Flux from i to j: B(psi_i - psi_j) c_j - B(psi_j - psi_i) c_i.
        obtuse: there are edges of negative weight; they get the factor `scarcity`.
        """
        return self.drift_flux(c, lambda i, j: psi[j] - psi[i], v, lambda i, j: 1.0, obtuse)

    def drift_flux(self, c, rise, v, coefficient, obtuse=False):
        """The same with k = coefficient(i, j) on each edge, and what drives the drift as rise(i, j) from i to j."""
        total = 0
        for i, j in self.pairs:
            d, weight = rise(i, j), self.weight(i, j)
            flux = bernoulli(-d) * c[j] - bernoulli(d) * c[i]
            if obtuse:
                flux *= ufl.conditional(ufl.lt(weight, 0.0), scarcity(c[i], c[j]), 1.0)
            total += coefficient(i, j) * weight * flux * self.difference(v, i, j)
        return total


def scarcity(a, b, m=ufl):
    """4ab/(a + b)^2 of two densities: 1 up to second order in their difference, 0 where one is used up.

    An edge of negative weight moves particles against the flux, out of the end that has fewer, even if that has none.
    With this factor it takes only what is there; the flux stays antisymmetric (conservative) and zero in equilibrium.
    """
    a, b = m.max_value(a, 0.0), m.max_value(b, 0.0)
    return 4.0 * a * b / ((a + b) * (a + b) + 1e-60)
