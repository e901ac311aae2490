"""Sums of element contributions in a fixed order: each element writes to a place of its own, then each row gathers.

Atomic sums come in any order, so their last digits differ from run to run; these do not.
"""

import numpy as np

GATHER = """
KERNEL(gather, const int stride, const int offset, const int coupled, const int k, const long long entities,
       const long long* __restrict__ targets, const long long* __restrict__ starts, const int* __restrict__ places,
       const double* __restrict__ parts, double* __restrict__ out)
{
    ITEMS
    {
        double sum = 0.0;
        for (long long s = starts[i]; s < starts[i + 1]; ++s)
        {
            const long long local = places[s] / entities, entity = places[s] % entities;
            sum += parts[(local * coupled + k) * entities + entity];
        }
        out[targets[i] * stride + offset] += sum;
    }
}
"""


class Gatherer:
    """Places of the contributions to each row or block, for the domains of one problem.

    Args:
        assembler: `KernelAssembler`, whose fields and sizes are used.
        domains, nodes, dest: its arrays.
    """

    def __init__(self, assembler, domains, nodes, dest):
        self._fields, self._xp = assembler.block_size, assembler.xp
        self._vertices = nodes.shape[1]
        self._domains, self._nodes, self._dest = domains, nodes, dest
        self._module = assembler.flavour.compile(GATHER)
        self._lists, self._parts = {}, {}

    @property
    def bytes(self) -> int:
        """Memory held [bytes]."""
        return sum(a.nbytes for lists in self._lists.values() for a in lists) + sum(a.nbytes for a in self._parts.values())

    def parts(self, kernel, entities):
        """Array for the contributions of one kernel."""
        size = self._slots(kernel) * max(1, len(kernel.columns)) * entities
        largest = self._parts.get("all")
        if largest is None or largest.size < size:
            self._parts["all"] = largest = self._xp.empty(size)
        return largest[:size]

    def _slots(self, kernel):
        return self._vertices if kernel.rank == 1 or kernel.diagonal else self._vertices**2

    def add(self, launch, entities, parts, out):
        """Add what the kernel wrote to `parts` to residual or Jacobian."""
        if entities == 0:
            return
        kernel, bs = launch.kernel, self._fields
        targets, starts, places = self._list(launch.domain, kernel)
        for k, column in enumerate(kernel.columns or (0,)):
            stride, offset = (bs, kernel.row) if kernel.rank == 1 else (bs * bs, kernel.row * bs + column)
            self._module.launch(
                "gather", len(targets), stride, offset, max(1, len(kernel.columns)), k, entities, targets, starts, places, parts, out
            )

    def _list(self, domain, kernel):
        """(targets, starts, places): rows or blocks, and the contributions to each as slot * entities + entity."""
        key = (domain, kernel.rank, kernel.diagonal)
        if key not in self._lists:
            xp, entities = self._xp, self._domains[domain]
            cells = entities if entities.ndim == 1 else entities[:, 0]
            if kernel.rank == 1:
                keys = self._nodes[cells]
            else:
                keys = self._dest[cells]
                keys = xp.diagonal(keys, axis1=1, axis2=2) if kernel.diagonal else keys.reshape(len(cells), -1)
            keys = xp.ascontiguousarray(keys.T).ravel().astype(np.int64)
            order = xp.argsort(keys, kind="stable")
            targets = xp.unique(keys)
            ends = xp.searchsorted(keys[order], targets, side="right")
            starts = xp.concatenate([xp.zeros(1, dtype=np.int64), ends.astype(np.int64)])
            self._lists[key] = targets, starts, order.astype(np.int32)
        return self._lists[key]
