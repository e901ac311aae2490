"""A parallel camera that knows where each point lands in the picture, so that scales and labels can be drawn on it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Camera:
    """Parallel projection.

    Attributes:
        focal: (3,) point in the middle of the picture [nm].
        direction: (3,) from the camera into the scene, any length.
        height: of the picture, in the plane across the direction [nm].
        pixels: (width, height) of the picture.
    """

    focal: tuple[float, float, float]
    direction: tuple[float, float, float]
    height: float
    pixels: tuple[int, int]

    def axes(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Unit vectors to the right, up and into the picture; z is up in the device."""
        into = np.asarray(self.direction, float) / np.linalg.norm(self.direction)
        right = np.cross(into, (0.0, 0.0, 1.0))
        right /= np.linalg.norm(right)
        return right, np.cross(right, into), into

    def project(self, points: np.ndarray) -> np.ndarray:
        """Pixels of points, from the upper left corner.

        Args:
            points: (n, 3) [nm].

        Returns:
            (n, 2) columns and rows.
        """
        right, up, _ = self.axes()
        away = np.atleast_2d(points) - np.asarray(self.focal)
        scale = self.pixels[1] / self.height
        return np.stack([self.pixels[0] / 2 + away @ right * scale, self.pixels[1] / 2 - away @ up * scale], axis=1)

    def aim(self, plotter: Any, depth: float) -> None:
        """Set a pyvista plotter's camera; ``depth`` [nm] is the distance from the focal point."""
        _, up, into = self.axes()
        camera = plotter.camera
        camera.parallel_projection = True
        camera.focal_point = self.focal
        camera.position = tuple(np.asarray(self.focal) - depth * into)
        camera.up = tuple(up)
        camera.parallel_scale = self.height / 2
        camera.clipping_range = (0.01 * depth, 3 * depth)
