"""Closed forms for one mobile species of charge +1 in a fixed counter charge between blocking plates (SI).

The papers treat two mobile species (Kilic, Bazant, Ajdari, PRE 75, 021502 (2007); Bazant, Thornton, Ajdari, PRE 70,
021506 (2004)); here the negative one is fixed, so the same steps are done again:

Steric layer. Equilibrium of ln c - ln(1 - c/c_max) + phi with the bulk (c0, phi = 0) makes c the Fermi function
c = c_max / (1 + (1/nu - 1) e^phi), nu = c0/c_max. Integrating eps phi'' = -q (c - c0) once across the layer gives the
charge on the electrode at potential phi over the bulk,
    sigma = sign(phi) sqrt(2 eps (kT) [c_max ln(1 - nu + nu e^-phi) + c0 phi]):
Gouy-Chapman-like growth, then sqrt(c_max |phi|) for phi < 0 (crowding) and sqrt(c0 phi) for phi > 0 (depletion).

Small signals. The density obeys s dc = D' (dc'' - dc / lambda^2), D' = D / (1 - nu), lambda^2 = eps kT / (q^2 c0
(1 - nu)); no flux at x = +-a. With k^2 = 1/lambda^2 + s / D' and tau = eps kT / (q^2 c0 D):
    Y(s) / A = s eps (1 + s tau) / (2 [tanh(k a) / k + a s tau]).
Its slowest pole is the charging time; for lambda << L = 2a it is lambda L / (2 D), the papers' lambda_D L / D with L
half the distance of the plates.
"""

import numpy as np
from scipy.optimize import brentq

Q, K, EPS0 = 1.602176634e-19, 1.380649e-23, 8.8541878128e-12


class Film:
    """Numbers of one slab: densities [m^-3], D [m^2/s], thickness [m], area [m^2], relative permittivity."""

    def __init__(self, density, site_density, diffusivity, thickness, area, permittivity=60.0, temperature=300.0):
        self.c0, self.cmax, self.D, self.L, self.A = density, site_density, diffusivity, thickness, area
        self.eps, self.vt, self.nu = permittivity * EPS0, K * temperature / Q, density / site_density

    @property
    def debye(self):
        """lambda_D = sqrt(eps kT / q^2 c0) of the dilute limit [m]."""
        return np.sqrt(self.eps * self.vt / (Q * self.c0))

    def layer_charge(self, phi):
        """sigma [C/m^2] on an electrode at `phi` [kT/q] over the bulk."""
        work = self.cmax * np.log(1 - self.nu + self.nu * np.exp(-phi)) + self.c0 * phi
        return np.sign(phi) * np.sqrt(2 * self.eps * self.vt * Q * np.maximum(work, 0.0))

    def layer_capacitance(self, phi):
        """d sigma / d phi [F/m^2], phi != 0 in kT/q."""
        density = self.cmax / (1 + (1 / self.nu - 1) * np.exp(phi))
        return (self.c0 - density) * self.eps * Q / self.layer_charge(phi)

    def split(self, volts):
        """(phi, sigma) of the positive electrode's layer when `volts` lie across both layers."""
        total = volts / self.vt
        phi = brentq(lambda p: self.layer_charge(p) + self.layer_charge(p - total), 1e-12, total - 1e-12)
        return phi, self.layer_charge(phi)

    def admittance(self, s):
        """Y(s) [S] of the ions, `s` in 1/s (complex)."""
        tau, k = self.eps * self.vt / (Q * self.c0 * self.D), self._k(s)
        a = self.L / 2
        return self.A * s * self.eps * (1 + s * tau) / (2 * (np.tanh(k * a) / k + a * s * tau))

    def _k(self, s):
        debye2 = self.debye**2 / (1 - self.nu)
        return np.sqrt(1 / debye2 + s * (1 - self.nu) / self.D)

    def charging_time(self):
        """-1/s of the slowest pole of Y [s]."""
        tau, a = self.eps * self.vt / (Q * self.c0 * self.D), self.L / 2
        fastest = self.D / (1 - self.nu) * (1 - self.nu) / self.debye**2
        return 1 / brentq(lambda r: np.tanh(self._k(-r) * a) / self._k(-r) - a * r * tau, 1e-9 * fastest, 0.999 * fastest)
