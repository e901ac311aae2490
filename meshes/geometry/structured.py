"""Right-angled simplex meshes on tensor grids: no cell has an obtuse angle, so no edge weight is negative."""

from __future__ import annotations

from itertools import pairwise, permutations

import numpy as np


def uniform_axis(low: float, high: float, size: float) -> np.ndarray:
    """Grid lines from low to high, evenly spaced by at most ``size`` (2 % more, to save a cell)."""
    count = max(1, int(np.ceil((high - low) / (1.02 * size))))
    return np.linspace(low, high, count + 1)


def graded_axis(fine: float, high: float, size: float, ratio: float) -> np.ndarray:
    """Grid lines from 0 to high: even up to ``fine``, then each cell ``ratio`` times the one before.

    The grown cells are scaled together (by less than one ratio) so that the last line falls on ``high``.
    """
    inner = uniform_axis(0.0, min(fine, high), size)
    if fine >= high:
        return inner
    step = inner[-1] - inner[-2]
    rest = high - inner[-1]
    count = max(1, int(np.ceil(np.log(1 + rest * (ratio - 1) / (step * ratio)) / np.log(ratio))))
    lengths = ratio ** np.arange(1, count + 1)
    return np.concatenate([inner, inner[-1] + np.cumsum(lengths) * rest / lengths.sum()])


def refined_axis(marks: list[tuple[float, float | None]], growth: float, largest: float) -> np.ndarray:
    """Grid lines through given places, small where they want it and growing with the distance from there.

    Args:
        marks: (place, size wanted there or None) in any order, both ends included; every place gets a line.
        growth: increase of the size per distance.
        largest: bound of the size.

    Returns:
        Lines from the lowest to the highest place; between two neighbouring places the lines are evenly spaced in
        the integral of 1/size, so sizes are met to within one cell.
    """
    places = np.unique([place for place, _ in marks])
    sources = [(place, size) for place, size in marks if size is not None]
    lines = [places[:1]]
    for low, high in pairwise(places):
        fine = np.linspace(low, high, 4001)
        size = np.full(len(fine), largest)
        for place, wanted in sources:
            size = np.minimum(size, wanted + growth * np.abs(fine - place))
        cells = np.concatenate([[0.0], np.cumsum(np.diff(fine) * 0.5 * (1 / size[1:] + 1 / size[:-1]))])
        count = max(1, int(np.ceil(cells[-1] - 0.02)))
        inner = np.interp(np.linspace(0.0, cells[-1], count + 1)[1:], cells, fine)
        inner[-1] = high
        lines.append(inner)
    return np.concatenate(lines)


def grid_points(axes: list[np.ndarray]) -> np.ndarray:
    """(N, 3) nodes of a tensor grid, the last axis running fastest, unused coordinates zero."""
    lines = np.meshgrid(*axes, indexing="ij")
    points = np.zeros((lines[0].size, 3))
    for k, line in enumerate(lines):
        points[:, k] = line.ravel()
    return points


def kuhn_cells(counts: tuple[int, ...], mirrored: tuple[int, ...] = ()) -> np.ndarray:
    """Split every box of a grid into d! right-angled simplices (Kuhn's triangulation), conforming throughout.

    Each simplex follows the box's edges one axis at a time from the lowest corner to the highest: a path simplex,
    whose dihedral angles are at most 90 degrees in a box of any proportions.

    Args:
        counts: nodes along each axis.
        mirrored: axes along which the common diagonal runs the other way.

    Returns:
        (cells, d + 1) node numbers in the order of :func:`grid_points`.
    """
    dim = len(counts)
    strides = np.array([int(np.prod(counts[k + 1:])) for k in range(dim)])
    boxes = np.meshgrid(*[np.arange(n - 1) for n in counts], indexing="ij")
    corner = sum((box.ravel() + (k in mirrored)) * strides[k] for k, box in enumerate(boxes))
    steps = [-strides[k] if k in mirrored else strides[k] for k in range(dim)]
    simplices = []
    for order in permutations(range(dim)):
        path = np.cumsum([0] + [steps[k] for k in order])
        simplices.append(corner[:, None] + path[None, :])
    return np.stack(simplices, axis=1).reshape(-1, dim + 1)


def alternating_triangles(counts: tuple[int, int]) -> np.ndarray:
    """Right triangles whose diagonals alternate like a Union Jack, so that the grid favours no direction."""
    nx, ny = counts
    i, j = (line.ravel() for line in np.meshgrid(np.arange(nx - 1), np.arange(ny - 1), indexing="ij"))
    a, b, c, d = i * ny + j, (i + 1) * ny + j, (i + 1) * ny + j + 1, i * ny + j + 1
    even = (i + j) % 2 == 0
    first = np.where(even[:, None], np.stack([a, b, c], 1), np.stack([a, b, d], 1))
    second = np.where(even[:, None], np.stack([a, c, d], 1), np.stack([b, c, d], 1))
    return np.stack([first, second], axis=1).reshape(-1, 3)
