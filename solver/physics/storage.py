"""Stored quantities of the transient equations, per node: the same text for UFL and for the NumPy history.

Each has a column of the context's history, which holds the sums over earlier time levels (`FormContext.past`).
"""

from solver.discretization.functions import Numpy, interpolant
from solver.physics import temperature
from solver.physics.fields import (
    ELECTRON_DENSITY,
    ELECTRONS,
    FERMI,
    FILAMENT,
    FILAMENT_FRACTION,
    HOLE_DENSITY,
    HOLES,
    POTENTIAL,
    RELATIVE_TEMPERATURE,
    TEMPERATURE,
    total,
)
from solver.physics.statistics import densities


def metal_potential(fields, parameters, get):
    """Potential [kT/q] at which the filament is neutral: its electrons' level Phi (Phi_n beside holes) and the offset
    of its alignment with the film.

    Args:
        fields, parameters, get: as for `stored`.
    """
    if FERMI in fields:
        return get(FERMI)
    return get(ELECTRONS) + parameters.filament.alignment


def stored(quantity, fields, parameters, get, m=Numpy):
    """One stored quantity per volume.

    Args:
        quantity: one of `fields.quantities(fields)`.
        fields: names of the unknowns.
        parameters: `DeviceParameters`.
        get: function field name -> value (UFL scalar or array): kT/q, c/c0, -.
        m: module of the elementary functions, `ufl` or `Numpy`.

    Returns:
        xi [1]; c + nu c_f h(xi) [nm^-3], mobile and condensed; z c_f h + C_TF h (phi - Phi_m) [charges nm^-3], what the
        electronic current has to deliver when the filament grows or charges (Phi_m: `metal_potential`); electrons or
        holes [nm^-3]; T/T0.
    """
    if quantity == RELATIVE_TEMPERATURE:
        return get(TEMPERATURE)
    if quantity == FILAMENT_FRACTION:
        return get(FILAMENT)
    if quantity in (ELECTRON_DENSITY, HOLE_DENSITY):
        n, p = densities(parameters.carriers, get(POTENTIAL), get(ELECTRONS), get(HOLES), m, temperature.of_state(fields, get, m))
        return n if quantity == ELECTRON_DENSITY else p
    h = interpolant(get(FILAMENT), m) if FILAMENT in fields else 0.0
    for ion in parameters.species:
        if quantity == total(ion.name):
            c = ion.density * get(ion.name)
            return c + parameters.filament.density * h if parameters.condenses(ion) else c
    f = parameters.filament
    metal = metal_potential(fields, parameters, get)
    return parameters.ion(f.species).charge * f.density * h + f.screening * h * (get(POTENTIAL) - metal)
