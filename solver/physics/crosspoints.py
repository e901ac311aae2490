"""Which cell of an array a place belongs to, and walls half way between cells that tell what passes there."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

CLOSED = {"ions": 0.0, "fields": 1e-9}  # share that passes a wall; a node with nothing but wall around it needs its potential from somewhere


@dataclass(frozen=True)
class Crosspoints:
    """The cells of an array, row by row.

    Attributes:
        pitch: nm.
        rows, columns: how many; the section along a row has one row.
        walls: what does not pass the planes half way between cells, of "ions" and "fields".
    """

    pitch: float
    rows: int
    columns: int
    walls: frozenset[str] = frozenset()

    @classmethod
    def of(cls, device) -> Crosspoints | None:
        """Of a scenario's device; None where it is no array."""
        if device.layout != "array":
            return None
        walls = {name for name, closed in (("ions", device.ion_walls), ("fields", device.field_walls)) if closed}
        return cls(device.pitch * 1e9, 1 if device.dimension == 2 else device.rows, device.columns, frozenset(walls))

    @property
    def count(self) -> int:
        """Number of cells."""
        return self.rows * self.columns

    def nearest(self, x: np.ndarray) -> np.ndarray:
        """Number of the nearest crosspoint; half way, rounding must not decide: the lower one.

        Args:
            x: (..., 3) [nm].
        """
        def along(axis: int, count: int) -> np.ndarray:
            return np.clip(np.ceil(x[..., axis] / self.pitch - 0.5 - 1e-6), 0, count - 1).astype(int)

        return along(0, self.columns) + (along(1, self.rows) * self.columns if self.rows > 1 else 0)

    def passage(self, what: str, corners: np.ndarray) -> np.ndarray | None:
        """Share of a flux that mesh cells let pass: less than 1 where their corners belong to several crosspoints.

        Args:
            what: "ions" or "fields".
            corners: (cells, vertices, 3) [nm].

        Returns:
            (cells,), None without such walls.
        """
        if what not in self.walls:
            return None
        owner = self.nearest(corners)
        return np.where(np.all(owner == owner[:, :1], axis=1), 1.0, CLOSED[what])
