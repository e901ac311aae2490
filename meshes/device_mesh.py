"""What the rest of the code knows about a mesh: its domain, its names, the filament's place."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from dolfinx.mesh import Mesh, MeshTags


class MeshError(ValueError):
    """A mesh cannot be built or used; the message is one sentence that names the group and the cure."""


@dataclass(frozen=True)
class FilamentSite:
    """Where the filament stands, in mesh coordinates padded to three components.

    Attributes:
        foot: (3,) point on the electrode the filament grows from [nm].
        axis: (3,) unit vector from the foot towards the counter electrode.
        length: gap between the foot and the counter electrode along the axis [nm].
    """

    foot: np.ndarray
    axis: np.ndarray
    length: float

    def seen_from_top(self) -> FilamentSite:
        """The same site with its foot on the counter electrode."""
        return FilamentSite(self.foot + self.length * self.axis, -self.axis, self.length)


@dataclass(frozen=True)
class Layout:
    """What a layout means to the solver besides the mesh itself.

    Attributes:
        dimension: topological and geometric dimension of its meshes.
        coordinates: "cartesian" or "axisymmetric" (radius is coordinate 0).
        depth_nm: factor of every integral for the directions that are not meshed: 1 in 3D and in axisymmetric
            layouts (the physics applies 2 pi r), the out-of-plane depth [nm] in planar 2D, the area [nm^2] in 1D.
        current_scale: terminal current of the device over that of the mesh (mirror images, shortened electrodes).
        site: where the filament stands.
        terminals: terminal name -> names of its facet groups.
        more_sites: those of the further cells of an array; ``site`` is the first.
        contact_area: area of the device's bottom contact [nm^2] where the mesh stands for a piece of it, else None.
    """

    dimension: int
    coordinates: str
    depth_nm: float
    current_scale: float
    site: FilamentSite
    terminals: dict[str, tuple[str, ...]]
    contact_area: float | None = None
    more_sites: tuple[FilamentSite, ...] = ()

    @property
    def sites(self) -> tuple[FilamentSite, ...]:
        """Every filament's place, in the order of the array's cells."""
        return (self.site, *self.more_sites)

    def spread_over(self, measure: float) -> Layout:
        """The layout for a mesh whose bottom contact has this length (2D) or area (3D) [nm, nm^2]."""
        if self.contact_area is None or self.dimension == 1:
            return self
        factor = self.contact_area / measure
        return replace(self, depth_nm=factor) if self.dimension == 2 else replace(self, current_scale=factor)


@dataclass(frozen=True)
class DeviceMesh:
    """A distributed mesh with its tags; coordinates in nm.

    Attributes:
        mesh: dolfinx mesh, geometric dimension equal to the topological one.
        cell_tags: region of every local cell (values of ``regions``).
        facet_tags: facet group of the tagged facets (values of ``facets``).
        regions: region name -> tag, for the regions present.
        facets: facet group name -> tag, for the groups present.
        terminals: terminal name -> names of its facet groups.
        coordinates: "cartesian" or "axisymmetric" (radius is x[0]).
        depth_nm: see :class:`Layout`.
        current_scale: see :class:`Layout`.
        site: where the filament stands.
        film_obtuse: (owned + ghost cells,) bool, true for a film cell with a negative edge weight.
        more_sites: see :class:`Layout`.
    """

    mesh: Mesh
    cell_tags: MeshTags
    facet_tags: MeshTags
    regions: dict[str, int]
    facets: dict[str, int]
    terminals: dict[str, tuple[str, ...]]
    coordinates: str
    depth_nm: float
    current_scale: float
    site: FilamentSite
    film_obtuse: np.ndarray
    more_sites: tuple[FilamentSite, ...] = ()

    @property
    def sites(self) -> tuple[FilamentSite, ...]:
        """Every filament's place, in the order of the array's cells."""
        return (self.site, *self.more_sites)


@dataclass(frozen=True)
class BuildReport:
    """What a mesh costs and how good it is.

    Attributes:
        nodes, cells: counts.
        cells_by_region: region name -> number of cells.
        seconds: time to build [s].
        min_dihedral_deg: smallest angle between two faces of any cell [degrees] (interior angle in 2D).
        max_dihedral_deg: largest such angle within the film [degrees].
        share_negative_edges: share of the film's edges with a negative assembled edge weight (count, 0 to 1).
        weight_negative_edges: sum of the film's negative edge weights over that of the positive ones.
        share_negative_core: as share_negative_edges, for the cells of the structured core only.
        predicted_unknowns: unknowns of the coupled system.
        predicted_memory: bytes, solver included.
        predicted_newton_seconds: one Newton step on one core [s].
    """

    nodes: int
    cells: int
    cells_by_region: dict[str, int]
    seconds: float
    min_dihedral_deg: float
    max_dihedral_deg: float
    share_negative_edges: float
    weight_negative_edges: float
    share_negative_core: float
    predicted_unknowns: int
    predicted_memory: float
    predicted_newton_seconds: float

    def as_dict(self) -> dict[str, Any]:
        """The report as plain numbers for JSON."""
        return asdict(self)
