"""Measured against simulated, one row a quantity."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, stdev

from solver.analysis.measured import (
    CITATION,
    DOI,
    Band,
    cycle_bands,
    iv_bands,
    lateral_band,
    load_measured,
    negative_first_bands,
    probe_band,
    retention_bands,
    slope_band,
    train_bands,
)
from solver.results.folder import NoResult
from solver.results.tables import read_terminals
from solver.scenario import Scenario, load_scenario

LATERAL = "conductance change of the lateral pair [1]"
READING = "conductance change by reading [1]"


@dataclass(frozen=True)
class Row:
    """One quantity of one result.

    Attributes:
        result: the folder.
        quantity: name with unit.
        measured: the band.
        simulated: the value, None when it does not exist (no set, no reset).
        cycles: in how many cycles it exists, over which it is the mean, and of how many; None where it is no mean over cycles.
    """

    result: str
    quantity: str
    measured: Band
    simulated: float | None
    cycles: tuple[int, int] | None = None

    @property
    def inside(self) -> bool:
        """True when the simulated value lies in the measured band."""
        return self.measured.holds(self.simulated)


@dataclass(frozen=True)
class Ensemble:
    """One quantity of several runs that differ by nothing but the seed of their noise; often of one run.

    Attributes:
        rows: one a run.
    """

    rows: tuple[Row, ...]

    @property
    def values(self) -> list[float]:
        """Of the runs in which the quantity exists."""
        return [row.simulated for row in self.rows if row.simulated is not None]

    @property
    def mean(self) -> float | None:
        """Over those runs; None without any."""
        return fmean(self.values) if self.values else None

    @property
    def spread(self) -> float | None:
        """Standard deviation of the sample; None with fewer than two values."""
        return stdev(self.values) if len(self.values) > 1 else None

    @property
    def inside(self) -> bool:
        """True when the quantity exists in every run and its mean lies in the measured band."""
        return len(self.values) == len(self.rows) and self.rows[0].measured.holds(self.mean)

    @property
    def text(self) -> str:
        """Mean and spread as printed, and of how many runs where it does not exist in all."""
        if self.mean is None:
            return "none"
        spread = "" if self.spread is None else f" ± {self.spread:.2g}"
        return f"{self.mean:.3g}{spread}{self._cycles}" + (f" ({len(self.values)} of {len(self.rows)})" if len(self.values) < len(self.rows) else "")

    @property
    def _cycles(self) -> str:
        """Over how many cycles the value of a single run is the mean; "" where it is none."""
        cycles = self.rows[0].cycles
        if len(self.rows) > 1 or cycles is None:
            return ""
        found, every = cycles
        return f" (mean of {found} cycles)" if found == every else f" (mean of {found} of {every} cycles)"


def ensembles(rows: Sequence[Row]) -> list[list[Ensemble]]:
    """Rows of results grouped: runs of one scenario with other seeds together, in the order given."""
    groups: dict[str, dict[str, list[Row]]] = {}
    for result in dict.fromkeys(row.result for row in rows):
        group = groups.setdefault(_without_seed(result), {})
        for row in (row for row in rows if row.result == result):
            group.setdefault(row.quantity, []).append(row)
    return [[Ensemble(tuple(members)) for members in group.values()] for group in groups.values()]


def _without_seed(result: str) -> str:
    """The run's scenario but for the noise's seed; the folder itself where it has no scenario or no noise."""
    path = Path(result) / "scenario.yaml"
    scenario = load_scenario(path) if path.is_file() else None
    if scenario is None or scenario.physics.noise == "off":
        return result
    noise = scenario.physics.noise.model_copy(update={"seed": 1})
    return scenario.model_copy(update={"physics": scenario.physics.model_copy(update={"noise": noise})}).resolved_yaml()


def compare(directories: Sequence[str | Path]) -> list[Row]:
    """Rows of every result, in the order given.

    Args:
        directories: result folders.

    Raises:
        NoResult: one sentence: a folder is no result, or its run holds nothing that was measured.
    """
    rows = []
    for directory in directories:
        table = read_terminals(directory)
        found = _rows_of_no_cell(directory, table)
        if found is None:
            found = [*_sweep_rows(directory, table), *_pulse_rows(directory, table)]
        if not found:
            raise NoResult(f"{directory} holds no protocol that was measured: no voltage sweep, no measured pulse train, no lateral pair with the measured gap")
        rows += found
    return rows


def _rows_of_no_cell(directory, table) -> list[Row] | None:
    """The one row of a lateral pair, whose sweep is no cell's; none of an array, which nobody has measured; None for other layouts."""
    from solver.analysis.switching import conductance_change, record

    path = Path(directory) / "scenario.yaml"
    device = load_scenario(path).device if path.is_file() else None
    if device is None or device.layout not in ("lateral_pair", "array"):
        return None
    measured = lateral_band(device.gap) if device.layout == "lateral_pair" else None
    return [] if measured is None else [Row(str(directory), LATERAL, measured, conductance_change(record(table)))]


def quantities(scenario: Scenario) -> dict[str, Band]:
    """What `compare` finds in a finished run of the scenario, known before it runs: quantity -> band."""
    from solver.analysis.cycles import FEWEST
    from solver.analysis.pulses import steps_in_time
    from solver.scenario.protocol import Sweep, expanded

    if scenario.device.layout == "lateral_pair":
        band = lateral_band(scenario.device.gap)
        return {} if band is None else {LATERAL: band}
    bands: dict[str, Band] = {}
    sweeps = [step for step in expanded(scenario.protocol) if isinstance(step, Sweep)]
    if sweeps and sweeps[0].to < 0:
        bands |= negative_first_bands()
    elif sweeps:
        bands |= iv_bands() | {"on-state slope [1]": slope_band()}
        if sum(step.to > 0 for step in sweeps) >= FEWEST:
            bands |= cycle_bands()
    trains, probes = steps_in_time(scenario.protocol)
    for train in trains:
        found = train_bands(train.amplitude, train.width)
        bands |= {f"{train.amplitude * 1e3:+.0f} mV: {key}": band for key, band in found.items()}
    prepared = load_measured()["retention"]["preparation"]["amplitude"]
    if probes and any(abs(train.amplitude - prepared) < 1e-6 for train in trains):
        bands |= retention_bands()
    if probes and not trains:
        bands[READING] = probe_band()
    return bands


def _sweep_rows(directory, table) -> list[Row]:
    from solver.analysis.cycles import cycle_numbers
    from solver.analysis.switching import legs, record, switching_numbers

    voltage = record(table).voltage
    swept = legs(voltage)
    if not swept:
        return []
    numbers = switching_numbers(table)
    if voltage[swept[0][1]] < 0:
        ((key, measured),) = negative_first_bands().items()
        return [Row(str(directory), key, measured, numbers["V_set [V]"])]
    every = sum(voltage[peak] > 0 for _, peak, _ in swept)

    def cycles_of(key):
        """As `Row.cycles`."""
        by_cycle = numbers.get(f"{key.removesuffix(' [V]')} by cycle [V]")
        return None if every < 2 or by_cycle is None else (sum(value is not None for value in by_cycle), every)

    rows = [Row(str(directory), key, measured, numbers[key], cycles_of(key)) for key, measured in iv_bands().items()]
    rows.append(Row(str(directory), "on-state slope [1]", slope_band(), numbers["on-state slope [1]"]))
    cycles = cycle_numbers(numbers)
    if cycles["spread of V_set [V]"] is not None:
        error = cycles["drift of V_set, error [V]"]
        cycles["drift of V_set over its error [1]"] = cycles["drift of V_set [V]"] / error if error else 0.0
        if sum(v is not None for v in numbers["V_set by cycle [V]"]) < every:
            cycles = dict.fromkeys(cycles)  # a device that stays on or off in some cycles: those that set would flatter it
        rows += [Row(str(directory), key, measured, cycles[key]) for key, measured in cycle_bands().items()]
    return rows


def _pulse_rows(directory, table) -> list[Row]:
    """Pulse trains and retention; a train that only prepares another measurement has no band and gives no row."""
    from solver.analysis.pulses import read_disturb, retention_numbers, steps_in_time, train_numbers
    path = Path(directory) / "scenario.yaml"
    if not path.is_file():
        return []
    scenario = load_scenario(path)
    trains, probes = steps_in_time(scenario.protocol)
    last, rows = float(table["time [s]"].iloc[-1]), []
    for train in trains:
        bands = train_bands(train.amplitude, train.width)
        if bands and train.ends[-1] <= last:
            numbers, title = train_numbers(table, train, scenario.driven), f"{train.amplitude * 1e3:+.0f} mV: "
            rows += [Row(str(directory), title + key, measured, numbers[key]) for key, measured in bands.items()]
    prepared = load_measured()["retention"]["preparation"]
    if probes and any(abs(t.amplitude - prepared["amplitude"]) < 1e-6 for t in trains) and probes[0].end <= last * (1 + 1e-9):
        numbers = retention_numbers(table, probes[0])
        rows += [Row(str(directory), key, measured, numbers[key]) for key, measured in retention_bands().items()]
    if probes and not trains and probes[0].end <= last * (1 + 1e-9):
        rows.append(Row(str(directory), READING, probe_band(), read_disturb(table, probes[0])))
    return rows


def main(directories: Sequence[str | Path]) -> int:
    """Print the comparison (``halofil compare DIR...``).

    Returns:
        0 when every row is inside its band, 1 when any is outside, 2 when a folder is no result.
    """
    from rich.console import Console
    from rich.table import Table

    try:
        if not directories:
            raise NoResult("name at least one result folder")
        rows = compare(directories)
    except ValueError as fault:
        Console(stderr=True, soft_wrap=True).print(str(fault), markup=False, highlight=False)
        return 2
    console = Console()
    console = Console(width=max(console.width, 120))  # narrower than that, values would be cut off
    groups = ensembles(rows)
    for group in groups:
        table = Table(title=f"{_title(group)} against {CITATION}", title_justify="left")
        for name in ("quantity", "measured", "band", "simulated", ""):
            table.add_column(name, justify="left" if name in ("quantity", "") else "right", no_wrap=True)
        for line in group:
            measured = line.rows[0].measured
            mean = "-" if measured.mean is None else f"{measured.mean:.3g}"
            table.add_row(line.rows[0].quantity.replace("[", r"\["), mean, f"{measured.low:.3g} .. {measured.high:.3g}",
                          line.text, "[green]inside[/green]" if line.inside else "[red]outside[/red]")
        console.print(table)
    lines = [line for group in groups for line in group]
    outside = sum(not line.inside for line in lines)
    console.print(f"{len(lines) - outside} of {len(lines)} quantities inside their bands (mean ± one standard "
                  f"deviation, range, half a decade about an order of magnitude, factor two; doi:{DOI})", highlight=False)
    return 1 if outside else 0


def _title(group: Sequence[Ensemble]) -> str:
    """The folder, or all of them where several seeds were run."""
    results = list(dict.fromkeys(row.result for line in group for row in line.rows))
    if len(results) == 1:
        return results[0]
    return f"{results[0]} and {len(results) - 1} more with other seeds, mean ± spread over the {len(results)} runs,"
