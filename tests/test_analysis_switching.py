"""Switching numbers of made-up records whose answer is known, and the comparison's exit statuses."""

from pathlib import Path

import numpy as np
import pytest

from solver.analysis import comparison
from solver.analysis.measured import band, iv_bands
from solver.analysis.switching import legs, record, switching_events, switching_numbers
from solver.results.tables import TerminalTable
from tests import synthetic_run as synthetic

SCENARIOS = Path(__file__).parents[1] / "scenarios"
STEP = 1e-3  # V between rows: event voltages are interpolated within one step


def test_a_sweep_gives_back_the_voltages_and_conductances_it_was_made_with():
    numbers = switching_numbers(synthetic.sweep_table(v_set=0.15, v_reset=-0.12, s_off=1e-9, s_on=2.5e-5, step=STEP))
    assert numbers["V_set [V]"] == pytest.approx(0.15, abs=STEP)
    assert numbers["V_reset [V]"] == pytest.approx(-0.12, abs=STEP)
    assert numbers["S_off [S]"] == pytest.approx(1e-9, rel=1e-6)
    assert numbers["S_on [S]"] == pytest.approx(2.5e-5, rel=1e-6)
    assert numbers["on/off ratio [1]"] == pytest.approx(2.5e4, rel=1e-6)
    assert numbers["current jump [decades]"] == pytest.approx(np.log10(2.5e4), rel=1e-3)
    assert numbers["S_off end [S]"] == pytest.approx(1e-9, rel=1e-6)
    # log S follows (1 + tanh((V - V_set) / 4 mV)) / 2, which is 0.1 and 0.9 at -+ 4 mV * artanh 0.8
    assert numbers["set steepness [V]"] == pytest.approx(2 * 4e-3 * np.arctanh(0.8), abs=STEP)
    assert numbers["time of set [s]"] == pytest.approx(1.5, abs=0.02)
    assert numbers["time of reset [s]"] == pytest.approx(5.2, abs=0.02)


def test_energy_to_set_is_the_ohmic_loss_of_the_off_state_when_the_set_is_sharp():
    table = synthetic.sweep_table(v_set=0.15, s_off=1e-6, s_on=1e-4, step=STEP)
    numbers = switching_numbers(table)
    flat = table["time [s]"].to_numpy() < 1.35  # before the curve rises: exactly ohmic
    power = (table["voltage top [V]"] * table["current top [A]"]).to_numpy()
    ohmic = 1e-6 * 0.1**2 * 1.35**3 / 3  # integral of S (r t)^2
    assert np.trapezoid(power[flat], table["time [s]"].to_numpy()[flat]) == pytest.approx(ohmic, rel=0.03)
    assert ohmic < numbers["energy to set [J]"] < 6 * ohmic
    assert numbers["energy [J]"] == pytest.approx(np.trapezoid(power, table["time [s]"]), rel=1e-6)


def test_thirty_five_cycles_give_a_list_and_its_mean():
    numbers = switching_numbers(synthetic.sweep_table(cycles=35, step=2e-3))
    assert numbers["sets [1]"] == numbers["resets [1]"] == len(numbers["V_set by cycle [V]"]) == 35
    assert numbers["V_set by cycle [V]"] == pytest.approx([numbers["V_set [V]"]] * 35, abs=1e-6)
    assert numbers["V_reset by cycle [V]"] == pytest.approx([-0.12] * 35, abs=2e-3)


def test_a_device_that_sets_at_negative_bias_keeps_its_signs():
    numbers = switching_numbers(synthetic.sweep_table(polarity=-1))
    assert numbers["V_set [V]"] == pytest.approx(-0.15, abs=STEP)
    assert numbers["V_reset [V]"] == pytest.approx(0.12, abs=STEP)
    assert numbers["S_on [S]"] == pytest.approx(2.5e-5, rel=1e-6)


def test_driving_the_bottom_terminal_gives_the_same_numbers():
    table = synthetic.sweep_table()
    swapped = table.rename(columns=lambda c: c.replace("top", "?").replace("bottom", "top").replace("?", "bottom"))
    assert record(swapped).driven == "bottom"
    assert switching_numbers(swapped) == switching_numbers(table)


def test_no_set_gives_none_and_still_the_conductance():
    numbers = switching_numbers(synthetic.sweep_table(v_set=0.5))
    assert numbers["V_set [V]"] is numbers["V_reset [V]"] is numbers["S_off end [S]"] is None
    assert numbers["S_off [S]"] == pytest.approx(1e-9, rel=1e-6)
    assert numbers["on/off ratio [1]"] == pytest.approx(1, rel=1e-6)


def test_a_set_that_is_never_reset_has_no_reset_voltage():
    numbers = switching_numbers(synthetic.sweep_table(v_reset=-0.5))
    assert numbers["V_set [V]"] == pytest.approx(0.15, abs=STEP)
    assert numbers["V_reset [V]"] is None
    assert numbers["S_off end [S]"] is None


def test_a_state_that_decays_on_the_way_back_is_no_set():
    table = synthetic.sweep_table(v_set=0.15, v_reset=0.05)  # volatile: gone before the read on the way back
    numbers = switching_numbers(table)
    assert numbers["sets [1]"] == 0
    assert numbers["V_set [V]"] is None


def test_a_set_in_the_leg_of_the_reset_is_found():
    """Resets at -0.05 V and sets again, in the other polarity, at -0.15 V."""
    table = synthetic.sweep_table(v_reset=-0.05)
    time, volts = table["time [s]"].to_numpy(), table["voltage top [V]"].to_numpy()
    again = (time > 5.5 - 1e-9) & (time < 8)
    table.loc[again, "current top [A]"] = 2.5e-5 * volts[again]
    kinds = [(event.kind, round(event.voltage, 2)) for event in switching_events(record(table))]
    assert kinds == [("set", 0.15), ("reset", -0.05), ("set", -0.15)]


def test_a_set_in_the_other_polarity_is_counted_and_does_not_enter_the_means():
    """Three cycles that set at 0.15 V; in the second one the device sets again at -0.15 V."""
    table = synthetic.sweep_table(cycles=3, v_reset=-0.05)
    time, volts = table["time [s]"].to_numpy(), table["voltage top [V]"].to_numpy()
    again = (time > 8 + 5.5 - 1e-9) & (time < 16)
    table.loc[again, "current top [A]"] = 2.5e-5 * volts[again]
    numbers = switching_numbers(table)
    assert numbers["sets in the other polarity [1]"] == 1 and numbers["sets [1]"] == 4
    assert numbers["V_set by cycle [V]"] == pytest.approx([0.15] * len(numbers["V_set by cycle [V]"]), abs=STEP)


def test_a_record_that_begins_on_has_a_reset_only():
    table = synthetic.sweep_table()
    numbers = switching_numbers(table[table["time [s]"] > 4.0].reset_index(drop=True))
    assert numbers["V_set [V]"] is None
    assert numbers["V_reset [V]"] == pytest.approx(-0.12, abs=STEP)


def test_rectangular_pulses_are_no_sweep():
    volts = np.tile([0.0, 0.1, 0.1, 0.1, 0.0, 0.0], 10)
    assert legs(volts) == []
    table = synthetic.sweep_table().iloc[: len(volts)].copy()
    table["voltage top [V]"] = volts
    table["current top [A]"] = 1e-9 * volts
    numbers = switching_numbers(table)
    assert numbers["V_set [V]"] is numbers["S_off [S]"] is None


def test_current_noise_about_zero_volts_makes_no_event():
    table = synthetic.sweep_table(v_set=0.5, s_off=1e-9)
    table["current top [A]"] += 1e-13 * np.random.default_rng(1).standard_normal(len(table))
    assert switching_events(record(table)) == []


@pytest.mark.parametrize("entry, low, high", [({"mean": 0.16, "spread": 0.03, "range": [0, 1]}, 0.13, 0.19),
                                              ({"range": [1, 5]}, 1, 5), ([3, 5], 3, 5),
                                              ({"order": 1e-9}, 1e-9 / 10**0.5, 1e-9 * 10**0.5)])
def test_a_band_is_mean_and_spread_else_range_else_half_a_decade_about_the_order(entry, low, high):
    assert (band(entry).low, band(entry).high) == pytest.approx((low, high), rel=1e-12)


def test_bands_are_those_of_the_paper():
    bands = iv_bands()
    assert bands["V_set [V]"].holds(0.15) and not bands["V_set [V]"].holds(0.12)
    assert bands["V_reset [V]"].holds(-0.177) and not bands["V_reset [V]"].holds(0.12)
    assert bands["on/off ratio [1]"].holds(2.7e4) and not bands["on/off ratio [1]"].holds(1e3)
    assert not bands["S_off [S]"].holds(None)


def write(folder, table):
    folder.mkdir()
    out = TerminalTable(folder / "terminals.csv", list(table.columns))
    for row in table.to_dict("records"):
        out.append(row)


def test_a_sweep_that_starts_negative_must_set_at_negative_bias_within_the_measured_sweep(tmp_path):
    write(tmp_path / "negative", synthetic.sweep_table(polarity=-1))
    (row,) = comparison.compare([tmp_path / "negative"])
    assert row.quantity == "V_set at negative bias [V]" and row.inside
    assert (row.measured.low, row.measured.high) == (-0.2, 0.0)
    write(tmp_path / "none", synthetic.sweep_table(polarity=-1, v_set=0.5))
    (row,) = comparison.compare([tmp_path / "none"])
    assert row.simulated is None and not row.inside


def test_compare_takes_runs_that_differ_by_the_seed_only_as_one(tmp_path, capsys):
    text = (SCENARIOS / "quick.yaml").read_text().replace("physics:\n", "physics:\n  noise: {seed: SEED}\n")
    for name, seed, v_set, extra in (("a", 1, 0.15, ""), ("b", 2, 0.17, ""), ("other", 3, 0.195, "solver: {max_steps: 100}\n")):
        write(tmp_path / name, synthetic.sweep_table(v_set=v_set))
        (tmp_path / name / "scenario.yaml").write_text(text.replace("SEED", str(seed)) + extra)
    groups = comparison.ensembles(comparison.compare([tmp_path / name for name in "ab"] + [tmp_path / "other"]))
    assert [len(group[0].rows) for group in groups] == [2, 1]
    line = groups[0][0]
    assert line.rows[0].quantity == "V_set [V]" and line.inside and not groups[1][0].inside
    assert (line.mean, line.spread) == pytest.approx((0.16, 0.02 / 2**0.5), abs=STEP)
    assert comparison.main([tmp_path / "a", tmp_path / "b"]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert "0.16 ± 0.014" in shown and "1 more with other seeds" in shown


def test_a_number_that_one_seed_does_not_have_is_outside(tmp_path):
    text = (SCENARIOS / "quick.yaml").read_text().replace("physics:\n", "physics:\n  noise: {seed: SEED}\n")
    for name, seed, v_reset in (("a", 1, -0.12), ("b", 2, -0.5)):
        write(tmp_path / name, synthetic.sweep_table(v_reset=v_reset))
        (tmp_path / name / "scenario.yaml").write_text(text.replace("SEED", str(seed)))
    (group,) = comparison.ensembles(comparison.compare([tmp_path / "a", tmp_path / "b"]))
    reset = next(line for line in group if line.rows[0].quantity == "V_reset [V]")
    assert not reset.inside and reset.text.endswith("(1 of 2)")


def test_compare_says_inside_with_0_outside_with_1_and_no_result_with_2(tmp_path, capsys):
    write(tmp_path / "good", synthetic.sweep_table())
    write(tmp_path / "late", synthetic.sweep_table(v_set=0.195))
    write(tmp_path / "pulsed", synthetic.sweep_table().iloc[:3])
    assert comparison.main([tmp_path / "good"]) == 0
    assert "outside" not in capsys.readouterr().out
    assert comparison.main([tmp_path / "good", tmp_path / "late"]) == 1
    assert capsys.readouterr().out.count("outside") == 1
    assert comparison.main([tmp_path / "good", tmp_path / "none"]) == 2
    assert capsys.readouterr().err.count("is no result") == 1
    assert comparison.main([tmp_path / "pulsed"]) == 2
    assert "no voltage sweep" in capsys.readouterr().err
    assert comparison.main([]) == 2
