"""Names of the unknowns and of the quantities their equations store."""

POTENTIAL, FERMI, VACANCIES, FILAMENT, TUNNELLING = "potential", "fermi", "vacancies", "filament", "tunnelling"
ELECTRONS, HOLES = "electrons", "holes"  # their quasi-Fermi potentials, instead of FERMI
TEMPERATURE = "temperature"
EVERYWHERE = (POTENTIAL, TEMPERATURE)  # in all materials; the others live in the film

FILAMENT_FRACTION, VACANCY_TOTAL, FILAMENT_CHARGE = "filament fraction", "vacancy total", "filament charge"
ELECTRON_DENSITY, HOLE_DENSITY = "electron density", "hole density"
RELATIVE_TEMPERATURE = "relative temperature"


def quantities(fields) -> tuple[str, ...]:
    """Names of the quantities that the equations of `fields` store, in the order of the history's columns."""
    names = (FILAMENT_FRACTION, FILAMENT_CHARGE) if FILAMENT in fields else ()
    names += (VACANCY_TOTAL,) if VACANCIES in fields else ()
    names += (ELECTRON_DENSITY, HOLE_DENSITY) if ELECTRONS in fields else ()
    return names + ((RELATIVE_TEMPERATURE,) if TEMPERATURE in fields else ())
