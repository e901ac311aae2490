"""P1 values on any number of ranks <-> one array in the order of the mesh file's nodes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from solver import compat

if TYPE_CHECKING:
    from dolfinx.fem import FunctionSpace


class NodeMap:
    """Where each owned P1 dof of this rank stands among the nodes of the input mesh.

    DOLFINx renumbers nodes for each partition; files in its numbering could be read on the same number of ranks only.
    Dof and node are matched cell by cell, their numberings need not agree.

    Attributes:
        comm: communicator of the mesh.
        owned: number of dofs (blocks) owned by this rank.
        size: number of nodes of the whole mesh.
    """

    def __init__(self, V: FunctionSpace):
        """Build the map (collective).

        Args:
            V: Lagrange space of degree 1 on a simplex mesh of degree 1, of any block size.

        Raises:
            ValueError: V has other dofs than one (block) a node.
        """
        geometry = V.mesh.geometry
        dofs, nodes = np.asarray(V.dofmap.list), compat.geometry_nodes(V.mesh)
        if dofs.shape != nodes.shape:
            raise ValueError(f"a space with one dof a node is needed, this one has {dofs.shape[1]} a cell "
                             f"of {nodes.shape[1]} nodes")
        index_map = V.dofmap.index_map
        self.comm = V.mesh.comm
        self.owned = index_map.size_local
        self.size = index_map.size_global
        self.geometry_node = np.full(index_map.size_local + index_map.num_ghosts, -1, dtype=np.int64)
        self.geometry_node[dofs.ravel()] = nodes.ravel()
        mine = np.asarray(geometry.input_global_indices)[self.geometry_node[: self.owned]]
        self._coordinates = geometry.x[self.geometry_node[: self.owned]]
        gathered = self.comm.gather(np.asarray(mine, dtype=np.int64), root=0)
        self._counts = self._order = None
        if self.comm.rank == 0:
            self._counts = np.array([len(part) for part in gathered])
            self._order = np.argsort(np.concatenate(gathered), kind="stable")

    def gather_to_root(self, values: np.ndarray) -> np.ndarray | None:
        """Collect nodal values on rank 0 (collective).

        Args:
            values: (owned,) or (owned, bs) values of this rank's dofs.

        Returns:
            (size, bs) values in input node order on rank 0, None elsewhere.

        Raises:
            ValueError: the array does not have one row an owned dof.
        """
        values = np.ascontiguousarray(values, dtype=np.float64)
        if len(values) != self.owned:
            raise ValueError(f"{len(values)} values for {self.owned} owned nodes: pass the owned part only")
        values = values[:, None] if values.ndim == 1 else values
        width = values.shape[1]
        if self.comm.rank != 0:
            self.comm.Gatherv(values, None, root=0)
            return None
        stacked = np.empty((self.size, width))
        self.comm.Gatherv(values, (stacked, self._counts * width), root=0)
        return stacked[self._order]

    def scatter_from_root(self, values: np.ndarray | None) -> np.ndarray:
        """Hand nodal values out to their owners (collective).

        Args:
            values: (size, bs) in input node order on rank 0, None elsewhere.

        Returns:
            (owned, bs) values of this rank's dofs.

        Raises:
            ValueError: on every rank, when the array on rank 0 does not have one row a node.
        """
        shape = self.comm.bcast(None if values is None else np.shape(values), root=0)
        if shape is None or len(shape) != 2 or shape[0] != self.size:
            raise ValueError(f"an array of shape {shape} cannot be spread over {self.size} nodes")
        out = np.empty((self.owned, shape[1]))
        if self.comm.rank == 0:
            stacked = np.empty(shape)
            stacked[self._order] = values
            self.comm.Scatterv((stacked, self._counts * shape[1]), out, root=0)
        else:
            self.comm.Scatterv(None, out, root=0)
        return out

    def gather_coordinates(self) -> np.ndarray | None:
        """(size, 3) node coordinates [unit of the mesh] in input order on rank 0, None elsewhere (collective)."""
        return self.gather_to_root(self._coordinates)
