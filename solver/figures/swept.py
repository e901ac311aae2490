"""1D and 2D runs as bodies in space: a section revolved about its axis and cut open, or swept across its plane."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from solver.results.snapshots import Snapshots

if TYPE_CHECKING:
    import pyvista

OPEN, CLOSED = (90.0, 270.0), (0.0, 360.0)  # angles that a revolved body is turned through [degrees]
_STEPS_PER_TURN = 64


def section(found: Snapshots, grid: pyvista.UnstructuredGrid) -> pyvista.PolyData:
    """The film of a 1D or 2D run as a surface in the plane y = 0, fields as point data.

    Args:
        found: fields of the run.
        grid: its film, from ``film_grid``; a 1D film becomes a strip half as wide as it is thick.
    """
    import pyvista

    if found.dimension == 2:
        return grid.extract_surface(algorithm=None)
    half = 0.25 * float(np.ptp(grid.points[:, 2]))
    count, lines = grid.n_points, grid.cells.reshape(-1, 3)[:, 1:]
    left, right = grid.points - [half, 0, 0], grid.points + [half, 0, 0]
    strip = pyvista.PolyData.from_regular_faces(np.concatenate([left, right]),
                                                np.concatenate([lines, lines[:, ::-1] + count], axis=1))
    for name, values in grid.point_data.items():
        strip.point_data[name] = np.concatenate([values, values])
    return strip.triangulate()


def swept(found: Snapshots, flat: pyvista.PolyData, angles: tuple[float, float] = OPEN) -> pyvista.PolyData:
    """The body that a section stands for: turned about the axis r = 0, or as deep as half the gap.

    Args:
        found: fields of the run, axisymmetric or not.
        flat: surface in the plane y = 0, with point data.
        angles: first and last angle of an axisymmetric body [degrees]; the cut faces are the section itself.

    Returns:
        Its surface, point data carried along.
    """
    import pyvista

    rim = flat.extract_feature_edges(boundary_edges=True, feature_edges=False, manifold_edges=False,
                                     non_manifold_edges=False)
    if found.coordinates != "axisymmetric":
        depth = np.array([0.0, 0.5 * found.site.length, 0.0])
        parts = [flat, flat.translate(depth, inplace=False), rim.extrude(depth, capping=False)]
    else:
        first, last = angles
        parts = [flat.rotate_z(angle, inplace=False) for angle in (angles if last - first < 360 else ())]
        rim.points[:, 0] = np.maximum(rim.points[:, 0], 0.0)
        parts.append(rim.rotate_z(first, inplace=False).extrude_rotate(
            angle=last - first, resolution=int(_STEPS_PER_TURN * (last - first) / 360), capping=False))
    return pyvista.merge([part.triangulate() for part in parts], merge_points=False).extract_surface(algorithm=None)
