"""Free energy of the device with all terminals at 0 V [kT], the functional of docs/physics.md.

F = int [eps |grad phi|^2 / 2 + C_TF h w^2 / 2 + c ln(c/c_eq) + (c_max - c) ln(1 - c/c_max)
         + W g(xi) + kappa |grad xi|^2 / 2],   w = phi - Phi.
"""

import numpy as np
import ufl
from dolfinx import fem

from solver.discretization.functions import interpolant
from solver.engines.cpu.assembly import JIT
from solver.physics.context import FERMI, FILAMENT, POTENTIAL


class FreeEnergy:
    """Evaluates F at a model's state; gradients by cell, densities lumped, as the equations are."""

    def __init__(self, m):
        ctx, p = m.context, m.parameters
        (ion,) = ctx.species
        phi, c = ctx.unknown(POTENTIAL), ion.density * ctx.unknown(ion.name)
        equilibrium = p.filament.equilibrium if ctx.has(FILAMENT) else ion.density
        parts = [
            0.5 * p.permittivity[region] * ufl.inner(ufl.grad(phi), ufl.grad(phi)) * ctx.weight * ctx.dx_edges(tag)
            for region, tag in m.device.regions.items()
        ]
        # relative to the initial density, so that a small change is not lost in a large sum
        free = max(ion.sites, ion.density)
        mixing = c * ufl.ln(c / equilibrium) + (free - c) * ufl.ln(1 - c / free)
        start = ion.density * np.log(ion.density / equilibrium) + (free - ion.density) * np.log(
            1 - ion.density / free
        )
        local = mixing - start
        if ctx.has(FILAMENT):
            f, xi = p.filament, ctx.unknown(FILAMENT)
            w = phi - ctx.unknown(FERMI)
            local += 0.5 * f.screening * interpolant(xi) * w * w + f.well * xi * xi * (1 - xi) ** 2
            edge = 0.5 * f.gradient * ufl.inner(ufl.grad(xi), ufl.grad(xi))
            parts.append(edge * ctx.weight * ctx.dx_edges(ctx.film))
        parts.append(local * ctx.weight * ctx.dx_nodes(ctx.film))
        self._forms = [fem.form(part, jit_options=JIT) for part in parts]

    def __call__(self):
        return float(sum(fem.assemble_scalar(form) for form in self._forms))
