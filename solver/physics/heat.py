"""Heat in all materials: C dT/dt = div(k grad T) + Joule heat; k dT/dn = h (T_a - T) or T given at the sinks.

Unknown: theta = T/T0, T0 the temperature of the scaling; rows in kT0/s. The Joule heat is that of the edge fluxes of the
current's own equation, sigma_ij omega_ij (Phi_j - Phi_i)^2, half to each end: multiplying the current's residual by Phi
and summing over the nodes shows that, with the heat g_c (V - Phi)^2 of contact resistances, it adds up to I V exactly
in a stationary state, on any mesh; with electrons and holes, the heat (R + G)(Phi_p - Phi_n) of recombination included,
it is I V + int G (Phi_p - Phi_n). Neglected: Peltier, Thomson and Seebeck effects, thermal diffusion of ions (Soret).
"""

import ufl

from solver.discretization.functions import interpolant
from solver.physics import conduction, electrons_holes
from solver.physics.carrier_contacts import exchanges
from solver.physics.context import FormContext, Term
from solver.physics.fields import ELECTRONS, FERMI, FILAMENT, HOLES, RELATIVE_TEMPERATURE, TEMPERATURE
from solver.physics.heat_sinks import sinks


def terms(ctx: FormContext) -> list[Term]:
    """Residual terms of the heat balance; none without the field."""
    if not ctx.has(TEMPERATURE):
        return []
    return [*spreading(ctx), *storage(ctx), *sources(ctx), *outflow(ctx)]


def spreading(ctx: FormContext) -> list[Term]:
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
    v, scale, E = ctx.test(TEMPERATURE), ctx.row_scale[TEMPERATURE], ctx.edges
    out = []
    conducted = conduction.by_level(ctx)
    if conducted is not None:
        level, sigma = conducted
        shares = {(i, j): sigma(i, j) * E.weight(i, j) * E.difference(ctx.unknown(level), i, j) ** 2 for i, j in E.pairs}
        # - int sigma |grad Phi|^2 v
        heat = shared(ctx, shares, v)
        out.append(Term("Joule heat", TEMPERATURE, -scale * heat * ctx.weight * ctx.dx_edges(ctx.film)))
    if ctx.has(ELECTRONS):
        out += _heat_of_carriers(ctx, v, scale)
    for contact in ctx.parameters.contacts:
        # - oint (charge leaving) (Phi - V) v, g_c (Phi - V)^2 through a resistance
        lost, volts = 0, ctx.voltage[contact.name]
        if contact.conductance is not None:
            lost += contact.conductance * (volts - ctx.unknown(FERMI)) ** 2
        if contact.carriers is not None:
            lost += sum(leaving * (ctx.unknown(field) - volts) for _, field, leaving in exchanges(ctx, contact))
        if lost != 0:
            ds = ctx.terminal_measure(contact.name)
            out.append(Term(f"contact heat, {contact.name}", TEMPERATURE, -scale * lost * v * ctx.weight * ds))
    return out


def _heat_of_carriers(ctx, v, scale) -> list[Term]:
    """Joule heat of electrons and holes, and what a pair gives back when it recombines."""
    out = []
    for carrier in electrons_holes.carriers(ctx):
        level = ctx.unknown(carrier.field)
        shares = {(i, j): f * ctx.edges.difference(level, i, j) for (i, j), f in carrier.flux.items()}
        # - int sigma |grad Phi|^2 v
        heat = carrier.diffusivity * shared(ctx, shares, v)
        out.append(Term(f"Joule heat of {carrier.field}", TEMPERATURE, -scale * heat * ctx.weight * ctx.dx_edges(ctx.film)))
    # - int (R + G) (Phi_p - Phi_n) v: the light that generates a pair gives it no more than that
    pairs = electrons_holes.recombination(ctx) + ctx.parameters.carriers.generation
    heat = pairs * (ctx.unknown(HOLES) - ctx.unknown(ELECTRONS)) * v
    out.append(Term("heat of recombination", TEMPERATURE, -scale * heat * ctx.weight * ctx.dx_nodes(ctx.film)))
    return out


def shared(ctx, shares, v):
    """Integrand of the heat of a cell's edges (edge (i, j) -> heat) times v: half of an edge's to each end.

    On obtuse cells, where an edge's share can be negative but the cell's sum is not, all vertices get the same.
    """
    nodal = ctx.edges.nodal(v)
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
