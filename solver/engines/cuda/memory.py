"""Memory that the cuda engine will take, known before anything is allocated."""

from solver.engines.cuda.assembly import predicted_bytes as assembly_bytes
from solver.engines.cuda.krylov import CHUNK

KRYLOV = 3 * CHUNK  # vectors of each kind that a solve is expected to keep
LEVELS_KEPT = 7  # states: three time levels, the prediction, one to go back to, and what a sum of them takes on the way
COARSER = 1.1  # all levels together over the finest


class MemoryShort(RuntimeError):
    """The problem does not fit; the message says how much is missing and what would fit."""


def solver_bytes(blocks, nodes, fields, algebraic):
    """Memory of the coupled solver in single precision, and of the scalar ones [bytes].

    Args:
        blocks: node blocks of the Jacobian on the rank.
        nodes: of the rank.
        fields: number of unknowns a node.
        algebraic: number of fields that are settled by solves of their own.
    """
    pattern = COARSER * (blocks * 8 + nodes * 32)  # columns, what each block is summed into, rows, groups and colours

    def one(width):
        numbers = COARSER * (4 * blocks * width**2 + nodes * (16 * width**2 + 20 * width))
        return numbers + nodes * width * 8 * (2 * KRYLOV + 4)

    return int(pattern + one(fields) + algebraic * (one(1) + 8 * blocks))


def predicted_bytes(cells, nodes, fields, vertices, algebraic, ordered=False):
    """Memory of assembly and solvers on one rank [bytes].

    Args:
        cells, nodes: on the rank.
        fields: number of unknowns a node.
        vertices: of a cell.
        algebraic: see `solver_bytes`.
        ordered: see `assembly.predicted_bytes`.
    """
    edges = {2: cells, 3: nodes + cells, 4: nodes + cells + 6 * cells ** (2 / 3)}[vertices]
    levels = 8 * fields * nodes * LEVELS_KEPT
    return levels + assembly_bytes(cells, nodes, fields, vertices, ordered) + solver_bytes(nodes + 2 * edges, nodes, fields, algebraic)


def free_bytes(flavour) -> int:
    """What is left on this rank's card, or of the host's memory."""
    if flavour.name == "device":
        return int(flavour.xp.cuda.runtime.memGetInfo()[0])
    import psutil

    return psutil.virtual_memory().available


def check(flavour, comm, cells, nodes, fields, vertices, algebraic, ordered=False):
    """Refuse what does not fit. Collective.

    Returns:
        Sentence of what will be used and what is free.

    Raises:
        MemoryShort: on some rank less is free than is needed.
    """
    needed = predicted_bytes(cells, nodes, fields, vertices, algebraic, ordered)
    # the host flavour's ranks share one memory
    free = free_bytes(flavour) // (comm.size if flavour.name == "host" else 1)
    short, needed, free, nodes = max(comm.allgather((needed - free, needed, free, nodes)))
    where = "of the card" if flavour.name == "device" else "of the host's memory"
    if short > 0:
        ranks = comm.size * -(-needed // max(free, 1))
        raise MemoryShort(
            f"the problem needs {needed * 1e-9:.2f} GB {where} a rank and {free * 1e-9:.2f} GB are free: {short * 1e-9:.2f} GB are missing; "
            f"about {int(nodes * free / needed)} nodes a rank would fit (here {nodes}): use a coarser mesh, or "
            f"{ranks} ranks with a card each"
        )
    return f"memory: {needed * 1e-9:.2f} GB {where} will be used a rank, {free * 1e-9:.2f} GB are free"
