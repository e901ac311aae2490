"""Work that only rank 0 does, with its failures known to every rank."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from mpi4py.MPI import Intracomm

T = TypeVar("T")


def on_root(comm: Intracomm, work: Callable[[], T]) -> T | None:
    """Call ``work`` on rank 0 and raise its exception on every rank.

    A failure of rank 0 alone (disk full, no permission) would leave the others waiting for ever.

    Args:
        comm: communicator; every rank calls.
        work: called on rank 0 only.

    Returns:
        What ``work`` returned on rank 0, None elsewhere.

    Raises:
        Exception: what ``work`` raised, on every rank.
    """
    result, failure = None, None
    if comm.rank == 0:
        try:
            result = work()
        except Exception as error:  # noqa: BLE001 - raised again on every rank
            failure = error
    failure = comm.bcast(failure, root=0)
    if failure is not None:
        raise failure
    return result
