"""Which engine solves: asked for, or chosen by the size of the problem and the cards there are."""

import logging
import os

log = logging.getLogger("halofil")
FLAVOUR = "HALOFIL_CUDA_FLAVOUR"  # environment variable: "host" runs the cuda engine's kernels on the host (tests)
SUMS = "HALOFIL_CUDA_SUMS"  # "ordered": element contributions summed in a fixed order, the same digits each run; else atomics
WORTH_A_CARD = 50_000  # unknowns; below, a card mostly waits for launches (an estimate: not measured yet)


class EngineError(RuntimeError):
    """The engine asked for cannot run here; the message is one sentence."""


def flavour_name() -> str:
    """"device", or "host" where the environment asks for it.

    Raises:
        EngineError: the variable holds something else.
    """
    return _from_environment(FLAVOUR, ("device", "host"))


def _from_environment(variable, values):
    """Value of an environment variable, the first of `values` where it is not set."""
    value = os.environ.get(variable, values[0])
    if value not in values:
        raise EngineError(f"{variable} is '{value}'; it must be {' or '.join(values)}")
    return value


def cards() -> int:
    """Number of NVIDIA cards that CuPy sees; the host flavour counts as one.

    Raises:
        EngineError: there is none, with what is missing.
    """
    if flavour_name() == "host":
        return 1
    from solver.engines.cuda.flavours import make_flavour

    try:
        return int(make_flavour("device").xp.cuda.runtime.getDeviceCount())
    except RuntimeError as error:
        raise EngineError(str(error)) from error


def chosen(choice: str, unknowns: int, ranks: int) -> str:
    """"cpu" or "cuda".

    Args:
        choice: "auto", "cpu" or "cuda".
        unknowns: of the whole problem.
        ranks: MPI ranks; each needs a card of its own, unless cuda is asked for.

    Raises:
        EngineError: cuda is asked for and cannot run here.
    """
    if choice == "cuda":
        cards()
    if choice != "auto":
        return choice
    try:
        there = cards()
    except EngineError as error:
        log.info("engine cpu: no card to use (%s)", error)
        return "cpu"
    if unknowns < WORTH_A_CARD:
        log.info("engine cpu: %d unknowns, a card pays from about %d", unknowns, WORTH_A_CARD)
        return "cpu"
    if ranks > there:
        log.info("engine cpu: %d ranks and %d cards", ranks, there)
        return "cpu"
    log.info("engine cuda: %d unknowns, a card pays from about %d", unknowns, WORTH_A_CARD)
    return "cuda"


def make_engine(choice: str, model, **options):
    """The engine of a model. Collective.

    Args:
        choice: "auto", "cpu" or "cuda".
        model: `DeviceModel`.
        options: tolerance, linear_tolerance, linear_solver.

    Raises:
        EngineError: see `chosen`; or the problem does not fit into the card's memory.
    """
    comm = model.device.mesh.comm
    unknowns = comm.allreduce(model.owned) * len(model.fields)
    if chosen(choice, unknowns, comm.size) == "cpu":
        from solver.engines.cpu.newton import CpuEngine

        return CpuEngine(model, **options)
    from solver.engines.cuda.assembly import Assembler
    from solver.engines.cuda.engine import SETTLED, CudaEngine
    from solver.engines.cuda.flavours import make_flavour
    from solver.engines.cuda.memory import MemoryShort, check

    flavour, ordered = make_flavour(flavour_name(), comm), _from_environment(SUMS, ("atomic", "ordered")) == "ordered"
    topology = model.device.mesh.topology
    try:
        prediction = check(
            flavour, comm, topology.index_map(topology.dim).size_local, len(model.coordinates), len(model.fields),
            topology.dim + 1, len(SETTLED & set(model.fields)), ordered,
        )
    except MemoryShort as error:
        raise EngineError(str(error)) from error
    log.info(prediction)
    return CudaEngine(model, Assembler(model, flavour, ordered), **options)
