"""Trade-off between groups of quantities: the trials that no other beats in every group."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .objective import Target

if TYPE_CHECKING:
    from .fit import Problem
    from .trials import Trial


def groups_of(made: Problem) -> dict[str, list[Target]]:
    """Name -> targets: those the fit file chose, else one group a scenario."""
    if made.fit.groups:
        return {name: [t for t in made.targets if t.quantity in wanted or t.name in wanted]
                for name, wanted in made.fit.groups.items()}
    return {s.name: found for s in made.scenarios if (found := [t for t in made.targets if t.scenario == s.name])}


def group_costs(made: Problem, groups: dict[str, list[Target]], trial: Trial) -> list[float]:
    """Root mean square residual of each group [half-widths of the bands]; below 1: inside on the mean."""
    return [float(np.sqrt(np.mean([t.residual(trial.values.get(t.name), made.fit.penalty) ** 2 for t in found] or [0.0])))
            for found in groups.values()]


def nondominated(costs: np.ndarray) -> np.ndarray:
    """Which rows no other row beats: not larger in every column and smaller in one (Pareto front).

    Args:
        costs: (trials, groups).

    Returns:
        (trials,) of bool; of equal rows the first only.
    """
    keep = np.ones(len(costs), dtype=bool)
    for i, row in enumerate(costs):
        better = (costs <= row).all(axis=1) & (costs < row).any(axis=1)
        same_before = (costs[:i] == row).all(axis=1).any()
        keep[i] = not better.any() and not same_before
    return keep
