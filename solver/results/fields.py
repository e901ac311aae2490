"""Fields over time in one VTKHDF file: static mesh, a set of nodal arrays a step.

ParaView (5.12 and later) and pyvista open it; it can be opened at any time while the run goes on and after it was
killed. Format: docs.vtk.org, "VTKHDF file format", version 2.2, transient UnstructuredGrid.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from solver import compat
from solver.results.collective import on_root
from solver.results.journal import JournaledFile
from solver.results.nodes import NodeMap

if TYPE_CHECKING:
    from mpi4py.MPI import Intracomm

    from meshes.device_mesh import DeviceMesh

_VTK_SIMPLEX = {1: 3, 2: 5, 3: 10}  # vtkCellType of line, triangle, tetrahedron
_EXTRA = "halofil"  # group VTK does not look at: facets, site, names


def to_xyz(points: np.ndarray, dimension: int) -> np.ndarray:
    """Mesh coordinates in the device's axes: z is always the last mesh coordinate, x the first of several.

    Args:
        points: (n, 3) coordinates padded with zeros, as DOLFINx keeps them.
        dimension: 1 (z), 2 (x, z or r, z) or 3.

    Returns:
        (n, 3) array of x, y, z.
    """
    xyz = np.zeros((len(points), 3))
    xyz[:, 2] = points[:, dimension - 1]
    if dimension > 1:
        xyz[:, : dimension - 1] = points[:, : dimension - 1]
    return xyz


class FieldSeries:
    """Writer of fields.vtkhdf; every method is collective, rank 0 writes."""

    def __init__(self, path: str | Path, device_mesh: DeviceMesh, comm: Intracomm, resume_until: float | None = None,
                 node_map: NodeMap | None = None):
        """Start the file with the mesh in it, or continue it.

        Args:
            path: the file.
            device_mesh: mesh with its tags, coordinates in nm.
            comm: communicator of the mesh.
            resume_until: keep the steps of an existing file up to this time [s] and go on after them; a file that is
                missing or was killed before it was first complete is started anew.
            node_map: map of the space whose nodal arrays are written; None makes one of a plain P1 space (DOLFINx
                numbers all scalar P1 spaces of a mesh alike, a blocked one may differ: then pass its map).
        """
        import dolfinx

        if node_map is None:
            node_map = NodeMap(dolfinx.fem.functionspace(device_mesh.mesh, ("Lagrange", 1)))
        self.nodes = node_map
        self._comm = comm
        self._stream: JournaledFile | None = None
        self._file: Any = None
        mesh = _gather_mesh(device_mesh, self.nodes)
        on_root(comm, lambda: self._open(Path(path), mesh, resume_until))

    def _open(self, path: Path, mesh: dict[str, Any], resume_until: float | None) -> None:
        import h5py

        if resume_until is not None and path.is_file():
            self._stream = JournaledFile(path, "a")
            try:
                self._file = h5py.File(self._stream, "r+", libver=("earliest", "v108"))
                self._drop_after(resume_until)
                return
            except (OSError, KeyError):
                self._stream.close()  # killed before the first commit: nothing to keep
        self._stream = JournaledFile(path, "w")
        # oldest format: without the "in use" mark that newer ones leave in a killed run's file
        self._file = h5py.File(self._stream, "w", libver=("earliest", "v108"))
        self._write_mesh(mesh)
        self._commit()

    def _commit(self) -> None:
        self._file.flush()
        self._stream.commit()

    def _write_mesh(self, mesh: dict[str, Any]) -> None:
        root = self._file.create_group("VTKHDF")
        root.attrs["Version"] = (2, 2)
        root.attrs["Type"] = np.bytes_("UnstructuredGrid")
        cells = mesh["cells"]
        count, corners = cells.shape
        root["NumberOfPoints"] = np.array([len(mesh["points"])])
        root["NumberOfCells"] = np.array([count])
        root["NumberOfConnectivityIds"] = np.array([cells.size])
        root["Points"] = mesh["points"]
        packed = {"compression": 4, "shuffle": True}
        root.create_dataset("Connectivity", data=cells.ravel(), **packed)
        root.create_dataset("Offsets", data=np.arange(count + 1) * corners, **packed)
        root.create_dataset("Types", data=np.full(count, _VTK_SIMPLEX[corners - 1], np.uint8), **packed)
        steps = root.create_group("Steps")
        steps.attrs["NSteps"] = 0
        steps.create_dataset("Values", (0,), maxshape=(None,), dtype="f8")
        for name in ("PartOffsets", "NumberOfParts", "PointOffsets"):
            steps.create_dataset(name, (0,), maxshape=(None,), dtype="i8")
        for name in ("CellOffsets", "ConnectivityIdOffsets"):
            steps.create_dataset(name, (0, 1), maxshape=(None, 1), dtype="i8")
        for name in ("PointData", "CellData", "FieldData"):
            root.create_group(name)
            steps.create_group(name + "Offsets")
        steps.create_group("FieldDataSizes")
        root["CellData"].create_dataset("region", data=mesh["region"].astype("i4"), **packed)
        steps["CellDataOffsets"].create_dataset("region", (0,), maxshape=(None,), dtype="i8")
        extra = self._file.create_group(_EXTRA)
        extra["facets"] = mesh["facets"]
        extra["facet group"] = mesh["facet_group"]
        extra.attrs["device"] = json.dumps(mesh["device"])

    def _drop_after(self, time: float) -> None:
        root = self._file["VTKHDF"]
        steps = root["Steps"]
        count = int(np.searchsorted(steps["Values"][()], time + 1e-12 * abs(time) + 1e-15, side="right"))
        nodes = int(root["NumberOfPoints"][0])
        for name in ("Values", "PartOffsets", "NumberOfParts", "PointOffsets", "CellOffsets", "ConnectivityIdOffsets"):
            steps[name].resize(count, axis=0)
        for name in ("PointDataOffsets", "CellDataOffsets", "FieldDataOffsets", "FieldDataSizes"):
            for data in steps[name].values():
                data.resize(count, axis=0)
        for data in root["PointData"].values():
            data.resize(count * nodes, axis=0)
        for data in root["FieldData"].values():
            data.resize(count, axis=0)
        steps.attrs["NSteps"] = count
        self._commit()

    def write(self, time: float, fields: Mapping[str, np.ndarray], info: Mapping[str, float] | None = None) -> None:
        """Append one step; when this returns, the file on disk holds it.

        Args:
            time: [s].
            fields: name with unit -> (owned,) nodal values of this rank; the same names at every step.
            info: numbers that belong to the step, e.g. {"voltage [V]": 0.1}; the same names at every step.
        """
        gathered = {name: self.nodes.gather_to_root(values) for name, values in fields.items()}
        on_root(self._comm, lambda: self._append(time, gathered, dict(info or {})))

    def _append(self, time: float, fields: dict[str, np.ndarray], info: dict[str, float]) -> None:
        root = self._file["VTKHDF"]
        steps = root["Steps"]
        number = len(steps["Values"])
        if number and (set(fields) != set(root["PointData"]) or set(info) != set(root["FieldData"])):
            raise ValueError(f"the fields of a step must be those of the first: {sorted(root['PointData'])}, "
                             f"{sorted(root['FieldData'])}")
        for name, values in fields.items():
            values = values[:, 0] if values.shape[1] == 1 else values
            if name not in root["PointData"]:
                root["PointData"].create_dataset(name, (0, *values.shape[1:]), maxshape=(None, *values.shape[1:]),
                                                 dtype="f4", chunks=values.shape, compression=4, shuffle=True)
                steps["PointDataOffsets"].create_dataset(name, (0,), maxshape=(None,), dtype="i8")
            data = root["PointData"][name]
            _extend(steps["PointDataOffsets"][name], [len(data)])
            _extend(data, values)
        for name, value in info.items():
            if name not in root["FieldData"]:
                root["FieldData"].create_dataset(name, (0,), maxshape=(None,), dtype="f8")
                steps["FieldDataOffsets"].create_dataset(name, (0,), maxshape=(None,), dtype="i8")
                steps["FieldDataSizes"].create_dataset(name, (0, 2), maxshape=(None, 2), dtype="i8")
            _extend(root["FieldData"][name], [value])
            _extend(steps["FieldDataOffsets"][name], [number])
            _extend(steps["FieldDataSizes"][name], [[1, 1]])
        _extend(steps["CellDataOffsets"]["region"], [0])
        for name, value in (("PartOffsets", 0), ("NumberOfParts", 1), ("PointOffsets", 0)):
            _extend(steps[name], [value])
        for name in ("CellOffsets", "ConnectivityIdOffsets"):
            _extend(steps[name], [[0]])
        _extend(steps["Values"], [time])
        steps.attrs["NSteps"] = number + 1
        self._commit()

    def close(self) -> None:
        """Close the file."""
        def finish() -> None:
            if self._file is not None:
                self._file.close()
                self._stream.commit()
                self._stream.close()
                self._file = None

        on_root(self._comm, finish)


def _extend(data: Any, values: Any) -> None:
    count = len(data)
    data.resize(count + len(values), axis=0)
    data[count:] = values


def _gather_mesh(device_mesh: DeviceMesh, nodes: NodeMap) -> dict[str, Any]:
    """The whole mesh on rank 0 in the order of the input file, so that files do not depend on the number of ranks."""
    import dolfinx

    mesh = device_mesh.mesh
    comm = mesh.comm
    dimension = mesh.topology.dim
    to_input = np.asarray(mesh.geometry.input_global_indices, dtype=np.int64)
    owned = mesh.topology.index_map(dimension).size_local
    cells = to_input[compat.geometry_nodes(mesh)[:owned]]
    region = np.zeros(owned + mesh.topology.index_map(dimension).num_ghosts, dtype=np.int32)
    region[device_mesh.cell_tags.indices] = device_mesh.cell_tags.values
    parts = comm.gather((np.asarray(mesh.topology.original_cell_index)[:owned], cells, region[:owned]), root=0)

    mesh.topology.create_connectivity(dimension - 1, dimension)
    mesh.topology.create_connectivity(dimension - 1, 0)
    owned_facets = mesh.topology.index_map(dimension - 1).size_local
    mine = device_mesh.facet_tags.indices < owned_facets
    facets = device_mesh.facet_tags.indices[mine]
    if len(facets):
        corners = to_input[dolfinx.mesh.entities_to_geometry(mesh, dimension - 1, facets)]
    else:
        corners = np.empty((0, dimension), dtype=np.int64)
    facet_parts = comm.gather((np.sort(corners, axis=1), device_mesh.facet_tags.values[mine]), root=0)
    points = nodes.gather_coordinates()
    if comm.rank != 0:
        return {}
    order = np.argsort(np.concatenate([part[0] for part in parts]), kind="stable")
    corners = np.concatenate([part[0] for part in facet_parts])
    group = np.concatenate([part[1] for part in facet_parts]).astype(np.int32)
    facet_order = np.lexsort(corners.T[::-1])
    site = device_mesh.site
    device = {
        "dimension": dimension, "coordinates": device_mesh.coordinates, "regions": device_mesh.regions,
        "facets": device_mesh.facets, "terminals": {name: list(groups) for name, groups in
                                                    device_mesh.terminals.items()},
        "site": {"foot [nm]": to_xyz(np.atleast_2d(site.foot), dimension)[0].tolist(),
                 "axis": to_xyz(np.atleast_2d(site.axis), dimension)[0].tolist(), "length [nm]": float(site.length)},
    }
    return {"points": to_xyz(points, dimension), "cells": np.concatenate([part[1] for part in parts])[order],
            "region": np.concatenate([part[2] for part in parts])[order], "facets": corners[facet_order],
            "facet_group": group[facet_order], "device": device}
