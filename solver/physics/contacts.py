"""Exchange with the terminals: contact resistance for the current, Butler-Volmer exchange for the ions.

Ions of charge number z pass between film and metal by I^z + z e- <-> I (z < 0: electrons are given back). Its affinity is
A = ln(c/c_ref) + z eta with the overpotential eta = phi - V - offset [kT/q] of the film over the metal: at eta > 0 cations
are driven out of the film and anions into it. The flux out is k c_ref (e^{s A} - e^{-(1-s) A}), zero at the Nernst
density c_ref e^{-z eta}; at eta = 0 and s = 1/2 it is k c_ref 2 sinh(ln(c/c_ref)/2). Dilute: the sites do not enter. The
metal's surface has the applied voltage, so that eta is -offset, or with electrons and holes the band bending at the surface
(none where it is charge neutral) less the offset: ions and film are in equilibrium together. A compact (Stern) layer is
not modelled.
"""

import ufl

from solver.discretization.functions import exchange_rate, interpolant
from solver.physics import temperature
from solver.physics.context import ELECTRONS, FERMI, FILAMENT, POTENTIAL, FormContext, Term
from solver.physics.ions import safe_density


def affinity(ctx: FormContext, contact, ion):
    """A = ln(c/c_ref) + z (phi - phi_neutral - V - offset)/theta [kT] of I^z(film) + z e-(metal) <-> I(metal), positive: ions leave the film."""
    exchange = contact.exchange[ion.name]
    chemical = ufl.ln(safe_density(ctx, ion) * (ion.density / exchange.reference))
    # without electrons and holes phi = V is prescribed
    bending = ctx.unknown(POTENTIAL) - ctx.voltage[contact.name] - ctx.neutral if ctx.has(ELECTRONS) else 0.0
    return chemical + ion.charge * (bending - exchange.offset) / temperature.local(ctx)


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
            exchange = contact.exchange.get(ion.name)
            if exchange is None:
                continue
            # outward flux k c_ref (e^{s A} - e^{-(1-s) A}), blocked where the filament touches (1 - h)
            rate = ctx.ion_motion * exchange.velocity * exchange.reference * exchange_rate(affinity(ctx, contact, ion), exchange.symmetry)
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
