"""Checks of layout block: pads that lie on their faces and do not touch."""

import re
from collections.abc import Iterator

from solver.units import format_quantity

from .device import Block, Pad
from .document import Path_
from .faults import one_of

FACES = {"left": "x", "right": "x", "front": "y", "back": "y"}  # bottom and top: the last coordinate


def block_faults(device: Block) -> Iterator[tuple[Path_, str]]:
    """Faults of the pads, as (path, sentence)."""
    extents, last = device.extents, list(device.extents)[-1]
    if len(device.pads) < 2:
        yield ("device", "pads"), "needs at least two pads, e.g. {anode: {face: left}, cathode: {face: right}}"
    for name, pad in device.pads.items():
        path = ("device", "pads", name)
        if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]{0,30}", name):
            yield path, f"{name!r:.40} cannot name a terminal; use letters, digits and _"
        if pad.face in ("front", "back") and device.dimension == 2:
            yield (*path, "face"), f"{pad.face} is no face in 2D; write left, right, bottom or top"
            continue
        across = [axis for axis in extents if axis != FACES.get(pad.face, last)]
        for axis in "xyz":
            span = getattr(pad, axis)
            if span is None:
                continue
            if axis not in across:
                yield (*path, axis), f"does not run along face {pad.face}; its coordinates are {one_of(across)}"
            elif not 0 <= span[0] < span[1] <= extents[axis] * (1 + 1e-9):
                yield (*path, axis), f"must be a range within 0 nm to {format_quantity(extents[axis], 'length')}"
    pads = list(device.pads.items())
    for k, (name, pad) in enumerate(pads):
        for other, earlier in pads[:k]:
            if pad.face == earlier.face and _touch(pad, earlier, device):
                yield ("device", "pads", name), f"touches pad {other}; leave a gap between them"


def _touch(a: Pad, b: Pad, device: Block) -> bool:
    for axis, extent in device.extents.items():
        (low, high), (start, end) = (getattr(pad, axis) or (0.0, extent) for pad in (a, b))
        if high < start or end < low:
            return False
    return True
