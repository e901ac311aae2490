"""Manufactured electrons and holes: exact potentials, and the sources that their strong equations leave over.

The equations are written out here again, with statistics and rates by NumPy, as docs/physics.md has them.
"""

import math

import numpy as np

from solver.discretization.functions import Numpy
from solver.physics.fields import ELECTRONS, HOLES, POTENTIAL
from solver.physics.statistics import log_distribution
from tests.verification.boxes import box_model
from tests.verification.jets import cosines, divergence, ramp
from tests.verification.manufactured import errors_against

FIELDS = (POTENTIAL, ELECTRONS, HOLES)
LENGTH = 100.0  # nm: with the densities below, fluxes, recombination and storage are of one size
RATE = 1e11  # 1/s, of the storage terms where they are on


BANDS = {"conduction_density": "4e16 cm^-3", "valence_density": "2e16 cm^-3", "gap": "0.2 eV"}
RATES = {
    "srh": {"electron_lifetime": "3e-12 s", "hole_lifetime": "2e-12 s", "trap_level": "0.02 eV"},
    "radiative": {"radiative_coefficient": "1e-5 cm^3/s"},
    "auger": {"electron_auger_coefficient": "3e-22 cm^6/s", "hole_auger_coefficient": "2e-22 cm^6/s"},
}


def material(recombination=()):
    """Overrides: bands so near that both carriers are at their edges, and recombination as fast as diffusion."""
    numbers = BANDS | {k: v for kind in recombination for k, v in RATES[kind].items()}
    return [f"material.semiconductor.{key}={{value: {v}, source: manufactured}}" for key, v in numbers.items()]


def model(folder, mesh, statistics="boltzmann", recombination=(), doped=True):
    """DeviceModel of a box of `LENGTH` on `mesh`."""
    return box_model(folder, mesh, LENGTH, physics(statistics, recombination, doped), material(recombination))


def physics(statistics, recombination, doped):
    """The scenario's physics, one line, and its material."""
    profile = f"{{profile: tanh, axis: x, below: -2e16 cm^-3, above: 3e16 cm^-3, position: {LENGTH / 2} nm, width: 30 nm}}"
    switches = ", ".join(f"{k}: {'on' if k in recombination else 'off'}" for k in RATES)
    carriers = f"{{statistics: {statistics}, {switches}, doping: [{profile if doped else ''}]}}"
    return f"{{electronic: bipolar, ions: fixed, filament: off, carriers: {carriers}}}\nmaterial: silicon"


def exact_fields(m):
    """Field -> Jet at the nodes: no flux through the sides, values at the terminals that are not equilibrium's."""
    d = m.device.mesh.topology.dim
    x = m.coordinates[:, :d]
    side = (1,) * (d - 1)
    return {
        POTENTIAL: ramp(x, LENGTH, 1.0) + 0.8 * cosines(x, LENGTH, (*side, 1), -np.pi / 2),
        ELECTRONS: ramp(x, LENGTH, 0.5) + 0.6 * cosines(x, LENGTH, (*side, 2), 0.4) + (-3.5),
        HOLES: ramp(x, LENGTH, 0.8) + 0.5 * cosines(x, LENGTH, (*side, 1), 0.9) + 4.0,
    }


def density(states, eta, statistics):
    """Jet of N F(eta), its Laplacian left out (not needed)."""
    step = 1e-5
    low, value, high = (log_distribution(eta.value + k * step, statistics, Numpy) for k in (-1, 0, 1))
    f = states * np.exp(value)
    return eta.through(f, f * (high - low) / (2 * step), 0.0 * f)


def rate(c, n, p, split):
    """Net recombination [1/(s nm^3)] from its laws; `split` is Phi_n - Phi_p [kT]."""
    r = 0.0
    if c.lifetimes is not None:
        n_t, p_t = c.intrinsic * math.exp(c.trap_level), c.intrinsic * math.exp(-c.trap_level)
        r = r + 1 / (c.lifetimes[1] * (n + n_t) + c.lifetimes[0] * (p + p_t))
    if c.auger is not None:
        r = r + c.auger[0] * n + c.auger[1] * p
    return (r + c.radiative) * n * p * (1 - np.exp(split))


def sources(m, e):
    """Field -> (n,): strong residual of the exact potentials `e`."""
    c, a0 = m.parameters.carriers, m.context.rate.value
    phi, phi_n, phi_p = (e[f] for f in FIELDS)
    n = density(c.conduction_density, phi - phi_n + math.log(c.intrinsic / c.conduction_density), c.statistics)
    p = density(c.valence_density, phi_p - phi + math.log(c.intrinsic / c.valence_density), c.statistics)
    recombined = rate(c, n.value, p.value, phi_n.value - phi_p.value)
    return {
        POTENTIAL: -m.parameters.permittivity["film"] * phi.laplacian - (p.value - n.value + c.doping(m.coordinates)),
        ELECTRONS: -c.electron_diffusivity * divergence(n, phi_n) - (a0 * n.value + recombined),
        HOLES: -c.hole_diffusivity * divergence(p, phi_p) + (a0 * p.value + recombined),
    }


def nodal_errors(m, rate):
    """field -> rms nodal error [kT] of the three potentials; `rate` is a0 of the storage terms [1/s]."""
    m.context.rate.value = rate
    exact = exact_fields(m)
    return errors_against(m, exact, sources(m, exact), FIELDS, FIELDS)
