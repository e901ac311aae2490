"""Checks of layout array: bars that fit, and steps that say what is done to which cell or terminal."""

from collections.abc import Iterator

from solver.units import format_quantity

from .device import Array
from .document import Path_
from .faults import nearest, one_of
from .protocol import ARRAY_STEPS, FEWEST_AT_START, Bias, Read, Repeat, Step, Wait, Write
from .schema import Scenario


def array_faults(scenario: Scenario) -> Iterator[tuple[Path_, str]]:
    """Faults of the device and its protocol, as (path, sentence); of other layouts, the array's own steps."""
    device = scenario.device
    if not isinstance(device, Array):
        yield from ((path, (f"belongs to layout array; layout {device.layout} has one driven terminal, write sweep, hold, pulses "
                     "or wait")) for path, step in _walk(scenario.protocol, ("protocol",)) if isinstance(step, ARRAY_STEPS))
        return
    yield from _geometry(device)
    if device.dimension == 2 and device.rows > 1:
        yield ("device", "rows"), "must be 1 in 2D, the section along one row; write rows: 1, or dimension: 3"
    for key in ("ion_walls", "field_walls"):
        if getattr(device, key) and (why := _no_wall(scenario, key)):
            yield ("device", key), why
    for name, terminal in scenario.terminals.items():
        if terminal.compliance is not None:
            yield ("terminals", name, "compliance"), "belongs to layouts with one driven terminal; remove it"
    if scenario.output.fields_every is not None and scenario.output.fields_every.kind == "voltage":
        yield ("output", "fields_every"), "must be a time in layout array, which has several voltages; write e.g. 0.1 s"
    for path, step in _walk(scenario.protocol, ("protocol",)):
        yield from _step(scenario, step, path)


def _no_wall(scenario: Scenario, key: str) -> str | None:
    physics = scenario.physics
    if len(scenario.device.cells) == 1:
        return "has no effect: the array has one cell; remove it"
    if key == "ion_walls":
        return None if any(physics.moves(name) for name in scenario.material.ions) else "has no effect because no ion moves; remove it"
    if physics.electronic == "bipolar":
        return "belongs to electronic: quasi_equilibrium; remove one of them"
    return None if physics.heat == "off" else "would be heated by the voltage across it; remove it, or write heat: off"


def _walk(steps: tuple[Step, ...], path: Path_) -> Iterator[tuple[Path_, Step]]:
    for k, step in enumerate(steps):
        here = (*path, k, step.kind)
        yield here, step
        if isinstance(step, Repeat):
            yield from _walk(step.steps, (*here, "steps"))


def _geometry(device: Array) -> Iterator[tuple[Path_, str]]:
    def nm(length: float) -> str:
        return format_quantity(float(f"{length:.6g}"), "length")

    stack = device.spacer_thickness + 2 * device.electrode_thickness
    if stack >= device.film_thickness:
        yield ("device", "film_thickness"), (
            f"{nm(device.film_thickness)} does not cover spacer and both electrodes, {nm(stack)}; write more than that")
    if device.pitch <= device.electrode_width and max(device.rows, device.columns) > 1:
        yield ("device", "pitch"), f"is not more than electrode_width ({nm(device.electrode_width)}), so the bars would touch; write more"


def _step(scenario: Scenario, step: Step, path: Path_) -> Iterator[tuple[Path_, str]]:
    device, terminals = scenario.device, scenario.terminals
    if not isinstance(step, (*ARRAY_STEPS, Wait, Repeat)):
        yield path, "acts on a single driven terminal, and an array has several; write bias, write, read or wait"
    if isinstance(step, (Write, Read)):
        if tuple(step.cell) not in device.cells:
            yield (*path, "cell"), (f"{list(step.cell)} is not in the array, which has {device.rows} rows and {device.columns} "
                                    "columns, counted from 1; write [row, column]")
        else:
            yield from (((*path, "cell"), f"needs {name}, which is {terminals[name].role}; make it driven")
                        for name in selected(step.cell) if terminals[name].role != "driven")
    if isinstance(step, Write):
        if step.period is not None and step.period <= step.width:
            yield (*path, "period"), f"is not longer than the width ({format_quantity(step.width, 'time')}); write more"
        if step.resolved is not None:
            yield from (((*path, "resolved"), fault) for fault in _leaps(scenario, step))
        if step.amplitude == 0:
            yield (*path, "amplitude"), "is 0 V, so nothing would be written; write another voltage"
    if isinstance(step, Bias):
        for name in step.voltages:
            if name not in terminals:
                near = nearest(name, tuple(terminals))
                yield (*path, "voltages", name), (f"the layout has no terminal {name!r:.40}; its terminals are {one_of(terminals)}"
                                                  + (f" (nearest: {near})" if near else ""))
            elif terminals[name].role != "driven":
                yield (*path, "voltages", name), f"has no effect: the terminal is {terminals[name].role}; make it driven"


def _leaps(scenario: Scenario, step: Write) -> Iterator[str]:
    if (fewest := max(step.resolved, FEWEST_AT_START) + step.resolved + 1) > step.count:
        yield (f"leaves none of {step.count} pulses to leap over, which {step.resolved} before and after each leap take {fewest}; remove it, "
               "or write more pulses")
    if scenario.physics.noise != "off":
        yield "has no meaning with noise, which no change of one pulse foretells; remove it, or physics.noise"


def selected(cell: tuple[int, int]) -> tuple[str, str]:
    """Row and column terminal of a cell."""
    return f"row_{cell[0]}", f"col_{cell[1]}"
