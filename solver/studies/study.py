"""`halofil study`: members from a study file, run side by side, one table and its figures at the end."""

from __future__ import annotations

import fcntl
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from solver.results.folder import atomic_write_text
from solver.scenario import Scenario, ScenarioError

from . import reading, slurm, table
from .members import DONE, FAILED, Member
from .points import points
from .pool import Pool
from .progress import Display
from .quantities import value_of
from .schema import SEED, Study

COMPLETE, SOME_FAILED, BAD_INPUT, INTERRUPTED = 0, 1, 2, 130


class Busy(ValueError):
    """Another process works in the folder; the message is one sentence."""


@dataclass(frozen=True)
class Plan:
    """What a study runs.

    Attributes:
        study: the file's content.
        members: one a row of the table (equal ones share their folder).
        settings: varied column with unit -> value in SI or text, for each member.
        columns: key -> its column.
    """

    study: Study
    members: list[Member]
    settings: list[dict[str, Any]]
    columns: dict[str, str]


def plan(path: Path, out: Path | None = None) -> tuple[Plan, Path]:
    """Read a study file and check every member; nothing is written.

    Args:
        path: the study file.
        out: results folder; None: results/NAME.

    Returns:
        The plan, and the results folder.

    Raises:
        ScenarioError: faults of the file, or of members that its values make.
    """
    study, document = reading.read(path, Study)
    folder = out or Path("results") / study.name
    base = path.parent / study.scenario
    members, settings, faults = [], [], []
    for point in points(study):
        try:
            scenario = reading.load_member(base, study.set | point, document, ("set", "vary", "repeats"))
        except ScenarioError as error:
            faults += error.faults
            continue
        members.append(Member.of(scenario, folder.absolute() / "members", point, ranks=study.ranks))
        settings.append(_columns(scenario, point))
    if faults:
        raise ScenarioError(sorted(dict.fromkeys(faults), key=lambda fault: (fault.file, fault.line or 0)))
    keys = list(study.keys()) + ([SEED] if study.repeats > 1 else [])
    return Plan(study, members, settings, dict(zip(keys, settings[0]))), folder


def _columns(scenario: Scenario, point: dict[str, Any]) -> dict[str, Any]:
    row = {}
    for key, given in point.items():
        value, unit = value_of(scenario, key)
        row[f"{key} [{unit}]" if unit else key] = given if value is None else value
    return row


@contextmanager
def worked_on(folder: Path) -> Iterator[None]:
    """While it lasts, no other process works in the folder.

    Raises:
        Busy: one does.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Busy(f"{folder} is being worked on by another halofil: wait for it, or choose another --out") from None
        yield


def run(path: Path, out: Path | None = None, *, jobs: int | None = None, force: bool = False, retry: bool = False,
        only_table: bool = False, on_slurm: bool = False, sbatch: Sequence[str] = ()) -> int:
    """Run a study to its table (``halofil study``).

    Args:
        path: the study file.
        out: results folder (default: results/NAME).
        jobs: members at a time (default: what the cores hold).
        force: run finished members again.
        retry: run members again that failed.
        only_table: run nothing, write table and figures of what there is.
        on_slurm: submit what is not finished as a job array instead of running it here.
        sbatch: options for sbatch.

    Returns:
        0 all members are done (or submitted), 1 some failed (the table says which and why), 2 bad input, 130 interrupted.
    """
    try:
        made, folder = plan(path, out)
        with worked_on(folder):
            atomic_write_text(folder / "study.yaml", path.read_text(encoding="utf-8"))
            _say_outdated(made, force)
            if only_table:
                return finish(made, folder)
            if not on_slurm:
                with Display(made.study.name, made.members, anew=force) as display, Pool(jobs, display) as pool:
                    pool.run(made.members, anew=force, retry=retry)
                return finish(made, folder, interrupted=pool.interrupted)
        return _submit(made, folder, path, jobs, force, retry, sbatch)
    except (ScenarioError, Busy) as error:
        print(error, file=sys.stderr)
        return BAD_INPUT


def _say_outdated(made: Plan, force: bool) -> None:
    old = sum(member.outdated for member in made.members)
    if old and not force:
        print(f"{old} finished members were computed by another state of the solver's code; --force runs all again",
              file=sys.stderr)


def _submit(made: Plan, folder: Path, path: Path, jobs: int | None, force: bool, retry: bool, sbatch: Sequence[str]) -> int:
    wanted = {m.digest: m for m in made.members
              if force or m.status != DONE and (retry or m.status != FAILED or m.killed)}.values()
    if not wanted:
        return finish(made, folder)
    if force:
        for member in wanted:
            member.forget()
    return slurm.submit(made.study.name, path, folder, list(wanted), jobs, sbatch)


def finish(made: Plan, folder: Path, *, interrupted: bool = False) -> int:
    """Table, figures and a last word; returns the exit status."""
    from .pictures import observables_by_key, repeats

    frame = table.table(made.members, made.settings)
    files = table.write(frame, folder, "table")
    files += observables_by_key(frame, made, folder / "figures") + repeats(frame, made, folder / "figures")
    print("\n".join(f"wrote {file}" for file in files))
    status = [member.status for member in made.members]
    failed = [member for member in made.members if member.status == FAILED]
    for member in failed:
        print(f"failed: {member.label}: {member.reason} ({member.output})", file=sys.stderr)
    open_ = len(status) - status.count(DONE) - len(failed)
    print(f"{made.study.name}: {status.count(DONE)} of {len(status)} members done, {len(failed)} failed"
          + (f", {open_} not finished: the same command continues" if open_ else ""))
    return INTERRUPTED if interrupted else SOME_FAILED if failed else COMPLETE
