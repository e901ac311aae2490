"""A problem as one file: mesh, kernels, coefficients and whatever else is to be compared, for a machine without DOLFINx.

Loading needs NumPy and SciPy alone (and CuPy for a card), no MPI.
"""

import json
import os
import zipfile
from dataclasses import asdict
from pathlib import Path

import numpy as np

from solver.engines.cuda.codegen import Coefficient, Kernel
from solver.engines.cuda.tables import Launch, Layout, Tables

FORMAT = 1


class SerialComm:
    """The few methods of an MPI communicator that the engine uses, for one process."""

    rank, size = 0, 1

    def barrier(self):
        """Nobody to wait for."""

    def bcast(self, value, root=0):
        return value

    def allgather(self, value):
        return [value]

    def allreduce(self, value, op=None):
        return value

    def exscan(self, value, op=None):
        return None

    def alltoall(self, values):
        return values

    def Alltoall(self, send, receive):
        receive[...] = send

    def Alltoallv(self, send, receive):
        receive[0][...] = send[0]


def save_problem(path: Path, tables: Tables, arrays, constants, extras=None):
    """Write a problem of one rank (atomic).

    Args:
        path: of the .npz file.
        tables, arrays, constants: as for `assembly.KernelAssembler`.
        extras: name -> array to keep beside them (states, references).

    Raises:
        ValueError: the problem is spread over several ranks.
    """
    if tables.layout.comm.size > 1:
        raise ValueError("a bundle holds a problem of one rank: export it without --ranks")
    kernels = {launch.kernel.name: asdict(launch.kernel) for launch in tables.launches}
    launches = [asdict(launch) | {"kernel": launch.kernel.name} for launch in tables.launches]
    meta = {"format": FORMAT, "fields": tables.fields, "vertices": tables.vertices, "owned": tables.owned,
            "kernels": list(kernels.values()), "launches": launches}  # fmt: skip
    content = {"meta": np.array(json.dumps(meta)), "corners": tables.corners, "x": tables.x, "fixed": tables.fixed, "constants": constants}
    for name, members in (("dofmap", tables.dofmaps), ("domain", tables.domains), ("array", arrays)):
        content |= {f"{name}/{k}": member for k, member in enumerate(members)}
    content |= {f"extra/{name}": value for name, value in (extras or {}).items()}
    partial = path.with_name(path.name + ".part")
    with open(partial, "wb") as file:
        np.savez_compressed(file, **content)
    os.replace(partial, path)


def load_problem(path: Path):
    """(tables, arrays, constants, extras) as they were saved.

    Raises:
        ValueError: the file is no bundle of this format.
    """
    if not zipfile.is_zipfile(path):
        with open(path, "rb"):  # a file that is not there says so itself
            raise ValueError(f"{path} is no problem bundle; write one with halofil bench export")
    with np.load(path, allow_pickle=False) as file:
        meta = json.loads(str(file["meta"])) if "meta" in file.files else {}
        if meta.get("format") != FORMAT:
            raise ValueError(f"{path} is no problem bundle of format {FORMAT}; write it again with halofil bench export")
        numbered = lambda name: [file[f"{name}/{k}"] for k in range(sum(key.startswith(f"{name}/") for key in file.files))]
        dofmaps, domains, arrays = numbered("dofmap"), numbered("domain"), numbered("array")
        kernels = {entry["name"]: _kernel(entry) for entry in meta["kernels"]}
        none = np.empty(0, np.int64)
        tables = Tables(
            fields=meta["fields"], vertices=meta["vertices"], owned=meta["owned"], local=meta["owned"], nodes=dofmaps[0],
            corners=file["corners"], x=file["x"], fixed=file["fixed"], layout=Layout(SerialComm(), 0, none, none),
            dofmaps=dofmaps, domains=domains,
            launches=[
                Launch(**entry | {"kernel": kernels[entry["kernel"]], "constants": tuple(entry["constants"])}) for entry in meta["launches"]
            ],
        )  # fmt: skip
        extras = {key.removeprefix("extra/"): file[key] for key in file.files if key.startswith("extra/")}
        return tables, arrays, file["constants"], extras


def _kernel(entry):
    coefficients = tuple(Coefficient(**c) for c in entry["coefficients"])
    return Kernel(**entry | {"columns": tuple(entry["columns"]), "coefficients": coefficients})
