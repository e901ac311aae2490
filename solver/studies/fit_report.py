"""What a fit leaves behind: tables of parameters, observables and trials, the material file, figures, a last word."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from solver.results.folder import atomic_write_text
from solver.scenario.document import read_document
from solver.scenario.loading import SHIPPED

from . import material_file
from .fit_pictures import cost_by_trial, front_of, observables
from .front import group_costs, groups_of, nondominated
from .table import write as write_table

if TYPE_CHECKING:
    import pandas

    from .fit import Problem
    from .trials import Trial


def write(made: Problem, trials: list[Trial], how: str) -> None:
    """All files of a fit, from its log."""
    from .fit import best

    if not trials:
        print(f"{made.fit.name}: no trial is finished")
        return
    start = next((t for t in trials if t.settings == made.start), trials[0])
    lowest = best(made, trials)
    files = write_table(parameters(made, start, lowest), made.folder, "parameters")
    files += write_table(quantities(made, start, lowest), made.folder, "observables")
    files += write_table(history(made, trials), made.folder, "trials")
    groups = groups_of(made)
    costs = np.array([group_costs(made, groups, trial) for trial in trials])
    whole = np.array([not trial.failures for trial in trials])
    on_front = np.zeros(len(trials), dtype=bool)
    on_front[np.flatnonzero(whole)] = nondominated(costs[whole])
    files += write_table(front(made, groups, trials, costs, on_front), made.folder, "front")
    figures = made.folder / "figures"
    files.append(cost_by_trial([made.cost(t) for t in trials], [t.purpose for t in trials], figures / "cost.png"))
    files.append(observables(made, start, lowest, figures / "observables.png"))
    if len(groups) > 1 and whole.sum() > 1:
        files.append(front_of(list(groups), costs, on_front, lowest.number - 1, figures / "front.png"))
    files += materials(made, lowest)
    print("\n".join(f"wrote {file}" for file in files))
    inside = sum(t.band.holds(lowest.values.get(t.name)) for t in made.targets)
    print(f"{made.fit.name}: {how}. Cost {made.cost(start):.4g} at the start, {made.cost(lowest):.4g} in trial "
          f"{lowest.number} of {len(trials)}; {inside} of {len(made.targets)} quantities inside their bands")


def parameters(made: Problem, start: Trial, lowest: Trial) -> pandas.DataFrame:
    """A row a parameter: start, best, bounds, and whether it lies at one."""
    import pandas

    rows = []
    for key, span in made.box.spans.items():
        share = span.share(lowest.settings[key])
        rows.append({"parameter": key, "start": start.settings[key], "best": lowest.settings[key], "from": span.at(0.0),
                     "to": span.at(1.0), "scale": "log" if span.log else "linear",
                     "at bound": "from" if share < 1e-3 else "to" if share > 1 - 1e-3 else ""})
    return pandas.DataFrame(rows)


def quantities(made: Problem, start: Trial, lowest: Trial) -> pandas.DataFrame:
    """A row a target: band, before, after; and the cost as last row."""
    import pandas

    rows: list[dict[str, Any]] = []
    for target in made.targets:
        row = {"scenario": target.scenario, "quantity": target.quantity, "measured": target.band.mean, "low": target.band.low,
               "high": target.band.high, "weight": target.weight}
        for name, trial in (("start", start), ("best", lowest)):
            value = trial.values.get(target.name)
            row |= {name: value, f"{name} residual": target.residual(value, made.fit.penalty),
                    f"{name} inside": target.band.holds(value)}
        rows.append(row)
    rows.append({"scenario": "", "quantity": "cost", "start": made.cost(start), "best": made.cost(lowest)})
    return pandas.DataFrame(rows)


def history(made: Problem, trials: list[Trial]) -> pandas.DataFrame:
    """A row a trial: purpose, cost, parameters (as text), observables, failures."""
    import pandas

    return pandas.DataFrame([
        {"trial": t.number, "purpose": t.purpose, "cost": made.cost(t), "wall time [s]": t.wall, **t.settings,
         **{target.name: t.values.get(target.name) for target in made.targets},
         "failures": "; ".join(f"{name}: {reason}" for name, reason in t.failures.items())} for t in trials])


def front(made: Problem, groups, trials: list[Trial], costs: np.ndarray, on_front: np.ndarray) -> pandas.DataFrame:
    """The trials none of which is better in every group, with their parameters."""
    import pandas

    rows = [{"trial": trials[i].number, **{f"{name} [half-widths]": c for name, c in zip(groups, costs[i])},
             "cost": made.cost(trials[i]), **trials[i].settings} for i in np.flatnonzero(on_front)]
    frame = pandas.DataFrame(rows, columns=None if rows else ["trial"])
    return frame.sort_values("cost") if rows else frame


def materials(made: Problem, lowest: Trial) -> list[Path]:
    """The best set as a material file in the results folder and next to the old one."""
    values = {key.removeprefix("material."): lowest.settings[key] for key in made.box.spans if key.startswith("material.")}
    base = made.base(made.fit.scenarios[0])
    name = read_document(base).at(("material",))
    if not values or not isinstance(name, str):
        return []
    stem = name.removesuffix(".yaml")
    old = next(f for f in (base.parent / "materials" / f"{stem}.yaml", SHIPPED / f"{stem}.yaml") if f.is_file())
    new = f"{stem}_{made.fit.name}"
    head = f"{stem} with values found by halofil fit {made.fit.name}"
    source = f"fitted (halofil fit {made.fit.name}, trial {lowest.number})"
    text = material_file.rewritten(old.read_text(encoding="utf-8"), new, values, source, head)
    atomic_write_text(made.folder / f"{new}.yaml", text)
    beside = old.with_name(f"{new}.yaml")
    if material_file.write(beside, text, head):
        return [made.folder / f"{new}.yaml", beside]
    print(f"{beside} is not this fit's, so it stays as it is; the best set is in {made.folder / f'{new}.yaml'}")
    return [made.folder / f"{new}.yaml"]
