"""`halofil fit --sensitivities`: derivatives at one set of parameters, and what the data cannot tell apart.

Central differences in ln(parameter). Their noise floor comes from two more trials, in which all parameters move by a
thousandth of the step: what an observable changes there beyond its derivatives is adaptive steps and meshes, not physics.
With J = d(residual)/d(ln parameter), residuals in half-widths of the bands, and J = U S V^T, moving the parameters along a
column of V by 1/s e-folds changes the residuals by one half-width in all (root of the sum of squares). A combination whose
1/s is larger than its bounds allow is one the data say nothing about (identifiability by singular values; e.g. M. K.
Transtrum, B. B. Machta, J. P. Sethna, Phys. Rev. E 83, 036701 (2011)).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from .fit_pictures import heat_map
from .table import write as write_table

if TYPE_CHECKING:
    import pandas

    from .fit import Problem
    from .quantities import Span
    from .trials import Evaluator, Trial

PROBE = 1e-3  # of the step: a change without physics in it


@dataclass(frozen=True)
class Sensitivities:
    """Derivatives by ln(parameter).

    Attributes:
        logarithmic: (targets, parameters) d ln|observable| / d ln(parameter); NaN where the observable does not exist,
            vanishes or changes sign.
        noise: (targets,) floor of the former.
        residual: (targets, parameters) d residual / d ln(parameter); NaN where it does not exist.
        residual_noise: (targets,) floor of that.
    """

    logarithmic: np.ndarray
    noise: np.ndarray
    residual: np.ndarray
    residual_noise: np.ndarray


def run(made: Problem, evaluator: Evaluator) -> int:
    """Tables and heat map at the best set of the log, else at the start; returns the exit status."""
    from .fit import COMPLETE, NOTHING_FOUND, best

    searched = [t for t in evaluator.log.trials if t.purpose != "sensitivity"]
    at = best(made, searched).settings if searched else made.start
    where = f"the best set so far (trial {best(made, searched).number})" if searched else "the start"
    step = made.fit.sensitivity_step
    keys = list(made.box.spans)
    wanted = [at, *(moved(made.box.spans, at, {key: side * step}) for key in keys for side in (1, -1)),
              *(moved(made.box.spans, at, dict.fromkeys(keys, side * step * PROBE)) for side in (1, -1))]
    trials = evaluator.evaluate(wanted, "sensitivity")
    if trials[0].failures:
        print(f"no sensitivities: at {where} a run failed: {'; '.join(trials[0].failures.values())}")
        return NOTHING_FOUND
    found = derivatives(made, trials, len(keys), step)
    names = [target.name for target in made.targets]
    files = write_table(_frame(made, found, keys), made.folder, "sensitivities")
    files += write_table(combinations(made, found, keys), made.folder, "identifiability")
    sure = np.abs(found.logarithmic) > found.noise[:, None]
    files.append(heat_map(found.logarithmic, names, keys, sure, made.folder / "figures" / "sensitivities.png"))
    print("\n".join(f"wrote {file}" for file in files))
    print(f"{made.fit.name}: sensitivities at {where}, step {step:g} in ln(parameter)")
    return COMPLETE


def moved(spans: dict[str, Span], settings: dict[str, Any], by: dict[str, float]) -> dict[str, Any]:
    """Settings with some parameters multiplied by exp(by)."""
    from solver.units import convert

    new = dict(settings)
    for key, log in by.items():
        unit = spans[key].unit
        number = float(f"{convert(settings[key], unit) * math.exp(log):.12g}")
        new[key] = f"{number!r} {unit}" if unit else number
    return new


def derivatives(made: Problem, trials: list[Trial], count: int, step: float) -> Sensitivities:
    """From trials in the order: centre, each parameter up and down, all parameters a little up and down."""
    values = np.array([[_number(t.values.get(target.name)) for target in made.targets] for t in trials])
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = np.where(np.sign(values) == np.sign(values[0]), np.log(np.abs(values)), np.nan)
    logs[~np.isfinite(logs)] = np.nan
    residuals = np.array([t.distances(made.targets) for t in trials])
    residuals[np.isinf(residuals)] = np.nan

    def difference(rows):
        up, down = rows[1:1 + 2 * count:2], rows[2:2 + 2 * count:2]
        both = (up - down) / (2 * step)
        one = np.where(np.isnan(up), (rows[0] - down) / step, (up - rows[0]) / step)  # a neighbour failed
        found = np.where(np.isnan(both), one, both).T
        probes = rows[1 + 2 * count:] - rows[0] - PROBE * step * np.array([[1], [-1]]) * np.nansum(found, axis=1)
        return found, np.nanmax(np.abs(probes), axis=0, initial=0.0) / step

    return Sensitivities(*difference(logs), *difference(residuals))


def _number(value: float | None) -> float:
    return math.nan if value is None else value


def _frame(made: Problem, found: Sensitivities, keys: list[str]) -> pandas.DataFrame:
    import pandas

    frame = pandas.DataFrame(found.logarithmic, columns=keys)
    frame.insert(0, "noise floor", found.noise)
    frame.insert(0, "observable", [target.name for target in made.targets])
    return frame


def combinations(made: Problem, found: Sensitivities, keys: list[str]) -> pandas.DataFrame:
    """A row a singular value: the combination of parameters, and by which factor it may change unnoticed."""
    import pandas

    spans = [made.box.spans[key] for key in keys]
    widths = [math.log(s.high / s.low) if min(s.low, s.high) > 0 else math.inf for s in spans]
    matrix = found.residual[np.isfinite(found.residual).all(axis=1)]
    noise = found.residual_noise[np.isfinite(found.residual).all(axis=1)]
    rows = []
    for singular, direction in decomposed(matrix, len(keys)):
        room = min((abs(width) / abs(v) for width, v in zip(widths, direction) if abs(v) > 1e-12), default=math.inf)
        known = singular > 0 and 1 / singular < room and singular > float(np.linalg.norm(noise))
        rows.append({"singular value [half-widths per e-fold]": singular,
                     "may change by a factor of": math.exp(min(1 / singular, 700.0)) if singular > 0 else math.inf,
                     "told apart by the data": "yes" if known else "no", "combination": in_words(direction, keys),
                     **{key: v for key, v in zip(keys, direction)}})
    return pandas.DataFrame(rows)


def decomposed(matrix: np.ndarray, count: int) -> list[tuple[float, np.ndarray]]:
    """Singular values, largest first, with the directions in parameter space (largest component positive)."""
    _, singular, directions = np.linalg.svd(matrix if len(matrix) else np.zeros((1, count)), full_matrices=True)
    padded = np.concatenate([singular, np.zeros(count - len(singular))])
    return [(float(s), v * np.sign(v[np.argmax(np.abs(v))])) for s, v in zip(padded, directions)]


def in_words(direction: np.ndarray, keys: list[str]) -> str:
    """``gap^0.8 * length^-0.6``; components below a tenth are left out."""
    named = sorted(zip(np.abs(direction), direction, _short(keys)), reverse=True)
    return " * ".join(f"{key}^{v:.2g}" for size, v, key in named if size > 0.1)


def _short(keys: list[str]) -> list[str]:
    """The last part of each key, and as many before it as tell it from the others."""
    def ending(key: str) -> str:
        parts = key.split(".")
        endings = (".".join(parts[-n:]) for n in range(1, len(parts) + 1))
        return next((e for e in endings if sum(f".{k}".endswith(f".{e}") for k in keys) == 1), key)

    return [ending(key) for key in keys]
