"""Weak spots of the film: by place, how fast the filament grows and how tightly its ions are bound."""

from dataclasses import dataclass

import numpy as np

TINY = 1e-6  # nm: nodes on a surface belong to what it bounds


def within(r, s, radius, bottom, top):
    """Whether points at distance `r` from the filament's axis and height `s` above its foot lie in a cylinder [nm]."""
    return (r <= radius + TINY) & (s >= bottom - TINY) & (s <= top + TINY)


@dataclass(frozen=True)
class Spot:
    """A cylinder: extent [nm], share of the material's mobility M, energy by which the filament's ions are lower there [kT]."""

    radius: float
    bottom: float
    top: float
    growth: float
    binding: float


@dataclass(frozen=True)
class WeakSpots:
    """Cylinders around the filament's axis; where two overlap the later one counts.

    Attributes:
        spots: the cylinders.
        elsewhere: share of M outside of all.
    """

    spots: tuple[Spot, ...]
    elsewhere: float

    @classmethod
    def of(cls, given, scaling) -> "WeakSpots | None":
        """Those of `physics.filament.weak_spots` in the solver's units; None where there are none."""
        if given is None:
            return None
        spots = (Spot(s.radius * 1e9, s.bottom * 1e9, s.top * 1e9, s.growth, scaling.potential(s.binding)) for s in given.spots)
        return cls(tuple(spots), given.elsewhere)

    @property
    def bind(self) -> bool:
        """True where any of them binds ions more tightly."""
        return any(spot.binding > 0 for spot in self.spots)

    def growth(self, r, s) -> np.ndarray:
        """(n,) share of M at points r from the axis and s above the foot [nm]."""
        return self._by_place("growth", self.elsewhere, r, s)

    def binding(self, r, s) -> np.ndarray:
        """(n,) binding energy there [kT]."""
        return self._by_place("binding", 0.0, r, s)

    def _by_place(self, name, outside, r, s):
        out = np.full(len(r), outside)
        for spot in self.spots:
            out[within(r, s, spot.radius, spot.bottom, spot.top)] = getattr(spot, name)
        return out
