"""Electronic conduction by one quasi-Fermi potential: of the film in quasi-equilibrium, of the filament always.

div(sigma grad Phi) = -d/dt [z c_f h(xi) + C_TF h(xi)(phi - Phi_m)]: the current delivers the electrons that neutralise
condensing ions and charge the filament, so that the total current is free of divergence.
sigma = sigma_e + sigma_f m(xi) + sigma_t u^2, m = smoothstep(xi; 0.5, 0.7), u the evanescent amplitude.
With electrons and holes Phi is Phi_n: metal and gap conduct beside the electrons of the band, whose flux
(electrons_holes.py) stands for sigma_e.
"""

import ufl

from solver.discretization.functions import rho_over_sinh, smoothstep
from solver.physics import temperature
from solver.physics.context import FERMI, FILAMENT, TUNNELLING, FormContext, Term
from solver.physics.fields import ELECTRONS, FILAMENT_CHARGE, TEMPERATURE
from solver.physics.storage import stored

METAL_FROM, METAL_TO = 0.5, 0.7


def metal_share(xi, m=ufl):
    """m(xi): 1 in the metal, 0 outside."""
    return smoothstep(xi, METAL_FROM, METAL_TO, m)


def filament_conductivity(f, xi, u, m=ufl):
    """sigma_f m^2 + sigma_t u^2 at a node [charges/s per kT/q per nm]; `f` are the `FilamentParameters`."""
    return f.conductivity * metal_share(xi, m) ** 2 + f.tunnelling_conductivity * u * u


def edge_conductivity(ctx: FormContext):
    """Function (i, j) -> sigma on an edge in quasi-equilibrium [charges/s per kT/q per nm]."""
    p, theta = ctx.parameters, temperature.on_edge(ctx)
    film = lambda t: p.conductivity * temperature.arrhenius(t, p.dependence.conduction)
    if p.filament is None:
        return lambda i, j: film(theta(i, j))
    return with_filament(ctx, film)


def with_filament(ctx: FormContext, film, added_only=False):
    """Function (i, j) -> sigma of film, filament and gap on an edge [charges/s per kT/q per nm].

    The gap part sigma_t K(rho) u_i u_j, K = rho / sinh rho, rho = |e| / lambda, is exact for the exponentials u obeys:
    then w = u Phi obeys u's own equation and the flux is its Wronskian.

    Args:
        ctx: the forms' context.
        film: function of T/T0 -> the film's own conductivity.
        added_only: what filament and gap add to it.
    """
    p, theta = ctx.parameters, temperature.on_edge(ctx)
    f = p.filament
    metal = [metal_share(q) for q in ctx.edges.nodal(ctx.unknown(FILAMENT))]
    u = ctx.edges.nodal(ctx.unknown(TUNNELLING))

    def on_edge(i, j):
        k = rho_over_sinh(ctx.edges.length(i, j) / f.decay_length)
        t = theta(i, j)
        core = f.conductivity * temperature.metallic(t, p.dependence.filament)
        added = core * metal[i] * metal[j] + f.tunnelling_conductivity * k * u[i] * u[j]
        return added if added_only else film(t) + added

    if ctx.obtuse is None:
        return on_edge
    k = rho_over_sinh(ctx.edges.mean_length() / f.decay_length)
    alone = [film(t) for t in temperature.nodal(ctx)]
    nodal = [
        a + f.conductivity * temperature.metallic(t, p.dependence.filament) * m * m + f.tunnelling_conductivity * k * w * w
        for a, m, w, t in zip(alone, metal, u, temperature.nodal(ctx))
    ]
    # Geometric mean: harmonic enough that one metallic node does not short a cell.
    cell = _geometric_mean(nodal, film(1.0))
    return ctx.cell_average(on_edge, cell - _geometric_mean(alone, film(1.0)) if added_only else cell)


def by_level(ctx: FormContext):
    """(quasi-Fermi potential, function (i, j) -> sigma that conducts along it), or None: nothing but the band's carriers."""
    p = ctx.parameters
    if ctx.has(FERMI):
        return FERMI, edge_conductivity(ctx)
    if p.filament is None:
        return None
    typical = p.carriers.electron_diffusivity * ctx.typical_density
    return ELECTRONS, with_filament(ctx, lambda t: typical, added_only=True)


def _geometric_mean(values, unit):
    return ufl.exp(sum(ufl.ln(ufl.as_ufl(v / unit)) for v in values) / len(values)) * unit


def terms(ctx: FormContext) -> list[Term]:
    """Residual terms of the current balance; rows in charges/s."""
    p, conducted = ctx.parameters, by_level(ctx)
    if conducted is None:
        return []
    level, sigma = conducted
    v, scale = ctx.test(level), ctx.row_scale[level]
    # int sigma grad Phi . grad v
    flux = ctx.field_passage * ctx.edges.diffusion(ctx.unknown(level), v, sigma)
    linear = p.filament is None and not ctx.has(TEMPERATURE)
    out = [Term("conduction, edges", level, scale * flux * ctx.weight * ctx.dx_edges(ctx.film), linear=linear)]
    if ctx.has(FILAMENT):
        # - int d/dt [z c_f h + C_TF h (phi - Phi_m)] v
        now = stored(FILAMENT_CHARGE, ctx.fields, ctx.parameters, ctx.unknown, ufl)
        rate = ctx.rate * now + ctx.past(FILAMENT_CHARGE)
        out.append(Term("conduction, storage", level, -scale * rate * v * ctx.weight * ctx.dx_nodes(ctx.film)))
    return out
