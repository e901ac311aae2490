"""Where the back-contact cell is structured: the core at the filament, and strips along the current-carrying edges.

The current crowds at the top electrode's lower edge like 1/sqrt(distance), along the whole flank: only small cells
across the edge give the film's leakage. Small cells along it would be wasted, so the strips are stretched in y, which
right-angled cells bear without negative edge weights.
"""

from __future__ import annotations

import numpy as np

from meshes.device_mesh import MeshError
from meshes.geometry.crossbar import Box, Crossbar
from meshes.geometry.structured import uniform_axis
from meshes.geometry.structured_block import StructuredBlock
from meshes.size_field import Sizes

# The core reaches this far above the top electrode's lower edge [nm], where the filament meets the sidewall.
CORE_OVERLAP_NM = 12.0
# Between core, strips and the flank's ends, room for unstructured cells to adapt [nm].
ROOM_NM = 60.0
# Strips: growth of the cells across and along the edge, largest cells across and along [nm].
RATIO = 1.4
LARGEST_ACROSS_NM, LARGEST_ALONG_NM = 25.0, 120.0
STRIP_WIDTH_NM = 50.0


def core_block(cell: Crossbar, sizes: Sizes) -> StructuredBlock:
    """The structured box between spacer flank, bottom electrode and top electrode's sidewall.

    Grid lines fall on the filament's axis and on z = ``cell.z_top``.

    Raises:
        MeshError: the core does not fit beside the electrodes.
    """
    side = uniform_axis(0.0, sizes.core_radius, sizes.filament)
    radius = float(side[-1])
    if cell.width / 2 + radius >= cell.x1 or radius >= min(cell.y1, cell.width / 2):
        raise MeshError(f"mesh.core_radius {radius:g} nm does not fit into the cell: electrode_width {cell.width:g} nm, "
                        f"modelled up to y = {cell.y1:g} nm")
    up = uniform_axis(cell.z_bottom, cell.z_top, sizes.filament)
    above = min(CORE_OVERLAP_NM, cell.electrode)
    if cell.electrode - above < CORE_OVERLAP_NM / 2:
        above = cell.electrode
    over = uniform_axis(cell.z_top, cell.z_top + above, sizes.filament)
    along_y = np.concatenate([-side[:0:-1], side]) if cell.y0 < 0 else side
    return StructuredBlock((cell.width / 2 + side, along_y, np.concatenate([up, over[1:]])))


def strips(cell: Crossbar, sizes: Sizes, core: StructuredBlock) -> list[StructuredBlock]:
    """Structured strips along both flanks, as far as there is room; stretched along y."""
    shortened = cell.y1 <= cell.width / 2
    end = cell.y1 if shortened else cell.width / 2 - ROOM_NM
    start = float(core.high[1]) + ROOM_NM
    mirrored = cell.y0 < 0
    spans = {1: [(start, end, True, not shortened)]}
    if mirrored:
        spans[1].append((-end, -start, not shortened, True))
    if cell.x0 < 0:
        spans[-1] = [(-end if mirrored else 0.0, end, mirrored and not shortened, not shortened)]
    room = min(STRIP_WIDTH_NM, (cell.x1 - cell.width / 2) / 2)
    across = _growing(0.0, room, sizes.edge, LARGEST_ACROSS_NM)
    low = cell.z_top - _growing(0.0, cell.spacer, sizes.edge, LARGEST_ACROSS_NM)[::-1]
    high = cell.z_top + _growing(0.0, cell.electrode, sizes.edge, LARGEST_ACROSS_NM)
    up = np.concatenate([low, high[1:]])
    blocks = []
    for side, pieces in spans.items():
        x = cell.width / 2 + across
        for y0, y1, fine0, fine1 in pieces:
            if y1 - y0 > 2 * ROOM_NM:
                blocks.append(StructuredBlock((x if side > 0 else -x[::-1], _along(y0, y1, fine0, fine1, sizes), up)))
    return blocks


def size_sources(cell: Crossbar, sizes: Sizes, core: StructuredBlock, blocks: list[StructuredBlock]) -> list:
    """(box, size at the box, growth) for the size field outside the structured parts."""
    sources = [((*core.low, *core.high), sizes.filament, sizes.growth)]
    end = min(cell.y1, cell.width / 2)
    start = max(cell.y0, -cell.width / 2)
    for x in ([cell.width / 2] if cell.x0 >= 0 else [-cell.width / 2, cell.width / 2]):
        mine = sorted((float(b.low[1]), float(b.high[1])) for b in blocks if b.low[0] * x > 0)
        gaps = np.array([start, *[y for span in mine for y in span], end]).reshape(-1, 2)
        for y0, y1 in gaps:
            if y1 > y0:
                sources += [((x, y0, z, x, y1, z), factor * sizes.edge, 2 * sizes.growth) for z, factor in
                            ((cell.z_top, 1.0), (cell.z_bottom, 3.0), (cell.z_top + cell.electrode, 3.0))]
    for block in blocks:
        sources.append(((*block.low, *block.high), 2 * LARGEST_ACROSS_NM, sizes.growth))
    return sources


def _growing(low: float, high: float, first: float, largest: float) -> np.ndarray:
    """Grid lines from low to high, the first cell about ``first`` long, growing by RATIO up to ``largest``."""
    lengths = [min(first, high - low)]
    while sum(lengths) < high - low:
        lengths.append(min(RATIO * lengths[-1], largest))
    total = np.cumsum([0.0, *lengths])
    if len(lengths) > 1 and total[-1] - (high - low) > lengths[-1] / 2:
        total = total[:-1]
    return low + total * (high - low) / total[-1]


def _along(y0: float, y1: float, fine0: bool, fine1: bool, sizes: Sizes) -> np.ndarray:
    """Grid lines along a strip, smaller towards the ends where it meets unstructured cells."""
    first = 4 * sizes.edge
    if fine0 and fine1:
        middle = (y0 + y1) / 2
        left = _growing(y0, middle, first, LARGEST_ALONG_NM)
        return np.concatenate([left, (y0 + y1 - left[-2::-1])])
    if fine1:
        return (y0 + y1) - _along(y0, y1, True, False, sizes)[::-1]
    if fine0:
        return _growing(y0, y1, first, LARGEST_ALONG_NM)
    return uniform_axis(y0, y1, LARGEST_ALONG_NM)
