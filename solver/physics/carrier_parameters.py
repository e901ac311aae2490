"""Numbers of electrons and holes in the solver's units (nm, s, kT, kT/q; see scaling.py)."""

import math
from dataclasses import dataclass

import numpy as np

from solver.physics.doping import Doping, doping_from_scenario
from solver.physics.scaling import ELEMENTARY_CHARGE
from solver.physics.statistics import neutral_potential


@dataclass(frozen=True)
class CarrierContact:
    """One terminal as electrons and holes see it.

    Attributes:
        barrier: potential of the metal's surface less the applied voltage [kT/q], (W_i - W)/q with W_i the work
            function of the intrinsic film; None: charge neutral.
        electron_velocity, hole_velocity: nm/s; None: in equilibrium with the metal, or through `conductance`.
        conductance: of a carrier without velocity [charges/s per kT/q per nm^2]; None: in equilibrium with the metal.
        lowering: q/(4 pi eps) of the image force [(kT/q)^2 per kT/q per nm]; None: the barrier is not lowered.
    """

    barrier: float | None = None
    electron_velocity: float | None = None
    hole_velocity: float | None = None
    conductance: float | None = None
    lowering: float | None = None


@dataclass(frozen=True)
class CarrierParameters:
    """Bands, transport and recombination.

    Attributes:
        statistics: "boltzmann", "blakemore" or "fermi_dirac".
        conduction_density, valence_density: N_c, N_v [nm^-3].
        intrinsic: n_i = sqrt(N_c N_v) exp(-E_g / 2kT) [nm^-3].
        electron_diffusivity, hole_diffusivity: mu kT/q [nm^2/s].
        lifetimes: (tau_n, tau_p) [s], or None without traps.
        trap_level: above the intrinsic level [kT].
        radiative: B [nm^3/s].
        auger: (C_n, C_p) [nm^6/s], or None.
        generation: G [1/(nm^3 s)].
        doping: net donor density of position.
    """

    statistics: str
    conduction_density: float
    valence_density: float
    intrinsic: float
    electron_diffusivity: float
    hole_diffusivity: float
    lifetimes: tuple[float, float] | None
    trap_level: float
    radiative: float
    auger: tuple[float, float] | None
    generation: float
    doping: Doping


def carrier_parameters(scenario, s) -> CarrierParameters:
    """Convert the scenario's SI numbers; `s` is the `Scaling`."""
    mat, settings = scenario.material.semiconductor, scenario.physics.carriers
    conduction, valence = s.density(mat.conduction_density.value), s.density(mat.valence_density.value)
    gap = s.electronvolt(mat.gap.value)
    lifetimes = (mat.electron_lifetime.value, mat.hole_lifetime.value)
    auger = tuple(map(s.triple_coefficient, (mat.electron_auger_coefficient.value, mat.hole_auger_coefficient.value)))
    return CarrierParameters(
        statistics=settings.statistics,
        conduction_density=conduction,
        valence_density=valence,
        intrinsic=math.sqrt(conduction * valence) * math.exp(-0.5 * gap),
        electron_diffusivity=s.mobility_to_diffusivity(mat.electron_mobility.value),
        hole_diffusivity=s.mobility_to_diffusivity(mat.hole_mobility.value),
        lifetimes=lifetimes if settings.srh else None,
        trap_level=s.electronvolt(mat.trap_level.value),
        radiative=s.pair_coefficient(mat.radiative_coefficient.value) if settings.radiative else 0.0,
        auger=auger if settings.auger and any(auger) else None,
        generation=s.volume_rate(settings.generation),
        doping=doping_from_scenario(settings.doping, s),
    )


def carrier_contact(scenario, terminal, s) -> CarrierContact:
    """The terminal's contact; ohmic where the scenario says nothing."""
    given, mat = scenario.physics.carriers.contacts.get(terminal), scenario.material.semiconductor
    if given is None:
        return CarrierContact()
    barrier = None if given.work_function is None else _surface_potential(given.work_function, mat, s)
    velocities = (given.electron_velocity, given.hole_velocity)
    if given.thermionic:
        velocities = (
            _thermionic(mat.electron_richardson_constant, mat.conduction_density, s),
            _thermionic(mat.hole_richardson_constant, mat.valence_density, s),
        )
    lowering = None
    if given.barrier_lowering:
        optical = mat.image_force_permittivity or scenario.material.film.relative_permittivity
        lowering = 1 / (4 * math.pi * s.permittivity(optical.value))
    return CarrierContact(
        barrier,
        *(v if v is None else s.velocity(v) for v in velocities),
        s.contact_conductance(scenario.material.contact_conductance(given.conductance)) if given.resistive else None,
        lowering,
    )


def filament_alignment(scenario, carriers, s) -> float:
    """Potential of the neutral filament less its level [kT/q]: by work function, or as in the neutral film (whose doping
    is the same everywhere then, see the scenario's checks)."""
    work_function = scenario.material.filament.work_function
    if work_function is not None:
        return _surface_potential(work_function.value, scenario.material.semiconductor, s)
    return float(neutral_potential(carriers, carriers.doping(np.zeros((1, 3))))[0])


def _surface_potential(work_function, mat, s) -> float:
    """(W_i - W)/q [kT/q] of a metal [eV], W_i = chi + E_g/2 + (kT/2) ln(N_c/N_v): intrinsic level below the vacuum."""
    states = mat.conduction_density.value / mat.valence_density.value
    intrinsic = s.electronvolt(mat.affinity.value + 0.5 * mat.gap.value) + 0.5 * math.log(states)
    return intrinsic - s.electronvolt(work_function)


def _thermionic(richardson, states, s) -> float:
    """v = A* T^2 / (q N) [m/s] (C. R. Crowell, S. M. Sze, Solid-State Electron. 9, 1035 (1966))."""
    return richardson.value * s.temperature**2 / (ELEMENTARY_CHARGE * states.value)
