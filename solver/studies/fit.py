"""`halofil fit`: parameters within bounds that bring the simulation closest to the measurements."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from solver.results.folder import atomic_write_text
from solver.scenario import Fault, Scenario, ScenarioError
from solver.scenario.document import Document
from solver.scenario.parameter import Parameter
from solver.units import QuantityError, format_quantity, split_quantity

from . import reading
from .fit_schema import Fit
from .objective import Target, cost, targets
from .pool import Pool
from .quantities import Span, found_at, value_of
from .search import Box, descend, explore
from .study import BAD_INPUT, COMPLETE, INTERRUPTED, Busy, worked_on
from .trials import Evaluator, Exhausted, Interrupted, Log, Trial

NOTHING_FOUND = 1


@dataclass(frozen=True)
class Problem:
    """A checked fit.

    Attributes:
        fit: the file's content.
        path: the file.
        document: its text with lines.
        folder: where results go.
        box: parameters with their bounds.
        start: parameter -> value to begin with.
        scenarios: of a trial, at the start.
        targets: what they are compared with.
    """

    fit: Fit
    path: Path
    document: Document
    folder: Path
    box: Box
    start: dict[str, Any]
    scenarios: list[Scenario]
    targets: list[Target]

    def base(self, text: str) -> Path:
        """Path of one of the fit's scenarios."""
        return self.path.parent / text

    def load(self, settings: Mapping[str, Any]) -> list[Scenario]:
        """The scenarios of a trial.

        Raises:
            ScenarioError: the settings make none.
        """
        return [_load(self.base(text), self.fit, settings, self.document) for text in self.fit.scenarios]

    def cost(self, trial: Trial) -> float:
        """Cost of a trial with the targets and weights as they are now."""
        return cost(self.targets, trial.values, self.fit.penalty)


def _load(path: Path, fit: Fit, settings: Mapping[str, Any], document: Document) -> Scenario:
    quiet = {"output.figures": "off"}
    return reading.load_member(path, quiet | fit.set | dict(settings), document, ("set", "parameters"))


def problem(path: Path, out: Path | None = None) -> Problem:
    """Read and check a fit file; every parameter is checked at both bounds and at the start; nothing is written.

    Raises:
        ScenarioError: with all faults.
    """
    fit, document = reading.read(path, Fit)
    present = [_load(path.parent / text, fit, {}, document) for text in fit.scenarios]
    faults, spans, start = [], {}, {}
    for key in fit.parameters:
        try:
            spans[key], start[key] = _bounds(fit, key, present[0])
        except QuantityError as error:
            faults.append(document.fault(("parameters", key), str(error)))
    names = [scenario.name for scenario in present]
    for name in {name for name in names if names.count(name) > 1}:
        faults.append(document.fault(("scenarios",), f"two scenarios are called {name}; give each a name of its own"))
    if faults:
        raise ScenarioError(faults)
    box = Box(spans)
    for key, value in [("", None), *((key, span.at(share)) for key, span in spans.items() for share in (0.0, 1.0))]:
        for text in fit.scenarios:
            try:
                _load(path.parent / text, fit, start | ({key: value} if key else {}), document)
            except ScenarioError as error:
                faults += [replace(f, message=f.message + (f" (with {key} = {value})" if key else "")) for f in error.faults]
    if faults:
        raise ScenarioError(dict.fromkeys(faults))
    scenarios = [_load(path.parent / text, fit, start, document) for text in fit.scenarios]
    found = targets(scenarios, fit.weights)
    faults = list(_unknown_quantities(fit, scenarios, document))
    if not found:
        faults.append(document.fault(("scenarios",), "their protocols give nothing that was measured"))
    if faults:
        raise ScenarioError(faults)
    return Problem(fit, path, document, out or Path("results") / fit.name, box, start, scenarios, found)


def _bounds(fit: Fit, key: str, scenario: Scenario) -> tuple[Span, Any]:
    """Bounds and start of a parameter; a QuantityError says in a sentence what is missing."""
    given = fit.parameters[key]
    value, unit = value_of(scenario, key)
    if value is None or isinstance(value, str):
        raise QuantityError(f"{scenario.name} has no number there" if value is None else f"is {value}, not a quantity")
    part = found_at(scenario, key)
    low, high = given.low, given.high
    if low is None:
        if not isinstance(part, Parameter) or part.range is None:
            raise QuantityError("the material gives no range for it; write from: and to:")
        low, high = (format_quantity(x, part.kind()) if part.kind() != "number" else x for x in part.range)
    log = given.scale == "log" if given.scale else min(split_quantity(low)[0], split_quantity(high)[0]) > 0
    span = Span.between(low, high, log=log)
    start = given.start if given.start is not None else f"{value!r} {unit}" if unit != "1" else value
    share = span.share(start)
    if not -1e-9 <= share <= 1 + 1e-9:
        raise QuantityError(f"start {start} lies outside {low} to {high}")
    return span, span.at(min(max(share, 0.0), 1.0))


def _unknown_quantities(fit: Fit, scenarios: list[Scenario], document: Document):
    """Names in `weights` and `groups` that no scenario has."""
    every = targets(scenarios, {})
    known = {t.quantity for t in every} | {t.name for t in every}
    for section, names in [("weights", fit.weights), *((f"groups.{group}", names) for group, names in fit.groups.items())]:
        for name in names:
            if name not in known:
                near = reading.nearest(name, known)
                place = document.fault(tuple(section.split(".", 1)), "")
                yield Fault(place.file, place.line, place.key, f"no scenario gives the quantity {name}" + (
                    f" (nearest: {near})" if near else f"; there are {', '.join(sorted({t.quantity for t in every}))}"))


def run(path: Path, out: Path | None = None, *, jobs: int | None = None, force: bool = False,
        sensitivities: bool = False) -> int:
    """Fit (``halofil fit``); the same command continues.

    Args:
        path: the fit file.
        out: results folder (default: results/NAME).
        jobs: runs at a time.
        force: forget the log and the runs of an earlier fit.
        sensitivities: instead of fitting, derivatives at the best set found so far, or at the start.

    Returns:
        0 done, 1 no trial gave a result, 2 bad input, 130 interrupted.
    """
    from . import fit_report, sensitivity

    try:
        made = problem(path, out)
        with worked_on(made.folder):
            log = _log(made, force)
            with Pool(jobs) as pool:
                evaluator = Evaluator(
                    made.load, [s.name for s in made.scenarios], made.targets, made.fit.penalty,
                    made.folder.absolute() / "members", log, pool, most=None if sensitivities else made.fit.trials,
                    ranks=made.fit.ranks, told=lambda trial: _tell(made, trial, log))
                if sensitivities:
                    return sensitivity.run(made, evaluator)
                try:
                    how = _search(made, evaluator)
                except Interrupted:
                    how = "interrupted: the same command continues"
            fit_report.write(made, log.trials, how)
            if pool.interrupted:
                return INTERRUPTED
            return COMPLETE if any(len(t.failures) < len(made.scenarios) for t in log.trials) else NOTHING_FOUND
    except Interrupted:
        return INTERRUPTED
    except (ScenarioError, Busy) as error:
        print(error, file=sys.stderr)
        return BAD_INPUT


def _log(made: Problem, force: bool) -> Log:
    atomic_write_text(made.folder / "fit.yaml", made.path.read_text(encoding="utf-8"))
    file = made.folder / "trials.jsonl"
    if force:
        file.unlink(missing_ok=True)
        for old in (*(made.folder / "members").glob("*/summary.json"), *(made.folder / "members").glob("*.failed.json")):
            old.unlink()
    log = Log(file)
    if log.trials:
        print(f"{len(log.trials)} trials were logged before", flush=True)
    if log.outdated:
        print(f"{log.outdated} of them were computed by another state of the solver's code; --force begins anew", file=sys.stderr)
    return log


def best(made: Problem, trials: list[Trial]) -> Trial:
    """The trial of the lowest cost."""
    return min(trials, key=made.cost)


def _tell(made: Problem, trial: Trial, log: Log) -> None:
    inside = sum(t.band.holds(trial.values.get(t.name)) for t in made.targets)
    failed = f", failed: {', '.join(trial.failures)}" if trial.failures else ""
    lowest = best(made, log.trials)
    print(f"trial {trial.number} ({trial.purpose}): cost {made.cost(trial):.4g}, {inside} of {len(made.targets)} inside "
          f"({trial.wall:.0f} s){failed}; best so far {made.cost(lowest):.4g} in trial {lowest.number}", flush=True)


def _search(made: Problem, evaluator: Evaluator) -> str:
    try:
        first, = evaluator.evaluate([made.start], "start")
        tried = [first]
        if made.fit.explore:
            tried += explore(made.box, evaluator, made.fit.explore)
        for begin in sorted(tried, key=made.cost)[:made.fit.descents]:
            how = descend(made.box, evaluator, made.box.point(begin.settings), made.fit.step)
        return how
    except Exhausted:
        return f"all {made.fit.trials} trials are used up; a larger `trials` continues"
