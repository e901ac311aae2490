"""Scalar functions of the weak forms, safe at their limits; the same text serves UFL and NumPy.

Each takes `m`, the module whose `exp`, `ln` ... it uses: `ufl` (default) or `solver.discretization.functions.Numpy`,
so that the tests check exactly what the forms contain.
"""

import ufl


class Numpy:
    """The few UFL operators used here, on NumPy arrays."""

    @staticmethod
    def exp(x):
        import numpy as np

        return np.exp(x)

    @staticmethod
    def ln(x):
        import numpy as np

        return np.log(x)

    @staticmethod
    def sqrt(x):
        import numpy as np

        return np.sqrt(x)

    @staticmethod
    def conditional(c, a, b):
        import numpy as np

        return np.where(c, a, b)

    @staticmethod
    def lt(a, b):
        return a < b

    @staticmethod
    def max_value(a, b):
        import numpy as np

        return np.maximum(a, b)

    @staticmethod
    def min_value(a, b):
        import numpy as np

        return np.minimum(a, b)


def clamp(x, low, high, m=ufl):
    """x limited to [low, high]; derivative zero outside."""
    return m.max_value(m.min_value(x, high), low)


def bernoulli(x, m=ufl):
    """B(x) = x / (exp(x) - 1): no overflow, no 0/0, positive; B(-x) = B(x) + x.

    Written as |x| e^{-|x|} / (1 - e^{-|x|}) + max(-x, 0) with a series for |x| < 0.02
    (Scharfetter, Gummel, IEEE Trans. Electron Devices 16, 64 (1969); next series term 1e-16 there).
    """
    a = abs(x)
    small = m.lt(a, 0.02)
    y = m.conditional(small, 1.0, m.min_value(a, 600.0))
    e = m.exp(-y)
    far = y * e / (1.0 - e) + m.conditional(m.lt(x, 0.0), -x, 0.0)
    near = 1.0 - 0.5 * x + x * x / 12.0 - x**4 / 720.0
    return m.conditional(small, near, far)


def symmetric_bernoulli(x, m=ufl):
    """B(x) e^{x/2} = (x/2) / sinh(x/2): even, 1 at 0, positive; |x| is cut at 1200.

    Series for |x| < 0.02 (next term 1e-14 of it there).
    """
    a = abs(x)
    small = m.lt(a, 0.02)
    y = m.conditional(small, 1.0, m.min_value(a, 1200.0))
    far = y * m.exp(-0.5 * y) / (1.0 - m.exp(-y))
    return m.conditional(small, 1.0 - x * x / 24.0 + 7.0 * x**4 / 5760.0, far)


def crowding(theta, m=ufl, last=1e-6):
    """-ln(1 - theta) of the occupied share theta of sites; goes on as a straight line beyond 1 - `last`.

    The line (slope 1 / last) keeps the repulsion rising for a Newton iterate beyond the limit, and theta below
    1 + last * psi for whatever potential psi [kT/q] pulls.
    """
    inside = m.min_value(theta, 1.0 - last)
    return -m.ln(1.0 - inside) + (theta - inside) / last


def smoothstep(x, low, high, m=ufl):
    """Cubic step: 0 below `low`, 1 above `high`, C1."""
    t = clamp((x - low) / (high - low), 0.0, 1.0, m)
    return t * t * (3.0 - 2.0 * t)


def interpolant(xi, m=ufl):
    """h(xi) = xi^3 (6 xi^2 - 15 xi + 10) in [0, 1], 0 below and 1 above: h' = h'' = 0 at both ends.

    Beyond the phases the polynomial would go on: at xi = -0.1, where noise takes it, it gives off as many ions as a film of
    1e19 cm^-3 has.
    """
    x = clamp(xi, 0.0, 1.0, m)
    return x**3 * (6 * x * x - 15 * x + 10)


def double_well_slope(xi):
    """g'(xi) of the double well g = xi^2 (1 - xi)^2."""
    return 2 * xi * (1 - xi) * (1 - 2 * xi)


def butler_volmer(delta, alpha, m=ufl, limit=16.0):
    """S(Delta) = e^{(alpha - 1/2) Delta} sinh(Delta/2) / (Delta/2): Butler-Volmer mobility factor, S(0) = 1.

    |Delta| is limited to `limit` (kT) inside S, so that a Newton iterate cannot overflow.
    """
    y = 0.5 * clamp(delta, -limit, limit, m)
    y2 = y * y
    small = m.lt(y2, 1e-2)
    safe = m.conditional(small, 1.0, y)
    ratio = m.conditional(small, 1 + y2 / 6 + y2 * y2 / 120 + y2**3 / 5040, (m.exp(y) - m.exp(-y)) / (2 * safe))
    return ratio * m.exp(2 * (alpha - 0.5) * y)


def exchange_rate(affinity, symmetry=0.5, m=ufl, limit=16.0):
    """e^{s A} - e^{-(1 - s) A}: Butler-Volmer rate at which an affinity A [kT] drives a reaction forwards.

    |A| is limited to `limit`, so that a Newton iterate cannot overflow. s = 1/2: 2 sinh(A/2).
    """
    y = clamp(affinity, -limit, limit, m)
    return m.exp(symmetry * y) - m.exp((symmetry - 1) * y)


def rho_over_sinh(rho, m=ufl):
    """K(rho) = rho / sinh(rho), rho > 0: edge average of an exponentially varying conductivity."""
    r = m.min_value(rho, 60.0)
    return 2 * r / (m.exp(r) - m.exp(-r))


def tanh_half_over_half(rho, m=ufl):
    """T(rho) = tanh(rho/2) / (rho/2), rho > 0: lumped mass that makes u'' = u exact on an edge."""
    r = m.min_value(rho, 60.0)
    e = m.exp(-r)
    return 2 / r * (1 - e) / (1 + e)
