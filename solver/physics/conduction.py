"""Electronic conduction in quasi-equilibrium: one quasi-Fermi potential Phi.

div(sigma grad Phi) = -d/dt [z c_f h(xi) + C_TF h(xi)(phi - Phi)]: the current delivers the electrons that neutralise
condensing ions and charge the filament, so that the total current is free of divergence.
sigma = sigma_e + sigma_f m(xi) + sigma_t u^2, m = smoothstep(xi; 0.5, 0.7), u the evanescent amplitude.
"""

import ufl

from solver.discretization.functions import rho_over_sinh, smoothstep
from solver.physics import temperature
from solver.physics.context import FERMI, FILAMENT, TUNNELLING, FormContext, Term
from solver.physics.fields import FILAMENT_CHARGE, TEMPERATURE
from solver.physics.storage import stored

METAL_FROM, METAL_TO = 0.5, 0.7


def edge_conductivity(ctx: FormContext):
    """Function (i, j) -> sigma on an edge [charges/s per kT/q per nm].

    The gap part sigma_t K(rho) u_i u_j, K = rho / sinh rho, rho = |e| / lambda, is exact for the exponentials u obeys:
    then w = u Phi obeys u's own equation and the flux is its Wronskian.
    """
    p, theta = ctx.parameters, temperature.on_edge(ctx)
    film = lambda t: p.conductivity * temperature.arrhenius(t, p.dependence.conduction)
    if p.filament is None:
        return lambda i, j: film(theta(i, j))
    f = p.filament
    metal = [smoothstep(q, METAL_FROM, METAL_TO) for q in ctx.edges.nodal(ctx.unknown(FILAMENT))]
    u = ctx.edges.nodal(ctx.unknown(TUNNELLING))

    def on_edge(i, j):
        k = rho_over_sinh(ctx.edges.length(i, j) / f.decay_length)
        t = theta(i, j)
        core = f.conductivity * temperature.metallic(t, p.dependence.filament)
        return film(t) + core * metal[i] * metal[j] + f.tunnelling_conductivity * k * u[i] * u[j]

    if ctx.obtuse is None:
        return on_edge
    k = rho_over_sinh(ctx.edges.mean_length() / f.decay_length)
    nodal = [
        film(t) + f.conductivity * temperature.metallic(t, p.dependence.filament) * m * m + f.tunnelling_conductivity * k * a * a
        for m, a, t in zip(metal, u, temperature.nodal(ctx))
    ]
    # Geometric mean: harmonic enough that one metallic node does not short a cell.
    cell = ufl.exp(sum(ufl.ln(s / p.conductivity) for s in nodal) / len(nodal)) * p.conductivity
    return ctx.cell_average(on_edge, cell)


def terms(ctx: FormContext) -> list[Term]:
    """Residual terms of the current balance; rows in charges/s."""
    if not ctx.has(FERMI):
        return []
    v, scale = ctx.test(FERMI), ctx.row_scale[FERMI]
    # int sigma grad Phi . grad v
    flux = ctx.edges.diffusion(ctx.unknown(FERMI), v, edge_conductivity(ctx))
    linear = ctx.parameters.filament is None and not ctx.has(TEMPERATURE)
    out = [Term("conduction, edges", FERMI, scale * flux * ctx.weight * ctx.dx_edges(ctx.film), linear=linear)]
    if ctx.has(FILAMENT):
        # - int d/dt [z c_f h + C_TF h (phi - Phi)] v
        now = stored(FILAMENT_CHARGE, ctx.fields, ctx.parameters, ctx.unknown, ufl)
        rate = ctx.rate * now + ctx.past(FILAMENT_CHARGE)
        out.append(Term("conduction, storage", FERMI, -scale * rate * v * ctx.weight * ctx.dx_nodes(ctx.film)))
    return out


