"""Ion species i with charge numbers z_i and a steric limit: d/dt [c_i + nu_i c_f h(xi)] = div D_i (grad c_i + c_i grad psi_i).

psi_i = z_i phi - ln(1 - sum_j c_j/c_max), j over the species of one sublattice (Kilic, Bazant, Ajdari, PRE 75, 021502
(2007)); nu_i = 1 for the species of which the filament is made, else 0. With a temperature
field D_i is Arrhenius' and phi is divided by theta = T/T0 (Einstein); Soret diffusion is left out. Unknowns: c_i over the initial density.
"""

import ufl

from solver.discretization.functions import crowding
from solver.physics import temperature
from solver.physics.context import POTENTIAL, FormContext, Term
from solver.physics.fields import TEMPERATURE, total
from solver.physics.storage import stored


def terms(ctx: FormContext) -> list[Term]:
    """Residual terms of the balance of each mobile species; rows in ions/s."""
    out = []
    phi = ctx.edges.nodal(ctx.unknown(POTENTIAL))
    for ion in ctx.species:
        v, scale = ctx.test(ion.name), ctx.row_scale[ion.name]
        c = ctx.edges.nodal(ctx.unknown(ion.name))
        crowded = [crowding(q) for q in _occupied_at_corners(ctx, ion)]
        if ctx.has(TEMPERATURE):
            # psi = z phi/theta - ln(1 - sum c/c_max), theta the edge's own
            theta = temperature.on_edge(ctx)
            rise = _rise(ion.charge, phi, crowded, theta)
            edges = ctx.edges.drift_flux(c, rise, v, _activated(theta, ion.activation))
        else:
            edges = ctx.edges.drift_diffusion(c, [ion.charge * f + s for f, s in zip(phi, crowded)], v)
        # int D (grad c + c grad psi) . grad v
        flux = ctx.ion_motion * ctx.ion_passage * ion.diffusivity * ion.density * edges
        # int d/dt [c + nu c_f h] v
        rate = ctx.rate * stored(total(ion.name), ctx.fields, ctx.parameters, ctx.unknown, ufl) + ctx.past(total(ion.name))
        out += [
            Term(f"{ion.name}, edges", ion.name, scale * flux * ctx.weight * ctx.dx_edges(ctx.film)),
            Term(f"{ion.name}, storage", ion.name, scale * rate * v * ctx.weight * ctx.dx_nodes(ctx.film)),
        ]
    return out


def _rise(charge, phi, crowded, theta):
    return lambda i, j: charge * (phi[j] - phi[i]) / theta(i, j) + crowded[j] - crowded[i]


def _activated(theta, energy):
    return lambda i, j: temperature.arrhenius(theta(i, j), energy)


def neighbours(ctx: FormContext, ion):
    """The species on the sublattice of `ion`, itself among them."""
    return [other for other in ctx.parameters.species if other.sublattice == ion.sublattice]


def _occupied_at_corners(ctx, ion):
    """Share of occupied sites at the cell's vertices."""
    corners = [
        [j.share * q for q in ctx.edges.nodal(ctx.relative_density(j.name))] for j in neighbours(ctx, ion)
    ]
    return [sum(parts[1:], parts[0]) for parts in zip(*corners)]


def safe_density(ctx: FormContext, ion):
    """c over the initial density limited to (1e-10, 0.999 c_max), for logarithms during Newton."""
    return ufl.min_value(ufl.max_value(ctx.relative_density(ion.name), 1e-10), 0.999 / ion.share)


def safe_vacant(ctx: FormContext, ion):
    """Share of free sites on the sublattice of `ion`, at least 0.001, for logarithms during Newton."""
    parts = [j.share * safe_density(ctx, j) for j in neighbours(ctx, ion)]
    return 1 - (parts[0] if len(parts) == 1 else ufl.min_value(sum(parts[1:], parts[0]), 0.999))
