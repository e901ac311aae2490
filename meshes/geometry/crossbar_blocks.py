"""Where the back-contact cell is structured: the core at the filament, and strips along the current-carrying edges.

The current crowds at the top electrode's lower edge like 1/sqrt(distance), along the whole flank: only small cells
across the edge give the film's leakage. Small cells along it would be wasted, so the strips are stretched in y, which
right-angled cells bear without negative edge weights.
"""

from __future__ import annotations

import numpy as np

from meshes.device_mesh import MeshError
from meshes.geometry.crossbar import Crossbar
from meshes.geometry.structured import uniform_axis
from meshes.geometry.structured_block import StructuredBlock
from meshes.size_field import Sizes, Source

# The core reaches this far above the top electrode's lower edge [nm], where the filament meets the sidewall.
CORE_OVERLAP_NM = 12.0
# Between core, strips and the flank's ends, room for unstructured cells to adapt [nm].
ROOM_NM = 60.0
# Strips: their extent away from the sidewall and above the electrode [nm], growth from cell to cell, largest cells
# across and along the edge [nm]. With these the film's leakage is within 4 % of the converged one (docs/meshes.md).
STRIP_WIDTH_NM, STRIP_OVER_NM = 100.0, 80.0
RATIO = 1.4
LARGEST_ACROSS_NM, LARGEST_ALONG_NM = 25.0, 120.0
# Cells beside the strips [nm]; sizes at the less singular edges and corners, and along the strips' first cells, in
# cells of size_at_edge.
BESIDE_STRIPS_NM = 30.0
EASY_EDGE, CORNER, ALONG = 3.0, 3.0, 4.0
# Outside the core sizes may grow a little faster than mesh.growth.
EDGE_GROWTH = 1.2


def core_axes(cell: Crossbar, sizes: Sizes) -> tuple[np.ndarray, np.ndarray]:
    """Grid lines of the core: away from the sidewall (from 0) and up (z); one falls on z = ``cell.z_top``.

    Raises:
        MeshError: the core does not fit beside the electrode.
    """
    side, up = flank_axes(sizes, cell.z_bottom, cell.z_top, cell.electrode)
    if cell.width / 2 + side[-1] >= cell.x1:
        raise MeshError(f"mesh.core_radius {side[-1]:g} nm does not fit between the electrode and the end of the "
                        f"domain, {cell.x1 - cell.width / 2:g} nm")
    return side, up


def flank_axes(sizes: Sizes, z_bottom: float, z_top: float, electrode: float) -> tuple[np.ndarray, np.ndarray]:
    """As :func:`core_axes`, of a flank from ``z_bottom`` to ``z_top`` below an electrode of that thickness [nm]."""
    above = min(CORE_OVERLAP_NM, electrode)
    if electrode - above < CORE_OVERLAP_NM / 2:
        above = electrode
    up = uniform_axis(z_bottom, z_top, sizes.filament)
    over = uniform_axis(z_top, z_top + above, sizes.filament)
    return uniform_axis(0.0, sizes.core_radius, sizes.filament), np.concatenate([up, over[1:]])


def core_block(cell: Crossbar, sizes: Sizes) -> StructuredBlock:
    """The structured box between spacer flank, bottom electrode and top electrode's sidewall, around the filament.

    Raises:
        MeshError: the core does not fit beside the electrodes.
    """
    side, up = core_axes(cell, sizes)
    if side[-1] >= min(cell.y1, cell.width / 2):
        raise MeshError(f"mesh.core_radius {side[-1]:g} nm does not fit on the flank, which is modelled up to "
                        f"y = {min(cell.y1, cell.width / 2):g} nm")
    along = np.concatenate([-side[:0:-1], side]) if cell.y0 < 0 else side
    return StructuredBlock((cell.width / 2 + side, along, up))


def strips(cell: Crossbar, sizes: Sizes, core: StructuredBlock) -> list[StructuredBlock]:
    """Structured strips along both flanks, as far as there is room; stretched along y."""
    shortened = cell.y1 <= cell.width / 2
    end = cell.y1 if shortened else cell.width / 2 - ROOM_NM
    start = float(core.high[1]) + ROOM_NM
    mirrored = cell.y0 < 0
    pieces = [(1, start, end, True, not shortened)]
    if mirrored:
        pieces.append((1, -end, -start, not shortened, True))
    if cell.x0 < 0:
        pieces.append((-1, -end if mirrored else 0.0, end, mirrored and not shortened, not shortened))
    x = cell.width / 2 + _growing(min(STRIP_WIDTH_NM, (cell.x1 - cell.width / 2) / 2), sizes.edge, LARGEST_ACROSS_NM)
    rest = cell.film - cell.z_top - cell.electrode
    over = STRIP_OVER_NM if rest > 1.5 * STRIP_OVER_NM else rest  # never leave a thin layer to squeeze cells into
    low = cell.z_top - _growing(cell.spacer, sizes.edge, LARGEST_ACROSS_NM)[::-1]
    high = cell.z_top + _growing(cell.electrode, sizes.edge, LARGEST_ACROSS_NM)
    z = np.concatenate([low, high[1:], uniform_axis(high[-1], high[-1] + over, LARGEST_ACROSS_NM)[1:]])
    return [StructuredBlock((x if side > 0 else -x[::-1], _along(y0, y1, fine0, fine1, ALONG * sizes.edge), z))
            for side, y0, y1, fine0, fine1 in pieces if y1 - y0 > 2 * ROOM_NM]


def size_sources(cell: Crossbar, sizes: Sizes, core: StructuredBlock, blocks: list[StructuredBlock]) -> list[Source]:
    """Where small cells are wanted outside the structured parts: around these, along the rest of the edges, and at
    the flanks' ends, where the bars' corners face each other across the spacer."""
    growth = EDGE_GROWTH * sizes.growth
    sources = [Source((*core.low, *core.high), sizes.filament, sizes.growth)]
    sources += [Source((*block.low, *block.high), BESIDE_STRIPS_NM, growth) for block in blocks]
    end, start = min(cell.y1, cell.width / 2), max(cell.y0, -cell.width / 2)
    heights = ((cell.z_top, sizes.edge), (cell.z_bottom, EASY_EDGE * sizes.edge),
               (cell.z_top + cell.electrode, EASY_EDGE * sizes.edge))
    for x in cell.flanks:
        covered = sorted((float(b.low[1]), float(b.high[1])) for b in blocks if b.low[0] * x > 0)
        ends = [start, *(y for span in covered for y in span), end]
        for y0, y1 in zip(ends[::2], ends[1::2]):
            if y1 > y0:
                sources += [Source((x, y0, z, x, y1, z), size, growth) for z, size in heights]
        if cell.y1 > cell.width / 2:
            reach = cell.width / 2 + (cell.spacer if cell.conformal else 0.0)
            for y0, y1 in ((cell.width / 2, reach), (-reach, -cell.width / 2)):
                if y0 >= cell.y0:
                    sources.append(Source((x, y0, 0.0, x, y1, cell.z_top), CORNER * sizes.edge, growth))
    return sources


def _growing(length: float, first: float, largest: float) -> np.ndarray:
    """Grid lines from 0 to length, the first cell about ``first`` long, growing by RATIO up to ``largest``."""
    lengths = [min(first, length)]
    while sum(lengths) < length:
        lengths.append(min(RATIO * lengths[-1], largest))
    if len(lengths) > 1 and sum(lengths) - length > lengths[-1] / 2:
        lengths.pop()
    lines = np.cumsum([0.0, *lengths])
    lines *= length / lines[-1]
    lines[-1] = length
    return lines


def _along(y0: float, y1: float, fine0: bool, fine1: bool, first: float) -> np.ndarray:
    """Grid lines along a strip, smaller towards the ends where it meets unstructured cells."""
    if fine0 and fine1:
        half = _growing((y1 - y0) / 2, first, LARGEST_ALONG_NM)
        return np.concatenate([y0 + half, y1 - half[-2::-1]])
    if fine1:
        return y1 - _growing(y1 - y0, first, LARGEST_ALONG_NM)[::-1]
    if fine0:
        return y0 + _growing(y1 - y0, first, LARGEST_ALONG_NM)
    return uniform_axis(y0, y1, LARGEST_ALONG_NM)
