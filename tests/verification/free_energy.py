"""Free energy of the device at zero bias [kT]: what the second law says must fall.

    F = int [eps |grad phi|^2 / 2 + C_TF h w^2 / 2                                      field, charge of the metal
             + sum_i c_i ln(c_i/c_eq) + (c_max - c) ln(1 - c/c_max) - mu (c + c_f h)    mixing with steric limit
             + W g(xi) + kappa |grad xi|^2 / 2                                          filament
             + n (ln n/N_c - 1) + p (ln p/N_v - 1) + E_c n - E_v p                      carriers (Boltzmann)
             + A h (C_TF w + z c_f)]  - sum_b Q_b phi_b,                                the metal's level in the film's gap
w = phi - Phi_m; beside holes Phi_m = Phi_n + A, else Phi. Condensed vacancies have the energy of c_eq (their term is zero by the choice of c_eq in the first
logarithm). mu = ln(c_ref/c_eq) - ln(1 - c_ref/c_max) of an electrode that exchanges ions, 0 between blocking ones, makes
F the grand potential; so does the potential energy of the charges Q_b on electrodes whose surface is not at phi = 0.

Along the equations of docs/physics.md, with J_c = -D c grad mu_c and mu_c = ln(c/c_eq) - ln(1 - c/c_max) + phi,
and the driving force along h'(xi), as it is on the profile at rest,
    dF/dt = - int [D c |grad mu_c|^2 + sigma |grad Phi|^2 + sigma_n |grad Phi_n|^2 + sigma_p |grad Phi_p|^2
                   + R (Phi_p - Phi_n) + (d xi/dt)^2 / (M S)]  - contacts  - int C_TF h' w^2 / 2 d xi/dt.
All but the last term are dissipation. The last is the pressure of the metal's own field on its surface, which the
equation of xi leaves out (`metal_pressure` adds it): without it F may rise where a filament withdraws against a field.
"""

import numpy as np
import ufl
from dolfinx import fem

from solver.discretization.functions import Numpy, clamp, crowding, interpolant
from solver.engines.cpu.assembly import JIT
from solver.physics.context import Term
from solver.physics.fields import ELECTRONS, FILAMENT, HOLES, POTENTIAL
from solver.physics.ions import neighbours
from solver.physics.statistics import densities


def interpolant_slope(xi, m=ufl):
    """h'(xi) = 30 xi^2 (1 - xi)^2 in [0, 1], 0 outside."""
    x = clamp(xi, 0.0, 1.0, m)
    return 30 * x * x * (1 - x) ** 2


class FreeEnergy:
    """Evaluates F at a model's state; gradients by cell, densities lumped, as the equations are.

    Args:
        engine: `CpuEngine` of the model.

    Attributes:
        reservoir: mu of each ion that electrodes exchange [kT].
    """

    def __init__(self, engine):
        self._engine = engine
        self._model = m = engine.model
        ctx, p = m.context, m.parameters
        self.reservoir: dict[str, float] = {}
        phi = ctx.unknown(POTENTIAL)
        parts = [
            0.5 * p.permittivity[region] * ufl.inner(ufl.grad(phi), ufl.grad(phi)) * ctx.weight * ctx.dx_edges(tag)
            for region, tag in m.device.regions.items()
        ]
        local = 0
        if ctx.species:
            local += self._mixing(ctx, p)
        if ctx.has(FILAMENT):
            f, xi = p.filament, ctx.unknown(FILAMENT)
            w, h = phi - ctx.metal_potential(), interpolant(xi)
            local += 0.5 * f.screening * h * w * w + f.well * xi * xi * (1 - xi) ** 2
            # electrons of the metal, the condensing ones among them, lie lower than the film's by the alignment
            local += f.alignment * h * (f.screening * w + p.ion(f.species).charge * f.density)
            edge = 0.5 * f.gradient * ufl.inner(ufl.grad(xi), ufl.grad(xi))
            parts.append(edge * ctx.weight * ctx.dx_edges(ctx.film))
        if ctx.has(ELECTRONS):
            local += _carriers(ctx, p.carriers)
        if local != 0:
            parts.append(local * ctx.weight * ctx.dx_nodes(ctx.film))
        self._forms = [fem.form(part, jit_options=JIT) for part in parts]
        self._electrodes = np.unique(np.concatenate(list(m.terminal_nodes.values())))

    def _mixing(self, ctx, p):
        """Less its value at the initial density, so that a small change is not lost in a large sum."""
        electrodes = {(name, at.reference, at.offset) for contact in p.contacts for name, at in contact.exchange.items()}
        reservoir = {name: (reference, offset + _film_at_electrodes(ctx)) for name, reference, offset in electrodes}
        assert len(electrodes) == len(reservoir), "electrodes of different potentials for one ion: no equilibrium"
        out = 0

        def occupied(value, ion):
            return sum(other.share * value(other) for other in neighbours(ctx, ion))

        for ion in ctx.species:
            c0, c = ion.density, ion.density * ctx.unknown(ion.name)
            condenses = p.condenses(ion)
            equilibrium = p.filament.equilibrium if condenses else c0
            # c ln(c / c_eq)
            out += c * ufl.ln(c / equilibrium) - c0 * np.log(c0 / equilibrium)
            if ion.name in reservoir:
                # - mu (c + nu c_f h)
                reference, offset = reservoir[ion.name]
                there = occupied(lambda other: reservoir.get(other.name, (other.density, 0))[0] / other.density, ion)
                self.reservoir[ion.name] = mu = np.log(reference / equilibrium) + crowding(there, Numpy) + ion.charge * offset
                out += -mu * (c - c0 + (p.filament.density * interpolant(ctx.unknown(FILAMENT)) if condenses else 0.0))
        for ion in {ion.sublattice: ion for ion in ctx.species}.values():
            # (c_max - c) ln(1 - c / c_max), c of all on the sublattice
            now, start = occupied(lambda other: ctx.relative_density(other.name), ion), occupied(lambda _: 1.0, ion)
            out += -ion.sites * ((1 - now) * crowding(now) - (1 - start) * crowding(start, Numpy))
        return out

    def stored(self):
        """F without the last sum, what the device holds whatever its electrodes are at [kT]. Collective."""
        return self._model.device.mesh.comm.allreduce(sum(fem.assemble_scalar(form) for form in self._forms))

    def __call__(self):
        """kT. Collective."""
        m = self._model
        charge = self._engine.interior_residual()[:, m.fields.index(POTENTIAL)] / m.context.row_scale[POTENTIAL]
        at = self._electrodes
        return self.stored() - m.device.mesh.comm.allreduce(float(charge[at] @ m.values(POTENTIAL)[at]))


def _film_at_electrodes(ctx):
    """Potential of the neutral film at the electrodes [kT/q], to which exchange refers; they must not differ in it."""
    if not ctx.has(ELECTRONS):
        return 0.0
    values = ctx.parameters.carriers.doping(ctx.space.tabulate_dof_coordinates())
    assert np.ptp(values) == 0, "a film doped differently at its electrodes is a battery to the ions: no equilibrium"
    return float(ctx.neutral.x.array[0])


def _carriers(ctx, c):
    phi, phi_n, phi_p = (ctx.unknown(field) for field in (POTENTIAL, ELECTRONS, HOLES))
    n, p = densities(c, phi, phi_n, phi_p)
    # Boltzmann: ln n/n_i = phi - Phi_n, ln p/n_i = Phi_p - phi; the intrinsic level is the zero of energy
    return n * (phi - phi_n - 1) + p * (phi_p - phi - 1)


def metal_pressure(ctx):
    """Term of the filament's equation that makes it the gradient of F: - h'(xi) C_TF (phi - Phi)^2 / 2."""
    f, w = ctx.parameters.filament, ctx.unknown(POTENTIAL) - ctx.metal_potential()
    pressure = 0.5 * f.screening * interpolant_slope(ctx.unknown(FILAMENT)) * w * w
    form = -ctx.row_scale[FILAMENT] * pressure * ctx.test(FILAMENT) * ctx.weight * ctx.dx_nodes(ctx.film)
    return Term("pressure of the metal's field", FILAMENT, form)
