"""Ghosts exchanged through the host's memory and by an MPI that knows CUDA, on make-believe cards (tests/held_arrays.py).

    mpirun -n 2 python -m tests.halo_exchange     # exit status 0 where every number arrives and nothing else crosses over
"""

from unittest import mock

import numpy as np
from mpi4py import MPI

from solver.engines.cuda import halo
from tests.held_arrays import CountingFlavour, Held

OWNED, COLUMNS = 5, 3


class Card(CountingFlavour):
    """Takes itself for a card's flavour, so that the exchange has to choose its path."""

    name = "device"


def expected(numbers):
    """Rows (n, COLUMNS) that tell the global number they belong to."""
    return numbers[:, None] * 10.0 + np.arange(COLUMNS)


def check(comm, aware):
    """Forward and reverse exchange on one path; what may cross between host and card is counted."""
    flavour = Card()
    first, ranks = OWNED * comm.rank, comm.size
    # the neighbours' first and last nodes, in a ring; with two ranks both lie on the other one
    ghosts = np.unique([(first - 1) % (OWNED * ranks), (first + OWNED) % (OWNED * ranks)])
    with mock.patch.object(halo, "knows_cuda", lambda: aware):
        exchange = halo.Halo(comm, flavour, OWNED, ghosts, ghosts // OWNED, first)
    numbers = np.concatenate([first + np.arange(OWNED), ghosts])
    array = flavour.xp.asarray(np.concatenate([expected(numbers[:OWNED]), np.full((len(ghosts), COLUMNS), np.nan)]))
    Held.traffic.clear()
    exchange.forward(array)
    crossed = sorted(Held.traffic.to_host), sorted(Held.traffic.to_card)
    values = COLUMNS * len(ghosts) if ranks == 2 else COLUMNS  # by message: as many are sent as received in this ring
    messages = 1 if ranks == 2 else 2
    assert crossed == (([], []) if aware else ([values] * messages,) * 2), crossed
    assert isinstance(array, Held) and np.array_equal(flavour.asnumpy(array), expected(numbers))
    # every ghost gives its value back: an owner gets one share from each rank that has it for a ghost
    shares = np.zeros(OWNED * ranks)
    np.add.at(shares, np.concatenate(comm.allgather(ghosts)), 1.0)
    exchange.reverse_add(array)
    rows = flavour.asnumpy(array)
    assert np.array_equal(rows[:OWNED], expected(numbers[:OWNED]) * (1.0 + shares[numbers[:OWNED], None]))
    assert np.array_equal(rows[OWNED:], expected(ghosts))  # ghosts keep theirs


if __name__ == "__main__":
    for by_mpi in (False, True):
        check(MPI.COMM_WORLD, by_mpi)
