"""Evanescent amplitude u of the filament's carriers: conduction across the gap with its own decay length.

lambda^2 lap u - u + (P(xi)/epsilon)(u* - u) = 0 decays as exp(-d/lambda) away from the filament whatever the interface
width l is; the gap conducts as sigma_t u^2, hence with lambda_G = lambda/2. Natural condition on electrodes: a plane
gap g has G/A = 2 sigma_t / (lambda sinh(2 g / lambda)).
u* = min[(xi/(1-xi))^(l'/lambda), e^(1.39 l'/lambda)] uses the tanh profile's own distance to xi = 1/2, so the tip is
located below the mesh size; P = smoothstep(xi; 0.1, 0.3) pins u to it inside, in cells that reach the front (largest xi
from 0.3 to 0.5 on). l' is the width that the profile has there, 1/|grad ln(xi/(1-xi))|, at most l: where a profile is
narrower, the conductance read with l would jump by factors of two as the tip passes from node to node.
"""

from functools import reduce

import ufl

from solver.discretization.functions import clamp, rho_over_sinh, smoothstep, tanh_half_over_half
from solver.physics.context import FILAMENT, TUNNELLING, FormContext, Term

PIN_FROM, PIN_TO = 0.1, 0.3
PIN_STRENGTH = 1e3  # 1/epsilon
REACH_FROM, REACH_TO = 0.3, 0.5  # largest xi of a cell: none is pinned from cells that lie wholly before the front
PROFILE_END = 0.01  # the profile is read between xi = 0.01 and 0.99
PROFILE_CAP = 1.39  # u* is capped at xi = 0.8, where the profile's logarithm stops being reliable


def amplitude_in_filament(xi, width, decay_length, m=ufl):
    """u* of the filament fraction `xi` (see module text)."""
    q = clamp(xi, 1e-6, 1 - 1e-6, m)
    distance = width / decay_length
    return m.exp(m.min_value(distance * (m.ln(q) - m.ln(1 - q)), PROFILE_CAP * distance))


def profile_width(edges, xi, width):
    """Length l' [nm] over which ln(xi/(1-xi)) changes by one in a cell: `width` at rest, less where a strong force drives the
    front and narrows it.

    Args:
        edges: `CellEdges`.
        xi: nodal values of the filament fraction.
        width: l at rest [nm].
    """
    logit = [ufl.ln(q) - ufl.ln(1 - q) for q in (clamp(x, PROFILE_END, 1 - PROFILE_END) for x in xi)]
    # |grad ln(xi/(1-xi))|^2
    slope = sum(edges.weight(i, j) * (logit[j] - logit[i]) ** 2 for i, j in edges.pairs)
    return 1 / ufl.sqrt(ufl.max_value(slope, 1 / width**2))


def terms(ctx: FormContext) -> list[Term]:
    """Residual terms; edge averages exact for exp(+-x/lambda) on every edge."""
    if not ctx.has(TUNNELLING):
        return []
    f, E, lam = ctx.parameters.filament, ctx.edges, ctx.parameters.filament.decay_length
    u, xi = E.nodal(ctx.unknown(TUNNELLING)), E.nodal(ctx.unknown(FILAMENT))
    test = ctx.test(TUNNELLING)
    v = E.nodal(test)
    width = profile_width(E, xi, f.width)
    target = [amplitude_in_filament(q, width, lam) for q in xi]
    inside = smoothstep(reduce(ufl.max_value, xi), REACH_FROM, REACH_TO)
    pin = [PIN_STRENGTH * inside * smoothstep(q, PIN_FROM, PIN_TO) * (a - b) for q, a, b in zip(xi, u, target)]
    rho = {pair: E.length(*pair) / lam for pair in E.pairs}
    k = lambda i, j: rho_over_sinh(rho[i, j])
    # int lambda^2 grad u . grad v
    if ctx.obtuse is not None:
        k = ctx.cell_average(k, rho_over_sinh(E.mean_length() / lam))
    flux = lam * lam * E.diffusion(ctx.unknown(TUNNELLING), test, k)
    # int [u - (P/eps)(u* - u)] v, each edge's share of the cell, omega |e|^2 / (2 dim), to its two ends
    mass = 0
    for i, j in E.pairs:
        share = E.weight(i, j) * E.length(i, j) ** 2 / (2.0 * E.tdim)
        t = tanh_half_over_half(rho[i, j])
        mass += share * ((t * u[i] + pin[i]) * v[i] + (t * u[j] + pin[j]) * v[j])
    if ctx.obtuse is not None:  # shares can be negative there: equal shares instead
        t = tanh_half_over_half(E.mean_length() / lam)
        lumped = sum((t * u[i] + pin[i]) * v[i] for i in range(E.vertices)) / E.vertices
        mass = mass + ctx.obtuse * (lumped - mass)
    scale = ctx.row_scale[TUNNELLING]
    return [Term("tunnelling", TUNNELLING, scale * (flux + mass) * ctx.weight * ctx.dx_edges(ctx.film))]
