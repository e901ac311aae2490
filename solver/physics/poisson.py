"""Poisson's equation in all materials: -div(eps grad phi) = q (sum z (c - c0) + p - n + N) - C_TF h(xi)(phi - Phi_m)."""

from solver.discretization.functions import interpolant
from solver.physics import temperature
from solver.physics.context import FormContext, Term
from solver.physics.fields import ELECTRONS, FILAMENT, HOLES, POTENTIAL
from solver.physics.statistics import densities


def terms(ctx: FormContext) -> list[Term]:
    """Residual terms; rows in charges, divided by the cell weight's scale."""
    p, v, phi = ctx.parameters, ctx.test(POTENTIAL), ctx.unknown(POTENTIAL)
    edge = sum(
        # int eps grad phi . grad v
        p.permittivity[region] * ctx.field_passage * ctx.weight * ctx.edges.diffusion(phi, v, lambda i, j: 1.0) * ctx.dx_edges(tag)
        for region, tag in ctx.device.regions.items()
    )
    out = [Term("potential, edges", POTENTIAL, ctx.row_scale[POTENTIAL] * edge, linear=True)]
    local = 0
    for ion in p.species:
        if ion.mobile or ion.profile is not None and not ion.neutral:
            # - int q z (c - counter charge) v
            counter = ctx.initial_density[ion.name] if ion.neutral else 1.0
            local += -ion.charge * ion.density * (ctx.relative_density(ion.name) - counter) * v
    if ctx.has(ELECTRONS):
        # - int q (p - n + N) v
        n, positive = densities(p.carriers, phi, ctx.unknown(ELECTRONS), ctx.unknown(HOLES), theta=temperature.local(ctx))
        local += -(positive - n + ctx.doping) * v
    if ctx.has(FILAMENT):
        # + int C_TF h(xi) (phi - Phi_m) v
        local += p.filament.screening * interpolant(ctx.unknown(FILAMENT)) * (phi - ctx.metal_potential()) * v
    if local != 0:
        out.append(Term("potential, charge", POTENTIAL, ctx.row_scale[POTENTIAL] * local * ctx.weight * ctx.dx_nodes(ctx.film)))
    return out
