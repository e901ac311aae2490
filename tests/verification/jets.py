"""Smooth functions of position with gradient and Laplacian, for manufactured solutions (NumPy, no meshes)."""

import numpy as np


class Jet:
    """Values of a function at points with its gradient and Laplacian; sums, products and chains follow the rules.

    Attributes:
        value: (n,).
        gradient: (n, d) [1/nm].
        laplacian: (n,) [1/nm^2].
    """

    def __init__(self, value, gradient, laplacian):
        self.value, self.gradient, self.laplacian = value, gradient, laplacian

    def __add__(self, other):
        if not isinstance(other, Jet):
            return Jet(self.value + other, self.gradient, self.laplacian)
        return Jet(self.value + other.value, self.gradient + other.gradient, self.laplacian + other.laplacian)

    __radd__ = __add__

    def __mul__(self, other):
        if not isinstance(other, Jet):
            return Jet(self.value * other, self.gradient * other, self.laplacian * other)
        cross = np.sum(self.gradient * other.gradient, axis=1)
        return Jet(
            self.value * other.value,
            self.value[:, None] * other.gradient + other.value[:, None] * self.gradient,
            self.value * other.laplacian + 2 * cross + other.value * self.laplacian,
        )

    __rmul__ = __mul__

    def __neg__(self):
        return self * -1.0

    def __sub__(self, other):
        return self + (-other)

    def through(self, f, slope, curvature):
        """F(self) from F, F', F'' at the values."""
        square = np.sum(self.gradient**2, axis=1)
        return Jet(f, slope[:, None] * self.gradient, slope * self.laplacian + curvature * square)

    def log(self):
        return self.through(np.log(self.value), 1 / self.value, -1 / self.value**2)


def cosines(x, length, waves, phase=0.0):
    """Product over the axes of cos(pi k x / length + phase on the last axis): no flux through the sides.

    Args:
        x: (n, d) [nm]. length: [nm]. waves: d integers.
    """
    out = None
    for axis, k in enumerate(waves):
        a = np.pi * k / length
        p = phase if axis == len(waves) - 1 else 0.0
        gradient = np.zeros_like(x)
        gradient[:, axis] = -a * np.sin(a * x[:, axis] + p)
        value = np.cos(a * x[:, axis] + p)
        factor = Jet(value, gradient, -a * a * value)
        out = factor if out is None else out * factor
    return out


def ramp(x, length, top):
    """Linear from 0 to `top` along the last axis."""
    gradient = np.zeros_like(x)
    gradient[:, -1] = top / length
    return Jet(x[:, -1] * top / length, gradient, np.zeros(len(x)))


def divergence(coefficient, potential):
    """div(k grad f) of two jets."""
    return np.sum(coefficient.gradient * potential.gradient, axis=1) + coefficient.value * potential.laplacian
