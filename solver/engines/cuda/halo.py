"""Values of nodes that several ranks share: owners to ghosts, and sums of ghosts' shares at the owners.

One rank per card. Buffers are packed where the arrays live; MPI that knows CUDA gets them as they are, others through the
host's memory.
"""

import ctypes

import numpy as np


def knows_cuda() -> bool:
    """True where this MPI (Open MPI, MPICH) says that it takes pointers to a card's memory."""
    from mpi4py import MPI

    library = ctypes.CDLL(MPI.__file__)
    for name in ("MPIX_Query_cuda_support", "MPIX_GPU_query_support"):
        try:
            query = getattr(library, name)
        except AttributeError:
            continue
        if name == "MPIX_Query_cuda_support":
            return query() == 1
        answer = ctypes.c_int(0)
        return query(0, ctypes.byref(answer)) == 0 and answer.value == 1
    return False


class Exchange:
    """Segments of arrays sent to and received from other ranks.

    Args:
        comm: communicator.
        flavour: of the arrays.
        send: rank -> index array of items this rank gives.
        receive: rank -> index array of items this rank gets; what `send` there names in the same order.
    """

    def __init__(self, comm, flavour, send, receive):
        self._comm, self._flavour, xp = comm, flavour, flavour.xp
        self._send = {rank: xp.asarray(i) for rank, i in sorted(send.items()) if len(i)}
        self._receive = {rank: xp.asarray(i) for rank, i in sorted(receive.items()) if len(i)}
        self._staged = flavour.name == "device" and comm.size > 1 and not knows_cuda()

    def forward(self, source, target):
        """target[receive] = what the others have at source[send]. Collective among neighbours."""
        for rank, got in self._swap(source, self._send, self._receive):
            target[self._receive[rank]] = got

    def reverse_add(self, source, target):
        """target[send] += what the others have at source[receive]; in the order of ranks, so the same each time."""
        for rank, got in self._swap(source, self._receive, self._send):
            target[self._send[rank]] += got  # no index twice within a rank

    def _swap(self, source, give, get):
        xp = self._flavour.xp
        ours = {rank: xp.ascontiguousarray(source[index]) for rank, index in give.items()}
        if self._staged:
            ours = {rank: self._flavour.asnumpy(a) for rank, a in ours.items()}
        module = np if self._staged else xp
        theirs = {rank: module.empty((len(index), *source.shape[1:]), source.dtype) for rank, index in get.items()}
        self._flavour.synchronize()
        requests = [self._comm.Irecv(theirs[rank], rank) for rank in theirs]
        requests += [self._comm.Isend(ours[rank], rank) for rank in ours]
        for request in requests:
            request.Wait()
        return [(rank, xp.asarray(a)) for rank, a in theirs.items()]


class Halo:
    """Ghosts of a numbering of nodes: owned first, then ghosts.

    Args:
        comm: communicator.
        flavour: of the arrays.
        owned: number of owned nodes.
        ghosts: (ghosts,) global numbers.
        owners: (ghosts,) their ranks.
        first: global number of the first owned node.
    """

    def __init__(self, comm, flavour, owned, ghosts, owners, first):
        self.owned, self.size = owned, owned + len(ghosts)
        receive = {int(rank): owned + np.flatnonzero(owners == rank) for rank in np.unique(owners)}
        asked = [np.ascontiguousarray(ghosts[receive[r] - owned], dtype=np.int64) if r in receive else np.empty(0, np.int64)
                 for r in range(comm.size)]
        wanted = exchange_lists(comm, asked)
        send = {rank: numbers - first for rank, numbers in enumerate(wanted) if len(numbers)}
        self._exchange = Exchange(comm, flavour, send, receive)

    def forward(self, array):
        """Fill the ghosts of an array (owned + ghosts, ...) in place. Collective."""
        self._exchange.forward(array, array)

    def reverse_add(self, array):
        """Add the ghosts' values to their owners', in place; the ghosts keep theirs. Collective."""
        self._exchange.reverse_add(array, array)


def exchange_lists(comm, lists):
    """Send lists[rank] (int64, equal shapes but for the first axis) to each rank; returns what came from each. Collective."""
    shape = lists[0].shape[1:]
    width = int(np.prod(shape))
    counts = np.array([len(part) for part in lists], dtype=np.int64)
    coming = np.empty_like(counts)
    comm.Alltoall(counts, coming)
    out = np.empty((int(coming.sum()), *shape), dtype=np.int64)
    packed = np.ascontiguousarray(np.concatenate(lists))
    comm.Alltoallv([packed, counts * width], [out, coming * width])
    return np.split(out, np.cumsum(coming)[:-1])
