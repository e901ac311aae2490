"""How the fields of a run become colour: potential and ion density, alike in all pictures of a run."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from solver.figures.moments import Moment
from solver.results.snapshots import Snapshots


@dataclass(frozen=True)
class Colouring:
    """How a field becomes colour.

    Attributes:
        field: name of the point data.
        cmap: matplotlib colour map.
        low, high: ends of the map.
        log: logarithmic.
        factor: what the stored values are multiplied with before.
        label: for the colour bar.
        contours: draw lines of equal value at these values.
    """

    field: str
    cmap: str
    low: float
    high: float
    log: bool
    factor: float
    label: str
    contours: tuple[float, ...] = ()


def site_window(found: Snapshots) -> tuple[float, float, float, float, float, float]:
    """The block around the filament site that the close-ups show [nm]: on both sides of the gap, behind the cut."""
    x, y, z = found.site.foot
    gap = found.site.length
    low, high = found.points.min(axis=0), found.points.max(axis=0)
    if found.site.axis[0] > 0.5:  # a lateral gap
        wanted = np.array([x - 0.25 * gap, y, z - 0.25 * gap, x + 1.25 * gap, y + 0.75 * gap, z + 0.9 * gap])
    else:
        wanted = np.array([x - 0.55 * gap, y, z - 0.35 * gap, x + 0.8 * gap, y + 0.75 * gap, z + 1.55 * gap])
    return tuple(np.concatenate([np.maximum(wanted[:3], [low[0], low[1], -np.inf]), np.minimum(wanted[3:], high)]))


def potential_colouring(found: Snapshots, chosen: list[Moment]) -> Colouring:
    reach = max(max(abs(m.voltage) for m in chosen), 1e-3)
    step = reach / 5
    return Colouring("potential [V]", "RdBu_r", -reach, reach, False, 1.0,
                     f"electrostatic potential [V]\nlines every {1e3 * step:.3g} mV",
                     tuple(step * np.arange(-4.5, 5)))


def ion_colouring(found: Snapshots, chosen: list[Moment], window: tuple) -> Colouring:
    name = found.ions
    in_film = np.zeros(len(found.points), dtype=bool)
    in_film[found.cells[found.cells_of("film")]] = True
    near = in_film & np.all((found.points >= np.array(window[:3]) - 1e-6)
                            & (found.points <= np.array(window[3:]) + 1e-6), axis=1)
    near = near if np.any(near) else in_film
    low, high = [], []
    for moment in chosen:
        fields = found.fields(moment.step)
        outside = fields["filament fraction"] < 0.5 if "filament fraction" in fields else True
        values = fields[name][near & outside] * 1e-6
        values = values[values > 0]
        if len(values):
            low.append(np.percentile(values, 1))
            high.append(np.percentile(values, 99.5))
    bottom, top = (min(low), max(high)) if low else (1e18, 1e20)
    middle = np.sqrt(bottom * top)
    bottom, top = min(bottom, middle / 1.3), max(top, middle * 1.3)  # a flat density keeps one colour
    return Colouring(name, "magma", bottom, top, True, 1e-6, f"mobile {name.split()[0]} [cm$^{{-3}}$]")
