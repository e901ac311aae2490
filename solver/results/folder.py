"""The folder of a run: where each file is, what may be overwritten, atomic writes, the log."""

from __future__ import annotations

import logging
import os
import sys
from dataclasses import dataclass
from pathlib import Path


class ResultsExist(FileExistsError):
    """A finished result is in the way; the message is one sentence that names the way out."""


class NoResult(ValueError):
    """A folder holds no result (or not the part that is needed); the message is one sentence."""


def atomic_write_bytes(path: Path, data: bytes) -> None:
    """Replace ``path`` by ``data`` so that a reader, or a killed writer, finds the old or the new file whole."""
    path = Path(path)
    new = path.with_name(path.name + ".new")
    with open(new, "wb") as stream:
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())
    os.replace(new, path)


def atomic_write_text(path: Path, text: str) -> None:
    """As :func:`atomic_write_bytes`, for UTF-8 text."""
    atomic_write_bytes(path, text.encode("utf-8"))


@dataclass(frozen=True)
class RunFolder:
    """Paths of one run.

    Attributes:
        path: the folder.
        resuming: true when the run continues from the checkpoint in the folder.
    """

    path: Path
    resuming: bool = False

    @property
    def scenario(self) -> Path:
        """Fully resolved scenario."""
        return self.path / "scenario.yaml"

    @property
    def mesh(self) -> Path:
        """The Gmsh mesh the run used."""
        return self.path / "mesh.msh"

    @property
    def terminals(self) -> Path:
        """One row a step."""
        return self.path / "terminals.csv"

    @property
    def fields(self) -> Path:
        """Fields over time (VTKHDF)."""
        return self.path / "fields.vtkhdf"

    @property
    def summary(self) -> Path:
        """Final and switching numbers; its presence says that the run is finished."""
        return self.path / "summary.json"

    @property
    def log(self) -> Path:
        """Log of the run."""
        return self.path / "run.log"

    @property
    def checkpoint(self) -> Path:
        """Folder of the last good state."""
        return self.path / "checkpoint"

    @property
    def figures(self) -> Path:
        """Folder of the pictures."""
        return self.path / "figures"

    @property
    def report(self) -> Path:
        """The run in one page."""
        return self.path / "report.html"

    @property
    def finished(self) -> bool:
        """True when the run went to its end."""
        return self.summary.is_file()

    @classmethod
    def create(cls, path: str | Path, *, force: bool = False, resume: bool = False) -> RunFolder:
        """Make the folder ready for a run (rank 0 only).

        Files of an earlier, unfinished run are removed unless it is resumed; only files this program writes are ever
        removed, never anything else that lies in the folder.

        Args:
            path: the folder; made with its parents when missing.
            force: overwrite a finished result.
            resume: continue from the checkpoint; where there is none (killed before the first one) the run starts
                anew and ``resuming`` is false.

        Returns:
            The folder.

        Raises:
            ResultsExist: a finished result is there and ``force`` is not given.
        """
        path = Path(path)
        if path.exists() and not path.is_dir():
            raise ResultsExist(f"{path} is a file, not a folder: choose another --out")
        old = cls(path)
        if old.finished and not force:
            what = "there is nothing to resume" if resume else "it is not overwritten"
            raise ResultsExist(f"{path} holds a finished result, {what}: use --force to run again, or another --out")
        resuming = resume and not old.finished and (old.checkpoint / "state.h5").is_file()
        path.mkdir(parents=True, exist_ok=True)
        if not resuming:
            old.clear()
        old.checkpoint.mkdir(exist_ok=True)
        old.figures.mkdir(exist_ok=True)
        return cls(path, resuming)

    def clear(self) -> None:
        """Remove what an earlier run wrote here."""
        single = [self.scenario, self.mesh, self.terminals, self.fields, self.summary, self.log,
                  self.report]
        leftovers = [p.with_name(p.name + end) for p in single for end in (".new", ".journal", ".journal.new")]
        for file in [*single, *leftovers, *self.checkpoint.glob("state.h5*"), *self.figures.glob("*.png"),
                     *self.figures.glob("*.csv")]:
            file.unlink(missing_ok=True)


def existing(path: str | Path) -> RunFolder:
    """The folder of an earlier run.

    Raises:
        NoResult: one sentence, when ``path`` holds no terminals.csv.
    """
    folder = RunFolder(Path(path))
    if not folder.path.is_dir():
        raise NoResult(f"{path} is no result: there is no such folder")
    if not folder.terminals.is_file():
        raise NoResult(f"{path} is no result: it holds no terminals.csv")
    return folder


class _Printing(logging.Handler):
    """Prints to whatever stdout is at the time: above a progress bar that has put itself in its place."""

    def emit(self, record: logging.LogRecord) -> None:
        print(self.format(record), flush=True)


def start_log(path: Path | None, *, append: bool = False, console: bool = True, level: int = logging.INFO
              ) -> logging.Logger:
    """The run's logger: to the file with date and level, to the terminal as plain sentences.

    Call it on every rank: with ``path`` on rank 0, with None elsewhere (the other ranks then stay silent below
    ERROR). Calling it again replaces the handlers of the call before.

    Args:
        path: the log file, or None.
        append: keep what is in the file (resume).
        console: print to stdout too.
        level: lowest level written.

    Returns:
        The logger "halofil".
    """
    logger = logging.getLogger("halofil")
    logger.propagate = False
    logger.setLevel(level if path is not None else logging.ERROR)
    for handler in list(logger.handlers):
        logger.removeHandler(handler)
        handler.close()
    handlers: list[logging.Handler] = []
    if path is not None:
        to_file = logging.FileHandler(path, mode="a" if append else "w", encoding="utf-8")
        to_file.setFormatter(logging.Formatter("%(asctime)s %(levelname)-7s %(message)s", "%Y-%m-%d %H:%M:%S"))
        handlers.append(to_file)
        if console:
            to_terminal = _Printing()
            to_terminal.setFormatter(logging.Formatter("%(message)s"))
            handlers.append(to_terminal)
    else:
        handlers.append(logging.StreamHandler(sys.stderr))
    for handler in handlers:
        logger.addHandler(handler)
    return logger
