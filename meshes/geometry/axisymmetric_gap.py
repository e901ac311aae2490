"""The filament and its gap alone: coordinates (r, z), bottom electrode at z = 0, top electrode at z = gap."""

from __future__ import annotations

from typing import Any

import numpy as np

from meshes.device_mesh import FilamentSite, Layout
from meshes.geometry.structured import alternating_triangles, graded_axis, grid_points, uniform_axis
from meshes.simplex_mesh import SimplexMesh
from meshes.size_field import nm, sizes_of
from meshes.tags import FACETS, REGIONS, TERMINALS_PLAIN

RADIAL_RATIO = 1.15


def layout(scenario: Any) -> Layout:
    """Axisymmetric; the physics multiplies by 2 pi r, so currents are those of the whole device."""
    site = FilamentSite(np.zeros(3), np.array([0.0, 1.0, 0.0]), nm(scenario.device.gap))
    return Layout(2, "axisymmetric", 1.0, 1.0, site, TERMINALS_PLAIN)


def generate(scenario: Any) -> SimplexMesh:
    """Right triangles with alternating diagonals, even in z, even in r up to the core radius and growing beyond."""
    gap, radius = nm(scenario.device.gap), nm(scenario.device.radius)
    sizes = sizes_of(scenario, gap)
    r = graded_axis(sizes.core_radius, radius, sizes.filament, RADIAL_RATIO)
    z = uniform_axis(0.0, gap, sizes.filament)
    points, cells = grid_points([r, z]), alternating_triangles((len(r), len(z)))
    nodes = np.arange(len(r) * len(z)).reshape(len(r), len(z))
    facets = [np.stack([line[:-1], line[1:]], axis=1) for line in (nodes[:, 0], nodes[:, -1])]
    tags = np.repeat([FACETS["bottom"], FACETS["top"]], len(r) - 1)
    core = np.all(points[cells][:, :, 0] <= sizes.core_radius + 1e-9, axis=1)
    return SimplexMesh(points, cells, np.full(len(cells), REGIONS["film"]), np.concatenate(facets), tags,
                       {"film": REGIONS["film"]}, {"bottom": FACETS["bottom"], "top": FACETS["top"]}, core)
