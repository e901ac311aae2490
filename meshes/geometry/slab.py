"""A film between two flat electrodes, in one, two or three dimensions: for closed forms and for 1D studies.

The last coordinate runs from the bottom electrode (0) to the top electrode (thickness). In 2D and 3D the slab is a
column as wide as it is thick; depth or current scale make up for the contact area.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np

from meshes.device_mesh import FilamentSite, Layout
from meshes.geometry.structured import grid_points, kuhn_cells, uniform_axis
from meshes.simplex_mesh import SimplexMesh, boundary_facets
from meshes.size_field import nm, sizes_of
from meshes.tags import FACETS, REGIONS, TERMINALS_PLAIN

# A 3D column resolves nothing sideways: a few cells keep it three-dimensional.
CELLS_ACROSS_3D = 6


def layout(scenario: Any) -> Layout:
    """Cartesian; 1D carries the area [nm^2] as depth, 2D the depth area/width [nm], 3D a current scale."""
    device = scenario.device
    dim, thickness = int(device.dimension), nm(device.thickness)
    area = device.area * 1e18
    axis = np.zeros(3)
    axis[dim - 1] = 1.0
    site = FilamentSite(np.zeros(3), axis, thickness)
    depth = area if dim == 1 else 1.0
    return Layout(dim, "cartesian", depth, 1.0, site, TERMINALS_PLAIN, area).spread_over(thickness ** (dim - 1))


def generate(scenario: Any) -> SimplexMesh:
    """A tensor grid split into right-angled simplices; a junction (tanh doping) has a grid line."""
    dim, thickness = int(scenario.device.dimension), nm(scenario.device.thickness)
    size = sizes_of(scenario, thickness).filament
    sizes = [size if dim == 2 else thickness / CELLS_ACROSS_3D] * (dim - 1) + [size]
    axes = [_axis(scenario, "xyz"[k], thickness, wanted) for k, wanted in enumerate(sizes)]
    along = axes[-1]
    points, cells = grid_points(axes), kuhn_cells(tuple(len(axis) for axis in axes))
    outer = boundary_facets(cells)
    height = points[outer][:, :, dim - 1]
    bottom, top = outer[np.all(height == 0.0, axis=1)], outer[np.all(height == along[-1], axis=1)]
    tags = np.repeat([FACETS["bottom"], FACETS["top"]], [len(bottom), len(top)])
    return SimplexMesh(points, cells, np.full(len(cells), REGIONS["film"]), np.concatenate([bottom, top]), tags,
                       {"film": REGIONS["film"]}, {"bottom": FACETS["bottom"], "top": FACETS["top"]},
                       np.ones(len(cells), dtype=bool))


def _axis(scenario: Any, name: str, length: float, size: float) -> np.ndarray:
    """Grid lines from 0 to length, evenly spaced between the junctions across this axis."""
    doping = scenario.physics.carriers.doping if scenario.physics.electronic == "bipolar" else ()
    junctions = {nm(p.position) for p in doping if p.profile == "tanh" and p.axis == name}
    places = [0.0, *sorted(p for p in junctions if 1e-6 < p < length - 1e-6), length]
    parts = [uniform_axis(low, high, size) for low, high in pairwise(places)]
    return np.concatenate([parts[0], *(part[1:] for part in parts[1:])])
