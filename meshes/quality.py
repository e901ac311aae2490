"""How good a mesh is for edge fluxes, and what solving on it will cost."""

from __future__ import annotations

from itertools import combinations
from math import factorial

import numpy as np

from meshes.device_mesh import BuildReport
from meshes.simplex_mesh import SimplexMesh, group_rows

# Cost of the coupled system, from runs on the half-symmetry cell (block ILU(1), one core).
COST = {
    "unknowns per node": 5,
    "bytes per node": 1.8e4,
    "fixed bytes": 2.0e8,
    "seconds per cell and Newton step": 7e-6,
}
# A weight below -OBTUSE times the cell's largest is negative; above, rounding of a right angle.
OBTUSE = 1e-10


def shape_gradients(corners: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Gradients of the linear shape functions and the volume of simplices.

    Args:
        corners: (C, d + 1, d) coordinates.

    Returns:
        (C, d + 1, d) gradients [1/nm] and (C,) volumes [nm^d].
    """
    edges = corners[:, 1:] - corners[:, :1]
    inverse = np.linalg.inv(edges)
    rest = np.swapaxes(inverse, 1, 2)
    volumes = np.abs(np.linalg.det(edges)) / factorial(corners.shape[2])
    return np.concatenate([-rest.sum(axis=1, keepdims=True), rest], axis=1), volumes


def edge_weights(corners: np.ndarray) -> np.ndarray:
    """Edge weights omega_ij = -grad lambda_i . grad lambda_j |T| of each cell (Xu, Zikatanov, Math. Comp. 1999).

    A negative one means an obtuse angle opposite the edge; the Scharfetter-Gummel flux is then not monotone.

    Args:
        corners: (C, d + 1, d) coordinates.

    Returns:
        (C, d (d + 1) / 2) weights [nm^(d-2)] in the order of ``itertools.combinations(range(d + 1), 2)``.
    """
    gradients, volumes = shape_gradients(corners)
    pairs = combinations(range(corners.shape[1]), 2)
    return np.stack([-np.einsum("ck,ck->c", gradients[:, i], gradients[:, j]) * volumes for i, j in pairs], axis=1)


def obtuse_cells(corners: np.ndarray) -> np.ndarray:
    """(C,) bool: cells with a negative edge weight, rounding apart."""
    if not len(corners):
        return np.zeros(0, dtype=bool)
    weights = edge_weights(corners)
    return weights.min(axis=1) < -OBTUSE * np.abs(weights).max(axis=1)


def angles(corners: np.ndarray) -> np.ndarray:
    """Angles between the faces of each cell [degrees], one per pair of faces; empty in 1D.

    The cosine of the angle between faces i and j is -grad lambda_i . grad lambda_j / (|grad_i| |grad_j|).
    """
    dim = corners.shape[2]
    if dim == 1:
        return np.empty((len(corners), 0))
    gradients, _ = shape_gradients(corners)
    unit = gradients / np.linalg.norm(gradients, axis=2, keepdims=True)
    cosines = np.stack([-np.einsum("ck,ck->c", unit[:, i], unit[:, j])
                        for i, j in combinations(range(dim + 1), 2)], axis=1)
    return np.degrees(np.arccos(np.clip(cosines, -1.0, 1.0)))


def negative_edges(mesh: SimplexMesh, cells: np.ndarray) -> tuple[float, float]:
    """Share of negative weights among the edges of some cells, each edge's weight summed over those cells.

    Returns:
        (share of the edges, sum of negative weights over sum of positive ones); (0, 0) without cells.
    """
    chosen = mesh.cells[cells]
    if not len(chosen):
        return 0.0, 0.0
    dim = mesh.dimension
    weights = edge_weights(mesh.points[chosen][:, :, :dim])
    pairs = np.concatenate([chosen[:, [i, j]] for i, j in combinations(range(dim + 1), 2)])
    _, index = group_rows(pairs)
    total = np.bincount(index, weights.T.ravel())
    scale = np.bincount(index, np.tile(np.abs(weights).max(axis=1), weights.shape[1]))
    negative = total < -OBTUSE * scale
    return float(negative.mean()), float(abs(total[negative].sum()) / total[total > 0].sum())


def report(mesh: SimplexMesh, seconds: float) -> BuildReport:
    """Counts, quality and predicted cost of a mesh."""
    corners = mesh.points[mesh.cells][:, :, : mesh.dimension]
    film = mesh.cell_tags == mesh.regions["film"]
    every = angles(corners)
    share, weight = negative_edges(mesh, np.flatnonzero(film))
    core = np.zeros(len(mesh.cells), dtype=bool) if mesh.core is None else mesh.core
    nodes, cells = len(mesh.points), len(mesh.cells)
    return BuildReport(
        nodes=nodes,
        cells=cells,
        cells_by_region={name: int(np.count_nonzero(mesh.cell_tags == tag)) for name, tag in mesh.regions.items()},
        seconds=seconds,
        min_dihedral_deg=float(every.min()) if every.size else 180.0,
        max_dihedral_deg=float(every[film].max()) if every.size else 180.0,
        share_negative_edges=share,
        weight_negative_edges=weight,
        share_negative_core=negative_edges(mesh, np.flatnonzero(core))[0],
        predicted_unknowns=COST["unknowns per node"] * nodes,
        predicted_memory=COST["fixed bytes"] + COST["bytes per node"] * nodes,
        predicted_newton_seconds=COST["seconds per cell and Newton step"] * cells,
    )
