"""Sparsity of the Jacobian in node blocks, and where each element's blocks go."""

import numpy as np
import scipy.sparse as sp

from solver.engines.cuda.halo import Exchange, Halo, exchange_lists

FIND = """
// position of block (row, column) in rows of sorted columns
KERNEL(find_blocks, const int vertices, const int* __restrict__ nodes, const long long* __restrict__ starts,
       const int* __restrict__ columns, int* __restrict__ dest)
{
    ITEMS
    {
        const long long pair = (long long)vertices * vertices;
        const long long cell = i / pair;
        const int row = nodes[cell * vertices + (i % pair) / vertices], column = nodes[cell * vertices + i % vertices];
        long long low = starts[row], high = starts[row + 1];
        while (high - low > 1)
        {
            const long long middle = (low + high) / 2;
            if (columns[middle] <= column) low = middle; else high = middle;
        }
        dest[i] = (int)low;
    }
}
"""


class Pattern:
    """Node blocks that the cells of this rank couple, rows complete. Creation is collective.

    Args:
        tables: `tables.Tables`.
        flavour: of the arrays kept.

    Attributes:
        indptr: (owned + 1,) int64, indices: (blocks,) int32; owned rows, columns sorted; the diagonal is always there.
        blocks: number of blocks in owned rows.
        total: the same with the rows of ghosts, whose blocks follow and go to their owners.
        columns: number of column nodes: owned, ghosts of the space, and on several ranks further ones that only another
            rank's cells couple to this rank's rows.
        halo: `Halo` over the columns.
        numbers: (columns,) int64 NumPy array, their global numbers.
        starts: (local + 1,) row starts with ghosts' rows.
        diagonal: (owned,) positions of the diagonal blocks.
    """

    def __init__(self, tables, flavour):
        xp, owned, local = flavour.xp, tables.owned, tables.local
        structure = _structure(tables.nodes, local)
        own = structure[:owned] + sp.eye(owned, local, dtype=np.float32, format="csr")
        ghost = structure[owned:].tocoo()
        place = tables.layout
        ghosts, owners = place.ghosts, place.owners
        if place.comm.size > 1:
            own, ghosts, owners, exchange = self._share(place, own, ghost, owned)
        self.numbers = np.concatenate([place.first + np.arange(owned), ghosts])
        own.sort_indices()
        ghost = ghost.tocsr()
        ghost.sort_indices()
        self.columns, self.blocks = own.shape[1], own.nnz
        self.total = own.nnz + ghost.nnz
        if self.total >= 2**31:
            raise MemoryError(f"the Jacobian has {self.total} node blocks on one rank, and places are counted to {2**31}: use more ranks")
        starts = np.concatenate([own.indptr.astype(np.int64), own.nnz + ghost.indptr[1:].astype(np.int64)])
        rows = np.repeat(np.arange(owned), np.diff(own.indptr))
        self.diagonal = xp.asarray(np.flatnonzero(rows == own.indices))
        self._every = xp.asarray(np.concatenate([own.indices, ghost.indices]).astype(np.int32))
        self.starts = xp.asarray(starts)
        self.indptr, self.indices = self.starts[: owned + 1], self._every[: self.blocks]
        self.halo = Halo(place.comm, flavour, owned, ghosts, owners, place.first)
        self._exchange = None
        if place.comm.size > 1:
            self._exchange = self._of_values(place, flavour, own, *exchange)

    @staticmethod
    def _share(place, own, ghost, owned):
        """Send the couplings in ghosts' rows to the owners; returns the owned rows complete, and the columns' ghosts."""
        comm = place.comm
        number = np.concatenate([place.first + np.arange(owned), place.ghosts])
        # As in `Exchange`, the blocks of a rank's rows keep the order they have here.
        by_rank = {int(r): np.flatnonzero(place.owners[ghost.row] == r) for r in np.unique(place.owners[ghost.row])}
        pairs = [np.stack([number[owned + ghost.row[k]], number[ghost.col[k]]], axis=1) for k in by_rank.values()]
        none = np.empty((0, 2), np.int64)
        sent = dict(zip(by_rank, pairs))
        received = exchange_lists(comm, [sent.get(r, none) for r in range(comm.size)])
        every = np.concatenate(received)
        order = np.argsort(number, kind="stable")
        known = order[np.minimum(np.searchsorted(number[order], every[:, 1]), len(number) - 1)]
        new = np.unique(every[number[known] != every[:, 1], 1])
        firsts = np.array(comm.allgather(place.first))
        ghosts = np.concatenate([place.ghosts, new])
        owners = np.concatenate([place.owners, np.searchsorted(firsts, new, side="right") - 1]).astype(np.int32)
        column = np.where(number[known] == every[:, 1], known, len(number) + np.searchsorted(new, every[:, 1]))
        row = every[:, 0] - place.first
        width = len(number) + len(new)
        more = sp.csr_matrix((np.ones(len(row), np.float32), (row, column)), shape=(owned, width))
        own = sp.csr_matrix((own.data, own.indices, own.indptr), shape=(owned, width)) + more
        lengths = [len(part) for part in received]
        return own, ghosts, owners, (by_rank, lengths, row, column)

    def _of_values(self, place, flavour, own, by_rank, lengths, row, column):
        """Exchange of the values: ghosts' rows here (after the owned blocks) to their places at the owner."""
        rows = np.repeat(np.arange(own.shape[0], dtype=np.int64), np.diff(own.indptr))
        keys = rows * own.shape[1] + own.indices
        places = np.searchsorted(keys, row * own.shape[1] + column)
        ends = np.cumsum(lengths)
        send = {r: places[end - n : end] for r, (n, end) in enumerate(zip(lengths, ends)) if n}
        receive = {r: self.blocks + k for r, k in by_rank.items()}
        return Exchange(place.comm, flavour, send, receive)

    def finish(self, values):
        """Add the blocks of ghosts' rows to their owners' (total, fields, fields), in place. Collective."""
        if self._exchange is not None:
            self._exchange.reverse_add(values, values)

    def destinations(self, tables, flavour, nodes):
        """(cells, vertices, vertices) int32: position of each element block.

        Args:
            tables: `tables.Tables`.
            flavour: of the arrays.
            nodes: (cells, vertices) int32 on the flavour's side.
        """
        dest = flavour.xp.empty((len(tables.nodes), tables.vertices, tables.vertices), dtype=np.int32)
        flavour.compile(FIND).launch("find_blocks", dest.size, tables.vertices, nodes, self.starts, self._every, dest)
        return dest


def _structure(nodes, size):
    """Sparse (size, size): which nodes share a cell."""
    cells, vertices = nodes.shape
    incidence = sp.csr_matrix(
        (np.ones(nodes.size, np.float32), nodes.ravel(), np.arange(0, nodes.size + 1, vertices)), shape=(cells, size)
    )
    return (incidence.T @ incidence).tocsr()
