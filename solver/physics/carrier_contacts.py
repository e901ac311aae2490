"""Exchange of electrons and holes with the terminals: emission, surface recombination, contact resistance, barriers.

Outward flux of electrons v_n (n - n_m), of holes v_p (p - p_m); n_m, p_m in equilibrium with the metal (Phi = V) at the
same surface potential. Thermionic emission: v_n = A* T^2 / (q N_c) (C. R. Crowell, S. M. Sze, Solid-State Electron. 9,
1035 (1966)). A carrier without velocity passes the contact's conductance, sigma dPhi/dn = g_c (V - Phi), or is in
equilibrium with the metal (prescribed, see device.py). Where electrons leave at a velocity, a filament that touches or
tunnels still conducts straight into the terminal.

The image force lowers the barrier of the carriers that the field E pulls away from the metal by sqrt(q E/(4 pi eps))
(S. M. Sze, K. K. Ng, Physics of Semiconductor Devices, 3rd ed., ch. 3): the film's surface potential is that of the
lowered maximum, phi = V + b + sqrt(q E/(4 pi eps)), E = -dphi/dn counted positive where it pulls electrons, odd in E.
Emission, its diffusion limit and equilibrium all see the same potential: without bias Phi = 0 stays the exact solution.
"""

import numpy as np
import ufl

from solver.physics import temperature
from solver.physics.conduction import filament_conductivity
from solver.physics.context import FormContext, Term
from solver.physics.fields import ELECTRONS, FILAMENT, HOLES, POTENTIAL, TUNNELLING
from solver.physics.statistics import densities

ROUNDED = 0.05  # kT; below, the lowering is linear in the field (the root's slope is infinite at 0); error 1e-3 kT at 1 kT
DIRECT = 0.01  # of the decay length: the film under a terminal of emission adds 1 % to the resistance of the gap
STIFFNESS = 1e6  # 1/nm; the surface potential is held to field / STIFFNESS, 1e-6 kT at 25 mV/nm


def surface_potential(ctx: FormContext, contact, nodes) -> np.ndarray:
    """Potential less applied voltage [kT/q] at local `nodes` of a terminal: charge neutral, or by work function."""
    if contact.carriers.barrier is not None:
        return np.full(len(nodes), contact.carriers.barrier)
    return ctx.neutral.x.array[nodes]


def image_lowering(field, lowering):
    """Image-force lowering sqrt(`lowering` |E|) with the sign of E, rounded near zero.

    Args:
        field: E [kT/q per nm], UFL or array.
        lowering: q/(4 pi eps) in the solver's units.

    Returns:
        [kT].
    """
    return lowering * field / (lowering * abs(field) + ROUNDED**2) ** 0.5


def terms(ctx: FormContext) -> list[Term]:
    """Natural conditions on the film facets of each terminal; rows in charges/s, the surface potential's in charges."""
    out = []
    if not ctx.has(ELECTRONS):
        return out
    for contact in ctx.parameters.contacts:
        out += _exchange(ctx, contact)
        if contact.carriers.lowering is not None:
            out.append(_lowered_barrier(ctx, contact))
    return out


def _exchange(ctx, contact) -> list[Term]:
    out, ds = [], ctx.terminal_measure(contact.name)
    for name, field, leaving in exchanges(ctx, contact):
        form = ufl.as_ufl(ctx.row_scale[field]) * leaving * ctx.test(field) * ctx.weight * ds
        out.append(Term(f"{name}, {contact.name}", field, form, contact=True))
    return out


def exchanges(ctx: FormContext, contact) -> list[tuple]:
    """(name, field, charge leaving per area and time) by emission, through the contact's conductance, by the filament."""
    out, c, theta = [], ctx.parameters.carriers, temperature.local(ctx)
    volts = ctx.voltage[contact.name]
    phi, phi_n, phi_p = (ctx.unknown(f) for f in (POTENTIAL, ELECTRONS, HOLES))
    n, p = densities(c, phi, phi_n, phi_p, theta=theta)
    n_metal, p_metal = densities(c, phi, volts, volts, theta=theta)
    for field, level, sign, velocity, excess in (
        (ELECTRONS, phi_n, -1.0, contact.carriers.electron_velocity, n - n_metal),
        (HOLES, phi_p, 1.0, contact.carriers.hole_velocity, p - p_metal),
    ):
        if velocity == 0.0:
            continue  # lets no carrier through: the natural condition
        if velocity is not None:
            # -+ oint v (n - n_m): charge leaving with the carriers
            out.append((f"emission of {field}", field, sign * velocity * excess))
        elif contact.carriers.conductance is not None:
            # oint g_c (Phi - V)
            out.append((f"contact resistance of {field}", field, contact.carriers.conductance * (level - volts)))
    if ctx.has(FILAMENT) and contact.carriers.electron_velocity is not None:
        out.append(("filament's contact", ELECTRONS, _into_metal(ctx, contact)))
    return out


def _into_metal(ctx, contact):
    """Metal and gap conduct into a terminal that the band's electrons reach by emission only."""
    f = ctx.parameters.filament
    passes = filament_conductivity(f, ctx.unknown(FILAMENT), ctx.unknown(TUNNELLING)) / (DIRECT * f.decay_length)
    g = contact.carriers.conductance
    if g is not None:
        passes = passes * g / (passes + g)
    # oint g (Phi_n - V), g = sigma / (0.01 lambda) in series with the contact's
    return passes * (ctx.unknown(ELECTRONS) - ctx.voltage[contact.name])


def _lowered_barrier(ctx, contact) -> Term:
    """The surface potential follows the field, held by a stiff layer: its charge is the electrode's."""
    phi = ctx.unknown(POTENTIAL)
    field = -ufl.dot(ufl.grad(phi), ufl.FacetNormal(ctx.mesh))
    surface = ctx.voltage[contact.name] + contact.carriers.barrier + image_lowering(field, contact.carriers.lowering)
    # oint eps k (phi - V - b - sqrt(q E/(4 pi eps)))
    stiff = ctx.parameters.permittivity["film"] * STIFFNESS * (phi - surface) * ctx.test(POTENTIAL)
    form = ctx.row_scale[POTENTIAL] * stiff * ctx.weight * ctx.terminal_measure(contact.name)
    return Term(f"lowered barrier, {contact.name}", POTENTIAL, form, contact=True)
