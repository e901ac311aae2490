"""The filament and its gap alone: coordinates (r, z), bottom electrode at z = 0, top electrode at z = gap.

The top electrode is a plane, or a rod of a given radius that starts there with film beside it.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from meshes.device_mesh import FilamentSite, Layout
from meshes.geometry.structured import alternating_triangles, graded_axis, grid_points, uniform_axis
from meshes.simplex_mesh import SimplexMesh, compact
from meshes.size_field import nm, sizes_of
from meshes.tags import FACETS, REGIONS, TERMINALS_PLAIN

RATIO = 1.15  # of neighbouring cells outside the core


def layout(scenario: Any) -> Layout:
    """Axisymmetric; the physics multiplies by 2 pi r, so currents are those of the whole device."""
    site = FilamentSite(np.zeros(3), np.array([0.0, 1.0, 0.0]), nm(scenario.device.gap))
    return Layout(2, "axisymmetric", 1.0, scenario.device.share, site, TERMINALS_PLAIN)


def generate(scenario: Any) -> SimplexMesh:
    """Right triangles with alternating diagonals, even in z, even in r up to the core radius and growing beyond."""
    device = scenario.device
    gap, radius = nm(device.gap), nm(device.radius)
    sizes = sizes_of(scenario, gap)
    r = graded_axis(sizes.core_radius, radius, sizes.filament, RATIO)
    z = uniform_axis(0.0, gap, sizes.filament)
    rod = radius
    if device.top_radius is not None:
        rod = nm(device.top_radius)
        within = uniform_axis(0.0, rod, sizes.filament)
        r = np.concatenate([within[:-1], rod + graded_axis(max(sizes.core_radius - rod, sizes.filament), radius - rod, sizes.filament, RATIO)])
        z = np.concatenate([z[:-1], gap + graded_axis(sizes.filament, nm(device.rod_length), z[1] - z[0], RATIO)])
    points, cells = grid_points([r, z]), alternating_triangles((len(r), len(z)))
    middle = points[cells].mean(axis=1)
    cells = cells[(middle[:, 0] > rod) | (middle[:, 1] < gap)]
    nodes = np.arange(len(r) * len(z)).reshape(len(r), len(z))
    end, edge = np.argmin(np.abs(z - gap)), np.argmin(np.abs(r - rod))
    lines = [nodes[:, 0], nodes[: edge + 1, end], nodes[edge, end:]]
    facets = [np.stack([line[:-1], line[1:]], axis=1) for line in lines]
    tags = np.repeat([FACETS["bottom"], FACETS["top"], FACETS["top"]], [len(f) for f in facets])
    core = np.all(points[cells][:, :, 0] <= sizes.core_radius + 1e-9, axis=1)
    return compact(SimplexMesh(points, cells, np.full(len(cells), REGIONS["film"]), np.concatenate(facets), tags,
                               {"film": REGIONS["film"]}, {"bottom": FACETS["bottom"], "top": FACETS["top"]}, core))
