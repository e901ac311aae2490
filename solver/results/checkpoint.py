"""The last good state, readable on any number of ranks."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from solver.results.collective import on_root
from solver.results.nodes import NodeMap

FILE = "state.h5"


class CheckpointError(ValueError):
    """A checkpoint cannot be used; the message is one sentence."""


def _plain(value: Any) -> Any:
    """numpy values as what JSON knows; floats survive to the last bit."""
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    raise TypeError(f"a checkpoint scalar of type {type(value).__name__} cannot be stored")


def _fingerprint(coordinates: np.ndarray) -> str:
    """Tells one mesh from another: hash of the node coordinates, rounded so that it does not hang on the last bit."""
    return hashlib.sha256((np.round(coordinates, 6) + 0.0).astype("<f8").tobytes()).hexdigest()


def save(directory: str | Path, node_map: NodeMap, states: Mapping[str, np.ndarray], scalars: Mapping[str, Any]
         ) -> None:
    """Write the state to a new file, then put it in place of the old one (collective).

    Args:
        directory: the checkpoint folder.
        node_map: map of the space the states live in.
        states: name -> (owned,) or (owned, bs) array of this rank; stored in input node order.
        scalars: name -> number, string, list or array of the same; rank 0's are stored.
    """
    gathered = {name: node_map.gather_to_root(values) for name, values in states.items()}
    coordinates = node_map.gather_coordinates()

    def write() -> None:
        import h5py

        path = Path(directory) / FILE
        path.parent.mkdir(parents=True, exist_ok=True)
        new = path.with_name(FILE + ".new")
        with h5py.File(new, "w") as file:
            file.attrs["mesh"] = _fingerprint(coordinates)
            file.attrs["scalars"] = np.void(json.dumps(dict(scalars), default=_plain).encode())
            for name, values in gathered.items():
                file.create_dataset(f"states/{name}", data=values)
        with open(new, "rb") as stream:
            os.fsync(stream.fileno())
        os.replace(new, path)

    on_root(node_map.comm, write)


def load(directory: str | Path, node_map: NodeMap) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Read the state back, on as many ranks as there are now (collective).

    Args:
        directory: the checkpoint folder.
        node_map: map of the space the states are to live in.

    Returns:
        States, name -> (owned, bs) array of this rank, and the scalars, the same on every rank.

    Raises:
        CheckpointError: there is none, it is damaged, or it belongs to another mesh.
    """
    coordinates = node_map.gather_coordinates()
    path = Path(directory) / FILE

    def read() -> tuple[dict[str, np.ndarray], dict[str, Any]]:
        import h5py

        if not path.is_file():
            raise CheckpointError(f"there is no checkpoint in {directory}")
        try:
            with h5py.File(path, "r") as file:
                mesh = file.attrs["mesh"]
                scalars = json.loads(file.attrs["scalars"].tobytes())
                states = {name: data[()] for name, data in file["states"].items()} if "states" in file else {}
        except (OSError, KeyError) as error:
            raise CheckpointError(f"the checkpoint {path} cannot be read ({error}): run again with --force") from error
        if mesh != _fingerprint(coordinates):
            raise CheckpointError(f"the checkpoint {path} belongs to another mesh: run again with --force")
        return states, scalars

    result = on_root(node_map.comm, read)
    names, scalars = node_map.comm.bcast((list(result[0]), result[1]) if result else None, root=0)
    states = {name: node_map.scatter_from_root(result[0][name] if result else None) for name in names}
    return states, scalars
