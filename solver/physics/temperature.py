"""How coefficients follow the local temperature, theta = T/T0; without a temperature field each factor is the float 1.0.

Forms without heat therefore stay what they are: UFL drops factors of 1.0.
"""

import ufl

from solver.discretization.functions import clamp
from solver.physics.fields import TEMPERATURE

LOWEST, HIGHEST = 0.05, 20.0  # of theta, inside the factors only: a Newton iterate must not overflow


def local(ctx):
    """theta at a point, for local terms."""
    return clamp(ctx.unknown(TEMPERATURE), LOWEST, HIGHEST) if ctx.has(TEMPERATURE) else 1.0


def of_state(fields, get, m):
    """theta from a function field -> value, as `storage.stored` has it."""
    return clamp(get(TEMPERATURE), LOWEST, HIGHEST, m) if TEMPERATURE in fields else 1.0


def nodal(ctx) -> list:
    """theta at the vertices of a cell, for edge terms."""
    if not ctx.has(TEMPERATURE):
        return [1.0] * ctx.edges.vertices
    return [clamp(t, LOWEST, HIGHEST) for t in ctx.edges.nodal(ctx.unknown(TEMPERATURE))]


def on_edge(ctx):
    """Function (i, j) -> mean of theta at the two ends."""
    if not ctx.has(TEMPERATURE):
        return lambda i, j: 1.0
    theta = nodal(ctx)
    return lambda i, j: 0.5 * (theta[i] + theta[j])


def arrhenius(theta, energy, m=ufl):
    """exp[-(E/kT - E/kT0)], 1 at T0.

    Args:
        theta: T/T0, or the float 1.0.
        energy: E/kT0.
        m: module of the elementary functions.
    """
    return 1.0 if neutral(theta) or energy == 0.0 else m.exp(energy * (1.0 - 1.0 / theta))


def power(theta, exponent):
    """theta^exponent."""
    return 1.0 if neutral(theta) or exponent == 0.0 else theta**exponent


def metallic(theta, coefficient, m=ufl):
    """1 / (1 + a (T - T0)), a metal's conductivity; `coefficient` is a T0. Limited to 10 below T0."""
    if neutral(theta) or coefficient == 0.0:
        return 1.0
    return 1.0 / m.max_value(1.0 + coefficient * (theta - 1.0), 0.1)


def log_states(theta, m=ufl):
    """ln of a band's effective density of states over that at T0, ln theta^1.5."""
    return 0.0 if neutral(theta) else 1.5 * m.ln(theta)


def neutral(theta) -> bool:
    """True for the float 1.0: there is no temperature field."""
    return isinstance(theta, float) and theta == 1.0
