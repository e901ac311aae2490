"""One member of a study: its scenario, its folder, and what became of it, read from the disk.

The folder's name is a digest of the resolved scenario, so an equal scenario is never run twice and a changed study file
keeps the members it still has.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from solver.results.folder import RunFolder, atomic_write_text
from solver.results.summary import read_summary
from solver.scenario import Scenario

from . import code

DONE, FAILED, INTERRUPTED, WAITING = "done", "failed", "interrupted", "waiting"


@dataclass(frozen=True)
class Member:
    """A run of a study.

    Attributes:
        digest: of the resolved scenario.
        text: the resolved scenario.
        root: folder that holds all members.
        label: what a person calls it, e.g. "device.gap=50 nm".
        settings: key -> value as the study gives it.
        end: simulated time of its protocol [s].
        kind: members of one kind need like memory: dimension and base scenario.
        ranks: MPI ranks.
    """

    digest: str
    text: str = field(repr=False)
    root: Path
    label: str
    settings: Mapping[str, Any]
    end: float
    kind: str
    ranks: int = 1

    @classmethod
    def of(cls, scenario: Scenario, root: Path, settings: Mapping[str, Any], *, label: str = "", ranks: int = 1,
           digest: str | None = None) -> "Member":
        """The member that runs `scenario`; nothing is written yet. `digest` is given where its folder has a name already."""
        from solver.transient.array_waveform import waveform_of

        text = scenario.resolved_yaml()
        label = label or ", ".join(f"{key.removeprefix('material.')}={value}" for key, value in settings.items())
        return cls(digest or hashlib.sha256(text.encode()).hexdigest()[:12], text, root, label or scenario.name, dict(settings),
                   waveform_of(scenario).end, f"{scenario.device.dimension}D {scenario.name}", ranks)

    @property
    def folder(self) -> Path:
        """Results folder of the run."""
        return self.root / self.digest

    @property
    def scenario(self) -> Path:
        """The resolved scenario that is run."""
        return self.root / f"{self.digest}.yaml"

    @property
    def output(self) -> Path:
        """What the run printed."""
        return self.root / f"{self.digest}.out"

    @property
    def lock(self) -> Path:
        """Held by the run while it lives; says which state of the solver's code ran last."""
        return self.root / f"{self.digest}.lock"

    @property
    def outdated(self) -> bool:
        """True where the result was computed by another state of the solver's code."""
        return self.status == DONE and self.lock.is_file() and self.lock.read_text() not in ("", code.state())

    @property
    def failure(self) -> Path:
        """Why the run failed."""
        return self.root / f"{self.digest}.failed.json"

    def write(self) -> None:
        """Put the scenario where the run reads it."""
        if not self.scenario.is_file():
            self.root.mkdir(parents=True, exist_ok=True)
            atomic_write_text(self.scenario, self.text)

    def forget(self) -> None:
        """Remove the results of an earlier run, so that it counts as not run."""
        RunFolder(self.folder).clear()
        self.failure.unlink(missing_ok=True)

    def fail(self, reason: str, wall: float, *, killed: bool = False) -> None:
        """Keep on record that the run ended without a result; a killed one can go on from its checkpoint."""
        record = {"reason": reason, "wall time [s]": wall, "killed": killed}
        atomic_write_text(self.failure, json.dumps(record, ensure_ascii=False) + "\n")

    def _failure(self) -> dict[str, Any]:
        return json.loads(self.failure.read_text(encoding="utf-8"))

    @property
    def status(self) -> str:
        """What the disk says."""
        folder = RunFolder(self.folder)
        if folder.finished:
            return DONE
        if self.failure.is_file():
            return FAILED
        return INTERRUPTED if (folder.checkpoint / "state.h5").is_file() else WAITING

    @property
    def reason(self) -> str:
        """Why it failed; empty for others."""
        return self._failure()["reason"] if self.status == FAILED else ""

    @property
    def killed(self) -> bool:
        """True where it failed because a signal ended it, not by itself."""
        return self.status == FAILED and self._failure()["killed"]

    @property
    def wall(self) -> float | None:
        """Seconds the run took, None when it has not ended."""
        status = self.status
        if status == DONE:
            return self.summary["wall time [s]"]
        return self._failure()["wall time [s]"] if status == FAILED else None

    @property
    def summary(self) -> dict[str, Any]:
        """summary.json, empty when the run is not finished."""
        return read_summary(self.folder) if self.status == DONE else {}

    def reached(self) -> float:
        """Share of the simulated time that is done, 0 to 1, from the last row of terminals.csv."""
        try:
            with RunFolder(self.folder).terminals.open("rb") as stream:
                stream.seek(0, 2)
                stream.seek(max(0, stream.tell() - 4096))
                rows = stream.read().rstrip(b"\n").split(b"\n")
            return min(float(rows[-1].split(b",")[0]) / self.end, 1.0)
        except (OSError, ValueError):
            return 0.0
