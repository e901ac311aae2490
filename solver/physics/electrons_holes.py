"""Electrons and holes: dn/dt = div J_n / q - R, dp/dt = -div J_p / q - R, J = -sigma grad Phi of each.

Unknowns: the quasi-Fermi potentials Phi_n and Phi_p. The flux on an edge is Scharfetter and Gummel's, generalised to
any statistics by the correction ln(n) - eta of the potential (M. Bessemoulin-Chatard, Numer. Math. 121, 637 (2012)),
as the steric ions have it. In these unknowns it reads
    D [B(-d) n_j - B(d) n_i] = D K(d/2) sqrt(n_i n_j) 2 sinh((Phi_i - Phi_j)/2), K(x) = x / sinh x,
which is zero to the last bit where the quasi-Fermi potential is uniform, and leaves no density negative. With a
temperature field potentials are divided by the mean theta = T/T0 of the edge's ends and D = mu kT/q; the thermopower is
left out: no current without a difference of Phi.
"""

from dataclasses import dataclass

import ufl

from solver.discretization.functions import symmetric_bernoulli
from solver.physics import temperature
from solver.physics.conduction import metal_share
from solver.physics.context import FormContext, Term
from solver.physics.fields import ELECTRON_DENSITY, ELECTRONS, FILAMENT, HOLE_DENSITY, HOLES, POTENTIAL
from solver.physics.recombination import metal_rate, net_rate
from solver.physics.statistics import densities, etas, log_densities


@dataclass(frozen=True)
class Carrier:
    """Electrons or holes: what their equation is made of, and what it heats with.

    Attributes:
        field, quantity: unknown (quasi-Fermi potential) and stored density.
        sign: of their charge.
        diffusivity: mu kT0/q [nm^2/s].
        flux: edge (i, j) -> omega times sigma (Phi_j - Phi_i) over the diffusivity; sigma in charges/s per kT0/q per nm.
        density: at a point [nm^-3].
    """

    field: str
    quantity: str
    sign: float
    diffusivity: float
    flux: dict
    density: object


def carriers(ctx: FormContext) -> tuple[Carrier, Carrier]:
    """Electrons and holes of the film."""
    c, dependence = ctx.parameters.carriers, ctx.parameters.dependence
    levels = [ctx.unknown(f) for f in (POTENTIAL, ELECTRONS, HOLES)]
    nodal = list(zip(*(ctx.edges.nodal(f) for f in levels), temperature.nodal(ctx)))
    ln_n, ln_p = zip(*(log_densities(c, *values, theta=t) for *values, t in nodal))
    eta_n, eta_p = zip(*(etas(c, *values, t) for *values, t in nodal))
    n, p = densities(c, *levels, theta=temperature.local(ctx))
    return (
        Carrier(ELECTRONS, ELECTRON_DENSITY, -1.0, c.electron_diffusivity,
                _edge_fluxes(ctx, ELECTRONS, ln_n, eta_n, dependence.electrons), n),
        Carrier(HOLES, HOLE_DENSITY, 1.0, c.hole_diffusivity, _edge_fluxes(ctx, HOLES, ln_p, eta_p, dependence.holes), p),
    )  # fmt: skip


def _edge_fluxes(ctx, level, ln_density, eta, exponent):
    """Edge (i, j) -> flux over D.

    Args:
        ctx: the forms' context.
        level, ln_density, eta: nodal values (lists) of Phi, ln(density) and the distance to the band.
        exponent: m of the mobility's (T/T0)^-m; D = mu kT/q, and 1/theta belongs to the potentials.
    """
    E, phi, theta = ctx.edges, ctx.edges.nodal(ctx.unknown(POTENTIAL)), temperature.on_edge(ctx)
    sign = 1 if level == ELECTRONS else -1
    q = E.nodal(ctx.unknown(level))
    out = {}
    for i, j in E.pairs:
        t = theta(i, j)
        # psi = -+ phi + eta - ln F(eta): what drives the carriers besides diffusion
        d = (eta[j] - eta[i]) - (ln_density[j] - ln_density[i]) - sign * (phi[j] - phi[i]) / t
        mean = symmetric_bernoulli(d) * ufl.exp(0.5 * (ln_density[i] + ln_density[j]))
        mobile = temperature.power(t, 1.0 - exponent)
        out[i, j] = mobile * E.weight(i, j) * mean * 2.0 * ufl.sinh(0.5 * (q[j] - q[i]) / t)
    return out


def recombination(ctx: FormContext):
    """R at a point [1/(s nm^3)], in the filament too, less the generation."""
    p, theta = ctx.parameters, temperature.local(ctx)
    levels = [ctx.unknown(f) for f in (POTENTIAL, ELECTRONS, HOLES)]
    rate = net_rate(p.carriers, *levels, theta)
    if ctx.has(FILAMENT):
        rate += metal_rate(p.carriers, p.filament, metal_share(ctx.unknown(FILAMENT)), *levels, theta)
    return rate


def terms(ctx: FormContext) -> list[Term]:
    """Residual terms, rows in charges/s: their sum is the balance of the electronic current."""
    if not ctx.has(ELECTRONS):
        return []
    recombined = recombination(ctx)
    out = []
    for carrier in carriers(ctx):
        field = carrier.field
        v, scale = ctx.test(field), ctx.row_scale[field]
        # int sigma grad Phi . grad v
        flux = carrier.diffusivity * sum(f * ctx.edges.difference(v, i, j) for (i, j), f in carrier.flux.items())
        # -+ int (dn/dt + R) v
        local = carrier.sign * (ctx.rate * carrier.density + ctx.past(carrier.quantity) + recombined) * v
        out.append(Term(f"{field}, edges", field, scale * flux * ctx.weight * ctx.dx_edges(ctx.film)))
        out.append(Term(f"{field}, local", field, scale * local * ctx.weight * ctx.dx_nodes(ctx.film)))
    return out
