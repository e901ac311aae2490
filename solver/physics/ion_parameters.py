"""Ion species in the solver's units (nm, s, kT/q; see scaling.py)."""

import math
from dataclasses import dataclass

from solver.physics.scaling import BOLTZMANN, ELEMENTARY_CHARGE


@dataclass(frozen=True)
class Species:
    """One kind of ion. Where it moves, its name is that of its field, c / `density`.

    Attributes:
        charge: z, in elementary charges.
        density: at the start, and with -z the fixed counter charge [nm^-3].
        sites: c_max, places on its sublattice per volume [nm^-3].
        sublattice: species of one sublattice compete for its places.
        diffusivity: D at the device's temperature [nm^2/s].
        mobile: False: stays as it is at the start.
        activation: energy of D [kT0], for the local temperature (temperature.py).
    """

    name: str
    charge: int
    density: float
    sites: float
    sublattice: str
    diffusivity: float
    mobile: bool
    activation: float = 0.0

    @property
    def share(self) -> float:
        """Occupied share of the sites at the start."""
        return self.density / self.sites


def ion_species(scenario, s) -> tuple[Species, ...]:
    """Convert the scenario's SI numbers; `s` is the `Scaling`."""
    out = []
    for name, mat in scenario.material.ions.items():
        if mat.diffusivity is not None:
            diffusivity = s.diffusivity(mat.diffusivity.value)
        else:
            # Einstein: D = mu kT / (|z| q)
            diffusivity = s.mobility_to_diffusivity(mat.mobility.value) / abs(mat.charge)
        activation = 0.0
        if mat.activation_energy is not None:
            activation = s.electronvolt(mat.activation_energy.value)
            diffusivity *= arrhenius(mat.activation_energy.value, s.temperature, mat.reference_temperature.value)
        density, sites = s.density(mat.initial_density.value), s.density(mat.site_density.value)
        mobile = scenario.physics.moves(name)
        out.append(Species(name, mat.charge, density, sites, mat.sublattice or name, diffusivity, mobile, activation))
    return tuple(out)


def arrhenius(energy: float, temperature: float, reference: float) -> float:
    """exp(-E/k (1/T - 1/T_ref)): a rate at T over that at T_ref; `energy` in eV, temperatures in K."""
    return math.exp(-energy * ELEMENTARY_CHARGE / BOLTZMANN * (1 / temperature - 1 / reference))
