"""Stored quantities of the transient equations, per node: the same text for UFL and for the NumPy history."""

from solver.discretization.functions import interpolant
from solver.physics.context import FERMI, FILAMENT, POTENTIAL, VACANCIES

FILAMENT_FRACTION, VACANCY_TOTAL, FILAMENT_CHARGE = 0, 1, 2


def stored(fields, parameters, get):
    """(filament fraction, vacancies, electronic charge of the filament) per volume.

    Args:
        fields: names of the unknowns.
        parameters: `DeviceParameters`.
        get: function field name -> value (UFL scalar or array): kT/q, c/c0, -.

    Returns:
        xi [1]; c + c_f h(xi) [nm^-3], mobile and condensed; c_f h + C_TF h (phi - Phi) [charges nm^-3], what the
        electronic current has to deliver when the filament grows or charges.
    """
    xi = get(FILAMENT) if FILAMENT in fields else 0.0
    c = parameters.initial_density * (get(VACANCIES) if VACANCIES in fields else 1.0)
    if FILAMENT not in fields:
        return xi, c, 0.0
    f = parameters.filament
    h = interpolant(xi)
    return xi, c + f.density * h, f.density * h + f.screening * h * (get(POTENTIAL) - get(FERMI))
