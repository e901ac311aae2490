"""Heat in all materials: C dT/dt = div(k grad T) + Joule heat; k dT/dn = h (T_a - T) or T given at the sinks.

Unknown: theta = T/T0, T0 the temperature of the scaling; rows in kT0/s. The Joule heat is that of the edge fluxes of the
current's own equation, sigma_ij omega_ij (Phi_j - Phi_i)^2, half to each end: multiplying the current's residual by Phi
and summing over the nodes shows that, with the heat g_c (V - Phi)^2 of contact resistances, it adds up to I V exactly
in a stationary state, on any mesh. Neglected: Peltier, Thomson and Seebeck effects, thermal diffusion of ions (Soret).
"""

import ufl

from solver.discretization.functions import interpolant
from solver.physics.conduction import edge_conductivity
from solver.physics.context import FormContext, Term
from solver.physics.fields import FERMI, FILAMENT, RELATIVE_TEMPERATURE, TEMPERATURE
from solver.physics.heat_sinks import sinks


def terms(ctx: FormContext) -> list[Term]:
    """Residual terms of the heat balance; none without the field."""
    if not ctx.has(TEMPERATURE):
        return []
    return [*conduction(ctx), *storage(ctx), *sources(ctx), *outflow(ctx)]


def conduction(ctx: FormContext) -> list[Term]:
    """Conduction in every region."""
    h, theta, v = ctx.parameters.heat, ctx.unknown(TEMPERATURE), ctx.test(TEMPERATURE)
    out = []
    for region, tag in ctx.device.regions.items():
        k, linear = (lambda i, j, k=h.conductivity[region]: k), True
        if region == "film" and ctx.has(FILAMENT) and h.filament_conductivity is not None:
            k, linear = _beside_filament(ctx), False
        # int k grad theta . grad v
        flux = ctx.row_scale[TEMPERATURE] * ctx.edges.diffusion(theta, v, k) * ctx.weight
        out.append(Term(f"heat conduction, {region}", TEMPERATURE, flux * ctx.dx_edges(tag), linear=linear))
    return out


def _beside_filament(ctx):
    """k = k_film + (k_f - k_film) h(xi) on an edge; one value per cell where edges would not do (obtuse cells)."""
    h = ctx.parameters.heat
    film = h.conductivity["film"]
    inside = [interpolant(q) for q in ctx.edges.nodal(ctx.unknown(FILAMENT))]
    mean = film + (h.filament_conductivity - film) * sum(inside) / len(inside)
    return ctx.cell_average(lambda i, j: film + (h.filament_conductivity - film) * 0.5 * (inside[i] + inside[j]), mean)


def storage(ctx: FormContext) -> list[Term]:
    """Heat capacity of every region (the filament's is that of the film)."""
    h, scale = ctx.parameters.heat, ctx.row_scale[TEMPERATURE]
    # int C d theta/dt v
    rate = ctx.rate * ctx.unknown(TEMPERATURE) + ctx.past(RELATIVE_TEMPERATURE)
    local = sum(
        h.capacity[region] * rate * ctx.test(TEMPERATURE) * ctx.weight * ctx.dx_nodes(tag)
        for region, tag in ctx.device.regions.items()
    )
    return [Term("heat storage", TEMPERATURE, scale * local)]


def sources(ctx: FormContext) -> list[Term]:
    """Heat of the currents; the sum of the rows is minus the heat produced."""
    if not ctx.has(FERMI):
        return []
    v, scale, phi = ctx.test(TEMPERATURE), ctx.row_scale[TEMPERATURE], ctx.unknown(FERMI)
    # - int sigma |grad Phi|^2 v
    heat = dissipation(ctx, phi, edge_conductivity(ctx), v)
    out = [Term("Joule heat", TEMPERATURE, -scale * heat * ctx.weight * ctx.dx_edges(ctx.film))]
    for contact in ctx.parameters.contacts:
        if contact.conductance is not None:
            # - oint g_c (V - Phi)^2 v
            lost = contact.conductance * (ctx.voltage[contact.name] - phi) ** 2 * v
            ds = ctx.terminal_measure(contact.name)
            out.append(Term(f"contact heat, {contact.name}", TEMPERATURE, -scale * lost * ctx.weight * ds))
    return out


def dissipation(ctx, potential, coefficient, v):
    """Integrand of k |grad potential|^2 v, k = coefficient(i, j): half an edge's heat to each end.

    On obtuse cells, where an edge's share can be negative but the cell's sum is not, all vertices get the same.
    """
    E, nodal = ctx.edges, ctx.edges.nodal(v)
    shares = {(i, j): coefficient(i, j) * E.weight(i, j) * E.difference(potential, i, j) ** 2 for i, j in E.pairs}
    edges = sum(share * 0.5 * (nodal[i] + nodal[j]) for (i, j), share in shares.items())
    if ctx.obtuse is None:
        return edges
    return edges + ctx.obtuse * (sum(shares.values()) * sum(nodal) / len(nodal) - edges)


def outflow(ctx: FormContext) -> list[Term]:
    """Heat through the sinks with a transfer coefficient."""
    scale, out = ctx.row_scale[TEMPERATURE], []
    for name, sink in sinks(ctx.parameters.heat):
        if sink.transfer is not None:
            # oint h (theta - theta_a) v
            flow = sink.transfer * (ctx.unknown(TEMPERATURE) - sink.temperature) * ctx.test(TEMPERATURE)
            form = ufl.as_ufl(scale) * flow * ctx.weight * ctx.sink_measure(name)
            out.append(Term(f"heat through {name}", TEMPERATURE, form, contact=True, linear=True))
    return out
