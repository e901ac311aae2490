"""The points of a study: every combination, or a sample; each a mapping of keys to values."""

import itertools
from collections.abc import Iterator
from typing import Any

from .schema import SEED, Range, Study


def points(study: Study) -> Iterator[dict[str, Any]]:
    """Varied keys and their values, point after point, repeats of a point beside each other."""
    for point in _sampled(study) if study.sample else _combinations(study):
        for repeat in range(study.repeats):
            yield point | ({SEED: repeat + 1} if study.repeats > 1 else {})


def _combinations(study: Study) -> Iterator[dict[str, Any]]:
    axes = []
    for axis in study.vary:
        columns = {key: _listed(values) for key, values in axis.items()}
        axes.append([dict(zip(columns, row)) for row in zip(*columns.values())])
    for rows in itertools.product(*axes):
        yield {key: value for row in rows for key, value in row.items()}


def _listed(values: Any) -> list[Any]:
    if not isinstance(values, Range):
        return list(values)
    return [values.span.at(i / (values.count - 1) if values.count > 1 else 0.0) for i in range(values.count)]


def _sampled(study: Study) -> Iterator[dict[str, Any]]:
    """Keys of one entry share a coordinate."""
    for row in shares(study.sample.method, len(study.vary), study.sample.count, study.sample.seed):
        yield {key: values.span.at(share) for axis, share in zip(study.vary, row) for key, values in axis.items()}


def shares(method: str, dimension: int, count: int, seed: int) -> list[list[float]]:
    """Points of the unit cube.

    Args:
        method: "sobol" (scrambled; A. B. Owen, J. Complexity 14, 466 (1998)) or "latin_hypercube".
        dimension, count: of the points.
        seed: the same seed gives the same points.

    Returns:
        (count, dimension), each 0 to 1.
    """
    import warnings

    from scipy.stats import qmc

    kind = {"sobol": qmc.Sobol, "latin_hypercube": qmc.LatinHypercube}[method]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # a count that is no power of two: said in the docs
        return kind(dimension, seed=seed).random(count).tolist()
