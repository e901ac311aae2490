"""The correction that ends a step is solved more exactly than those that others follow, on both engines."""

import numpy as np
import pytest

from solver.benchmark.state import first_step
from solver.engines.convergence import ROUNDING, last_tolerance
from tests.devices import SHORT_FILAMENT, SLAB, model

LOOSE = 1e-3  # of the linear solves


@pytest.mark.parametrize("name", ["cpu", "cuda"])
def test_polish_solves_a_thousand_times_further_than_a_correction_that_others_follow(name, tmp_path, monkeypatch):
    from solver.engines.choice import make_engine

    monkeypatch.setenv("HALOFIL_CUDA_FLAVOUR", "host")
    m = model(tmp_path, SLAB[3] + SHORT_FILAMENT)
    engine = make_engine(name, m, linear_tolerance=LOOSE, linear_solver="iterative")
    first_step(m, "top")
    engine.settle()
    engine.linearise()
    corrections = {}
    for rtol in (None, 1e-12):
        assert engine.correct(engine.evaluate().copy(), rtol)[0]
        corrections[rtol] = np.array(engine.correction_rows()).ravel()
    before = m.host_state().copy()
    assert engine.polish().converged
    exact, scale = corrections[1e-12], np.abs(corrections[1e-12]).max()
    left = {"plain": np.abs(corrections[None] - exact).max(), "polish": np.abs(before - m.host_state() - exact).max()}
    # the residual is what falls by 1000; the error follows it within a factor of ten
    assert left["plain"] > 1e-6 * scale and left["polish"] < 1e-2 * left["plain"], (left, scale)


def test_no_solve_is_asked_for_less_than_rounding():
    assert last_tolerance(1e-6) == pytest.approx(1e-9)
    assert last_tolerance(1e-10) == ROUNDING and last_tolerance(1e-13) == 1e-13
