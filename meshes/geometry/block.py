"""A box of film with named rectangular pads on its faces: lateral diodes, transistors' bodies, textbook resistors.

Coordinates run from 0 to the block's extents, the last one up. The grid has a line at every pad edge and every junction,
small there and growing away from them; split into right-angled simplices, no edge weight is negative.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from meshes.device_mesh import FilamentSite, Layout
from meshes.geometry.structured import grid_points, kuhn_cells, refined_axis
from meshes.simplex_mesh import SimplexMesh, boundary_facets
from meshes.size_field import nm
from meshes.tags import FIRST_NAMED, REGIONS

ENDS = {"left": (0, 0), "right": (0, 1), "front": (1, 0), "back": (1, 1), "bottom": (-1, 0), "top": (-1, 1)}
AXES = "xyz"


def layout(scenario: Any) -> Layout:
    """Cartesian; 2D carries the width out of the plane [nm]."""
    device = scenario.device
    dim, extents = int(device.dimension), [nm(extent) for extent in device.extents.values()]
    foot, axis = np.zeros(3), np.zeros(3)
    foot[: dim - 1] = [0.5 * extent for extent in extents[:-1]]
    axis[dim - 1] = 1.0
    depth = nm(device.width) if dim == 2 else 1.0
    return Layout(dim, "cartesian", depth, 1.0, FilamentSite(foot, axis, extents[-1]), {p: (p,) for p in device.pads})


def generate(scenario: Any) -> SimplexMesh:
    """A graded tensor grid split into right-angled simplices, its pads tagged."""
    device = scenario.device
    extents = [nm(extent) for extent in device.extents.values()]
    axes = _axes(scenario, extents)
    points, cells = grid_points(axes), kuhn_cells(tuple(len(axis) for axis in axes))
    outer = boundary_facets(cells)
    corners = points[outer]
    facets, tags, names = [], [], {}
    for number, (name, pad) in enumerate(device.pads.items(), FIRST_NAMED):
        normal, end = ENDS[pad.face]
        normal %= len(extents)
        inside = np.all(np.abs(corners[:, :, normal] - end * extents[normal]) < 1e-6, axis=1)
        for k in range(len(extents)):
            low, high = _span(pad, k, extents)
            inside &= np.all((corners[:, :, k] > low - 1e-6) & (corners[:, :, k] < high + 1e-6), axis=1)
        facets.append(outer[inside])
        tags.append(np.full(np.count_nonzero(inside), number))
        names[name] = number
    return SimplexMesh(points, cells, np.full(len(cells), REGIONS["film"]), np.concatenate(facets), np.concatenate(tags),
                       {"film": REGIONS["film"]}, names, np.ones(len(cells), dtype=bool))


def _span(pad: Any, k: int, extents: list[float]) -> tuple[float, float]:
    """The pad's range along axis k [nm], the whole extent where not given."""
    span = getattr(pad, AXES[k])
    return (0.0, extents[k]) if span is None else (nm(span[0]), nm(span[1]))


def _axes(scenario: Any, extents: list[float]) -> list[np.ndarray]:
    """Grid lines along each axis."""
    mesh = scenario.mesh
    edge, junction = nm(mesh.size_at_edge), nm(mesh.size_at_junction)
    largest = max(edge, junction, nm(mesh.size_max))
    doping = scenario.physics.carriers.doping if scenario.physics.electronic == "bipolar" else ()
    axes = []
    for k, extent in enumerate(extents):
        marks: list[tuple[float, float | None]] = [(0.0, None), (extent, None)]
        for pad in scenario.device.pads.values():
            normal, end = ENDS[pad.face]
            if normal % len(extents) == k:
                marks.append((end * extent, edge))
            elif getattr(pad, AXES[k]) is not None:
                marks += [(place, edge if 0.0 < place < extent else None) for place in _span(pad, k, extents)]
        marks += [(nm(p.position), junction) for p in doping
                  if p.profile == "tanh" and p.axis == AXES[k] and 0.0 < nm(p.position) < extent]
        axes.append(refined_axis(marks, mesh.growth, largest))
    return axes
