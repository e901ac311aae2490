"""The back-contact cell as regions of space: two crossing bars, a spacer, a film, a cap, a substrate.

Coordinates in nm: x along the bottom bar, y along the top bar, z up from the substrate oxide's surface. Everything is
a union of boxes, so that a point tells its region and a boundary facet its electrode without asking the CAD kernel.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from meshes.device_mesh import MeshError
from meshes.size_field import nm
from meshes.tags import FACETS, REGIONS

Box = tuple[float, float, float, float, float, float]  # x0, y0, z0, x1, y1, z1
_TOLERANCE = 1e-3  # nm


@dataclass(frozen=True)
class Crossbar:
    """Dimensions [nm] of one back-contact cell and the part of it that is meshed.

    Attributes:
        width: of both bars.
        spacer, electrode, substrate, film, cap: thicknesses; the film's counts from z = 0.
        conformal: spacer and top bar follow the bottom bar's step; else they are flat.
        x0, x1, y0, y1: the meshed part.
    """

    width: float
    spacer: float
    electrode: float
    substrate: float
    film: float
    cap: float
    conformal: bool
    x0: float
    x1: float
    y0: float
    y1: float

    @classmethod
    def of(cls, device: Any) -> Crossbar:
        """From a scenario's device; raises MeshError when its parts do not fit into each other."""
        width, half = nm(device.electrode_width), nm(device.domain_length) / 2
        spacer, electrode, film = nm(device.spacer_thickness), nm(device.electrode_thickness), nm(device.film_thickness)
        if 2 * electrode + spacer >= film:
            raise MeshError(f"device.film_thickness {film:g} nm does not cover two electrodes and the spacer, "
                            f"{2 * electrode + spacer:g} nm: make the film thicker")
        if width / 2 + spacer + electrode >= half:
            raise MeshError(f"device.domain_length {2 * half:g} nm is too short for an electrode_width of {width:g} nm "
                            f"and its step: make it longer than {width + 2 * (spacer + electrode):g} nm")
        end = half
        if device.cell_length is not None:
            end = nm(device.cell_length) / 2
            if end > width / 2:
                raise MeshError(f"device.cell_length {2 * end:g} nm exceeds the electrode_width {width:g} nm: "
                                "it is the part of the flank that is modelled")
        x0 = 0.0 if device.symmetry == "quarter" else -half
        y0 = -end if device.symmetry == "full" else 0.0
        return cls(width, spacer, electrode, nm(device.substrate_oxide_thickness), film, nm(device.cap_thickness),
                   device.step == "conformal", x0, half, y0, end)

    @property
    def z_bottom(self) -> float:
        """Top surface of the bottom bar, where the filament stands."""
        return self.electrode

    @property
    def z_top(self) -> float:
        """Lower edge of the top bar above the bottom bar."""
        return self.electrode + self.spacer

    def domain(self) -> Box:
        """The meshed box."""
        return (self.x0, self.y0, -self.substrate, self.x1, self.y1, self.film + self.cap)

    def bottom_boxes(self) -> list[Box]:
        """The bottom bar's body."""
        return [self._box(self.x0, self.x1, self.width / 2, 0.0, self.electrode)]

    def spacer_boxes(self) -> list[Box]:
        """Boxes whose union, less the bottom bar, is the spacer."""
        return self._stack(self.spacer, 0.0)

    def top_boxes(self) -> list[Box]:
        """Boxes whose union, less spacer and bottom bar, is the top bar's body."""
        return self._stack(self.spacer + self.electrode, self.spacer)

    def _stack(self, thickness: float, _below: float) -> list[Box]:
        """Under the top bar, everything up to ``thickness`` above what lies below (substrate or bottom bar)."""
        x0, x1 = max(self.x0, -self.width / 2), self.width / 2
        far = max(abs(self.y0), abs(self.y1))
        high = self.electrode + thickness
        if not self.conformal:
            return [self._box(x0, x1, far, 0.0, high)]
        step = self._box(x0, x1, self.width / 2 + thickness, 0.0, high)
        if self.width / 2 + thickness >= far:
            return [step]
        return [step, self._box(x0, x1, far, 0.0, thickness)]

    def _box(self, x0: float, x1: float, half: float, z0: float, z1: float) -> Box:
        return (x0, max(self.y0, -half), z0, x1, min(self.y1, half), z1)

    def regions_at(self, points: np.ndarray) -> np.ndarray:
        """(N,) region tag of each of (N, 3) points; the electrodes' bodies count as what would fill them."""
        x, z = points[:, 0], points[:, 2]
        tags = np.full(len(points), REGIONS["film"])
        within = _inside_any(points, self.spacer_boxes()) & (np.abs(x) < self.width / 2)
        tags[within] = REGIONS["spacer"]
        tags[z < 0] = REGIONS["substrate"]
        tags[z > self.film] = REGIONS["cap"]
        return tags

    def groups_at(self, points: np.ndarray) -> np.ndarray:
        """(N,) facet group of boundary facets given by their (N, 3) centroids; 0 on the outer box.

        Raises:
            MeshError: a boundary facet lies on no electrode: the parts of the mesh do not fit together there.
        """
        low, high = np.array(self.domain()[:3]), np.array(self.domain()[3:])
        outer = np.any((np.abs(points - low) < _TOLERANCE) | (np.abs(points - high) < _TOLERANCE), axis=1)
        bottom = _inside_any(points, self.bottom_boxes())
        sidewall = np.abs(np.abs(points[:, 0]) - self.width / 2) < _TOLERANCE
        tags = np.where(sidewall, FACETS["top_sidewalls"], FACETS["top"])
        tags[bottom] = FACETS["bottom"]
        tags[outer] = 0
        torn = ~(outer | bottom | _inside_any(points, self.top_boxes()))
        if np.any(torn):
            place = ", ".join(f"{v:.4g}" for v in points[torn][0])
            raise MeshError(f"the mesh is torn near ({place}) nm: {np.count_nonzero(torn)} facets have no neighbour")
        return tags


def _inside_any(points: np.ndarray, boxes: list[Box]) -> np.ndarray:
    inside = np.zeros(len(points), dtype=bool)
    for box in boxes:
        low, high = np.array(box[:3]) - _TOLERANCE, np.array(box[3:]) + _TOLERANCE
        inside |= np.all((points > low) & (points < high), axis=1)
    return inside
