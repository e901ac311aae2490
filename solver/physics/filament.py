"""Phase field of the conductive filament, xi in [0, 1], made of one ion species: I^z + z e- <-> filament.

d xi/dt = -M s S(Delta) [W g'(xi) - kappa lap xi - 6 l c_f |grad xi| Delta] + thermal noise (noise.py),
Delta = ln(c/c_eq) - ln(1 - theta) + z (phi - Phi_m) (kT; theta: occupied share of sites, Phi_m: potential of the neutral
filament), S the Butler-Volmer mobility factor, s = c/(c + c_scarce) the supply
(Guyer et al., PRE 69, 021604 (2004); Chen et al., J. Power Sources 300, 376 (2015)).

The driving force acts along |grad xi|, not along h'(xi): 6 l |grad xi| is h'(xi) on the profile at rest, so weak driving is the same,
and a driven profile is moved as it is, at v0 Delta S(Delta) however strong the driving and however young the profile; beyond the
phases it fades out (`within_phases`). Along h' a driven front narrows and slows down over its first widths
(Y. Sun, C. Beckermann, J. Comput. Phys. 220, 626 (2007)).
"""

import ufl

from solver.discretization.functions import butler_volmer, double_well_slope, interpolant
from solver.physics import temperature
from solver.physics.context import FILAMENT, POTENTIAL, FormContext, Term
from solver.physics.fields import FILAMENT_FRACTION
from solver.physics.ions import safe_density, safe_vacant

SCARCE = 1e-6  # c/c0 at which growth has half its mobility: it takes no ion that is not there, however strong the pull
FLAT = 1e-2  # l |grad xi| below which a profile counts as flat: rounds the cusp of |grad xi|; slows a front down by 0.3 %
BEYOND = 0.05  # how far past a phase xi can be driven: there the driving force has faded out
NONE_WITH_NOISE = 1e-3  # c/c0 below which the noise's amplitude falls in proportion to c instead of its root


def driving_force(ctx: FormContext):
    """Delta [kT at the local temperature], positive for growth; in weak spots larger by what the ions are bound more tightly there."""
    p = ctx.parameters
    ion = p.ion(p.filament.species)
    c = safe_density(ctx, ion)
    chemical = ufl.ln(c * (ion.density / p.filament.equilibrium)) - ufl.ln(safe_vacant(ctx, ion))
    energy = ion.charge * (ctx.unknown(POTENTIAL) - ctx.metal_potential())
    return chemical + (energy if ctx.binding is None else energy + ctx.binding) / temperature.local(ctx)


def scarce_with_noise(parameters) -> float:
    """c/c0 at which growth has half its mobility where there is noise, which takes ions whatever the driving force.

    Over the shortest extent L of fluctuations diffusion has to refill faster than noise empties (Feller's condition of a square-root
    process, D/L^2 > M (c_f h'/c0)^2 / (L^3 c/c0)), with h' <= 15/8: c/c0 = M (15 c_f / 8 c0)^2 / (D L). At most 1; L is the interface
    width where nothing is filtered out.
    """
    f, ion = parameters.filament, parameters.ion(parameters.filament.species)
    extent = parameters.noise.correlation_length or f.width
    taken = f.mobility * (15 / 8 * f.density / ion.density) ** 2
    return taken / max(ion.diffusivity * extent, taken)


def supply(ctx, c):
    """s in [0, 1): a factor of the mobility M, in the rows it multiplies the force instead of dividing the rate, which would
    blow up without ions. Without it the reaction consumes ions that are not there. c/(c + c_scarce), with noise times
    c/(c + c_none): its amplitude, sqrt(s), would else have an infinite slope at c = 0, where Newton then fails."""
    c = ufl.max_value(c, 0.0)
    return c / (c + SCARCE) if ctx.noise is None else _noise_amplitude(ctx, c) ** 2


def _noise_amplitude(ctx, c):
    """sqrt(s) with noise."""
    c = ufl.max_value(c, 0.0)
    return c / ufl.sqrt((c + scarce_with_noise(ctx.parameters)) * (c + NONE_WITH_NOISE))


def mobility(ctx: FormContext, delta):
    """M S exp(E/kT0 - E/kT) / theta [nm^3/(kT s)] at the driving force `delta`, without the supply."""
    f, theta = ctx.parameters.filament, temperature.local(ctx)
    thermal = temperature.arrhenius(theta, ctx.parameters.dependence.growth) / theta
    return f.mobility * thermal * butler_volmer(delta, f.alpha)


def driven_slope(xi, width):
    """6 l |grad xi|, as |grad xi|^2 over its root with (FLAT/l)^2 more: what the driving force acts on; h'(xi) on the profile at rest."""
    squared = ufl.dot(ufl.grad(xi), ufl.grad(xi))
    return 6.0 * width * squared / ufl.sqrt(squared + (FLAT / width) ** 2)


def within_phases(xi, force):
    """`force` where it drives xi from one phase to the other, fading out beyond: at xi = -BEYOND nothing dissolves, at 1 + BEYOND nothing grows.

    |grad xi| does not vanish where a phase ends, as h'(xi) does: beside metal that cannot dissolve a dissolving film would go on to
    xi = -2, and would have to come back before it grows again.
    """
    grows, dissolves = ufl.max_value(force, 0.0), ufl.min_value(force, 0.0)
    return grows * interpolant(1.0 - (xi - 1.0) / BEYOND) + dissolves * interpolant(1.0 + xi / BEYOND)


def terms(ctx: FormContext) -> list[Term]:
    """Residual terms; rows in kT per nm^3 over W."""
    if not ctx.has(FILAMENT):
        return []
    f, v, scale, xi = ctx.parameters.filament, ctx.test(FILAMENT), ctx.row_scale[FILAMENT], ctx.unknown(FILAMENT)
    delta, theta = driving_force(ctx), temperature.local(ctx)
    m = mobility(ctx, delta)
    c = ctx.relative_density(f.species)
    s = supply(ctx, c)
    # weak spots: M is smaller elsewhere; as the supply, in the rows it multiplies the force
    share = 1.0 if ctx.growth is None else ctx.growth
    # (1 / M S) d xi/dt
    rate = (ctx.rate * xi + ctx.past(FILAMENT_FRACTION)) / m
    # s [W g'(xi) - 6 l c_f |grad xi| theta Delta], driven no further than the phases
    driven = f.density * driven_slope(xi, f.width) * within_phases(xi, theta * delta)
    bulk = s * share * ctx.filament_mobility * (f.well * double_well_slope(xi) - driven)
    if ctx.noise is not None:
        # - sqrt(2 theta s / (M S)) w
        bulk -= _noise_amplitude(ctx, c) * ufl.sqrt(2.0 * share * theta / m) * ctx.noise
    # kappa grad xi . grad(s v), s with the weak spots' share
    E = ctx.edges
    weighted = [supply(ctx, q) * w for q, w in zip(E.nodal(c), E.nodal(v))]
    if ctx.growth is not None:
        weighted = [k * w for k, w in zip(E.nodal(share), weighted)]
    edge = f.gradient * ctx.filament_mobility * sum(
        E.weight(i, j) * E.difference(xi, i, j) * (weighted[j] - weighted[i]) for i, j in E.pairs
    )
    return [
        Term("filament, edges", FILAMENT, scale * edge * ctx.weight * ctx.dx_edges(ctx.film)),
        Term("filament, local", FILAMENT, scale * (rate + bulk) * v * ctx.weight * ctx.dx_nodes(ctx.film)),
    ]
