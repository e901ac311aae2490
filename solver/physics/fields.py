"""Names of the unknowns and of the quantities their equations store. A mobile ion species is a field of its own name."""

POTENTIAL, FERMI, FILAMENT, TUNNELLING = "potential", "fermi", "filament", "tunnelling"
ELECTRONS, HOLES = "electrons", "holes"  # their quasi-Fermi potentials, instead of FERMI
TEMPERATURE = "temperature"
EVERYWHERE = (POTENTIAL, TEMPERATURE)  # in all materials; the others live in the film
BUILT_IN = (POTENTIAL, FERMI, ELECTRONS, HOLES, FILAMENT, TUNNELLING, TEMPERATURE)  # all fields but the ions'

FILAMENT_FRACTION, FILAMENT_CHARGE = "filament fraction", "filament charge"
ELECTRON_DENSITY, HOLE_DENSITY = "electron density", "hole density"
RELATIVE_TEMPERATURE = "relative temperature"


def total(species: str) -> str:
    """Name of the stored quantity of an ion species: mobile and condensed together."""
    return f"{species} total"


def quantities(fields) -> tuple[str, ...]:
    """Names of the quantities that the equations of `fields` store, in the order of the history's columns."""
    names = (FILAMENT_FRACTION, FILAMENT_CHARGE) if FILAMENT in fields else ()
    names += tuple(total(field) for field in fields if field not in BUILT_IN)
    names += (ELECTRON_DENSITY, HOLE_DENSITY) if ELECTRONS in fields else ()
    return names + ((RELATIVE_TEMPERATURE,) if TEMPERATURE in fields else ())
