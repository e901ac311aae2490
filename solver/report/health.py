"""How well mesh and solver did in a run: rows for the report, and a figure of the steps."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from solver.figures import style
from solver.report.page import number
from solver.results.snapshots import Snapshots

if TYPE_CHECKING:
    import pandas

_CORE = 12.0  # nm around the filament's axis: what counts as its surroundings
_REFUSED = re.compile(r": step \S+ s refused")


@dataclass(frozen=True)
class Solving:
    """Effort and balances of a run.

    Attributes:
        steps: accepted.
        refused: log lines of refused steps.
        shortest, median, longest: time steps [s].
        newton, linear: iterations in all.
        worst_newton: largest number of Newton iterations in a step.
        charge_error: largest charge that the terminals' currents left unaccounted for, over the charge that passed.
        ion_error: largest ion imbalance.
    """

    steps: int
    refused: list[str]
    shortest: float
    median: float
    longest: float
    newton: int
    linear: int
    worst_newton: int
    charge_error: float
    ion_error: float


def solving(table: pandas.DataFrame, log: str) -> Solving:
    """Effort and balances, of an unfinished run too.

    Args:
        table: terminals.csv.
        log: text of run.log.
    """
    steps = table["step [s]"].to_numpy()
    steps = steps[steps > 0]
    steps = steps if len(steps) else np.zeros(1)
    imbalance = float(table["charge imbalance [C]"].abs().max())
    passed = float(_passed(table)[-1])
    return Solving(
        steps=len(table), refused=[line for line in log.splitlines() if _REFUSED.search(line)],
        shortest=float(steps.min()), median=float(np.median(steps)), longest=float(steps.max()),
        newton=int(table["newton iterations"].sum()), linear=int(table["linear iterations"].sum()),
        worst_newton=int(table["newton iterations"].max()), charge_error=imbalance / passed if passed > 0 else 0.0,
        ion_error=float(table["ion imbalance [1]"].abs().max()))


def _passed(table: pandas.DataFrame) -> np.ndarray:
    """(n,) charge that has passed through the device [C]: half the sum over the terminals of the integral of |I|."""
    currents = table[[name for name in table if name.startswith("current ")]].abs().sum(axis=1).to_numpy() / 2
    time = table["time [s]"].to_numpy()
    return np.concatenate([[0.0], np.cumsum(np.diff(time) * 0.5 * (currents[1:] + currents[:-1]))])


def solver_rows(found: Solving, summary: dict[str, Any]) -> list[tuple[str, str]]:
    """Name and value, in words for the report.

    Args:
        found: from :func:`solving`.
        summary: summary.json, empty where the run is not finished.
    """
    per_step, per_newton = found.newton / max(found.steps, 1), found.linear / max(found.newton, 1)
    rows = [
        ("time steps", f"{number(found.steps)} accepted, {number(summary.get('rejected steps', len(found.refused)))} refused"),
        ("length of a step", f"{number(found.shortest, 2)} s to {number(found.longest, 2)} s, median {number(found.median, 2)} s"),
        ("Newton iterations", f"{number(found.newton)}: {number(per_step, 3)} a step, at most {found.worst_newton}"),
        ("linear iterations", f"{number(found.linear)}: {number(per_newton, 3)} a Newton iteration"),
        ("charge unaccounted for", f"{number(found.charge_error, 2)} of the charge that passed, at most"),
        ("ions unaccounted for", f"{number(found.ion_error, 2)} of their number, at most"),
    ]
    if summary:
        seconds = {key: value for key, value in summary["seconds by part [s]"].items() if key != "total"}
        rows += [
            ("unknowns", number(summary["unknowns"])),
            ("wall time", f"{number(summary['wall time [s]'], 3)} s on {summary['ranks']} MPI rank"
                          + ("s" if summary["ranks"] != 1 else "") + f", engine {summary['engine']}"),
            ("of which", ", ".join(f"{key} {number(value, 3)} s" for key, value in seconds.items())),
            ("peak memory, all ranks", f"{number(summary['peak memory [B]'] / 2**30, 3)} GiB"),
            ("versions", ", ".join(f"{key} {value}" for key, value in summary["versions"].items())),
        ]
    return rows


def mesh_rows(found: Snapshots) -> list[tuple[str, str]]:
    """Size and quality of the mesh, measured on the stored one.

    Args:
        found: fields of the run.
    """
    from meshes.quality import negative_edges, report
    from meshes.simplex_mesh import SimplexMesh

    # without the axis that is not meshed: stored points are x, y, z whatever the dimension
    used = {1: [2, 0, 1], 2: [0, 2, 1], 3: [0, 1, 2]}[found.dimension]
    mesh = SimplexMesh(found.points[:, used].astype(float), found.cells, found.region, found.facets, found.facet_group,
                       found.regions, found.facet_tags)
    quality = report(mesh, 0.0)
    away = found.points - found.site.foot
    along = np.clip(away @ found.site.axis, 0.0, found.site.length)
    near = np.linalg.norm(away - along[:, None] * found.site.axis, axis=1) < _CORE
    core = np.flatnonzero(near[found.cells].all(axis=1) & found.cells_of("film"))
    share, weight = negative_edges(mesh, core)

    def negative(edges: float, by_weight: float) -> str:
        return f"{number(100 * edges, 2)} % of the edges, {number(100 * by_weight, 2)} % by weight"

    by_region = ", ".join(f"{name} {number(count)}" for name, count in quality.cells_by_region.items() if count)
    rows = [("nodes", number(quality.nodes)), ("cells", f"{number(quality.cells)} ({by_region})")]
    if found.dimension == 1:
        return rows
    return [*rows, ("smallest angle between faces", f"{number(quality.min_dihedral_deg, 3)}°"),
            ("largest in the film", f"{number(quality.max_dihedral_deg, 3)}°"),
            ("negative edge weights in the film", negative(quality.share_negative_edges, quality.weight_negative_edges)),
            (f"within {_CORE:g} nm of the filament's axis", negative(share, weight))]


def draw(table: pandas.DataFrame, png: Path) -> Path:
    """Steps, iterations and balances over time.

    Args:
        table: terminals.csv.
        png: where to.
    """
    time = table["time [s]"].to_numpy()
    passed = float(_passed(table)[-1]) or 1.0
    panels = [
        ("step [s]", [(table["step [s]"], "")]),
        ("iterations", [(table["newton iterations"], "Newton"), (table["linear iterations"], "linear")]),
        ("unaccounted for", [(table["charge imbalance [C]"].abs() / passed, "charge, over all that passed"),
                             (table["ion imbalance [1]"].abs(), "ions, over their number")]),
    ]
    with style.printed():
        figure = style.new_figure(style.DOUBLE_COLUMN, 92)
        every = figure.subplots(3, 1, sharex=True, gridspec_kw={"left": 0.09, "right": 0.98, "bottom": 0.1, "top": 0.96,
                                                                "hspace": 0.12})
        for axes, (label, curves), letter in zip(every, panels, "abc", strict=True):
            for (values, name), colour in zip(curves, (style.BLUE, style.RED), strict=False):
                shown = values.to_numpy(dtype=float)
                axes.plot(time, np.where(shown > 0, shown, np.nan), ".-", ms=2, lw=0.7, color=colour, label=name)
            axes.set(yscale="log", ylabel=label, xlim=(time[0], time[-1]) if time[-1] > time[0] else None)
            if len(curves) > 1:
                axes.legend(loc="best", ncols=2)
            style.letter(axes, letter, beside=True)
        every[-1].set_xlabel("time [s]")
        figure.align_ylabels(every)
        return style.save(figure, png)
