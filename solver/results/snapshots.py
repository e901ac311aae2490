"""Reading fields.vtkhdf back as plain arrays, for pictures and profiles (no DOLFINx, no VTK)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from solver.results.folder import NoResult, RunFolder
from solver.results.journal import JournaledFile


@dataclass(frozen=True)
class Site:
    """Where the filament stands: foot (3,) [nm], axis (3,) unit vector, length of the gap [nm]."""

    foot: np.ndarray
    axis: np.ndarray
    length: float


@dataclass(frozen=True)
class Snapshots:
    """The mesh of a run and what was stored on it.

    Attributes:
        path: the file.
        points: (n, 3) node coordinates x, y, z [nm].
        cells: (m, dimension + 1) node numbers.
        region: (m,) region tag of each cell.
        facets: (f, dimension) node numbers of the facets that carry a group.
        facet_group: (f,) their tags.
        times: (k,) [s].
        info: name -> (k,) numbers stored with the steps.
        names: names of the fields.
        dimension: 1, 2 or 3.
        coordinates: "cartesian" or "axisymmetric".
        regions, facet_tags, terminals: names -> tags, tags, facet groups.
        site: where the filament stands.
    """

    path: Path
    points: np.ndarray
    cells: np.ndarray
    region: np.ndarray
    facets: np.ndarray
    facet_group: np.ndarray
    times: np.ndarray
    info: dict[str, np.ndarray]
    names: tuple[str, ...]
    dimension: int
    coordinates: str
    regions: dict[str, int]
    facet_tags: dict[str, int]
    terminals: dict[str, list[str]]
    site: Site

    def fields(self, step: int, names: tuple[str, ...] | None = None) -> dict[str, np.ndarray]:
        """Nodal arrays of one step.

        Args:
            step: 0 .. k - 1, or negative from the end.
            names: the fields wanted, None for all.

        Returns:
            name -> (n,) or (n, components) array.
        """
        import h5py

        step = range(len(self.times))[step]
        with JournaledFile(self.path) as stream, h5py.File(stream, "r") as file:
            root = file["VTKHDF"]
            out = {}
            for name in names or self.names:
                start = int(root["Steps/PointDataOffsets"][name][step])
                out[name] = root["PointData"][name][start: start + len(self.points)].astype(float)
        return out

    @property
    def ions(self) -> str | None:
        """Name of the density of ions that the pictures show, the first that is stored; None without ions."""
        suffix, carriers = " density [m^-3]", ("electron density [m^-3]", "hole density [m^-3]")
        return next((name for name in self.names if name.endswith(suffix) and name not in carriers), None)

    def nearest(self, time: float) -> int:
        """Number of the stored step nearest to ``time`` [s]."""
        return int(np.argmin(np.abs(self.times - time)))

    def cells_of(self, *regions: str) -> np.ndarray:
        """(m,) bool, true for the cells of the named regions (names that are absent are skipped)."""
        return np.isin(self.region, [self.regions[name] for name in regions if name in self.regions])

    def facets_of(self, terminal: str) -> np.ndarray:
        """(f, dimension) facets of one terminal."""
        tags = [self.facet_tags[name] for name in self.terminals[terminal] if name in self.facet_tags]
        return self.facets[np.isin(self.facet_group, tags)]


def read_snapshots(directory: str | Path) -> Snapshots:
    """Open the fields of a result folder, finished or not.

    Raises:
        NoResult: one sentence: there are none, no step is stored yet, or the file is damaged.
    """
    import h5py

    path = RunFolder(Path(directory)).fields
    if not path.is_file():
        raise NoResult(f"{directory} holds no fields: there is no fields.vtkhdf in it")
    try:
        with JournaledFile(path) as stream, h5py.File(stream, "r") as file:
            root, extra = file["VTKHDF"], file["halofil"]
            device = json.loads(extra.attrs["device"])
            corners = device["dimension"] + 1
            steps = int(root["Steps"].attrs["NSteps"])
            site = device["site"]
            found = Snapshots(
                path=path, points=root["Points"][()], cells=root["Connectivity"][()].reshape(-1, corners),
                region=root["CellData/region"][()], facets=extra["facets"][()],
                facet_group=extra["facet group"][()], times=root["Steps/Values"][:steps],
                info={name: data[:steps] for name, data in root["FieldData"].items()},
                names=tuple(root["PointData"]), dimension=device["dimension"], coordinates=device["coordinates"],
                regions=device["regions"], facet_tags=device["facets"], terminals=device["terminals"],
                site=Site(np.array(site["foot [nm]"]), np.array(site["axis"]), site["length [nm]"]))
    except (OSError, KeyError) as error:
        raise NoResult(f"{path} cannot be read as fields of a run ({error})") from error
    if steps == 0:
        raise NoResult(f"{directory} holds no fields: no step is stored in fields.vtkhdf yet")
    return found
