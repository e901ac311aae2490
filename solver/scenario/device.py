"""Device layouts: what is between the terminals `top` and `bottom`, and which part of it is modelled."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from solver.units import Dimension

from .base import Count, Length, ParallelConductance, Part, Switch
from .carriers import Range as PadRange

TERMINALS = ("top", "bottom")  # of the layouts that do not name their own


class _Layout(Part):
    """What every layout has."""

    regions: ClassVar[tuple[str, ...]] = ()  # besides the film
    substrate_is_sink: ClassVar[bool] = False  # its lower face is at material.film.temperature unless said otherwise

    @property
    def terminal_names(self) -> tuple[str, ...]:
        """Names of the terminals, in order."""
        return TERMINALS

    @property
    def counter_terminals(self) -> tuple[str, ...]:
        """Terminals that the filament grows towards: resistive where physics.contacts says nothing else."""
        return ("top",)

    @property
    def filament_images(self) -> float:
        """Mirror images of the modelled part that make up one filament."""
        return 1


class _Stack(_Layout):
    """Thicknesses of the layouts whose electrodes lie on an oxide, under a film and a cap."""

    electrode_thickness: Length = Field("50 nm", description="thickness of all electrodes (assumed)")
    substrate_oxide_thickness: Length = Field("100 nm", description="oxide below electrodes and film")
    film_thickness: Length = Field("300 nm", description="perovskite, from the substrate oxide's surface to its top")
    cap_thickness: Length = Field("200 nm", description="polymer cap above the film")


class _BarStack(_Stack):
    """The same with a spacer between lower and upper bars, along which the filaments grow."""

    spacer_thickness: Length = Field("60 nm", description="spacer under the top bars: the gap the filaments bridge")

    @property
    def filament_gap(self) -> float:
        """Distance from a filament's foot to the counter electrode (m)."""
        return self.spacer_thickness


class CrossedBars(_BarStack):
    """Keys shared by the two layouts of the crossed back-contact electrodes."""

    regions = ("spacer", "substrate", "cap")
    layout: Literal["back_contact", "cross_section"] = Field(description="which of the two")
    electrode_width: Length = Field("2.5 um", description="width of both electrode bars")
    domain_length: Length = Field("5 um", description="modelled length of both bars, half of it to each side of the crossing")
    parallel_conductance: ParallelConductance = Field("0 S", description="ohmic path beside the modelled film, from the driven terminal to the first that is ground")


class BackContact(CrossedBars):
    """The paper's device in 3D: two crossed bars, the spacer only under the top one, film over everything."""

    substrate_is_sink = True
    layout: Literal["back_contact"] = Field(description="crossed electrode bars in 3D")
    step: Literal["conformal", "planarised"] = Field(
        "conformal", description="spacer and top electrode follow the bottom electrode's edges, or lie flat")
    symmetry: Literal["full", "half", "quarter"] = Field(
        "half", description="modelled part; mirror planes y = 0 (half) and x = 0 (quarter), currents are scaled back")
    cell_length: Length | None = Field(
        None, description="modelled length of the flank (mirror planes at its ends, currents are scaled back); "
        "without it the whole electrode_width")
    dimension: ClassVar[int] = 3

    @property
    def filament_images(self) -> int:
        """Mirror images of the modelled part that make up one filament: it stands on the plane y = 0."""
        return 1 if self.symmetry == "full" else 2


class CrossSection(CrossedBars):
    """2D x-z section through the flank of the top electrode (L shape)."""

    layout: Literal["cross_section"] = Field(description="x-z section of the crossed bars")
    depth: Length | None = Field(None, description="out-of-plane depth; without it electrode_width")
    symmetry: Literal["full", "half"] = Field("half", description="both flanks, or x >= 0 (currents are scaled back)")
    dimension: ClassVar[int] = 2


class AxisymmetricGap(_Layout):
    """The filament and its gap in cylinder coordinates: film between a plane and a plane or the end of a rod."""

    layout: Literal["axisymmetric_gap"] = Field(description="disc of film between parallel electrodes")
    gap: Length = Field("60 nm", description="distance between the electrodes")
    radius: Length = Field("80 nm", description="outer radius of the disc")
    top_radius: Length | None = Field(
        None, description="the top electrode is a rod of this radius that ends at the gap, film beside it, as the edge "
        "of a sidewall is; without it a plane")
    rod_length: Length = Field("60 nm", description="modelled length of the rod: how far the film goes on beyond the gap")
    share: Annotated[float, Dimension("number", above="0", at_most="1")] = Field(
        1.0, description="film's part of the full circle; 0.5 is a filament against a wall (currents are "
        "scaled down)")
    parallel_conductance: ParallelConductance = Field("0 S", description="ohmic path beside the modelled film, from the driven terminal to the first that is ground")
    dimension: ClassVar[int] = 2

    @property
    def filament_gap(self) -> float:
        """Distance from the filament's foot to the counter electrode (m)."""
        return self.gap

    @property
    def filament_images(self) -> float:
        """Part of a whole filament that there is."""
        return self.share


class Slab(_Layout):
    """Film between two parallel electrodes, uniform along them: 1D, or its 2D and 3D prisms."""

    layout: Literal["slab"] = Field(description="film between parallel electrodes, 1D or a prism")
    thickness: Length = Field("60 nm", description="distance between the electrodes")
    dimension: Literal[1, 2, 3] = Field(1, description="space dimension of the mesh")
    area: Annotated[float, Dimension("area", above="0 m^2", below="1 mm^2")] = Field(
        "1 um^2", description="contact area")
    parallel_conductance: ParallelConductance = Field("0 S", description="ohmic path beside the modelled film, from the driven terminal to the first that is ground")

    @property
    def filament_gap(self) -> float:
        """Distance from the filament's foot to the counter electrode (m)."""
        return self.thickness


class Pad(Part):
    """A flat electrode on one face of the block; the mesh's coordinates run from 0 to length, width and height."""

    face: Literal["left", "right", "front", "back", "bottom", "top"] = Field(
        description="left and right end x, front and back end y (3D), bottom and top end the last coordinate")
    x: PadRange | None = Field(None, description="extent along x; without it the whole face")
    y: PadRange | None = Field(None, description="extent along y; without it the whole face")
    z: PadRange | None = Field(None, description="extent along z; without it the whole face")


class Block(_Layout):
    """A box of film with named rectangular pads on its faces; the pads are the terminals."""

    layout: Literal["block"] = Field(description="box of film with pads on its faces")
    dimension: Literal[2, 3] = Field(3, description="space dimension: (x, y) or (x, y, z)")
    length: Length = Field("1 um", description="extent along x")
    width: Length = Field("0.5 um", description="extent along y in 3D, and out of the plane in 2D")
    height: Length = Field("0.5 um", description="extent along the last coordinate")
    pads: dict[str, Pad] = Field(description="terminal name -> its pad")
    parallel_conductance: ParallelConductance = Field("0 S", description="ohmic path beside the modelled film, from the driven terminal to the first that is ground")

    @property
    def filament_gap(self) -> float:
        """Distance from the filament's foot to the counter electrode (m)."""
        return self.height

    @property
    def terminal_names(self) -> tuple[str, ...]:
        """Names of the pads."""
        return tuple(self.pads)

    @property
    def counter_terminals(self) -> tuple[str, ...]:
        """None: a block's pads are all alike."""
        return ()

    @property
    def extents(self) -> dict[str, float]:
        """Coordinate of the mesh -> extent of the block along it (m)."""
        if self.dimension == 2:
            return {"x": self.length, "y": self.height}
        return {"x": self.length, "y": self.width, "z": self.height}


class LateralPair(_Stack):
    """Two electrodes side by side on one plane under one film, without a spacer: the paper's control device."""

    regions = ("substrate", "cap")
    substrate_is_sink = True
    layout: Literal["lateral_pair"] = Field(description="two electrodes on one plane under one film")
    dimension: Literal[2, 3] = Field(3, description="3D, or the section across the gap")
    gap: Length = Field("90 nm", description="distance between the electrodes")
    electrode_width: Length = Field("2.5 um", description="length of the edges that face each other (assumed)")
    domain_length: Length = Field("1 um", description="modelled length across the gap, half of it to each side of its middle")
    surround: Length = Field("300 nm", description="modelled film beside the electrodes, along their edges (3D)")
    symmetry: Literal["full", "half"] = Field("half", description="3D: all, or y >= 0 (currents are scaled back)")
    cell_length: Length | None = Field(
        None, description="3D: modelled length of the edges (mirror planes at its ends, currents are scaled back); without it "
        "the whole electrode_width")
    parallel_conductance: ParallelConductance = Field("0 S", description="ohmic path beside the modelled film, from the driven terminal to the first that is ground")

    @property
    def terminal_names(self) -> tuple[str, ...]:
        """The electrode at which the filament would start, and the other."""
        return "left", "right"

    @property
    def counter_terminals(self) -> tuple[str, ...]:
        """The right one: filaments start at the left."""
        return ("right",)

    @property
    def filament_gap(self) -> float:
        """Distance from the filament's foot to the counter electrode (m)."""
        return self.gap

    @property
    def filament_images(self) -> int:
        """Mirror images of the modelled part that make up one filament: it stands on the plane y = 0."""
        return 2 if self.symmetry == "half" and self.dimension == 3 else 1


class Array(_BarStack):
    """Rows (bottom bars) and columns (top bars) of crosspoints under one film; terminals row_1, ..., col_1, ..."""

    regions = ("spacer", "substrate", "cap")
    parallel_conductance: ClassVar[float] = 0.0
    layout: Literal["array"] = Field(description="crosspoints of rows and columns under one film")
    dimension: Literal[2, 3] = Field(3, description="3D, or the section along a single row")
    rows: Count = Field(2, description="bottom bars, along x")
    columns: Count = Field(2, description="top bars, along y")
    pitch: Length = Field("500 nm", description="from the middle of a bar to that of the next")
    electrode_width: Length = Field("200 nm", description="width of all bars")
    margin: Length = Field("200 nm", description="modelled film beyond the outer bars")
    ion_walls: Switch = Field(False, description="no ions pass the planes half way between cells (no device has that: it tells what they carry)")
    field_walls: Switch = Field(False, description="neither field nor current passes there, in any material (the same)")

    @property
    def substrate_is_sink(self) -> bool:
        """Its lower face is at material.film.temperature unless said otherwise; the section has no substrate."""
        return self.dimension == 3

    @property
    def terminal_names(self) -> tuple[str, ...]:
        """Rows, then columns."""
        return (*(f"row_{k}" for k in range(1, self.rows + 1)), *self.counter_terminals)

    @property
    def counter_terminals(self) -> tuple[str, ...]:
        """The columns: filaments grow from the rows."""
        return tuple(f"col_{k}" for k in range(1, self.columns + 1))

    @property
    def cells(self) -> tuple[tuple[int, int], ...]:
        """(row, column) of every cell, row by row, from 1: the order of the mesh's filament sites."""
        return tuple((i, j) for i in range(1, self.rows + 1) for j in range(1, self.columns + 1))

Device = Annotated[BackContact | CrossSection | AxisymmetricGap | Slab | Block | LateralPair | Array, Field(discriminator="layout")]
