"""Progress of a run on rank 0: simulated time, voltage, current, time left, memory."""

import logging
import os
import resource
import sys

from rich.progress import BarColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

from solver import launch

log = logging.getLogger("halofil")


class Progress:
    """A live bar on a terminal; elsewhere one log line every tenth of the run."""

    def __init__(self, comm, end: float, start: float):
        self._root = comm.rank == 0
        self._ranks, self._end = comm.size, end
        self._bar, self._task, self._next = None, None, 0.1 * (int(10 * start / end) + 1)
        # mpirun gives its ranks a pseudo-terminal even when its own output goes to a file: there ask who started it.
        terminal = os.environ.get(launch.TERMINAL, "no" if launch.mpi_size() else "yes") == "yes" and sys.stdout.isatty()
        if self._root and terminal:
            self._bar = Bar(
                TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:3.0f} %"),
                TimeElapsedColumn(), TextColumn("left"), TimeRemainingColumn(),
            )
            self._task = self._bar.add_task("starting", total=end, completed=start)

    def __enter__(self):
        if self._bar:
            self._bar.start()
        return self

    def __exit__(self, *error):
        if self._bar:
            self._bar.stop()

    def update(self, time: float, row: dict):
        """Show the row of terminals.csv just written."""
        if not self._root:
            return
        names = [k.removeprefix("current ") for k in row if k.startswith("current ")]
        driven = max(names, key=lambda n: abs(row["voltage " + n.replace("[A]", "[V]")]))
        gigabytes = self._ranks * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
        text = (
            f"t {time:.3f} s  V {row['voltage ' + driven.replace('[A]', '[V]')]:+.4f} V  "
            f"I {row['current ' + driven]:+.2e} A  gap {row['filament gap [m]'] * 1e9:.1f} nm  {gigabytes:.1f} GB"
        )
        if self._bar:
            self._bar.update(self._task, completed=time, description=text)
        elif time >= self._next * self._end - 1e-12:
            self._next += 0.1
            log.info("%3.0f %%  %s", 100 * time / self._end, text)
