"""Runs of docs/validation.md: `halofil run` in processes, taken where finished, continued where killed."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas

from solver import launch
from solver.analysis.comparison import Row, compare
from solver.studies.members import DONE, Member
from solver.studies.pool import Pool
from solver.studies.progress import Display
from tests.validation import tables
from tests.validation.cases import MECHANISMS, Case, Mechanism, Variation, variations


@dataclass(frozen=True)
class Job:
    """One run and what it is for.

    Attributes:
        case: whose scenario, before the settings.
        member: the run; its folder's name is a digest of the resolved scenario, so a result of other parameters is
            never taken for this one.
    """

    case: Case
    member: Member

    @classmethod
    def of(cls, case: Case, results: Path, settings: Mapping[str, Any] | None = None, label: str = "") -> "Job":
        """The run of a case with settings as of `--set`; nothing is written.

        Raises:
            ScenarioError: the settings make no scenario.
        """
        scenario = case.load(settings)
        return cls(case, Member.of(scenario, (results / case.name).absolute(), settings or {}, label=label or case.name,
                                   ranks=launch.default_ranks(scenario.device.dimension)))

    @property
    def rows(self) -> list[Row]:
        """What `halofil compare` finds; none before the run is finished."""
        return compare([self.member.folder]) if self.member.status == DONE else []

    @property
    def recorded(self) -> dict[str, float]:
        """Number by quantity in the page's table, empty unless its lines are of this very scenario and material."""
        table = tables.read("rows")
        mine = table[table["digest"] == self.member.digest]
        return dict(zip(mine["quantity"], mine["simulated"]))

    @property
    def values(self) -> dict[str, float | None]:
        """Number by quantity: of the finished run, else the page's."""
        return {row.quantity: row.simulated for row in self.rows} or self.recorded


def run(jobs: Iterable[Job], title: str, *, at_a_time: int | None, retry: bool) -> bool:
    """Run what is not finished, side by side; True when it was interrupted."""
    members = [job.member for job in jobs]
    with Display(title, members) as display, Pool(at_a_time, display) as pool:
        pool.run(members, retry=retry)
    return pool.interrupted


# ---- what is run for each table, and the table that comes out of it --------------------------------------------------


def base_jobs(cases: Iterable[Case], results: Path) -> list[Job]:
    """The scenarios as they stand."""
    return [Job.of(case, results) for case in cases]


def base_rows(jobs: Iterable[Job]) -> pandas.DataFrame:
    """One line a row of `halofil compare`."""
    return pandas.DataFrame([
        {"scenario": job.case.name, "quantity": row.quantity, "measured": row.measured.mean, "low": row.measured.low,
         "high": row.measured.high, "basis": row.measured.basis, "simulated": row.simulated, "digest": job.member.digest,
         "wall [s]": round(job.member.wall or 0.0, 1)}
        for job in jobs for row in job.rows])


def convergence_jobs(cases: Iterable[Case], results: Path) -> list[tuple[str, Variation, Job]]:
    """Case, variation and run: the scenario as it stands ("") first, then every variation of it."""
    made = []
    for case in (case for case in cases if case.varied):
        made.append((case.name, Variation("", {}), Job.of(case, results)))
        made += [(case.name, variation, Job.of(case, results, variation.settings, f"{case.name}: {variation.name}"))
                 for variation in variations(case)]
    return made


def convergence_rows(jobs: Iterable[tuple[str, Variation, Job]]) -> pandas.DataFrame:
    """One line a quantity and variation: its value, and the one it is compared with."""
    jobs = [(name, variation, job, job.values) for name, variation, job in jobs]
    found = {(name, variation.name): values for name, variation, _, values in jobs}
    return pandas.DataFrame([
        {"scenario": name, "quantity": quantity, "variation": variation.name, "against": variation.against,
         "reference": found[name, variation.against].get(quantity), "value": values[quantity],
         "counts": variation.counts, "digest": job.member.digest}
        for name, variation, job, values in jobs if variation.name
        for quantity in found[name, ""] if quantity in values])


def ablation_jobs(cases: Iterable[Case], results: Path) -> list[tuple[Mechanism | None, Job]]:
    """Every mechanism taken from every case that has it, the case with all of them first."""
    made = []
    for case in cases:
        scenario = case.load()
        there = [m for m in MECHANISMS if case.name in m.cases and m.present(scenario)]
        made += [(None, Job.of(case, results, case.shorter))] if there else []
        made += [(m, Job.of(case, results, {**case.shorter, **m.settings}, f"{case.name} without {m.name}")) for m in there]
    return made


def ablation_rows(jobs: Iterable[tuple[Mechanism | None, Job]]) -> pandas.DataFrame:
    """One line a mechanism and quantity: the value with and without it, None where it does not exist; a run that
    failed is one line that says why."""
    out, whole = [], {}
    for mechanism, job in jobs:
        name = job.case.name
        if mechanism is None:
            whole = job.values
            continue
        common = {"mechanism": mechanism.name, "scenario": name, "digest": job.member.digest}
        out += [common | {"quantity": row.quantity, "low": row.measured.low, "high": row.measured.high,
                          "with": whole.get(row.quantity), "without": row.simulated, "failure": ""} for row in job.rows]
        if job.member.reason:
            out.append(common | {"quantity": "", "failure": job.member.reason})
    return pandas.DataFrame(out)
