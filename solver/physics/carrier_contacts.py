"""Exchange of electrons and holes with the terminals: thermionic emission, finite surface recombination velocity.

Outward flux of electrons v_n (n - n_m), of holes v_p (p - p_m); n_m, p_m in equilibrium with the metal (Phi = V) at the
same surface potential. Thermionic emission: v_n = A* T^2 / (q N_c) (C. R. Crowell, S. M. Sze, Solid-State Electron. 9,
1035 (1966)). A carrier without velocity is in equilibrium with the metal (prescribed, see device.py).
"""

import numpy as np
import ufl

from solver.physics.context import FormContext, Term
from solver.physics.fields import ELECTRONS, HOLES, POTENTIAL
from solver.physics.statistics import densities, neutral_potential


def surface_potential(ctx: FormContext, contact, nodes) -> np.ndarray:
    """Potential less applied voltage [kT/q] at local `nodes` of a terminal: charge neutral, or by work function."""
    if contact.carriers.barrier is not None:
        return np.full(len(nodes), contact.carriers.barrier)
    return neutral_potential(ctx.parameters.carriers, ctx.doping.x.array[nodes])


def terms(ctx: FormContext) -> list[Term]:
    """Natural conditions on the film facets of each terminal; rows in charges/s."""
    out = []
    if not ctx.has(ELECTRONS):
        return out
    c = ctx.parameters.carriers
    phi, phi_n, phi_p = (ctx.unknown(f) for f in (POTENTIAL, ELECTRONS, HOLES))
    for contact in ctx.parameters.contacts:
        volts, velocities = ctx.voltage[contact.name], contact.carriers
        n, p = densities(c, phi, phi_n, phi_p)
        n_metal, p_metal = densities(c, phi, volts, volts)
        for field, sign, velocity, excess in (
            (ELECTRONS, -1.0, velocities.electron_velocity, n - n_metal),
            (HOLES, 1.0, velocities.hole_velocity, p - p_metal),
        ):
            if velocity is None:
                continue
            # -+ oint v (n - n_m): charge leaving with the carriers
            leaving = sign * velocity * excess * ctx.test(field)
            name = f"emission of {field}, {contact.name}"
            ds = ctx.terminal_measure(contact.name)
            out.append(Term(name, field, ufl.as_ufl(ctx.row_scale[field]) * leaving * ctx.weight * ds, contact=True))
    return out
