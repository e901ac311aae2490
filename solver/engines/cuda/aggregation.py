"""Aggregates and colours of a mesh graph, made once on the host, without a loop over nodes.

Both are parallel algorithms for general graphs: a maximal independent set of distance two seeds the aggregates
(N. Bell, S. Dalton, L. N. Olson, SIAM J. Sci. Comput. 34, C123 (2012)), local maxima of a random order take the smallest
free colour round by round (M. T. Jones, P. E. Plassmann, SIAM J. Sci. Comput. 14, 654 (1993)).
"""

from dataclasses import dataclass

import numpy as np

SEED = 1
STRONG = 0.25  # of a node's strongest link
LARGEST = np.iinfo(np.int64).max


@dataclass(frozen=True)
class Graph:
    """Square CSR graph with each node among its own neighbours.

    Attributes:
        indptr, indices: as in scipy.sparse.csr_matrix.
    """

    indptr: np.ndarray
    indices: np.ndarray

    @property
    def nodes(self) -> int:
        return len(self.indptr) - 1

    def rows(self) -> np.ndarray:
        """Row of each entry."""
        return np.repeat(np.arange(self.nodes), np.diff(self.indptr))

    def largest_neighbour(self, values):
        """Largest value among a node and its neighbours, per node."""
        return np.maximum.reduceat(values[self.indices], self.indptr[:-1])


def square_part(indptr, indices, columns: int) -> tuple[Graph, np.ndarray]:
    """Graph of the first `columns` columns, which hold the rows' own nodes, and (entries) bool: which of all are in it."""
    inside = indices < columns
    kept = np.concatenate([[0], np.cumsum(inside)])[indptr]
    return Graph(kept.astype(np.int64), np.asarray(indices)[inside]), inside


def strong_part(graph: Graph, strengths) -> Graph:
    """The graph without its weak links: those below `STRONG` of the strongest at both ends.

    Args:
        graph: all links.
        strengths: (entries), none negative; of a node with itself it does not matter.
    """
    rows = graph.rows()
    itself = rows == graph.indices
    size = np.where(itself, 0.0, strengths)
    largest = np.maximum.reduceat(size, graph.indptr[:-1]) if graph.nodes else size
    kept = itself | (size >= STRONG * np.minimum(largest[rows], largest[graph.indices])) & (size > 0)
    return Graph(np.concatenate([[0], np.cumsum(kept)])[graph.indptr].astype(np.int64), graph.indices[kept])


def aggregate(graph: Graph) -> np.ndarray:
    """Aggregate number of each node, from 0: seeds more than two links apart, and what is within two links of them.

    Nodes without any link share one aggregate: smoothing alone solves them, and they would stay on every level.
    """
    n = graph.nodes
    if n == 0:
        return np.zeros(0, dtype=np.int64)
    order = 1 + np.random.default_rng(SEED).permutation(n)
    alone = np.diff(graph.indptr) == 1
    seed, open_ = np.zeros(n, dtype=bool), ~alone
    while open_.any():
        key = np.where(seed, LARGEST, np.where(open_, order, 0))
        near = graph.largest_neighbour(graph.largest_neighbour(key))
        new = open_ & (near == order)
        seed |= new
        open_ &= (near != LARGEST) & ~new
    number = np.where(seed, np.cumsum(seed), 0)
    for _ in range(2):
        number = np.where(number > 0, number, graph.largest_neighbour(number))
    number[alone] = number.max() + 1
    return number - 1


def colour(graph: Graph) -> np.ndarray:
    """Colour of each node, from 0; neighbours differ."""
    n = graph.nodes
    order = 1 + np.random.default_rng(SEED).permutation(n)
    bits, open_ = np.zeros(n, dtype=np.int64), np.ones(n, dtype=bool)
    while open_.any():
        chosen = open_ & (graph.largest_neighbour(np.where(open_, order, 0)) == order)
        taken = np.bitwise_or.reduceat(bits[graph.indices], graph.indptr[:-1])
        if (taken[chosen] == -1).any():
            raise ValueError("a node of the mesh has more than 63 neighbours that differ in colour: it is too distorted")
        bits[chosen] = (~taken & (taken + 1))[chosen]
        open_ &= ~chosen
    return np.round(np.log2(bits.astype(float))).astype(np.int64)


def members(number: np.ndarray, groups: int):
    """CSR lists of the members of each group: (offsets int64, members int32)."""
    order = np.argsort(number, kind="stable").astype(np.int32)
    return np.concatenate([[0], np.cumsum(np.bincount(number, minlength=groups))]).astype(np.int64), order
