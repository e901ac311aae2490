"""`python -m tests.validation [NAME...]`: run the scenarios of docs/validation.md and write the page."""

import argparse
import sys
from pathlib import Path

from solver.scenario import ScenarioError
from solver.studies.study import Busy, worked_on
from tests.validation import page, pictures, running, tables
from tests.validation.cases import CASES, Case

DONE, CHECK_FAILED, BAD_INPUT, INTERRUPTED = 0, 1, 2, 130


def _arguments(given: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.validation", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"scenarios, of {', '.join(CASES)}; without any all but "
                        + ", ".join(name for name, case in CASES.items() if case.slow))
    parser.add_argument("--results", type=Path, default=Path("results/validation"), metavar="DIR", help="folder of the runs "
                        "(default: results/validation); finished ones are taken, killed ones go on")
    parser.add_argument("--jobs", type=int, metavar="N", help="runs at a time (default: as many as the cores hold)")
    parser.add_argument("--retry", action="store_true", help="run again what failed")
    parser.add_argument("--convergence", action="store_true", help="vary mesh, interface width and time tolerance; numbers "
                        "that the page has of the same scenario are taken from it")
    parser.add_argument("--ablation", action="store_true", help="take away one mechanism at a time; numbers as for --convergence")
    parser.add_argument("--page", action="store_true", help="run nothing; write the page from its tables")
    parser.add_argument("--check", action="store_true", help="run and write nothing; say what is wrong with the page")
    return parser.parse_args(given)


def main(given: list[str] | None = None) -> int:
    """Exit status: 0 the page is whole; 1 a run failed, or a row outside has no paragraph, or a paragraph no such row;
    2 a name or a setting is wrong; 130 interrupted."""
    wanted = _arguments(given)
    unknown = [name for name in wanted.names if name not in CASES]
    if unknown:
        return _say([f"no scenario {', '.join(unknown)}; there are {', '.join(CASES)}"], BAD_INPUT)
    if wanted.check:
        return _say([*page.faults(), *page.stale()], CHECK_FAILED)
    cases = [CASES[name] for name in wanted.names] or [case for case in CASES.values() if not case.slow]
    status, faults = DONE, []
    if not wanted.page:
        try:
            with worked_on(wanted.results):
                status, faults = _run(cases, wanted)
        except (ScenarioError, Busy) as error:
            return _say([str(error)], BAD_INPUT)
    if not len(tables.read("rows")):
        return _say([*faults, "no scenario has finished yet: there is nothing to write"], status or CHECK_FAILED)
    page.write()
    print(f"wrote {page.PAGE.relative_to(tables.ROOT)}")
    return _say([*faults, *page.faults()], CHECK_FAILED) if status == DONE else status


def _run(cases: list[Case], wanted: argparse.Namespace) -> tuple[int, list[str]]:
    """Run what is asked for and store its tables; exit status, and what failed."""
    base = running.base_jobs(cases, wanted.results)
    varied = [case for case in cases if case.varied]
    convergence = running.convergence_jobs(cases, wanted.results) if wanted.convergence else []
    ablation = running.ablation_jobs(cases, wanted.results) if wanted.ablation else []
    jobs = [*base, *(job for *_, job in convergence), *(job for _, job in ablation)]
    if wanted.convergence or wanted.ablation:
        jobs = [job for job in jobs if not job.recorded]  # only what they are compared with: the page has its numbers
    interrupted = running.run(jobs, "validation", at_a_time=wanted.jobs, retry=wanted.retry)
    done = [job for job in base if job.rows]
    if done:
        tables.merged("rows", running.base_rows(done), [job.case.name for job in done])
        for job in done:
            pictures.draw(job.case.name, job.member.folder)
    if convergence and not interrupted:
        tables.merged("convergence", running.convergence_rows(convergence), [case.name for case in varied])
    if ablation and not interrupted:
        tables.merged("ablation", running.ablation_rows(ablation), [case.name for case in cases])
    failed = {job.member.digest: f"{job.member.label} failed: {job.member.reason} ({job.member.output})" for job in jobs
              if job.member.reason}
    return INTERRUPTED if interrupted else DONE, list(failed.values())


def _say(sentences: list[str], status: int) -> int:
    """Print them; the status where there are any, else 0."""
    for sentence in dict.fromkeys(sentences):
        print(sentence, file=sys.stderr)
    return status if sentences else DONE


if __name__ == "__main__":
    sys.exit(main())
