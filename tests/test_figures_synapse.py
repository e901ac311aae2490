"""Figures of pulse trains, retention and cycles: what is drawn, and None where there is nothing to draw."""

import numpy as np
import pandas

from solver.analysis.switching import record
from solver.figures import sweeps, synapse
from solver.results.tables import TerminalTable
from tests import synthetic_run as synthetic
from tests.test_analysis_pulses import table as made

HEAD = ("name: made\ndevice: {layout: axisymmetric_gap, gap: 60 nm, radius: 80 nm}\nmaterial: mapbi3_gold\n"
        "terminals: {top: driven, bottom: ground}\nprotocol:\n")


def folder(tmp_path, table, protocol=None):
    out = tmp_path / "run"
    out.mkdir()
    if protocol:
        (out / "scenario.yaml").write_text(HEAD + protocol)
    writer = TerminalTable(out / "terminals.csv", list(table.columns))
    for row in table.to_dict("records"):
        writer.append(row)
    return out


def test_a_pulse_train_is_drawn_with_the_measured_first_and_last_current(tmp_path, drawn):
    ends = 0.08 + 0.16 * np.arange(10)
    current = 1e-10 * 80 ** (np.arange(10) / 9)
    rows = made(np.concatenate([[e - 0.079, e] for e in ends]), np.full(20, 0.1), np.repeat(current, 2))
    protocol = "  - pulses: {amplitude: 100 mV, width: 80 ms, period: 160 ms, count: 10}\n"
    assert synapse.pulse_trains(folder(tmp_path, rows, protocol)).is_file()
    (axes,) = drawn[0].axes
    (inset,) = axes.child_axes
    assert axes.get_yscale() == "log" and "[nA]" in axes.get_ylabel() and "[pJ]" in inset.get_ylabel()
    np.testing.assert_allclose(axes.lines[0].get_ydata(), current * 1e9)
    # I V t of each pulse, 0.1 V and 80 ms
    np.testing.assert_allclose(inset.lines[1].get_ydata(), current * 0.1 * 0.08 * 1e12)
    labels = [t.get_text() for t in drawn[0].legends[0].get_texts()]
    assert any("measured" in label for label in labels) and {"simulated", "inset: I V t"} <= set(labels)


def test_trains_of_several_seeds_are_drawn_with_their_median_and_the_measured_currents(tmp_path, drawn):
    protocol = "  - pulses: {amplitude: 100 mV, width: 80 ms, period: 160 ms, count: 10}\n"
    ends, currents = 0.08 + 0.16 * np.arange(10), [i * 80 ** (np.arange(10) / 9) for i in (3e-10, 1e-10, 2e-10)]
    runs = []
    for number, current in enumerate(currents):
        rows = made(np.concatenate([[e - 0.079, e] for e in ends]), np.full(20, 0.1), np.repeat(current, 2))
        (tmp_path / str(number)).mkdir()
        runs.append(folder(tmp_path / str(number), rows, protocol))
    assert synapse.repeated_trains(runs, tmp_path / "trains.png").is_file()
    (axes,) = drawn[0].axes
    *each, median, measured, _, _ = axes.lines  # the last two are the caps of its bars
    for line, current in zip(each, currents, strict=True):
        np.testing.assert_allclose(line.get_ydata(), current * 1e9)
    np.testing.assert_allclose(median.get_ydata(), currents[2] * 1e9)
    np.testing.assert_allclose(measured.get_ydata(), [0.1, 8])
    assert drawn[0].legends[0].get_texts()[0].get_text() == "simulated with noise, 3 runs"


def test_a_pulse_train_in_time_shows_the_current_of_the_pulses_only(tmp_path, drawn):
    ends = 0.08 + 0.16 * np.arange(10)
    current = 1e-10 * 80 ** (np.arange(10) / 9)
    time = np.concatenate([[e - 0.079, e, e + 0.01] for e in ends])
    rows = made(time, np.tile([0.1, 0.1, 0.0], 10), np.concatenate([[i, i, 1e-15] for i in current]))
    protocol = "  - pulses: {amplitude: 100 mV, width: 80 ms, period: 160 ms, count: 10}\n"
    assert synapse.pulse_record(folder(tmp_path, rows, protocol)).is_file()
    _, axes = drawn[0].axes
    shown = axes.lines[0].get_ydata()
    np.testing.assert_allclose(shown[np.isfinite(shown)], np.repeat(current, 2) * 1e9)


def test_the_median_of_many_sweeps_is_the_middle_curve(tmp_path, drawn):
    """Five cycles that set at 0.13 to 0.17 V: the median current is that of the one at 0.15 V."""
    volts = [0.17, 0.15, 0.13, 0.16, 0.14]
    parts = [synthetic.sweep_table(v_set=v) for v in volts]
    span = parts[0]["time [s]"].iloc[-1]
    table = pandas.concat([part.assign(**{"time [s]": part["time [s]"] + k * (span + 0.01)}) for k, part in enumerate(parts)],
                          ignore_index=True)
    voltage, current = sweeps.median_sweep(record(table))
    middle, one = sweeps.median_sweep(record(parts[1]))
    np.testing.assert_allclose(voltage, middle)
    np.testing.assert_allclose(current, one, rtol=1e-6)
    assert sweeps.all_cycles(folder(tmp_path, table)).is_file()
    curves, shares = drawn[0].axes
    assert curves.get_yscale() == "log" and sum(patch.get_height() for patch in shares.patches) == 10  # a set and a reset each
    (tmp_path / "few").mkdir()
    assert sweeps.all_cycles(folder(tmp_path / "few", parts[0])) is None


def test_retention_is_drawn_with_its_times(tmp_path, drawn):
    time = np.concatenate([0.08 + 0.16 * np.arange(10), 1.6 + np.linspace(0.05, 40, 400)])
    s = np.where(time < 1.6, 1e-5, np.where(time - 1.6 < 22, 1e-5, np.where(time - 1.6 < 29, 2e-6, 1e-9)))
    volts = np.where(time < 1.6, 0.2, 1e-3)
    protocol = ("  - pulses: {amplitude: 200 mV, width: 80 ms, period: 160 ms, count: 10}\n"
                "  - hold: {voltage: 1 mV, duration: 40 s}\n")
    assert synapse.retention(folder(tmp_path, made(time, volts, s * volts), protocol)).is_file()
    labels = [t.get_text() for t in drawn[0].legends[0].get_texts()]
    assert any(label.startswith("simulated: on-state holds, 22") for label in labels)
    assert any(label.startswith("measured") for label in labels)


def test_cycles_are_drawn_when_there_are_three_and_not_before(tmp_path, drawn):
    assert synapse.by_cycle(folder(tmp_path, synthetic.sweep_table(cycles=4))).is_file()
    voltage, conductance = drawn[0].axes
    assert conductance.get_yscale() == "log" and voltage.get_xlabel() == "cycle"
    (tmp_path / "few").mkdir()
    assert synapse.by_cycle(folder(tmp_path / "few", synthetic.sweep_table())) is None


def test_a_sweep_has_neither_train_nor_retention(tmp_path):
    out = folder(tmp_path, synthetic.sweep_table(), "  - sweep: {to: 0.2 V, rate: 0.1 V/s}\n")
    assert synapse.pulse_trains(out) is synapse.pulse_record(out) is synapse.retention(out) is None
