"""The search of a fit: bounded least squares on residuals that may be missing.

Trust region reflective (M. A. Branch, T. F. Coleman, Y. Li, SIAM J. Sci. Comput. 21, 1 (1999)), scipy's, in coordinates that
run from 0 to 1 between the bounds. Its derivatives are finite differences made here: all columns' runs go side by side, the
step is a share of the bounds and so above the noise of adaptive steps, and a neighbour whose run failed is not differenced
against. The penalty bounds what a quantity far from its band counts; it is scipy's robust loss rho, so that the distances
themselves stay as linear in the parameters as they are.

Why this method: the cost is a sum of squares, and its structure saves trials over methods that see only the sum; a failed
trial has a large, finite cost, so its step is refused and the region shrinks; it is deterministic, so that a search begun
again walks through the log to where it stopped. Being local, it is preceded by samples of the whole box (`explore`).
"""

from collections.abc import Sequence

import numpy as np

from .objective import cost
from .points import shares
from .quantities import Span
from .trials import Evaluator, Trial

TOLERANCE = 1e-3  # relative change of the cost, and step in shares of the bounds, at which the search ends
GOAL = 0.01  # cost that is good enough: quantities on the mean a tenth of their half-width from the middle
ABSENT = 1e6  # distance that stands for a quantity that does not exist: finite, for scipy


class Box:
    """Parameters as coordinates between 0 and 1.

    Args:
        spans: parameter -> bounds.
    """

    def __init__(self, spans: dict[str, Span]) -> None:
        self.spans = spans

    def settings(self, point: Sequence[float]) -> dict[str, object]:
        """Values of a point."""
        return {key: span.at(float(share)) for (key, span), share in zip(self.spans.items(), point)}

    def point(self, settings) -> np.ndarray:
        """Coordinates of values."""
        return np.array([span.share(settings[key]) for key, span in self.spans.items()])


def explore(box: Box, evaluator: Evaluator, count: int) -> list[Trial]:
    """Trials at `count` Sobol points of the box."""
    points = shares("sobol", len(box.spans), count, 1)
    return evaluator.evaluate([box.settings(point) for point in points], "explore")


class _Reached(Exception):
    """The cost is below the goal."""


class Residuals:
    """Residuals and their derivatives at points of the box, for scipy.

    Args:
        box: the parameters.
        evaluator: runs the trials.
        step: of the finite differences, share of the bounds.
    """

    def __init__(self, box: Box, evaluator: Evaluator, step: float) -> None:
        self._box, self._evaluator, self._step = box, evaluator, step
        self._weight = np.array([target.weight for target in evaluator.targets])

    def __call__(self, point: np.ndarray) -> np.ndarray:
        """Distances of the targets at a point."""
        trial, = self._evaluator.evaluate([self._box.settings(point)], "step")
        if cost(self._evaluator.targets, trial.values, self._evaluator.penalty) < GOAL:
            raise _Reached
        return self._vector(trial)

    def loss(self, squares: np.ndarray) -> np.ndarray:
        """rho(z) = w residual^2 of z = distance^2, with its first and second derivative.

        With s = |distance|, h half the penalty p: residual b = s for s <= h, else p - h^2/s;
        rho' = b b'/s, rho'' = (b'^2 + b b'' - b b'/s) / (2 s^2).
        """
        p, h = self._evaluator.penalty, 0.5 * self._evaluator.penalty
        s = np.maximum(np.sqrt(squares), 1e-12)
        far = s > h
        b, slope, bend = np.where(far, p - h**2 / s, s), np.where(far, h**2 / s**2, 1.0), np.where(far, -2 * h**2 / s**3, 0.0)
        first = np.where(far, b * slope / s, 1.0)
        second = np.where(far, (slope**2 + b * bend - b * slope / s) / (2 * s**2), 0.0)
        return self._weight * np.array([b**2, first, second])

    def _vector(self, trial: Trial) -> np.ndarray:
        return np.clip(trial.distances(self._evaluator.targets), -ABSENT, ABSENT)

    def _missing(self, trial: Trial) -> np.ndarray:
        return np.isinf(trial.distances(self._evaluator.targets))

    def jacobian(self, point: np.ndarray) -> np.ndarray:
        """(targets, parameters) differences of distances on one side, away from the nearer bound; where a quantity does not exist
        there but does here, on the other side; where it exists on neither, 0."""
        sides = np.where(point + self._step <= 1, self._step, -self._step)
        here, = self._evaluator.evaluate([self._box.settings(point)], "step")
        first = self._trials(point, sides, range(len(point)))
        lacking = [k for k, trial in enumerate(first) if (self._missing(trial) & ~self._missing(here)).any()
                   and 0 <= point[k] - sides[k] <= 1]
        second = dict(zip(lacking, self._trials(point, -sides, lacking)))
        base, absent, columns = self._vector(here), self._missing(here), []
        for k, trial in enumerate(first):
            column = (self._vector(trial) - base) / sides[k]
            gone = self._missing(trial) & ~self._missing(here)
            if k in second:
                other = (self._vector(second[k]) - base) / -sides[k]
                column[gone] = np.where(self._missing(second[k]), 0.0, other)[gone]
            else:
                column[gone] = 0.0
            column[absent] = 0.0
            columns.append(column)
        return np.array(columns).T

    def _trials(self, point, sides, which) -> list[Trial]:
        moved = []
        for k in which:
            there = np.array(point)
            there[k] += sides[k]
            moved.append(self._box.settings(there))
        return self._evaluator.evaluate(moved, "derivative") if moved else []


def descend(box: Box, evaluator: Evaluator, start: np.ndarray, step: float) -> str:
    """Least squares from a point until nothing is gained; the trials are in the log.

    Args:
        box: the parameters.
        evaluator: runs the trials.
        start: coordinates, 0 to 1.
        step: of the finite differences.

    Returns:
        How it ended, in words.

    Raises:
        Interrupted, Exhausted: from the evaluator.
    """
    from scipy.optimize import least_squares

    residuals = Residuals(box, evaluator, step)
    try:
        found = least_squares(residuals, np.clip(start, 1e-6, 1 - 1e-6), jac=residuals.jacobian, bounds=(0.0, 1.0),
                              method="trf", loss=residuals.loss, ftol=TOLERANCE, xtol=TOLERANCE, gtol=1e-8)
    except _Reached:
        return "all quantities are in the middle of their bands"
    return {1: "the gradient vanishes", 2: "the cost falls no more", 3: "the steps are small",
            4: "the cost falls no more and the steps are small"}.get(found.status, found.message.rstrip("."))
