"""Closed forms for a symmetric electrolyte of charge numbers +-z, equal diffusivities (SI; phi in kT/q).

Gouy-Chapman. c_+- = c0 e^{-+z phi}; integrating eps phi'' = -rho once from the bulk (phi = 0, phi' = 0) gives the charge
on an electrode at phi, sigma = sqrt(8 eps kT c0) sinh(z phi/2), and C = (eps/lambda) cosh(z phi/2) with the Debye length
lambda^2 = eps kT / (2 z^2 q^2 c0).

On one lattice of c_max sites, nu = 2 c0/c_max: c_+- = c0 e^{-+z phi} / (1 + 2 nu sinh^2(z phi/2)), hence
    sigma = sgn(phi) 2 z q c0 lambda sqrt((2/nu) ln(1 + 2 nu sinh^2(z phi/2)))
(M. S. Kilic, M. Z. Bazant, A. Ajdari, Phys. Rev. E 75, 021502 (2007), from J. J. Bikerman, Philos. Mag. 33, 384 (1942)).

Charging. Small signals: charge and potential as for one species (layers.py) with this lambda. At larger voltages the
layers also take up salt, w = 8 c lambda sinh^2(zeta/4) a layer (zeta: its potential), which the bulk has to bring by
diffusion (M. Z. Bazant, K. Thornton, A. Ajdari, Phys. Rev. E 70, 021506 (2004)). For lambda << a (2a: distance of the
plates) and fixed zeta the slowest mode cos(k x) of the bulk obeys -D d(2c)/dx = dw/dt at x = a. With lambda falling as
1/sqrt(c), dw/dc = w/2c, so that
    tan(k a) = -2 k lambda sinh^2(zeta/4), k a near pi;  decay rate D k^2.
"""

import numpy as np
from scipy.optimize import brentq

Q, K, EPS0 = 1.602176634e-19, 1.380649e-23, 8.8541878128e-12


class Electrolyte:
    """Numbers of both ions: density each [m^-3], D [m^2/s], charge number, site density of their lattice [m^-3] or None."""

    def __init__(self, density, diffusivity, charge=1, site_density=None, permittivity=60.0, temperature=300.0):
        self.c0, self.D, self.z, self.cmax = density, diffusivity, charge, site_density
        self.eps, self.vt = permittivity * EPS0, K * temperature / Q

    @property
    def debye(self):
        """lambda [m]."""
        return np.sqrt(self.eps * self.vt / (2 * self.z**2 * Q * self.c0))

    def charge(self, phi):
        """sigma [C/m^2] of an electrode at `phi` [kT/q] over the bulk."""
        if self.cmax is None:
            return np.sqrt(8 * self.eps * Q * self.vt * self.c0) * np.sinh(self.z * phi / 2)
        nu = 2 * self.c0 / self.cmax
        root = np.sqrt(2 / nu * np.log1p(2 * nu * np.sinh(self.z * phi / 2) ** 2))
        return np.sign(phi) * 2 * self.z * Q * self.c0 * self.debye * root

    def capacitance(self, phi, step=1e-4):
        """d sigma/d(phi kT/q) [F/m^2]."""
        return (self.charge(phi + step) - self.charge(phi - step)) / (2 * step * self.vt)

    def fast(self, distance):
        """lambda L / D with L half the distance of the plates [s]."""
        return self.debye * distance / 2 / self.D

    def slow(self, distance, zeta):
        """1 / (D k^2) of the slowest salt mode between plates whose layers hold `zeta` [kT/q] each [s]."""
        a, w = distance / 2, 2 * self.debye * np.sinh(zeta / 4) ** 2
        k = brentq(lambda k: np.sin(k * a) + k * w * np.cos(k * a), 0.6 * np.pi / a, 1.2 * np.pi / a)
        return 1 / (self.D * k**2)
