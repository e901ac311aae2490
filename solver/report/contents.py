"""Sections of a report, each from the files of one run; a section without content is left out."""

from __future__ import annotations

import io
import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from solver.report.page import Markup, folded, number, paragraph, quantity, section, table, text, verbatim
from solver.scenario import Scenario
from solver.scenario.material import Material
from solver.scenario.parameter import Parameter
from solver.units import format_quantity

CAPTIONS = {
    "iv": "Current against voltage, logarithmic and linear, with the measured bands of V_set and V_reset.",
    "history": "Voltage, conductance, filament gap and energy over time.",
    "states": "The device before the set, after it and after the reset, or where it does not switch at the moments named: potential and mobile ions.",
    "pulses": "Current and energy of each pulse, measured ones beside.",
    "train": "The pulses in time: voltage and current.",
    "retention": "Conductance while it is read after the train.",
    "cycles": "V_set, V_reset and both conductances by cycle.",
    "sweeps": "Sweeps of all cycles with their median, and how V_set and V_reset are distributed.",
    "array": "Reads, gaps and vacancies of every cell over time, and what the first write did.",
    "steps": "Length of the time steps, iterations, and what the balances of charge and ions leave unaccounted for.",
}
_FIRST = ("V_set [V]", "V_reset [V]", "S_on [S]", "S_off [S]", "on/off ratio [1]", "energy to set [J]")
_EFFORT = ("simulated time [s]", "wall time [s]", "steps", "rejected steps", "newton iterations", "linear iterations",
           "peak memory [B]", "unknowns", "nodes", "ranks")


def head(scenario: Scenario | None, name: str, status: str, summary: dict[str, Any]) -> Markup:
    """Title, what was simulated, and the numbers a reader looks for first."""
    what = ""
    if scenario is not None:
        what = f"layout {scenario.device.layout}, {scenario.device.dimension}D, material {scenario.material.name}; "
    boxes = "".join(f"<div><b>{text(number(summary[key], 3))}{' ' if unit else ''}{text(unit)}</b><span>{text(bare)}</span></div>"
                    for key in _FIRST if summary.get(key) is not None for bare, unit in [quantity(key)])
    return Markup(f"<h1>{text(name)}</h1><p class=lead>{text(what + status)}</p>"
                  + (f"<div class=numbers>{boxes}</div>" if boxes else ""))


def measured(directory: Path) -> Markup:
    """Measured beside simulated numbers, as ``halofil compare`` prints them."""
    from solver.analysis.comparison import compare
    from solver.analysis.measured import CITATION, DOI
    from solver.results.folder import NoResult

    try:
        rows = compare([directory])
    except NoResult:
        return Markup("")
    lines = []
    for row in rows:
        bare, unit = quantity(row.quantity)
        band = f"{number(row.measured.low, 3)} to {number(row.measured.high, 3)}"
        verdict = "inside" if row.inside else "outside"
        lines.append((bare, number(row.simulated, 3), number(row.measured.mean, 3), band, unit, row.measured.basis,
                      Markup(f"<span class={verdict}>{verdict}</span>")))
    inside = sum(row.inside for row in rows)
    return section("Measured and simulated", paragraph(
        f"{inside} of {len(rows)} quantities lie inside the bands of {CITATION} (doi:{DOI})."),
        table(("quantity", "simulated", "measured", "band", "unit", "the band is", ""), lines, "measured"))


def numbers(summary: dict[str, Any]) -> Markup:
    """Every number of summary.json that is not effort."""
    rows = [(bare, number(value), unit) for key, value in summary.items() for bare, unit in [quantity(key)]
            if isinstance(value, int | float) and key not in _EFFORT]
    return folded("every number of summary.json", table(("quantity", "value", "unit"), rows, "pairs")) if rows else Markup("")


def cells(summary: dict[str, Any]) -> Markup:
    """What each write of an array did to every cell, and the energy taken up through each terminal."""
    writes = summary.get("writes", [])
    if not writes:
        return Markup("")
    rows: list[tuple[Any, ...]] = []
    columns = [key for key, value in writes[0].items() if isinstance(value, dict) and value]
    for write in writes:
        pulses = int(write["pulses [1]"])
        rows.append((f"{pulses} {'pulse' if pulses == 1 else 'pulses'} of {number(write['amplitude [V]'])} V on {_cell(write['cell'])}",))
        rows += [(_cell(name), *(number(write[key].get(name), 3) for key in columns))
                 for name in sorted({name for key in columns for name in write[key]})]
    head = [bare + (f" ({unit})" if unit else "") for bare, unit in map(quantity, columns)]
    energy = [(key.removeprefix("energy ").removesuffix(" [J]"), number(value, 4), "J") for key, value in summary.items()
              if key.startswith("energy ") and key.endswith(" [J]") and key != "energy [J]"]
    return section("Cells", paragraph("From the reads before and after each write; ions over the write with its pauses. Disturb: change of "
                                      "ln conductance over the written cell's."),
                   table(("cell", *head), rows), paragraph("Energy taken up through each terminal over the run:"),
                   table(("terminal", "energy", "unit"), energy, "pairs"))


def _cell(name: str) -> str:
    return "cell ({}, {})".format(*name.split("_")[1:])


def overridden(scenario: Scenario, options: list[str]) -> Markup:
    """What was set on the command line, and which material values are overrides."""
    rows = [(key.strip(), value.strip()) for key, _, value in (option.partition("=") for option in options)]
    listed = {key for key, _ in rows}
    rows += [(".".join(("material", *path)), _shown(entry)) for path, entry in parameters(scenario.material)
             if entry.source == "override" and ".".join(("material", *path)) not in listed]
    if not rows:
        return section("Overrides", paragraph("None: every value is that of the scenario and of its material file."))
    return section("Overrides", paragraph("Set on the command line (--set) or as material_overrides of the scenario:"),
                   table(("key", "value"), [(Markup(f"<code>{text(k)}</code>"), v) for k, v in rows], "pairs"))


def parameters(part: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Parameter]]:
    """(key path, parameter) of a material, in the order of its schema."""
    if isinstance(part, Parameter):
        yield path, part
    elif isinstance(part, dict):
        for name, value in part.items():
            yield from parameters(value, (*path, name))
    elif isinstance(part, tuple):
        for k, value in enumerate(part):
            yield from parameters(value, (*path, str(k)))
    elif hasattr(type(part), "model_fields"):
        for name in type(part).model_fields:
            yield from parameters(getattr(part, name), (*path, name))


def _shown(entry: Parameter) -> str:
    return _pretty(format_quantity(entry.value, entry.kind()))


def _pretty(words: str) -> str:
    """A quantity with raised powers and micro as a letter."""
    value, _, unit = words.partition(" ")
    raised = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
    parts = unit.split("^")
    unit = parts[0]
    for part in parts[1:]:
        size = len(part) - len(part.lstrip("-0123456789"))
        unit += part[:size].translate(raised) + part[size:]
    if "e" in value:
        value = number(float(value), 6)
    unit = re.sub(r"^u(?=[A-Za-z])", "µ", unit)
    return f"{value.replace('-', '−')}\u202f{unit}".strip()


def _place_in_range(value: float, low: float, high: float) -> Markup:
    """A bar for the range with a dot for the value, logarithmic where the range spans more than a factor of five."""
    if high <= low:
        return Markup("")
    logarithmic = low > 0 and high / low > 5
    at = math.log(value / low) / math.log(high / low) if logarithmic else (value - low) / (high - low)
    return Markup('<svg class=range viewBox="0 0 92 14" role=img aria-label="place in the range"><path d="M6 3v8M86 3v8M6 7h80" '
                  f'stroke="#9aa4ad" fill="none"/><circle cx="{6 + 80 * at:.1f}" cy="7" r="4" fill="#0072b2"/></svg>')


def material(scenario: Scenario) -> Markup:
    """Every parameter that has an effect in this run, with range and source; the others folded."""
    from solver.scenario.checks import ineffective

    assert isinstance(scenario.material, Material)
    idle = [path[1:] for path in ineffective(scenario) if path[:1] == ("material",)]
    used, unused = [], []
    for path, entry in parameters(scenario.material):
        without = any(path[:len(start)] == start for start in idle)
        (unused if without else used).append((path, entry))
    sources = paragraph("Each number is the one the run used, with what its material file says about where it comes from; "
                        "the dot shows where in the plausible range it lies (logarithmic where the range is wide).")
    rest = folded(f"{len(unused)} parameters without effect in this run", _parameter_table(unused)) if unused else ""
    return section("Parameters", sources, _parameter_table(used), rest)


def _parameter_table(entries: list[tuple[tuple[str, ...], Parameter]]) -> Markup:
    """Groups by section of the material."""
    parts, group = [], None
    for path, entry in entries:
        if path[:-1] != group:
            group = path[:-1]
            parts.append((" › ".join(group).replace("_", " "),))
        kind = entry.kind()
        limits = [_pretty(format_quantity(x, kind)) for x in entry.range] if entry.range else []
        source = Markup("<span class=changed>override</span>") if entry.source == "override" else entry.source
        parts.append((path[-1].replace("_", " "), _shown(entry), " to ".join(limits),
                      _place_in_range(entry.value, *entry.range) if entry.range else "", source))
    return table(("parameter", "value", "plausible range", "", "source"), parts, "parameters")


def set_up(resolved: str) -> Markup:
    """Device, physics, terminals and protocol as written in scenario.yaml, without the material."""
    from ruamel.yaml import YAML

    yaml = YAML(typ="safe", pure=True)
    yaml.default_flow_style = None
    yaml.sort_base_mapping_type_on_output = False
    yaml.width = 110
    yaml.allow_unicode = True
    stream = io.StringIO()
    yaml.dump({key: value for key, value in yaml.load(resolved).items() if key not in ("material", "name")}, stream)
    return section("Device and protocol", verbatim(stream.getvalue()),
                   paragraph("The whole scenario, material included, is scenario.yaml of the results folder; halofil run "
                             "takes it and repeats this run."))


def log(words: str, refused: list[str]) -> Markup:
    """What the log says of difficulties, and the log itself."""
    warnings = [line for line in words.splitlines() if " WARNING " in line or " ERROR " in line]
    parts = [verbatim("\n".join(warnings))] if warnings else []
    if refused:
        parts.append(folded(f"{len(refused)} refused steps and why", verbatim("\n".join(refused[-40:]))))
    if words:
        parts.append(folded("run.log", verbatim("\n".join(words.splitlines()[-200:]))))
    return section("Log", *parts)
