"""Members side by side on this machine: bounded by cores and memory, one failing member harms no other.

Members die with this process, after a checkpoint: the kernel sends them SIGTERM (`launch.die_with_parent`). Each holds a
lock file while it lives, so that a study started again at once waits for it.
"""

import fcntl
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from solver import launch

from . import code, memory
from .members import DONE, FAILED, INTERRUPTED, WAITING, Member

POLL = 0.1  # s
INTERRUPTED_STATUS = 130


class Watcher(Protocol):
    """Who is told what happens (the progress display, or nobody)."""

    def started(self, member: Member) -> None: ...
    def ended(self, member: Member) -> None: ...
    def running(self, members: Sequence[Member]) -> None: ...


@dataclass
class _Run:
    member: Member
    process: subprocess.Popen
    begun: float
    peak: float = 0.0


def command(member: Member, *, anew: bool = False) -> list[str]:
    """The command line of a member; it resumes where there is a checkpoint."""
    return [sys.executable, "-m", "solver.cli", "run", str(member.scenario), "--out", str(member.folder), "--ranks",
            str(member.ranks), "--force" if anew else "--resume"]


class Pool:
    """Runs members; use it as a context, which takes SIGINT and SIGTERM.

    Args:
        jobs: members at a time; None: as many as the cores hold.
        watcher: told of every start and end.
        command: command line of a member (tests put something light in its place).
        room: bytes that are free now.
    """

    def __init__(self, jobs: int | None = None, watcher: Watcher | None = None,
                 command: Callable[..., list[str]] = command, room: Callable[[], float] = memory.available) -> None:
        self.jobs, self._watcher, self._command, self._room = jobs, watcher, command, room
        self.cores = len(os.sched_getaffinity(0))
        self.interrupted = False
        self._asked = 0
        self._runs: list[_Run] = []
        self._expected = memory.Expectation()

    def __enter__(self):
        self._before = {number: signal.signal(number, self._on_signal) for number in (signal.SIGINT, signal.SIGTERM)}
        return self

    def __exit__(self, *error: object) -> None:
        for run in self._runs:
            _signal(run.process, signal.SIGKILL)
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _on_signal(self, number: int, frame: object) -> None:
        self._asked += 1
        self.interrupted = True
        if self._asked == 1:
            print("stopping: the members write their checkpoints (again to stop at once)", file=sys.stderr, flush=True)
        for run in self._runs:
            _signal(run.process, signal.SIGINT if self._asked < 3 else signal.SIGKILL)

    def run(self, members: Sequence[Member], *, anew: bool = False, retry: bool = False,
            ended: Callable[[], None] = lambda: None) -> None:
        """Run what is not finished; what became of each is then on the disk.

        Args:
            members: any number; equal ones (by digest) are run once.
            anew: finished ones too, from the start.
            retry: those that failed by themselves too, from the start; killed ones always go on.
            ended: called whenever one has ended.
        """
        waiting = []
        for member in {m.digest: m for m in members}.values():
            status = member.status
            if status == DONE:
                self._expected.see(member.kind, member.summary.get("peak memory [B]", 0.0))
            if anew or status in (WAITING, INTERRUPTED) or status == FAILED and (retry or member.killed):
                waiting.append(member)
        fresh = {m.digest for m in waiting if anew or m.status == FAILED and not m.killed}
        while (waiting and not self.interrupted) or self._runs:
            for member in list(waiting):
                if self.interrupted or not self._fits(member):
                    break
                if self._start(member, member.digest in fresh):
                    waiting.remove(member)
            time.sleep(POLL)
            for run in list(self._runs):
                if self._look(run):
                    ended()
            if self._watcher:
                self._watcher.running([run.member for run in self._runs])

    def _fits(self, member: Member) -> bool:
        """One always may; others when cores and memory are left, what the running ones may still take put aside."""
        if not self._runs:
            return True
        cores = sum(run.member.ranks for run in self._runs) + member.ranks
        if len(self._runs) >= (self.jobs or self.cores) or (self.jobs is None and cores > self.cores):
            return False
        coming = sum(max(0.0, self._expected.of(run.member.kind) - run.peak) for run in self._runs)
        return self._room() - coming > memory.MARGIN * self._expected.of(member.kind)

    def _start(self, member: Member, anew: bool) -> bool:
        """False where a run of a killed study still holds the member: it is writing its checkpoint."""
        member.write()
        lock = os.open(member.lock, os.O_CREAT | os.O_RDWR, 0o644)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if member.status == DONE and not anew:  # finished meanwhile
                return True
            os.ftruncate(lock, 0)
            os.write(lock, code.state().encode())
            member.failure.unlink(missing_ok=True)
            with member.output.open("wb") as output:
                process = subprocess.Popen(
                    self._command(member, anew=anew), stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
                    start_new_session=True, pass_fds=[lock],
                    env={**os.environ, "OMP_NUM_THREADS": os.environ.get("OMP_NUM_THREADS", "1")},
                    preexec_fn=lambda: launch.die_with_parent(signal.SIGTERM))  # noqa: PLW1509 - no threads
        except BlockingIOError:
            return False
        finally:
            os.close(lock)
        self._runs.append(_Run(member, process, time.monotonic()))
        if self._watcher:
            self._watcher.started(member)
        return True

    def _look(self, run: _Run) -> bool:
        """True where it has ended; what became of it is then on the disk."""
        status = run.process.poll()
        if status is None:
            run.peak = max(run.peak, memory.used_by(run.process.pid))
            return False
        self._runs.remove(run)
        member = run.member
        self._expected.see(member.kind, member.summary.get("peak memory [B]", 0.0) or run.peak)
        stopped = self.interrupted and status != 0  # asked to, or killed for good: it goes on next time
        if member.status != DONE and not stopped and status != INTERRUPTED_STATUS:
            member.fail(_reason(status, member), time.monotonic() - run.begun, killed=status < 0 or status > 128)
        if self._watcher:
            self._watcher.ended(member)
        return True


def _reason(status: int, member: Member) -> str:
    """One sentence: the last line a run printed, or the signal that ended it (mpirun's status is 128 + its number)."""
    number = -status if status < 0 else status - 128
    if number > 0:
        return f"killed by signal {number}" + (" (out of memory?)" if number == signal.SIGKILL else "")
    text = member.output.read_text(errors="replace").replace(f"{member.root}{os.sep}", "").strip()
    last = text.splitlines()[-1].strip() if text else "it printed nothing"
    return last if status else f"it ended without a result: {last}"


def _signal(process: subprocess.Popen, number: signal.Signals) -> None:
    if process.poll() is None:
        process.send_signal(number)
