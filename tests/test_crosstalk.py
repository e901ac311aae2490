"""Crosstalk numbers from tables whose answers are known: reads, disturb, smallest pitch, matrices for circuit simulators."""

import numpy as np
import pandas
import pytest

from solver.analysis.array_export import export, rounds
from solver.analysis.crosstalk import (
    Reading,
    changes,
    crosstalk_numbers,
    disturb,
    exchanged,
    readings,
    writes,
)
from solver.analysis.disturb_curve import disturb_curve, main, smallest_pitch
from solver.results.folder import NoResult
from tests.devices import scenario

ARRAY = """device: {layout: array, rows: 2, columns: 2, pitch: %s}
physics: {filament: off, ions: fixed}
terminals: {row_1: driven, row_2: driven, col_1: driven, col_2: driven}
protocol:
  - repeat: {count: 2, steps: [{read: {cell: [1, 1]}}, {read: {cell: [1, 2]}}, {read: {cell: [2, 1]}}, {read: {cell: [2, 2]}}]}
  - write: {cell: [2, 1], amplitude: %s, width: 10 ms, count: 5}
  - repeat: {count: 1, steps: [{read: {cell: [1, 1]}}, {read: {cell: [1, 2]}}, {read: {cell: [2, 1]}}, {read: {cell: [2, 2]}}]}
"""
BEFORE = {(1, 1): 1e-9, (1, 2): 2e-9, (2, 1): 3e-9, (2, 2): 4e-9}
DRAWN = {(1, 1): -10.0, (1, 2): 0.0, (2, 1): 15.0, (2, 2): -5.0}  # vacancies per volt of the write
GAIN = {(1, 1): 0.2, (1, 2): 0.0, (2, 1): 2.0, (2, 2): -0.1}  # ln, of the write


def run_of(folder, pitch="500 nm", amplitude="0.2 V", gain=None, width="10 ms"):
    """A result folder whose cells conduct BEFORE, and after the write as `gain` says; returns scenario and table."""
    from solver.transient.array_waveform import waveform_of

    folder.mkdir(exist_ok=True)
    s = scenario(folder, (ARRAY % (pitch, amplitude)).replace("width: 10 ms", f"width: {width}"))
    (folder / "scenario.yaml").write_text(s.resolved_yaml())
    gain, rows, written = GAIN if gain is None else gain, [], False
    for segment in waveform_of(s).segments:
        written |= segment.kind == "write"
        siemens = np.nan
        if segment.cell:
            siemens = BEFORE[segment.cell] * np.exp(gain[segment.cell] if written else 0.0)
        row = {"time [s]": segment.end, "conductance [S]": siemens}
        for k, name in enumerate(s.device.terminal_names):
            row[f"energy {name} [J]"] = (k + 1) * 1e-15 * segment.end
        for cell in BEFORE:
            name = f"cell_{cell[0]}_{cell[1]}"
            row |= {f"vacancies {name} [1]": 100 - segment.end,
                    f"vacancies from neighbours {name} [1]": DRAWN[cell] * (s.protocol[1].amplitude if written else 0.0) - segment.end}
        rows.append(row)
    table = pandas.DataFrame(rows)
    table.to_csv(folder / "terminals.csv", index=False)
    return s, table


def test_reads_and_writes_are_found_in_time(tmp_path):
    s, table = run_of(tmp_path)
    read = readings(table, s)
    assert [r.cell for r in read] == [*BEFORE] * 3
    assert read[0].time == pytest.approx(1e-3)
    (write,) = writes(s)
    assert (write.cell, write.count, write.amplitude) == ((2, 1), 5, 0.2)
    # eight reads of a millisecond and a rest each, five periods of twice the width
    assert (write.start, write.end) == pytest.approx((16e-3, 116e-3))
    short = table[table["time [s]"] < 0.05]
    assert len(readings(short, s)) == 8  # reads that a run has not come to are none


def test_a_write_changes_every_cell_by_what_its_reads_say(tmp_path):
    s, table = run_of(tmp_path)
    change = changes(readings(table, s), writes(s)[0])
    assert change == pytest.approx(GAIN, abs=1e-12)
    assert disturb(change, (2, 1)) == pytest.approx({(1, 1): 0.1, (1, 2): 0.0, (2, 2): -0.05}, abs=1e-12)
    # drift of all cells alike, seen in a control run, is taken off
    drifting = {cell: value + 0.5 for cell, value in change.items()}
    assert disturb(drifting, (2, 1), dict.fromkeys(change, 0.5)) == pytest.approx(disturb(change, (2, 1)), abs=1e-12)
    numbers = crosstalk_numbers(table, s)
    assert numbers["largest disturb [1]"] == pytest.approx(0.1)
    assert numbers["energy [J]"] == pytest.approx((1 + 2 + 3 + 4) * 1e-15 * table["time [s]"].iloc[-1])
    # a second's worth of vacancies a second leaves every cell, at 0.1 s of the write, and 0.2 V draw some over
    assert exchanged(table, writes(s)[0], (2, 1), "vacancies") == pytest.approx((2.9, -3.0))
    (write,) = numbers["writes"]
    assert write["vacancies from neighbours [1]"] == pytest.approx({"cell_1_1": -2.1, "cell_1_2": -0.1, "cell_2_1": 2.9, "cell_2_2": -1.1})
    assert write["vacancies through electrodes [1]"]["cell_1_2"] == pytest.approx(0.0)
    assert numbers["change of vacancies cell_1_1 [1]"] == pytest.approx(table["time [s]"].iloc[0] - table["time [s]"].iloc[-1])


def test_an_array_has_its_own_section_in_a_report_and_nothing_to_compare_with_the_measured_device(tmp_path):
    from solver.analysis.comparison import compare
    from solver.report import contents

    s, table = run_of(tmp_path)
    assert contents.measured(tmp_path) == ""
    with pytest.raises(NoResult, match="no protocol that was measured"):
        compare([tmp_path])
    html = contents.cells(crosstalk_numbers(table, s))
    assert "5 pulses of 0.2 V on cell (2, 1)" in html and "vacancies from neighbours" in html
    assert html.count("<tr") == 2 + 1 + 4 + 4  # heads, the write, a row a cell and one a terminal
    assert contents.cells({"V_set [V]": 0.1}) == ""


def test_smallest_pitch_interpolates_a_power_law_exactly():
    pitch = np.array([1e-6, 1e-7, 3e-7])
    assert smallest_pitch(pitch, -0.02 * (1e-7 / pitch) ** 2, 0.005) == pytest.approx(2e-7)
    assert smallest_pitch(pitch, 1e-3 * pitch, 0.1) == pytest.approx(1e-7)  # all within
    assert smallest_pitch(pitch, np.ones(3), 0.1) is None


def test_the_curve_takes_each_pitchs_own_control_off(tmp_path):
    small = {cell: 0.01 for cell in GAIN}
    folders = []
    for pitch, scale in (("500 nm", 1.0), ("1 um", 0.25)):
        for amplitude in ("0.2 V", "1 uV"):
            folder = tmp_path / f"{pitch} {amplitude}"
            gain = small if "uV" in amplitude else {
                c: 0.01 + v * (1.0 if c == (2, 1) else scale) for c, v in GAIN.items()}
            run_of(folder, pitch, amplitude, gain)
            folders.append(folder)
    points = disturb_curve(folders)
    assert [p.pitch for p in points] == pytest.approx([500e-9, 1e-6])
    assert [p.disturb for p in points] == pytest.approx([0.1, 0.025], rel=1e-9)
    assert [dict(p.setting) for p in points] == [{"device.pitch": "500 nm"}, {"device.pitch": "1 um"}]
    assert [p.drawn["vacancies"] for p in points] == pytest.approx([3.0, 3.0], rel=1e-4)  # 1 uV of 0.2 V is left in the control
    assert main(folders, 0.05) == 0
    assert (folders[0] / "figures" / "disturb.png").stat().st_size > 10_000
    with pytest.raises(NoResult, match="has no control"):
        disturb_curve(folders[:1])
    with pytest.raises(NoResult, match="second run"):
        disturb_curve([folders[0], folders[0]])
    assert main([folders[1]], 0.05) == 2


def test_runs_that_differ_in_something_else_are_told_apart_by_it(tmp_path, capsys):
    folders = []
    for width, share in (("10 ms", 1.0), ("20 ms", 0.5)):
        for amplitude in ("0.2 V", "1 uV"):
            folder = tmp_path / f"{width} {amplitude}"
            gain = dict.fromkeys(GAIN, 0.0) if "uV" in amplitude else {c: v * (1.0 if c == (2, 1) else share) for c, v in GAIN.items()}
            run_of(folder, amplitude=amplitude, gain=gain, width=width)
            folders.append(folder)
    assert {p.setting["protocol.1.write.width"]: round(p.disturb, 9) for p in disturb_curve(folders)} == {"10 ms": 0.1, "20 ms": 0.05}
    assert main(folders, 0.05) == 0
    out = capsys.readouterr().out
    assert "20 ms" in out and "smallest pitch" not in out


def test_matrices_for_circuit_simulators_hold_the_reads(tmp_path):
    s, table = run_of(tmp_path)
    files = export(tmp_path, table, s)
    assert [f.name for f in files] == ["conductances.npz", *(f"conductance_{k}.csv" for k in (1, 2, 3))]
    data = np.load(files[0])
    before = np.array([[1e-9, 2e-9], [3e-9, 4e-9]])
    gain = np.array([[0.2, 0.0], [2.0, -0.1]])
    np.testing.assert_allclose(data["conductance"], [before, before, before * np.exp(gain)], rtol=1e-12)
    np.testing.assert_allclose(data["update"], [gain / 5], atol=1e-13)
    assert data["cell"].tolist() == [[2, 1]] and data["pulses"].tolist() == [5]
    np.testing.assert_allclose(np.loadtxt(files[3], delimiter=","), before * np.exp(gain), rtol=1e-11)


def test_a_cell_read_twice_starts_a_new_round():
    read = [Reading(cell, 0.1 * k, k) for k, cell in enumerate([(1, 1), (1, 1), (1, 2), (1, 1)])]
    ((time, matrix),) = rounds(read, ((1, 1), (1, 2)))
    assert time == pytest.approx(0.2)
    assert matrix.tolist() == [[1, 2]]
