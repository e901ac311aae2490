"""Progress over all members: a bar for the whole and one for each that runs; elsewhere a line as each ends."""

import sys
import time
from collections.abc import Iterable, Sequence

from .members import DONE, FAILED, INTERRUPTED, Member

WORDS = {DONE: "done", FAILED: "failed", INTERRUPTED: "interrupted"}
REFRESH = 1.0  # s between looks at the members' tables


class Display:
    """Tells what the pool does; use it as a context.

    Args:
        title: of the whole.
        members: all of them, finished ones included.
        anew: the finished ones too will run.
    """

    def __init__(self, title: str, members: Iterable[Member], *, anew: bool = False) -> None:
        members = {m.digest: m for m in members}
        self._total = len(members)
        self._ended = 0 if anew else sum(m.status == DONE for m in members.values())
        self._bar, self._tasks, self._looked = None, {}, 0.0
        if sys.stdout.isatty():
            from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

            self._bar = Progress(TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(),
                                 TimeElapsedColumn())
            self._whole = self._bar.add_task(title, total=self._total, completed=self._ended)
        elif self._ended:
            print(f"{self._ended} of {self._total} members were finished before", flush=True)

    def __enter__(self):
        if self._bar:
            self._bar.start()
        return self

    def __exit__(self, *error: object) -> None:
        if self._bar:
            self._bar.stop()

    def started(self, member: Member) -> None:
        """A member runs now."""
        if self._bar:
            self._tasks[member.digest] = self._bar.add_task(f"  {member.label:.60}", total=100)

    def ended(self, member: Member) -> None:
        """A member runs no more."""
        status = member.status
        self._ended += status in (DONE, FAILED)
        wall = f" ({member.wall:.1f} s)" if member.wall is not None else ""
        reason = f": {member.reason}" if status == FAILED else ""
        if self._bar:
            self._bar.remove_task(self._tasks.pop(member.digest))
            self._bar.update(self._whole, completed=self._ended)
            if status == FAILED:
                self._bar.print(f"failed: {member.label}{reason}", markup=False, highlight=False)
        else:
            print(f"[{self._ended}/{self._total}] {WORDS.get(status, status)}: {member.label}{wall}{reason}", flush=True)

    def running(self, members: Sequence[Member]) -> None:
        """Called often; looks at the members' tables now and then."""
        if self._bar and time.monotonic() - self._looked > REFRESH:
            self._looked = time.monotonic()
            for member in members:
                self._bar.update(self._tasks[member.digest], completed=round(100 * member.reached()))
