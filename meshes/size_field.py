"""How large cells may be: the sizes a scenario asks for, with their defaults, and their growth with distance."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import sqrt
from typing import Any

# Cells of 1.25 interface widths resolve the filament's front: V_set within 2 mV of finer meshes (measured).
CELLS_PER_INTERFACE = 1.25
# The structured core holds the filament and six interface widths around it, and never less than this [nm].
MIN_CORE_RADIUS_NM = 12.0
# Lines across a gap without a filament.
CELLS_PER_THICKNESS = 40


def nm(value: float) -> float:
    """Metres to nanometres, cleaned of the last digits' noise (2.5e-6 m is 2500 nm, not 2500.0000000000005)."""
    return round(value * 1e9, 9)


@dataclass(frozen=True)
class Sizes:
    """Cell sizes in nm; ``growth`` in nm of size per nm of distance.

    Attributes:
        filament: in the structured core around the filament.
        core_radius: half width of the core.
        edge: along the active edges.
        largest: anywhere.
        growth: increase of the size per distance from core or edge.
    """

    filament: float
    core_radius: float
    edge: float
    largest: float
    growth: float


def sizes_of(scenario: Any, thickness: float) -> Sizes:
    """The scenario's cell sizes with defaults filled in.

    Args:
        scenario: a scenario (see solver.scenario).
        thickness: the gap [nm]; it sets the size where there is no filament.
    """
    mesh, filament = scenario.mesh, scenario.physics.filament
    if filament == "off":
        size, radius = thickness / CELLS_PER_THICKNESS, MIN_CORE_RADIUS_NM
    else:
        width = nm(filament.interface_width)
        size = CELLS_PER_INTERFACE * width
        radius = max(MIN_CORE_RADIUS_NM, nm(filament.radius) + 6 * width)
    if mesh.size_at_filament is not None:
        size = nm(mesh.size_at_filament)
    if mesh.core_radius is not None:
        radius = nm(mesh.core_radius)
    return Sizes(size, radius, max(size, nm(mesh.size_at_edge)), max(size, nm(mesh.size_max)), mesh.growth)


@dataclass(frozen=True)
class Source:
    """A place that wants small cells.

    Attributes:
        box: (x0, y0, z0, x1, y1, z1) [nm]; a line is a box without thickness.
        size: size of the cells there [nm].
        growth: increase of the size per distance from the box.
    """

    box: tuple[float, ...]
    size: float
    growth: float


def size_function(sources: list[Source], largest: Callable[..., float],
                  detour: Callable[..., float]) -> Callable[..., float]:
    """The size wanted at a point: the smallest that any source asks for.

    Args:
        sources: where small cells are wanted.
        largest: largest(x, y, z), upper bound [nm].
        detour: detour(x, y, z) is added to every distance [nm], zero where sizes matter.

    Returns:
        size(x, y, z) [nm].
    """
    # Gmsh asks a million times: plain numbers, no objects.
    table = [(*source.box, source.size, source.growth) for source in sources]

    def size(x: float, y: float, z: float) -> float:
        best, extra = largest(x, y, z), detour(x, y, z)
        for x0, y0, z0, x1, y1, z1, start, growth in table:
            dx = x0 - x if x < x0 else x - x1 if x > x1 else 0.0
            dy = y0 - y if y < y0 else y - y1 if y > y1 else 0.0
            dz = z0 - z if z < z0 else z - z1 if z > z1 else 0.0
            wanted = start + growth * (extra + sqrt(dx * dx + dy * dy + dz * dz))
            best = min(best, wanted)
        return best

    return size
