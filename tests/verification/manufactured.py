"""Manufactured solutions of the device equations: exact fields, their sources, and the nodal error of the solver.

An exact field is put into the strong equation; what is left over is a source, added to the model as a `Term` of its
own, so that the production forms stay as they are. One implicit step of rate a0 from nothing makes the problem
well posed (blocking plates fix no vacancy density) and tests the storage terms with it.
"""

import numpy as np
from dolfinx import fem

from solver.discretization.functions import (
    Numpy,
    butler_volmer,
    double_well_slope,
    interpolant,
    smoothstep,
)
from solver.engines.cpu.newton import CpuEngine
from solver.physics import filament, reactions
from solver.physics.conduction import METAL_FROM, METAL_TO
from solver.physics.context import FERMI, FILAMENT, POTENTIAL, TUNNELLING, Term
from solver.physics.tunnelling import PIN_FROM, PIN_STRENGTH, PIN_TO, amplitude_in_filament
from tests.verification.jets import cosines, divergence, ramp

VOLTS = 0.05  # top terminal [V]


def exact_fields(m, length):
    """Field -> Jet at the model's nodes: no flux through the sides; potentials 0 and the voltage at the terminals."""
    d = m.device.mesh.topology.dim
    x = m.coordinates[:, :d]
    side = (1,) * (d - 1)
    top = m.parameters.scaling.potential(VOLTS)
    arch = cosines(x, length, (*side, 1), -np.pi / 2)  # sin(pi z / L): zero at both terminals
    return {
        POTENTIAL: ramp(x, length, top) + 0.8 * arch,
        FERMI: ramp(x, length, top) - 0.6 * arch,
        "vacancies": 1.2 + 0.7 * cosines(x, length, (*side, 2), 0.4),
        "interstitials": 0.9 + 0.5 * cosines(x, length, (*side, 1), -0.7),
        "complexes": 1.1 + 0.6 * cosines(x, length, (*side, 1), 0.9),
        FILAMENT: 0.65 + 0.14 * cosines(x, length, (*side, 1)),  # pinned everywhere: which cells pin is not second order
        TUNNELLING: 1.0 + 0.4 * cosines(x, length, (*side, 2)),
    }


def sources(m, e):
    """Field -> (n,) source density: the strong residual of the exact fields `e` (docs/physics.md, line by line)."""
    p, a0 = m.parameters, m.context.rate.value
    phi, fermi = e[POTENTIAL], e[FERMI]
    s = {POTENTIAL: -p.permittivity["film"] * phi.laplacian, FERMI: -p.conductivity * fermi.laplacian}
    for ion in m.context.species:
        c = e[ion.name]
        vacant = sum((e[j.name] * -j.share for j in m.context.species if j.sublattice == ion.sublattice), 0.0) + 1.0
        psi = ion.charge * phi - vacant.log()
        s[POTENTIAL] = s[POTENTIAL] - ion.charge * ion.density * (c.value - 1)
        flux = c.laplacian + divergence(c, psi)
        s[ion.name] = ion.density * (a0 * c.value - ion.diffusivity * flux)
        for reaction in p.reactions:
            s[ion.name] = s[ion.name] - reaction.made(ion.name) * reactions.rate(reaction, p, lambda name: e[name].value)
    if FILAMENT not in m.fields:
        return s
    ion = p.ion("vacancies")
    ratio = ion.share
    f, xi, u, c = p.filament, e[FILAMENT], e[TUNNELLING], e[ion.name]
    h, gap = interpolant(xi.value, Numpy), phi.value - fermi.value
    squared = (xi.gradient**2).sum(axis=1)
    slope = 6 * f.width * squared / np.sqrt(squared + (filament.FLAT / f.width) ** 2)
    t = np.clip((xi.value - METAL_FROM) / (METAL_TO - METAL_FROM), 0, 1)
    width = METAL_TO - METAL_FROM
    metal = xi.through(smoothstep(xi.value, METAL_FROM, METAL_TO, Numpy), 6 * t * (1 - t) / width, 0 * t)
    sigma = f.conductivity * metal * metal + f.tunnelling_conductivity * u * u + p.conductivity
    s[POTENTIAL] = s[POTENTIAL] + f.screening * h * gap
    s[FERMI] = -divergence(sigma, fermi) - a0 * (f.density * h + f.screening * h * gap)
    s[ion.name] = s[ion.name] + a0 * f.density * h
    delta = np.log(c.value * ion.density / f.equilibrium) - np.log(1 - ratio * c.value) + gap
    s[FILAMENT] = (
        a0 * xi.value / (f.mobility * butler_volmer(delta, f.alpha, Numpy))
        + f.well * double_well_slope(xi.value) - f.density * slope * delta - f.gradient * xi.laplacian
    )
    # the profile here is far wider than one at rest, l' = l
    target = amplitude_in_filament(xi.value, f.width, f.decay_length, Numpy)
    pin = PIN_STRENGTH * smoothstep(xi.value, PIN_FROM, PIN_TO, Numpy)
    s[TUNNELLING] = u.value + pin * (u.value - target) - f.decay_length**2 * u.laplacian
    return s


class Sources:
    """Source densities at the nodes as `terms` of the model's equations; `set` gives them their values.

    Args:
        m: DeviceModel.
        fields: names of the fields whose equations get one.
    """

    def __init__(self, m, fields):
        ctx = m.context
        scalar = fem.functionspace(m.device.mesh, ("Lagrange", 1))
        self._order = _same_points(m.coordinates, scalar.tabulate_dof_coordinates())
        self._functions = {field: fem.Function(scalar) for field in fields}
        self.terms = []
        for field, f in self._functions.items():
            scale = ctx.row_scale[field] * ctx.weight
            if field == TUNNELLING:  # lumped by the edges' shares, as the equation is
                E, v, s = ctx.edges, ctx.edges.nodal(ctx.test(field)), ctx.edges.nodal(f)
                load = sum(
                    E.weight(i, j) * E.length(i, j) ** 2 / (2.0 * E.tdim) * (s[i] * v[i] + s[j] * v[j])
                    for i, j in E.pairs
                )
                if ctx.obtuse is not None:
                    load += ctx.obtuse * (sum(a * b for a, b in zip(s, v)) / E.vertices - load)
                self.terms.append(Term("source, tunnelling", field, -scale * load * ctx.dx_edges(ctx.film)))
            else:
                self.terms.append(Term(f"source, {field}", field, -scale * f * ctx.test(field) * ctx.dx_nodes(ctx.film)))

    def set(self, density):
        """Values from field -> (n,) at the model's nodes; others are passed over."""
        for field, f in self._functions.items():
            f.x.array[:] = density[field][self._order]


def _same_points(wanted, points):
    """Position in `wanted` of each of `points`."""
    from scipy.spatial import cKDTree

    distance, index = cKDTree(wanted).query(points)
    assert distance.max() < 1e-9
    return index


def nodal_errors(m, length, free, rate):
    """Solve for the fields `free`, the others held at their exact values.

    Args:
        m: DeviceModel on a box of edge `length` [nm] with ohmic, blocking contacts.
        free: names of the fields to solve for.
        rate: a0 of the storage terms [1/s].

    Returns:
        field -> rms nodal error.
    """
    m.context.rate.value = rate
    m.apply_voltages({"top": VOLTS, "bottom": 0.0})
    exact = {name: jet for name, jet in exact_fields(m, length).items() if name in m.fields}
    # Ions are prescribed at the terminals: the exact field carries a flux there.
    held = (POTENTIAL, FERMI, *(ion.name for ion in m.context.species))
    return errors_against(m, exact, sources(m, exact), free, held)


def errors_against(m, exact, density, free, held):
    """Add the sources, solve for `free` from a rough start, compare.

    Args:
        m: DeviceModel, its rate set.
        exact: field -> Jet at the nodes, of every field of the model.
        density: field -> (n,) source density.
        free: names of the fields to solve for; the others keep their exact values.
        held: those of them that are prescribed at the terminals.

    Returns:
        field -> rms nodal error.
    """
    ends = np.isin(np.arange(len(m.coordinates)), np.concatenate(list(m.terminal_nodes.values())))
    loads = Sources(m, [name for name in density if name in free])
    loads.set(density)
    m.terms += loads.terms
    for column, name in enumerate(m.fields):
        m.values(name)[:] = exact[name].value
        m.constrained[:, column] = True if name not in free else ends if name in held else False
    start = m.context.state.x.array.copy()
    rough = np.random.default_rng(0).uniform(-0.02, 0.02, start.shape)
    m.restrict(rough)
    m.context.state.x.array[:] = start + rough
    engine = CpuEngine(m, tolerance=1e-7, linear_tolerance=1e-9, max_iterations=30)
    result = engine.solve()
    assert result.converged, result.reason
    engine.polish()
    return {k: float(np.sqrt(np.mean((m.values(k) - exact[k].value) ** 2))) for k in free}
