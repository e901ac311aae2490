"""Trials of a fit: a set of parameters run through every scenario, each logged as one JSON line, none run twice."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from solver.results.folder import NoResult, RunFolder
from solver.scenario import Scenario, ScenarioError

from . import code
from .members import DONE, FAILED, Member
from .objective import Target, cost
from .pool import Pool

Settings = Mapping[str, Any]  # parameter -> value as --set takes it


class Interrupted(Exception):
    """SIGINT or SIGTERM came; what is finished is logged."""


@dataclass(frozen=True)
class Trial:
    """One set of parameters and what came out.

    Attributes:
        number: from 1, in the order of the log.
        settings: parameter -> value.
        digests: scenario -> its run's folder; "" where the parameters make no valid scenario.
        values: target's name -> simulated value, None where it does not exist.
        failures: scenario -> why its run failed.
        wall: seconds its runs took, one after the other.
        purpose: why it was tried: start, explore, derivative, step, sensitivity.
    """

    number: int
    settings: dict[str, Any]
    digests: dict[str, str]
    values: dict[str, float | None]
    failures: dict[str, str] = field(default_factory=dict)
    wall: float = 0.0
    purpose: str = ""

    def residuals(self, targets: Sequence[Target], penalty: float) -> list[float]:
        """One a target, in half-widths of its band."""
        return [target.residual(self.values.get(target.name), penalty) for target in targets]

    def distances(self, targets: Sequence[Target]) -> list[float]:
        """As `residuals`, not bent: infinite where a quantity does not exist."""
        return [target.distance(self.values.get(target.name)) for target in targets]


class Log:
    """trials.jsonl: one JSON line a trial, appended and flushed; a line cut short by a kill is dropped.

    Args:
        path: the file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self.trials: list[Trial] = []
        self.outdated = 0  # trials of another state of the solver's code
        text = path.read_bytes() if path.is_file() else b""
        whole = text[:text.rfind(b"\n") + 1]
        if whole != text:
            os.truncate(path, len(whole))
        for line in whole.decode("utf-8").splitlines():
            row = json.loads(line)
            self.outdated += row["code"] != code.state()
            self.trials.append(Trial(row["trial"], row["parameters"], row["runs"], row["observables"], row["failures"],
                                     row["wall [s]"], row["purpose"]))
        self._found = {self.key(trial.digests, trial.settings): trial for trial in self.trials}

    @staticmethod
    def key(digests: Mapping[str, str], settings: Settings) -> str:
        """Equal for trials of equal scenarios; where there are none, for equal settings."""
        known = all(digests.values())
        return json.dumps(digests if known else [digests, settings], sort_keys=True)

    def find(self, digests: Mapping[str, str], settings: Settings) -> Trial | None:
        """The trial of the same scenarios, None when there is none."""
        return self._found.get(self.key(digests, settings))

    def append(self, trial: Trial, targets: Sequence[Target], penalty: float) -> None:
        """Write a trial, with residuals and cost as they are now, for whoever reads the file."""
        row = {"trial": trial.number, "purpose": trial.purpose, "cost": cost(targets, trial.values, penalty),
               "parameters": trial.settings, "observables": trial.values,
               "residuals": dict(zip((t.name for t in targets), trial.residuals(targets, penalty))),
               "failures": trial.failures, "wall [s]": trial.wall, "runs": trial.digests,
               "code": code.state()}
        with self._path.open("ab") as stream:
            stream.write(json.dumps(row, ensure_ascii=False).encode() + b"\n")
            stream.flush()
            os.fsync(stream.fileno())
        self.trials.append(trial)
        self._found[self.key(trial.digests, trial.settings)] = trial


def observed(folder: Path) -> dict[str, float | None]:
    """What `halofil compare` finds in a finished run: quantity -> value."""
    from solver.analysis.comparison import compare

    try:
        return {row.quantity: row.simulated for row in compare([folder])}
    except NoResult:
        return {}


class Evaluator:
    """Runs trials.

    Args:
        load: settings -> the trial's scenarios; raises ScenarioError where they make none.
        names: of the scenarios.
        targets: what counts.
        penalty: of what does not exist.
        root: folder of all runs.
        log: of all trials.
        pool: runs the members.
        most: trials after which no new one is run; None: no limit.
        ranks: MPI ranks of each run.
        told: called with each new trial.
    """

    def __init__(self, load, names: Sequence[str], targets: Sequence[Target], penalty: float, root: Path, log: Log,
                 pool: Pool, *, most: int | None = None, ranks: int = 1, told=lambda trial: None) -> None:
        self._load, self._names, self._root, self._pool = load, names, root, pool
        self.targets, self.penalty, self.log, self.most = targets, penalty, log, most
        self._ranks, self._told = ranks, told

    def evaluate(self, wanted: Sequence[Settings], purpose: str) -> list[Trial]:
        """The trials of several sets of parameters, members of all side by side; known ones come from the log.

        Raises:
            Interrupted: a signal came.
            Exhausted: the number of trials is used up; those that still fit in are logged.
        """
        made = [self._members(settings) for settings in wanted]
        digests = [self._digests(members) for members in made]
        known = [self.log.find(d, s) for d, s in zip(digests, wanted)]
        new = {}
        for i, trial in enumerate(known):
            if trial is None:
                new.setdefault(self.log.key(digests[i], wanted[i]), i)
        left = len(new) if self.most is None else max(0, self.most - sum(t.purpose != "sensitivity" for t in self.log.trials))
        open_ = list(new.values())[:left]

        def log_ended() -> None:
            # in the order wanted, so that a trial's number does not depend on which run is the faster
            while open_ and _ended(made[open_[0]]):
                self._log(wanted[open_[0]], made[open_[0]], digests[open_.pop(0)], purpose)

        self._pool.run([m for i in open_ if isinstance(made[i], dict) for m in made[i].values()], ended=log_ended)
        for i in open_:  # what failed before and is not run again; after an interrupt, those behind one that is not finished
            if isinstance(made[i], str) or all(m.status in (DONE, FAILED) for m in made[i].values()):
                self._log(wanted[i], made[i], digests[i], purpose)
        if self._pool.interrupted:
            raise Interrupted
        if left < len(new):
            raise Exhausted
        return [self.log.find(d, s) for d, s in zip(digests, wanted)]

    def _log(self, settings: Settings, members: dict[str, Member] | str, digests: dict[str, str], purpose: str) -> None:
        trial = self._trial(settings, members, digests, purpose)
        self.log.append(trial, self.targets, self.penalty)
        self._told(trial)

    def _members(self, settings: Settings) -> dict[str, Member] | str:
        """Scenario -> its member, or why there is none."""
        try:
            scenarios: Sequence[Scenario] = self._load(settings)
        except ScenarioError as error:
            return str(error)
        return {s.name: Member.of(s, self._root, settings, label=s.name, ranks=self._ranks) for s in scenarios}

    def _digests(self, members: dict[str, Member] | str) -> dict[str, str]:
        if isinstance(members, str):
            return dict.fromkeys(self._names, "")
        return {name: member.digest for name, member in members.items()}

    def _trial(self, settings: Settings, members: dict[str, Member] | str, digests: dict[str, str], purpose: str) -> Trial:
        number = len(self.log.trials) + 1
        none = dict.fromkeys((target.name for target in self.targets), None)
        if isinstance(members, str):
            return Trial(number, dict(settings), digests, none, dict.fromkeys(digests, members), 0.0, purpose)
        values, failures = none, {}
        for name, member in members.items():
            if member.status == DONE:
                found = observed(member.folder)
                values |= {t.name: found.get(t.quantity) for t in self.targets if t.scenario == name}
                _spare(member.folder)
            else:
                failures[name] = member.reason
        wall = sum(member.wall or 0.0 for member in members.values())
        return Trial(number, dict(settings), digests, values, failures, wall, purpose)


def _ended(members: dict[str, Member] | str) -> bool:
    """Nothing of it is to be run any more; what a signal killed earlier still goes on."""
    return isinstance(members, str) or all(m.status == DONE or m.status == FAILED and not m.killed for m in members.values())


class Exhausted(Exception):
    """No trials are left."""


def _spare(folder: Path) -> None:
    """Fields, mesh and checkpoint of a finished run: a fit has hundreds of runs, and `halofil run` makes them again."""
    run = RunFolder(folder)
    for file in (run.fields, run.mesh, run.checkpoint / "state.h5"):
        file.unlink(missing_ok=True)
