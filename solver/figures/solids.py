"""The parts of a 3D device as closed bodies to draw, from the scenario's numbers; and its film as stored."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from solver.results.folder import NoResult, RunFolder
from solver.results.snapshots import Snapshots

if TYPE_CHECKING:
    import pyvista

_PLATE = 0.12  # drawn thickness of a slab's electrodes, of the slab's
_VTK_SIMPLEX = {1: 3, 2: 5, 3: 10}


@dataclass(frozen=True)
class Bodies:
    """Boxes (x0, y0, z0, x1, y1, z1) [nm] of the parts, cut open at the plane y = cut.

    Attributes:
        bottom, top: electrodes.
        spacer: between them; may overlap the electrodes, which come first.
        domain: the modelled box.
        cut: position of the cut plane [nm].
    """

    bottom: list[tuple]
    top: list[tuple]
    spacer: list[tuple]
    domain: tuple
    cut: float

    def surface(self, part: str, window: tuple | None = None) -> pyvista.PolyData | None:
        """Closed surface of "bottom", "top", "spacer" or "substrate", None where there is none.

        The boxes of a part overlap each other and the parts before it, so the union is taken on the grid that all
        their faces span.

        Args:
            part: which.
            window: (x0, y0, z0, x1, y1, z1) [nm] to cut the part to, or None.
        """
        import pyvista

        x0, y0, z0, x1, y1, _ = self.domain
        boxes = {"bottom": self.bottom, "spacer": self.spacer, "top": self.top,
                 "substrate": [(x0, y0, z0, x1, y1, 0.0)] if z0 < 0 else []}
        everything = np.array([box for part_boxes in boxes.values() for box in part_boxes] + [self.domain])
        low, high = everything[:, :3].min(axis=0), everything[:, 3:].max(axis=0)
        low[:2], high[:2] = (x0, max(y0, self.cut)), (x1, y1)
        if window is not None:
            low, high = np.maximum(low, window[:3]), np.minimum(high, window[3:])
        if np.any(low >= high):
            return None
        planes = [np.unique(np.clip([*everything[:, k], *everything[:, k + 3], low[k], high[k]], low[k], high[k]))
                  for k in range(3)]
        grid = pyvista.RectilinearGrid(*planes)
        centre = grid.cell_centers().points

        def inside(name: str) -> np.ndarray:
            found = np.zeros(len(centre), dtype=bool)
            for box in boxes[name]:
                found |= np.all((centre > box[:3]) & (centre < box[3:]), axis=1)
            return found

        mask = inside(part)
        for earlier in ("bottom", "spacer", "top", "substrate"):
            if earlier == part:
                break
            mask &= ~inside(earlier)
        return grid.extract_cells(mask).extract_surface(algorithm=None).clean() if np.any(mask) else None


def bodies(directory: str | Path, found: Snapshots) -> Bodies:
    """The parts of the device of a result folder.

    Args:
        directory: result folder with scenario.yaml.
        found: its fields.

    Raises:
        NoResult: there is no scenario.yaml, or it cannot be loaded.
    """
    from solver.scenario import ScenarioError, load_scenario

    path = RunFolder(Path(directory)).scenario
    if not path.is_file():
        raise NoResult(f"{directory} holds no scenario.yaml, which tells the shape of the electrodes")
    try:
        device = load_scenario(path).device
    except ScenarioError as error:
        raise NoResult(f"{path} cannot be loaded: {error}") from error
    if device.layout in ("back_contact", "cross_section"):
        from meshes.geometry.crossbar import Crossbar

        cell = (Crossbar.of if device.layout == "back_contact" else Crossbar.section_of)(device)
        return Bodies(cell.bottom_boxes(), cell.top_boxes(), cell.spacer_boxes(), cell.domain(), 0.0)
    if device.layout in ("lateral_pair", "array"):
        from meshes.geometry import array, lateral_pair

        parts = (array if device.layout == "array" else lateral_pair).bodies(device)
        pair = device.layout == "lateral_pair"
        bottom, top = (parts.lower["left"], parts.lower["right"]) if pair else (
            [box for boxes in group.values() for box in boxes] for group in (parts.lower, parts.upper))
        return Bodies(bottom, top, parts.spacer, parts.domain, 0.0)
    low, high = found.points.min(axis=0), found.points.max(axis=0)
    plate = _PLATE * (high[2] - low[2])
    below = (low[0], low[1], low[2] - plate, high[0], high[1], low[2])
    above = (low[0], low[1], high[2], high[0], high[1], high[2] + plate)
    return Bodies([below], [above], [], (*low, *high), float(np.clip(found.site.foot[1], low[1], high[1])))


def film_grid(found: Snapshots, step: int, around: tuple[np.ndarray, float] | None = None, region: str = "film"
              ) -> pyvista.UnstructuredGrid:
    """The film with the fields of one step.

    Args:
        found: the fields of a run.
        step: number of the stored step.
        around: (centre, radius) [nm]: only the cells with a node in that ball, to save time in close-ups.
        region: name of the region, or "" for the whole mesh.

    Returns:
        pyvista grid with every field as point data.
    """
    import pyvista

    kept = found.cells_of(region) if region else np.ones(len(found.cells), dtype=bool)
    if around is not None:
        near = np.linalg.norm(found.points - around[0], axis=1) < around[1]
        kept &= near[found.cells].any(axis=1)
    nodes, local = np.unique(found.cells[kept], return_inverse=True)
    local = local.reshape(-1, found.cells.shape[1])
    grid = pyvista.UnstructuredGrid({_VTK_SIMPLEX[found.dimension]: local}, found.points[nodes])
    for name, values in found.fields(step).items():
        grid.point_data[name] = values[nodes]
    return grid


def filament_surface(grid: pyvista.UnstructuredGrid, level: float = 0.5, mirror: Any = None
                     ) -> pyvista.PolyData | None:
    """Closed surface of the part of the film whose filament fraction exceeds ``level``.

    Args:
        grid: film with the field "filament fraction".
        level: threshold.
        mirror: y of a mirror plane [nm] to complete the body at, or None.

    Returns:
        The surface, or None where there is no filament.
    """
    # the profile is a tanh over about one cell: its argument, a distance, is what is linear between nodes
    fraction = np.clip(grid.point_data["filament fraction"], 1e-4, 1 - 1e-4)
    grid = grid.copy(deep=False)
    grid.point_data["distance"] = np.log(fraction / (1 - fraction)) - np.log(level / (1 - level))
    body = grid.clip_scalar(scalars="distance", value=0.0, invert=False)
    if body.n_cells == 0:
        return None
    if mirror is not None:
        image = body.copy()
        image.points[:, 1] = 2 * mirror - image.points[:, 1]
        body = body.merge(image, merge_points=True, tolerance=1e-6)
    return body.extract_surface(algorithm=None).clean().triangulate()
