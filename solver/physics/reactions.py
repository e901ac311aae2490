"""Reactions between ions, e.g. vacancies + interstitials <-> 0: mass action at the vertices.

rate R = k [c_A0 c_B0 prod_left a_i/a_i0 - K prod_right a_i/a_i0], a = c / (1 - theta) the activity (theta: occupied share
of the sublattice), a_0 its value at the initial densities, K the product c_A c_B in equilibrium. Charges balance, so that
the potential does not enter, and R = 0 wherever transport is in equilibrium with K = c_A0 c_B0. Dilute: k (c_A c_B - K).
"""

import ufl

from solver.discretization.functions import Numpy, clamp
from solver.physics.context import FormContext, Term


def rate(reaction, parameters, get, m=Numpy):
    """R [1/(nm^3 s)].

    Args:
        reaction: `Reaction`.
        parameters: `DeviceParameters`.
        get: function species name -> c over its initial density (UFL scalar or array), mobile or not.
        m: module of the elementary functions, `ufl` or `Numpy`.
    """

    def activities(side):
        out = 1.0
        for name, n in side.items():
            ion = parameters.ion(name)
            lattice = [other for other in parameters.species if other.sublattice == ion.sublattice]
            vacant = 1 - clamp(sum(other.share * get(other.name) for other in lattice), 0.0, 0.999, m)
            start = 1 - sum(other.share for other in lattice)
            out = out * (get(name) * start / vacant) ** n
        return out

    forwards = 1.0
    for name, n in reaction.left.items():
        forwards *= parameters.ion(name).density ** n
    return reaction.rate * (forwards * activities(reaction.left) - reaction.equilibrium * activities(reaction.right))


def terms(ctx: FormContext) -> list[Term]:
    """Residual terms, one a reaction and species; rows in ions/s."""
    out = []
    for reaction in ctx.parameters.reactions:
        r = ctx.ion_motion * rate(reaction, ctx.parameters, ctx.relative_density, ufl)
        for ion in ctx.species:
            made = reaction.made(ion.name)
            if made:
                # - int nu R v
                form = -made * ctx.row_scale[ion.name] * r * ctx.test(ion.name) * ctx.weight * ctx.dx_nodes(ctx.film)
                out.append(Term(f"{reaction.equation}, {ion.name}", ion.name, form))
    return out
