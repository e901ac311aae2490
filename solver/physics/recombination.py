"""Net recombination of electrons with holes: Shockley-Read-Hall, radiative, Auger, in the filament; less generation.

R = r(n, p) n p (1 - exp(Phi_n - Phi_p)) - G, r = 1/[tau_p (n + n_t) + tau_n (p + p_t)] + B + C_n n + C_p p, with
n_t = n_i exp(E_t), p_t = n_i exp(-E_t), E_t the trap's level above the intrinsic one in kT (W. Shockley, W. T. Read,
Phys. Rev. 87, 835 (1952); the factor of the quasi-Fermi levels holds for any statistics and is exactly zero in
equilibrium).
"""

import math

import ufl

from solver.physics.statistics import log_densities
from solver.physics.temperature import log_states, neutral


def net_rate(c, phi, phi_n, phi_p, theta=1.0):
    """R [1/(s nm^3)], positive where pairs vanish; `c` are the `CarrierParameters`, potentials in kT0/q, `theta` T/T0."""
    ln_n, ln_p = log_densities(c, phi, phi_n, phi_p, theta=theta)
    n, p = ufl.exp(ln_n), ufl.exp(ln_p)
    rate = ufl.as_ufl(0.0)
    if c.lifetimes is not None:
        tau_n, tau_p = c.lifetimes
        n_t, p_t = _trap_densities(c, theta)
        rate += 1.0 / (tau_p * (n + n_t) + tau_n * (p + p_t))
    if c.radiative:
        rate += c.radiative
    if c.auger is not None:
        rate += c.auger[0] * n + c.auger[1] * p
    # n p (1 - e^-y) = n p e^(-y/2) 2 sinh(y/2), y = Phi_p - Phi_n: no cancellation near equilibrium
    y = (phi_p - phi_n) / theta
    return rate * ufl.exp(ln_n + ln_p - 0.5 * y) * 2.0 * ufl.sinh(0.5 * y) - c.generation


def _trap_densities(c, theta):
    """n_t, p_t: densities with the quasi-Fermi level at the trap, which keeps its distance from both bands."""
    if neutral(theta):
        return c.intrinsic * math.exp(c.trap_level), c.intrinsic * math.exp(-c.trap_level)
    below, above = (math.log(states / c.intrinsic) for states in (c.conduction_density, c.valence_density))
    states = ufl.exp(log_states(theta))
    return (
        c.conduction_density * states * ufl.exp((c.trap_level - below) / theta),
        c.valence_density * states * ufl.exp(-(c.trap_level + above) / theta),
    )


def metal_rate(c, filament, share, phi, phi_n, phi_p, theta=1.0):
    """R_f = m(xi) p (1 - exp(Phi_n - Phi_p)) / tau_f [1/(s nm^3)]: holes inside the filament meet the metal's electrons
    within tau_f, and the metal gives back as many in equilibrium.

    Args:
        c, filament: `CarrierParameters`, `FilamentParameters`.
        share: m(xi), UFL.
        phi, phi_n, phi_p: kT0/q.
        theta: T/T0.
    """
    ln_p = log_densities(c, phi, phi_n, phi_p, theta=theta)[1]
    y = (phi_p - phi_n) / theta
    return filament.capture * share * ufl.exp(ln_p - 0.5 * y) * 2.0 * ufl.sinh(0.5 * y)
