"""Non-dimensionalisation, done here and nowhere else.

Inside the solver: length nm, time s, potential kT/q, density nm^-3, charge q (elementary charges), rates q/s.
Ion densities are solved for as c / c0, temperature as T / T0; energies are in kT0.
"""

from dataclasses import dataclass

ELEMENTARY_CHARGE = 1.602176634e-19  # C (exact, SI)
BOLTZMANN = 1.380649e-23  # J/K (exact, SI)
VACUUM_PERMITTIVITY = 8.8541878128e-12  # F/m (CODATA 2018)
NM = 1e-9


@dataclass(frozen=True)
class Scaling:
    """Conversion between SI and the solver's units at temperature `temperature` [K]."""

    temperature: float

    @property
    def thermal_voltage(self) -> float:
        """kT/q [V]."""
        return BOLTZMANN * self.temperature / ELEMENTARY_CHARGE

    def potential(self, volts: float) -> float:
        """[V] -> [kT/q]."""
        return volts / self.thermal_voltage

    def density(self, per_m3: float) -> float:
        """[m^-3] -> [nm^-3]."""
        return per_m3 * NM**3

    def permittivity(self, relative: float) -> float:
        """eps_r -> eps_r eps_0 (kT/q) / q [charges per (kT/q) per nm]."""
        return relative * VACUUM_PERMITTIVITY * self.thermal_voltage / ELEMENTARY_CHARGE * NM

    def conductivity(self, siemens_per_m: float) -> float:
        """[S/m] -> [charges/s per (kT/q) per nm]."""
        return siemens_per_m * self.thermal_voltage / ELEMENTARY_CHARGE * NM

    def contact_conductance(self, siemens_per_m2: float) -> float:
        """[S/m^2] -> [charges/s per (kT/q) per nm^2]."""
        return siemens_per_m2 * self.thermal_voltage / ELEMENTARY_CHARGE * NM**2

    def diffusivity(self, m2_per_s: float) -> float:
        """[m^2/s] -> [nm^2/s]."""
        return m2_per_s / NM**2

    def velocity(self, m_per_s: float) -> float:
        """[m/s] -> [nm/s]."""
        return m_per_s / NM

    def electronvolt(self, value: float) -> float:
        """[eV] -> [kT]."""
        return value / self.thermal_voltage

    def mobility_to_diffusivity(self, m2_per_Vs: float) -> float:
        """Einstein: mobility [m^2/(V s)] -> D = mu kT/q [nm^2/s]."""
        return self.diffusivity(m2_per_Vs * self.thermal_voltage)

    def volume_rate(self, per_m3_s: float) -> float:
        """[1/(m^3 s)] -> [1/(nm^3 s)]."""
        return per_m3_s * NM**3

    def pair_coefficient(self, m3_per_s: float) -> float:
        """[m^3/s] -> [nm^3/s]."""
        return m3_per_s / NM**3

    def triple_coefficient(self, m6_per_s: float) -> float:
        """[m^6/s] -> [nm^6/s]."""
        return m6_per_s / NM**6

    def surface_energy(self, joule_per_m2: float) -> float:
        """[J/m^2] -> [kT/nm^2]."""
        return joule_per_m2 * NM**2 / (BOLTZMANN * self.temperature)

    def thermal_conductivity(self, watt_per_m_K: float) -> float:
        """[W/(m K)] -> [kT0/s per nm per T/T0]."""
        return watt_per_m_K * NM / BOLTZMANN

    def heat_capacity(self, joule_per_m3_K: float) -> float:
        """[J/(m^3 K)] -> [kT0/nm^3 per T/T0]."""
        return joule_per_m3_K * NM**3 / BOLTZMANN

    def heat_transfer(self, watt_per_m2_K: float) -> float:
        """[W/(m^2 K)] -> [kT0/s per nm^2 per T/T0]."""
        return watt_per_m2_K * NM**2 / BOLTZMANN

    def watt(self, kT_per_s: float) -> float:
        """[kT0/s] -> [W]."""
        return kT_per_s * BOLTZMANN * self.temperature

    def ampere(self, charges_per_s: float) -> float:
        """[charges/s] -> [A]."""
        return charges_per_s * ELEMENTARY_CHARGE

    def coulomb(self, charges: float) -> float:
        """[charges] -> [C]."""
        return charges * ELEMENTARY_CHARGE
