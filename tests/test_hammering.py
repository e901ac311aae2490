"""Pulses beyond those simulated: exact where the model is, and an error that says where it is not."""

import numpy as np
import pytest

from solver.analysis.hammering import hammered


def train(pulses, start=8e-9, first=-2e-11, decay=1e-9):
    """Gap of a cell whose pulses move it by first e^((g - start)/decay), integrated in closed form."""
    n = np.arange(pulses + 1)
    return start - decay * np.log(1 - first / decay * n)


def test_a_train_that_follows_the_model_is_carried_on_exactly():
    gaps = train(2000)
    found = hammered(gaps[:17])
    # the finite pulses' mean rate stands for the rate at their middle: (step/decay)^2/24 of 0.02 per pulse
    assert found.gap(2000 - 16) == pytest.approx(gaps[2000], abs=2e-12)
    assert found.error < 1e-14
    assert (found.sign, found.simulated) == (-1, 16)


def test_a_growing_filament_that_runs_away_reaches_the_electrode_and_stays():
    gaps = train(12, first=-1e-10, decay=-2e-9)  # the smaller the gap, the faster
    found = hammered(gaps)
    assert found.gap(10_000) == 0.0
    assert found.gap(2) == pytest.approx(train(14, first=-1e-10, decay=-2e-9)[-1], rel=1e-3)


def test_the_error_tells_a_train_that_changes_its_law():
    gaps = np.concatenate([train(8), train(8)[-1] + 0.2e-9 * np.arange(1, 9)])
    assert hammered(gaps).error == pytest.approx(np.abs(train(16) - gaps).max(), rel=0.05)


def test_few_pulses_or_a_gap_that_moves_to_and_fro_give_none():
    assert hammered(train(5)) is None
    assert hammered(8e-9 + 1e-10 * np.sin(np.arange(20))) is None
