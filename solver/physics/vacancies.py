"""Iodide vacancies (z = +1) with a steric limit: d/dt [c + c_f h(xi)] = div D (grad c + c grad psi).

psi = phi - ln(1 - c/c_max) (Kilic, Bazant, Ajdari, PRE 75, 021502 (2007)). Unknown: c / c0.
"""

import ufl

from solver.discretization.functions import crowding
from solver.physics.context import POTENTIAL, VACANCIES, FormContext, Term
from solver.physics.fields import VACANCY_TOTAL
from solver.physics.storage import stored


def terms(ctx: FormContext) -> list[Term]:
    """Residual terms of the vacancy balance; rows in vacancies/s."""
    if not ctx.has(VACANCIES):
        return []
    p, v, scale = ctx.parameters, ctx.test(VACANCIES), ctx.row_scale[VACANCIES]
    c = ctx.edges.nodal(ctx.unknown(VACANCIES))
    phi = ctx.edges.nodal(ctx.unknown(POTENTIAL))
    share = p.initial_density / p.site_density
    psi = [f + crowding(share * q) for f, q in zip(phi, c)]
    # int D (grad c + c grad psi) . grad v
    flux = p.diffusivity * p.initial_density * ctx.edges.drift_diffusion(c, psi, v)
    # int d/dt [c + c_f h] v
    rate = ctx.rate * stored(VACANCY_TOTAL, ctx.fields, p, ctx.unknown, ufl) + ctx.past(VACANCY_TOTAL)
    return [
        Term("vacancies, edges", VACANCIES, scale * flux * ctx.weight * ctx.dx_edges(ctx.film)),
        Term("vacancies, storage", VACANCIES, scale * rate * v * ctx.weight * ctx.dx_nodes(ctx.film)),
    ]


def safe_density(ctx: FormContext):
    """c/c0 limited to (1e-10, 0.999 c_max/c0), for logarithms during Newton."""
    p = ctx.parameters
    c = ctx.unknown(VACANCIES) if ctx.has(VACANCIES) else 1.0
    return ufl.min_value(ufl.max_value(c, 1e-10), 0.999 * p.site_density / p.initial_density)
