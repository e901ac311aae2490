"""Carrier densities from the distance of the quasi-Fermi level to the band: Boltzmann, Blakemore, Fermi-Dirac.

n = N_c F(eta_n), eta_n = phi - Phi_n + ln(n_i/N_c);  p = N_v F(eta_p), eta_p = Phi_p - phi + ln(n_i/N_v), in kT. The
zero of phi is the intrinsic level of Boltzmann's statistics, n_i = sqrt(N_c N_v) exp(-E_g / 2kT), so that the numbers
stay small. Electrons have charge -1, holes +1; Phi_n and Phi_p rise with the applied voltage, as phi does.
At another temperature than T0 of the scaling eta is divided by theta = T/T0 and N_c, N_v are multiplied by theta^1.5.
Blakemore: F = 1/(e^-eta + 0.27), good to eta = 1.3 (J. S. Blakemore, Solid-State Electron. 25, 1067 (1982)).
Fermi-Dirac: F of order 1/2 within 0.4 % (D. Bednarczyk, J. Bednarczyk, Phys. Lett. A 64, 409 (1978)).
"""

import math

import ufl

from solver.discretization.functions import Numpy
from solver.physics.temperature import log_states

BLAKEMORE = 0.27
LARGEST = 300.0  # |eta| in kT beyond which a Newton iterate is cut, so that no density overflows


def _crowding(eta, statistics, m):
    """xi(eta) of F = 1/(e^-eta + xi)."""
    if statistics == "blakemore":
        return BLAKEMORE
    v = eta**4 + 50.0 + 33.6 * eta * (1.0 - 0.68 * m.exp(-0.17 * (eta + 1.0) ** 2))
    return 0.75 * math.sqrt(math.pi) * m.exp(-0.375 * m.ln(v))


def log_distribution(eta, statistics, m=ufl):
    """ln F(eta), the same to rounding for eta of any size.

    Args:
        eta: (quasi-Fermi level - band edge) in kT, positive inside the band.
        statistics: "boltzmann", "blakemore" or "fermi_dirac".
        m: module of the elementary functions.
    """
    if statistics == "boltzmann":
        return eta
    a = m.min_value(m.max_value(eta, -LARGEST), LARGEST)
    xi = _crowding(a, statistics, m)
    below, above = m.min_value(a, 0.0), m.max_value(a, 0.0)
    # eta - ln(1 + xi e^eta) below the edge, -ln(e^-eta + xi) above it: of the two exponentials one is 1
    return below - m.ln(m.exp(-above) + xi * m.exp(below))


def log_densities(c, phi, phi_n, phi_p, m=ufl, theta=1.0):
    """(ln n, ln p), densities in nm^-3, at potentials in kT0/q; `c` are the `CarrierParameters`, `theta` is T/T0."""
    eta_n, eta_p = etas(c, phi, phi_n, phi_p, theta)
    states = log_states(theta, m)
    ln_n = math.log(c.conduction_density) + states + log_distribution(eta_n, c.statistics, m)
    ln_p = math.log(c.valence_density) + states + log_distribution(eta_p, c.statistics, m)
    return ln_n, ln_p


def etas(c, phi, phi_n, phi_p, theta=1.0):
    """(eta_n, eta_p) in kT at the local temperature; the band edges do not move with it."""
    eta_n = phi - phi_n - math.log(c.conduction_density / c.intrinsic)
    eta_p = phi_p - phi - math.log(c.valence_density / c.intrinsic)
    return eta_n / theta, eta_p / theta


def densities(c, phi, phi_n, phi_p, m=ufl, theta=1.0):
    """(n, p) [nm^-3]."""
    ln_n, ln_p = log_densities(c, phi, phi_n, phi_p, m, theta)
    return m.exp(ln_n), m.exp(ln_p)


def neutral_potential(c, doping, theta=1.0):
    """Potential [kT0/q] at which p - n + N = 0 in equilibrium at Phi = 0, by bisection (monotone; NumPy array).

    Args:
        c: `CarrierParameters`.
        doping: net donor density N [nm^-3], array.
        theta: T/T0.
    """
    import numpy as np

    doping = np.asarray(doping, dtype=float)
    span = LARGEST
    low, high = np.full(doping.shape, -span), np.full(doping.shape, span)
    for _ in range(64):
        middle = 0.5 * (low + high)
        n, p = densities(c, middle, 0.0, 0.0, Numpy, theta)
        positive = p - n + doping > 0
        low, high = np.where(positive, middle, low), np.where(positive, high, middle)
    return 0.5 * (low + high)
