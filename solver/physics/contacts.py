"""Exchange with the terminals: contact resistance for the current, Butler-Volmer exchange for the vacancies."""

from solver.discretization.functions import exchange_rate, interpolant
from solver.physics.context import FERMI, FILAMENT, VACANCIES, FormContext, Term
from solver.physics.vacancies import safe_density


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
        if contact.exchange is not None and ctx.has(VACANCIES):
            # outward flux k_ex c0 2 sinh(ln(c/c0)/2), blocked where the filament touches (1 - h)
            rate = contact.exchange * ctx.parameters.initial_density * exchange_rate(safe_density(ctx))
            if ctx.has(FILAMENT):
                rate = rate * (1 - interpolant(ctx.unknown(FILAMENT)))
            out.append(
                Term(
                    f"vacancy exchange, {contact.name}",
                    VACANCIES,
                    ctx.row_scale[VACANCIES] * rate * ctx.test(VACANCIES) * ctx.weight * ds,
                    contact=True,
                )
            )
    return out
