"""How far a trial is from the measurements: residuals in half-widths of the bands of `halofil compare`."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from solver.analysis import measured
from solver.analysis.measured import Band
from solver.scenario import Scenario
from solver.scenario.protocol import Sweep, expanded

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


def quantities(scenario: Scenario) -> dict[str, Band]:
    """What `halofil compare` finds in a finished run of the scenario: quantity -> band, known before it runs."""
    from solver.analysis.cycles import FEWEST
    from solver.analysis.pulses import steps_in_time

    bands: dict[str, Band] = {}
    sweeps = [step for step in expanded(scenario.protocol) if isinstance(step, Sweep)]
    if sweeps and sweeps[0].to < 0:
        bands |= measured.negative_first_bands()
    elif sweeps:
        bands |= measured.iv_bands() | {"on-state slope [1]": measured.slope_band()}
        if sum(step.to > 0 for step in sweeps) >= FEWEST:
            bands |= measured.cycle_bands()
    trains, probes = steps_in_time(scenario.protocol)
    for train in trains:
        found = measured.train_bands(train.amplitude, train.width)
        bands |= {f"{train.amplitude * 1e3:+.0f} mV: {key}": band for key, band in found.items()}
    prepared = measured.load_measured()["retention"]["preparation"]["amplitude"]
    if probes and any(abs(train.amplitude - prepared) < 1e-6 for train in trains):
        bands |= measured.retention_bands()
    if probes and not trains:
        bands["conductance change by reading [1]"] = measured.probe_band()
    return bands


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
