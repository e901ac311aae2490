"""Cycles and smoothers of the cuda engine's multigrid, and the way from one setting to the next when iterations grow."""

import numpy as np
import pytest
from mpi4py import MPI

from solver.engines.cuda import linear
from solver.engines.cuda.linear import DIRECT, LinearSolver, Setting
from tests.test_cuda_multigrid import System, laplacian

N = 33  # 35937 nodes on four levels or so: with fewer a V-cycle loses nothing


def iterations(cycle, smoother, single):
    """Of a solve to 1e-8 whose solution is checked against the matrix itself."""
    matrix = laplacian(N)
    system = System(matrix, 1)
    solver = LinearSolver(system, MPI.COMM_SELF, 1, 1e-8, 3, "iterative", settings=(Setting(cycle, 2, single, smoother),))
    assert len(solver.hierarchy.levels) >= 4
    solver.take(system.values)
    rows, x = np.random.default_rng(0).standard_normal((system.owned, 1)), np.zeros((system.owned, 1))
    assert solver.solve(rows, x)
    assert np.abs(matrix @ x[:, 0] - rows[:, 0]).max() < 1e-7 * np.abs(rows).max()
    return solver.iterations


@pytest.mark.parametrize("single", [False, True], ids=["double", "single"])
def test_every_cycle_solves_with_either_smoother_and_the_stronger_takes_fewer_iterations(single):
    counts = {(cycle, smoother): iterations(cycle, smoother, single) for cycle in "VWK" for smoother in ("gauss-seidel", "jacobi")}
    for smoother in ("gauss-seidel", "jacobi"):
        assert counts["K", smoother] < counts["V", smoother] and counts["W", smoother] < counts["V", smoother], counts
    for cycle in "VWK":
        assert counts[cycle, "gauss-seidel"] < counts[cycle, "jacobi"], counts


def test_growing_iterations_change_the_setting_and_the_first_is_tried_again(monkeypatch, caplog):
    monkeypatch.setattr(linear, "MANY", 3)
    monkeypatch.setattr(linear, "AGAIN", 2)
    system = System(laplacian(9), 1)
    solver = LinearSolver(system, MPI.COMM_SELF, 1, 1e-8, 3, settings=(Setting("K"),))
    solver.take(system.values)
    rows, x = np.random.default_rng(1).standard_normal((system.owned, 1)), np.zeros((system.owned, 1))
    used = []
    with caplog.at_level("INFO", "halofil"):
        for _ in range(5):
            assert solver.solve(rows, x)
            used.append((solver.iterations > 3, solver.setting == DIRECT))
    # two solves with many iterations, two by the direct solver, then multigrid again
    assert used == [(True, False), (True, True), (False, True), (False, True), (True, False)]
    assert any(f"takes {n} iterations; the direct solver from here" in caplog.text for n in range(4, 60))
    assert "multigrid K(2,2) in single precision again" in caplog.text
