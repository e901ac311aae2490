"""How far a trial is from the measurements: residuals in half-widths of the bands of `halofil compare`."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from solver.analysis.comparison import quantities
from solver.analysis.measured import Band
from solver.scenario import Scenario

_LOGARITHMIC = ("[A]", "[S]", "[J]", "ratio")


@dataclass(frozen=True)
class Target:
    """A measured quantity that a scenario gives.

    Attributes:
        scenario, quantity: names; the quantity as `halofil compare` writes it, unit included.
        band: measured.
        weight: of the squared residual in the cost.
    """

    scenario: str
    quantity: str
    band: Band
    weight: float = 1.0

    @property
    def name(self) -> str:
        """What it is called in logs and tables."""
        return f"{self.scenario}: {self.quantity}"

    @property
    def logarithmic(self) -> bool:
        """Currents, conductances, energies and ratios are compared by their logarithm."""
        return any(word in self.quantity for word in _LOGARITHMIC) and self.band.low * self.band.high > 0

    def distance(self, value: float | None) -> float:
        """Deviation from the middle of the band over its half-width (of logarithms where `logarithmic`).

        Args:
            value: simulated; None: it does not exist.

        Returns:
            Within -1 to 1 exactly when the value lies in the band; infinite where the value does not exist or has the
            wrong sign for a logarithm.
        """
        if value is None or not math.isfinite(value):
            return math.inf
        low, high = self.band.low, self.band.high
        if self.logarithmic:
            if value * low <= 0:
                return math.inf
            low, high, value = (math.log(abs(x)) for x in (low, high, value))
        return (value - 0.5 * (low + high)) / (0.5 * abs(high - low))

    def residual(self, value: float | None, penalty: float) -> float:
        """The distance as it counts: itself up to half the penalty p, then p - (p/2)^2/|distance|, so that far away there
        still is a direction; p where the value does not exist."""
        distance = self.distance(value)
        size, half = abs(distance), 0.5 * penalty
        return distance if size <= half else math.copysign(penalty - half * half / size, distance)


def targets(scenarios: Sequence[Scenario], weights: Mapping[str, float]) -> list[Target]:
    """All targets of a trial; those of weight 0 are left out."""
    found = []
    for scenario in scenarios:
        for quantity, band in quantities(scenario).items():
            weight = weights.get(f"{scenario.name}: {quantity}", weights.get(quantity, 1.0))
            if weight > 0:
                found.append(Target(scenario.name, quantity, band, weight))
    return found


def cost(targets: Sequence[Target], values: Mapping[str, float | None], penalty: float) -> float:
    """Weighted mean of the squared residuals; below 1 the mean quantity lies inside its band.

    Args:
        targets: what counts.
        values: `Target.name` -> simulated value; missing ones do not exist.
        penalty: as for `Target.residual`.
    """
    whole = sum(target.weight for target in targets)
    return sum(t.weight * t.residual(values.get(t.name), penalty) ** 2 for t in targets) / whole
