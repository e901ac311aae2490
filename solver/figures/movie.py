"""A figure over time as MP4 or GIF, drawn off screen."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from matplotlib.figure import Figure

KINDS = (".mp4", ".gif")
_DPI = 160


def frame(figure: Figure) -> np.ndarray:
    """(rows, columns, 3) picture of a figure; both sizes even, as H.264 wants them."""
    figure.set_dpi(_DPI)
    figure.canvas.draw()
    picture = np.asarray(figure.canvas.buffer_rgba())[..., :3]
    return np.ascontiguousarray(picture[: picture.shape[0] // 2 * 2, : picture.shape[1] // 2 * 2])


def write(path: Path, frames: Iterable[np.ndarray], rate: float) -> Path:
    """Write the frames to a new file, then put it in place.

    Args:
        path: ends in .mp4 or .gif.
        frames: pictures of one size.
        rate: frames a second.

    Returns:
        The path.
    """
    import imageio

    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f".{path.stem}.new{path.suffix}")
    options = {"fps": rate, "macro_block_size": 1, "quality": 8} if path.suffix == ".mp4" else {"duration": 1e3 / rate, "loop": 0}
    try:
        with imageio.get_writer(new, **options) as writer:
            for picture in frames:
                writer.append_data(picture)
        os.replace(new, path)
    finally:
        new.unlink(missing_ok=True)
    return path
