"""Exchange with the terminals: contact resistance for the current, Butler-Volmer exchange for the ions."""

from solver.discretization.functions import exchange_rate, interpolant
from solver.physics.context import FERMI, FILAMENT, FormContext, Term
from solver.physics.ions import safe_density


def terms(ctx: FormContext) -> list[Term]:
    """Natural conditions on the film facets of each terminal."""
    out = []
    for contact in ctx.parameters.contacts:
        ds = ctx.terminal_measure(contact.name)
        if contact.conductance is not None:
            # sigma dPhi/dn = g_c (V - Phi)
            g = contact.conductance * (ctx.unknown(FERMI) - ctx.voltage[contact.name]) * ctx.test(FERMI)
            out.append(
                Term(f"contact resistance, {contact.name}", FERMI, ctx.row_scale[FERMI] * g * ctx.weight * ds, contact=True, linear=True)
            )
        for ion in ctx.species:
            if contact.exchange is None:
                continue
            # outward flux k_ex c0 2 sinh(ln(c/c0)/2), blocked where the filament touches (1 - h)
            rate = contact.exchange * ion.density * exchange_rate(safe_density(ctx, ion))
            if ctx.has(FILAMENT):
                rate = rate * (1 - interpolant(ctx.unknown(FILAMENT)))
            out.append(
                Term(
                    f"exchange of {ion.name}, {contact.name}",
                    ion.name,
                    ctx.row_scale[ion.name] * rate * ctx.test(ion.name) * ctx.weight * ds,
                    contact=True,
                )
            )
    return out
