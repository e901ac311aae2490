"""`halofil compact`: fit the compact model to runs, say how far it is from others, write it for circuit simulators."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from solver.circuit_model.equations import EQUATIONS, PARAMETERS
from solver.circuit_model.fitting import Miss, fit, miss
from solver.circuit_model.netlist import identifier, subcircuit, verilog_a
from solver.circuit_model.waveforms import CellWaveform, read_waveform
from solver.results.folder import NoResult, ResultsExist, atomic_write_text


def write_model(out: Path, name: str, parameters: dict[str, float], fitted: Sequence[CellWaveform], misses: dict[str, list[Miss]]
                ) -> list[Path]:
    """model.json, NAME.lib and NAME.va in a folder.

    Args:
        out: the folder.
        name: of subcircuit and module.
        parameters: name -> value.
        fitted: runs that were fitted; the first one's first gap is the model's start.
        misses: "fitted" and "held out" -> how far the model is from each run.
    """
    start, runs = float(fitted[0].gap[0]), [run.name for run in fitted]
    origin = f"fitted by halofil to {', '.join(runs)}"
    numbers = {
        "name": name, "fitted to": runs, "gap at the start [nm]": start,
        "parameters": {key: {"value": value, "unit": PARAMETERS[key].unit, "meaning": PARAMETERS[key].meaning,
                             "at a bound of the fit": _at_bound(key, value)} for key, value in parameters.items()},
        "equations": {key: text for key, text, _ in EQUATIONS},
        "errors": {group: [_in_words(m) for m in found] for group, found in misses.items()},
    }
    files = {out / "model.json": json.dumps(numbers, indent=2, ensure_ascii=False) + "\n",
             out / f"{name}.lib": subcircuit(name, parameters, start, origin),
             out / f"{name}.va": verilog_a(name, parameters, start, origin)}
    out.mkdir(parents=True, exist_ok=True)
    for path, text in files.items():
        atomic_write_text(path, text)
    return list(files)


def _at_bound(key: str, value: float) -> bool:
    """Whether a fit has stopped there because it may go no further."""
    p = PARAMETERS[key]
    return p.low < p.high and min(value - p.low, p.high - value) < 1e-3 * min(abs(value), p.high - p.low)


def _in_words(found: Miss) -> dict:
    about = asdict(found)
    return {"run": about["name"], "current, rms [decades]": about["decades"], "current, median [decades]": about["median"],
            "current, largest [decades]": about["largest"], "gap, rms [nm]": about["gap"]}


def main(directories: Sequence[Path], held_out: Sequence[Path], out: Path, *, force: bool = False) -> int:
    """Fit, print the errors, write model, netlists and figure.

    Returns:
        0, or 2 where a folder holds no such run, or a model is in the way.
    """
    from rich.console import Console
    from rich.table import Table

    from solver.figures.compact import draw

    try:
        if (out / "model.json").exists() and not force:
            raise ResultsExist(f"{out} holds a compact model, it is not overwritten: use --force to fit again, or another --out")
        runs, others = [read_waveform(d) for d in directories], [read_waveform(d) for d in held_out]
        if len({run.temperature for run in runs + others}) > 1:
            raise NoResult("the runs are of different temperatures: the compact model has one")
    except (NoResult, ResultsExist) as fault:
        Console(stderr=True, soft_wrap=True).print(str(fault), markup=False, highlight=False)
        return 2
    parameters = fit(runs)
    misses = {"fitted": [miss(parameters, run) for run in runs], "held out": [miss(parameters, run) for run in others]}
    table = Table("run", "", "current, rms [decades]", "median", "largest", "gap, rms [nm]", title="compact model against runs")
    for group, found in misses.items():
        for m in found:
            table.add_row(m.name, group, f"{m.decades:.2f}", f"{m.median:.2f}", f"{m.largest:.1f}", f"{m.gap:.2f}")
    console = Console(soft_wrap=True)
    console.print(table)
    stuck = [key for key, value in parameters.items() if _at_bound(key, value)]
    if stuck:
        console.print(f"at a bound of the fit, so not told by these runs: {', '.join(stuck)}", highlight=False)
    files = write_model(out, identifier(out.resolve().name), parameters, runs, misses)
    files.append(draw(parameters, {"fitted": runs, "held out": others}, out / "figures" / "compact.png"))
    console.print("\n".join(f"wrote {path}" for path in files), highlight=False)
    return 0
