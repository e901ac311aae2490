"""Electrons and holes: dn/dt = div J_n / q - R, dp/dt = -div J_p / q - R, J = -sigma grad Phi of each.

Unknowns: the quasi-Fermi potentials Phi_n and Phi_p. The flux on an edge is Scharfetter and Gummel's, generalised to
any statistics by the correction ln(n) - eta of the potential (M. Bessemoulin-Chatard, Numer. Math. 121, 637 (2012)),
as the steric ions have it. In these unknowns it reads
    D [B(-d) n_j - B(d) n_i] = D K(d/2) sqrt(n_i n_j) 2 sinh((Phi_i - Phi_j)/2), K(x) = x / sinh x,
which is zero to the last bit where the quasi-Fermi potential is uniform, and leaves no density negative.
"""

import ufl

from solver.discretization.functions import symmetric_bernoulli
from solver.physics.conduction import metal_share
from solver.physics.context import FormContext, Term
from solver.physics.fields import ELECTRON_DENSITY, ELECTRONS, FILAMENT, HOLE_DENSITY, HOLES, POTENTIAL
from solver.physics.recombination import metal_rate, net_rate
from solver.physics.statistics import densities, etas, log_densities


def edge_current(ctx: FormContext, level, ln_density, eta, diffusivity, v):
    """Integrand of sigma grad Phi . grad v, sigma = D n in charges/s per kT/q per nm.

    Args:
        level, ln_density, eta: nodal values (lists) of Phi, ln(density) and the distance to the band.
        diffusivity: D [nm^2/s].
        v: test function.
    """
    E, phi = ctx.edges, ctx.edges.nodal(ctx.unknown(POTENTIAL))
    total = 0
    sign = 1 if level == ELECTRONS else -1
    q = E.nodal(ctx.unknown(level))
    for i, j in E.pairs:
        # psi = -+ phi + eta - ln F(eta): what drives the carriers besides diffusion
        d = (eta[j] - eta[i]) - (ln_density[j] - ln_density[i]) - sign * (phi[j] - phi[i])
        mean = symmetric_bernoulli(d) * ufl.exp(0.5 * (ln_density[i] + ln_density[j]))
        total += E.weight(i, j) * mean * 2.0 * ufl.sinh(0.5 * (q[j] - q[i])) * E.difference(v, i, j)
    return diffusivity * total


def terms(ctx: FormContext) -> list[Term]:
    """Residual terms, rows in charges/s: their sum is the balance of the electronic current."""
    if not ctx.has(ELECTRONS):
        return []
    c = ctx.parameters.carriers
    phi, phi_n, phi_p = (ctx.unknown(f) for f in (POTENTIAL, ELECTRONS, HOLES))
    nodal = [ctx.edges.nodal(f) for f in (phi, phi_n, phi_p)]
    ln_n, ln_p = zip(*(log_densities(c, *values) for values in zip(*nodal)))
    eta_n, eta_p = zip(*(etas(c, *values) for values in zip(*nodal)))
    n, p = densities(c, phi, phi_n, phi_p)
    recombined = net_rate(c, phi, phi_n, phi_p)
    if ctx.has(FILAMENT):
        recombined += metal_rate(c, ctx.parameters.filament, metal_share(ctx.unknown(FILAMENT)), phi, phi_n, phi_p)
    out = []
    for field, ln_density, eta, diffusivity, density, quantity, sign in (
        (ELECTRONS, ln_n, eta_n, c.electron_diffusivity, n, ELECTRON_DENSITY, -1.0),
        (HOLES, ln_p, eta_p, c.hole_diffusivity, p, HOLE_DENSITY, 1.0),
    ):
        v, scale = ctx.test(field), ctx.row_scale[field]
        # int sigma grad Phi . grad v
        flux = edge_current(ctx, field, ln_density, eta, diffusivity, v)
        # -+ int (dn/dt + R) v
        local = sign * (ctx.rate * density + ctx.past(quantity) + recombined) * v
        out.append(Term(f"{field}, edges", field, scale * flux * ctx.weight * ctx.dx_edges(ctx.film)))
        out.append(Term(f"{field}, local", field, scale * local * ctx.weight * ctx.dx_nodes(ctx.film)))
    return out
