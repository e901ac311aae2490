"""Starting a command again on several MPI ranks, and passing on its signals and its exit status.

`mpirun` itself does neither well: on SIGINT Open MPI kills the ranks before they can write a checkpoint, and its exit
status and messages depend on which rank ended first. So the starting process stays as a supervisor: it turns the first
SIGINT or SIGTERM into SIGUSR1, which both Open MPI and MPICH forward to the ranks, and rank 0 leaves its exit status
in a file.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

TERMINAL = "HALOFIL_TERMINAL"  # environment variable: "yes" when the starting process writes to a terminal
STATUS_FILE = "HALOFIL_STATUS_FILE"  # environment variable naming the file for rank 0's exit status
_SIZES = ("OMPI_COMM_WORLD_SIZE", "PMI_SIZE")
_RANKS = ("OMPI_COMM_WORLD_RANK", "PMI_RANK", "PMIX_RANK")


def mpi_rank() -> int | None:
    """This process's rank if mpirun started it, None otherwise; MPI itself is not touched."""
    return next((int(os.environ[name]) for name in _RANKS if os.environ.get(name, "").isdigit()), None)


def mpi_size() -> int | None:
    """Number of ranks mpirun started, None when not under mpirun or not told."""
    return next((int(os.environ[name]) for name in _SIZES if os.environ.get(name, "").isdigit()), None)


def default_ranks(dimension: int) -> int:
    """Ranks that pay without being asked for: in 3D the cores this process may use, up to 4 (10 k nodes or more on
    each of a few ranks); 1 in 1D and 2D, or where there is no mpirun."""
    if dimension < 3 or not (shutil.which("mpirun") or shutil.which("mpiexec")):
        return 1
    return min(4, len(os.sched_getaffinity(0)))


def _environment(status: Path) -> dict[str, str]:
    return {**os.environ, STATUS_FILE: str(status), TERMINAL: "yes" if sys.stdout.isatty() else "no"}


def run_ranks(ranks: int, arguments: list[str], command: list[str] | None = None) -> int:
    """Run ``halofil ARGUMENTS...`` on `ranks` MPI ranks of this machine and wait for it.

    Args:
        ranks: number of ranks.
        arguments: command line of halofil.
        command: what every rank runs instead of halofil (for tests).

    Returns:
        Exit status of rank 0; 130 when interrupted before the ranks could say theirs; mpirun's own when they died.

    Raises:
        FileNotFoundError: there is no mpirun.
    """
    mpirun = shutil.which("mpirun") or shutil.which("mpiexec")
    if mpirun is None:
        raise FileNotFoundError("there is no mpirun on PATH")
    command = command or [sys.executable, "-m", "solver.cli"]
    with tempfile.TemporaryDirectory(prefix="halofil-") as folder:
        status = Path(folder) / "status"
        process = subprocess.Popen(
            [mpirun, "-n", str(ranks), *command, *arguments], env=_environment(status),
            stdin=subprocess.DEVNULL, start_new_session=True,
            preexec_fn=lambda: die_with_parent(signal.SIGTERM))  # noqa: PLW1509 - no threads
        asked: list[int] = []
        with _forwarding(process, asked):
            code = process.wait()
        if status.is_file():
            return int(status.read_text())
    return 130 if asked else code if code >= 0 else 128 - code


@contextlib.contextmanager
def _forwarding(process: subprocess.Popen, asked: list[int]):
    """While it lasts, SIGINT and SIGTERM go to the ranks: first as a request, then as an order."""
    def forward(number: int, frame: object) -> None:
        asked.append(number)
        if len(asked) == 1:
            print("stopping after this time step (again to stop at once)", file=sys.stderr, flush=True)
            process.send_signal(signal.SIGUSR1)
        else:
            process.terminate()

    before = {number: signal.signal(number, forward) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def die_with_parent(number: signal.Signals) -> None:
    """Linux: this process gets a signal when its parent dies, so that a killed run leaves no ranks behind."""
    import ctypes

    pr_set_pdeathsig = 1
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(pr_set_pdeathsig, int(number))


def take_requests() -> None:
    """On a rank: the supervisor's SIGUSR1 counts as SIGINT, once; and without mpirun there is no more to do."""
    def request(number: int, frame: object) -> None:
        signal.signal(signal.SIGUSR1, signal.SIG_IGN)  # mpirun may deliver it twice
        signal.raise_signal(signal.SIGINT)

    if mpi_rank() is not None:
        signal.signal(signal.SIGUSR1, request)
        die_with_parent(signal.SIGKILL)


def leave(code: int) -> int:
    """On a rank: say rank 0's exit status to the supervisor; returns the status this process should exit with.

    With a supervisor every rank exits with 0, so that mpirun neither kills the others nor comments on it.
    """
    file = os.environ.get(STATUS_FILE)
    if file is None or mpi_rank() is None:
        return code
    if mpi_rank() == 0:
        temporary = Path(f"{file}.new")
        temporary.write_text(str(code))
        temporary.replace(file)
    return 0


def let_rank_0_speak(seconds: float = 3.0) -> None:
    """On the other ranks, before exiting with a fault all ranks have found: mpirun ends the job with the first of
    them, and that must be rank 0, after it has said why."""
    if mpi_rank():
        time.sleep(seconds)


def abort(code: int) -> None:
    """On a rank that cannot go on while the others may be waiting for it: end the whole job."""
    mpi = sys.modules.get("mpi4py.MPI")
    if mpi is not None and mpi.Is_initialized() and not mpi.Is_finalized() and mpi.COMM_WORLD.size > 1:
        sys.stdout.flush()
        sys.stderr.flush()
        mpi.COMM_WORLD.Abort(code)
