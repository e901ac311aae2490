"""Statistics over cycles from series whose answers are known."""

import numpy as np
import pandas as pd
import pytest

from solver.analysis.cycles import cycle_numbers, statistics
from solver.analysis.measured import cycle_bands, slope_band
from solver.analysis.switching import switching_numbers
from tests import synthetic_run as synthetic


def test_spread_is_the_sample_standard_deviation_and_a_line_is_a_drift():
    values = [0.15, 0.16, 0.17, 0.16, 0.15, 0.17]
    s = statistics(values)
    assert s.mean == pytest.approx(np.mean(values)) and s.spread == pytest.approx(np.std(values, ddof=1))
    assert not s.drifts
    line = statistics([0.1 + 0.01 * k for k in range(10)])
    assert line.drift == pytest.approx(0.09) and line.drifts


def test_missing_cycles_are_left_out_of_the_statistics_and_too_few_give_none():
    assert statistics([0.1, None, 0.1, float("nan"), 0.1]) is None
    s = statistics([0.1, None, 0.12, 0.1, 0.12, 0.11])
    assert s.count == 5


def test_white_noise_shows_a_drift_of_more_than_two_errors_in_few_of_many_series():
    rng = np.random.default_rng(3)
    drifting = sum(statistics(rng.normal(0.16, 0.03, 35)).drifts for _ in range(400))
    # 5 % of a normal distribution lies beyond two errors; a little more for 33 degrees of freedom
    assert 5 <= drifting <= 40


def test_equal_cycles_of_a_run_have_neither_spread_nor_drift():
    numbers = switching_numbers(synthetic.sweep_table(cycles=6))
    cycles = cycle_numbers(numbers)
    assert cycles["spread of V_set [V]"] == pytest.approx(0, abs=1e-6)
    assert cycles["drift of V_set [V]"] == pytest.approx(0, abs=1e-6)
    few = cycle_numbers(switching_numbers(synthetic.sweep_table(cycles=2)))
    assert few["spread of V_set [V]"] is None


def test_the_on_state_of_a_linear_curve_has_slope_one():
    slope = switching_numbers(synthetic.sweep_table())["on-state slope [1]"]
    # the synthetic device stays on at s_on the whole way back
    assert slope == pytest.approx(1.0, abs=0.02) and slope_band().holds(slope)


def test_a_run_that_has_just_set_has_no_slope_yet():
    table = synthetic.sweep_table()
    for volts, known in ((0.12, False), (0.09, True)):  # on the way back from 0.2 V
        back = table["voltage top [V]"].to_numpy() <= volts
        seen = switching_numbers(table[: int(back[200:].argmax()) + 201])
        assert seen["V_set [V]"] is not None and (seen["on-state slope [1]"] is not None) is known


def test_the_spread_band_is_the_papers_within_a_factor_two():
    band = cycle_bands()["spread of V_set [V]"]
    assert (band.low, band.high) == pytest.approx((0.015, 0.06))


def test_cycles_that_stay_on_leave_no_spread_to_compare():
    """Six cycles that switch with different V_set, then four in which the device stays on: means of those that switch would flatter it."""
    from solver.analysis.comparison import _sweep_rows, ensembles

    tables = [synthetic.sweep_table(v_set=0.15 + 0.005 * k) for k in range(6)]
    stuck = synthetic.sweep_table()
    stuck["current top [A]"] = 2.5e-5 * stuck["voltage top [V]"]
    found = {}
    for name, parts in (("all", tables), ("stuck", [*tables, *([stuck] * 4)])):
        joined, start = [], 0.0
        for part in parts:
            joined.append(part.assign(**{"time [s]": part["time [s]"] + start}))
            start = joined[-1]["time [s]"].iloc[-1]
        table = pd.concat(joined, ignore_index=True)
        found[name] = {row.quantity: row for row in _sweep_rows("run", table)}
    assert found["all"]["spread of V_set [V]"].simulated == pytest.approx(0.00935, rel=0.05)
    for key in ("spread of V_set [V]", "drift of V_set over its error [1]"):
        assert found["stuck"][key].simulated is None and not found["stuck"][key].inside
    # what a mean is of is said
    assert found["stuck"]["V_set [V]"].cycles == (6, 10) and found["all"]["V_set [V]"].cycles == (6, 6)
    ((line,),) = ([e for e in group if e.rows[0].quantity == "V_set [V]"] for group in ensembles([found["stuck"]["V_set [V]"]]))
    assert line.text.endswith("(mean of 6 of 10 cycles)")
    assert found["stuck"]["V_set [V]"].simulated == pytest.approx(found["all"]["V_set [V]"].simulated)
