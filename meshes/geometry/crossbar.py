"""The back-contact cell as regions of space: two crossing bars, a spacer, a film, a cap, a substrate.

Coordinates in nm: x along the bottom bar, y along the top bar, z up from the substrate oxide's surface. Everything is
a union of boxes, so that a point tells its region and a boundary facet its electrode without asking the CAD kernel.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from meshes.device_mesh import MeshError
from meshes.geometry.boxes import IDLE_FACTOR, Box, inside_any, refuse_torn, tagged
from meshes.simplex_mesh import SimplexMesh
from meshes.size_field import nm
from meshes.tags import FACETS, REGIONS

_TOLERANCE = 1e-3  # nm
# Cells in a thin layer are at most this many times as long as it is thick.
_FLATTEST = 15.0


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
        """The 3D cell of a scenario's device.

        Raises:
            MeshError: its parts do not fit into each other.
        """
        half = nm(device.domain_length) / 2
        end = half
        if device.cell_length is not None:
            end = nm(device.cell_length) / 2
            if 2 * end > nm(device.electrode_width):
                raise MeshError(f"device.cell_length {2 * end:g} nm exceeds the electrode_width "
                                f"{nm(device.electrode_width):g} nm: it is the part of the flank that is modelled")
        x0 = 0.0 if device.symmetry == "quarter" else -half
        y0 = -end if device.symmetry == "full" else 0.0
        return cls._fitting(device, device.step == "conformal", x0, half, y0, end)

    @classmethod
    def section_of(cls, device: Any) -> Crossbar:
        """The plane y = 0 of a scenario's device; the cell is 2 nm thick in y so that the plane lies inside."""
        half = nm(device.domain_length) / 2
        return cls._fitting(device, False, 0.0 if device.symmetry == "half" else -half, half, -1.0, 1.0)

    @classmethod
    def _fitting(cls, device: Any, conformal: bool, x0: float, x1: float, y0: float, y1: float) -> Crossbar:
        width, spacer = nm(device.electrode_width), nm(device.spacer_thickness)
        electrode, film = nm(device.electrode_thickness), nm(device.film_thickness)
        if 2 * electrode + spacer >= film:
            raise MeshError(f"device.film_thickness {film:g} nm does not cover two electrodes and the spacer, "
                            f"{2 * electrode + spacer:g} nm: make the film thicker")
        if width + 2 * (spacer + electrode) >= 2 * x1:
            raise MeshError(f"device.domain_length {2 * x1:g} nm is too short for an electrode_width of {width:g} nm "
                            f"and its step: make it longer than {width + 2 * (spacer + electrode):g} nm")
        return cls(width, spacer, electrode, nm(device.substrate_oxide_thickness), film, nm(device.cap_thickness),
                   conformal, x0, x1, y0, y1)

    @property
    def z_bottom(self) -> float:
        """Top surface of the bottom bar, where the filament stands."""
        return self.electrode

    @property
    def z_top(self) -> float:
        """Lower edge of the top bar above the bottom bar."""
        return self.electrode + self.spacer

    @property
    def flanks(self) -> tuple[float, ...]:
        """x of the modelled sidewalls of the top bar."""
        return (self.width / 2,) if self.x0 >= 0 else (-self.width / 2, self.width / 2)

    def domain(self) -> Box:
        """The meshed box."""
        return (self.x0, self.y0, -self.substrate, self.x1, self.y1, self.film + self.cap)

    def bottom_boxes(self) -> list[Box]:
        """The bottom bar's body."""
        return [self._box(self.x0, self.x1, self.width / 2, 0.0, self.electrode)]

    def spacer_boxes(self) -> list[Box]:
        """Boxes whose union, less the bottom bar, is the spacer."""
        return self._deposited(self.spacer)

    def top_boxes(self) -> list[Box]:
        """Boxes whose union, less spacer and bottom bar, is the top bar's body."""
        return self._deposited(self.spacer + self.electrode)

    def _deposited(self, thickness: float) -> list[Box]:
        """Under the top bar, everything up to ``thickness`` above what lies below: substrate or bottom bar."""
        x0, x1 = max(self.x0, -self.width / 2), self.width / 2
        far = max(abs(self.y0), abs(self.y1))
        high = self.electrode + thickness
        if not self.conformal or self.width / 2 + thickness >= far:
            return [self._box(x0, x1, far, 0.0, high)]
        return [self._box(x0, x1, self.width / 2 + thickness, 0.0, high), self._box(x0, x1, far, 0.0, thickness)]

    def _box(self, x0: float, x1: float, half: float, z0: float, z1: float) -> Box:
        return (x0, max(self.y0, -half), z0, x1, min(self.y1, half), z1)

    def detour(self, x: float, y: float, z: float) -> float:
        """What is added to distances in the size field [nm]: depth inside the regions that carry no current."""
        if z < 0:
            return -IDLE_FACTOR * z
        if z > self.film:
            return IDLE_FACTOR * (z - self.film)
        inside = self.width / 2 - abs(x)
        return IDLE_FACTOR * inside if inside > 0 else 0.0

    def ceiling(self, largest: float) -> Callable[..., float]:
        """largest(x, y, z) [nm]: ``largest``, less where the film is thin, that is above the top bar."""
        over_top = min(largest, _FLATTEST * (self.film - self.z_top - self.electrode))

        def limit(x: float, y: float, z: float) -> float:
            return over_top if abs(x) <= self.width / 2 and self.z_top < z <= self.film else largest

        return limit

    def regions_at(self, points: np.ndarray) -> np.ndarray:
        """(N,) region tag of each of (N, 3) points; the electrodes' bodies count as what would fill them."""
        z = points[:, 2]
        tags = np.full(len(points), REGIONS["film"])
        tags[inside_any(points, self.spacer_boxes())] = REGIONS["spacer"]
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
        bottom = inside_any(points, self.bottom_boxes())
        sidewall = np.abs(np.abs(points[:, 0]) - self.width / 2) < _TOLERANCE
        tags = np.where(sidewall, FACETS["top_sidewalls"], FACETS["top"])
        tags[bottom] = FACETS["bottom"]
        tags[outer] = 0
        refuse_torn(points, ~(outer | bottom | inside_any(points, self.top_boxes())))
        return tags

    def tagged(self, points: np.ndarray, cells: np.ndarray, core_cells: int) -> SimplexMesh:
        """A mesh of the cell with its regions and facet groups, told by place.

        Args:
            points: (N, 3) nodes; of the section y = 0 (x, z, 0).
            cells: (C, d + 1) cells, those of the core last.
            core_cells: number of cells of the core.
        """
        return tagged(points, cells, core_cells, self.regions_at, self.groups_at, FACETS)
