"""Multigrid of the cpu engine: sums of the fine rows on every level, the solution of ILU(1), on 1, 2 and 3 ranks."""

import json
import subprocess
import sys

import numpy as np
import pytest

from tests.coarse_operators import look
from tests.devices import GAP, SHORT_FILAMENT, SLAB, model, scenario


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    import meshes

    path = tmp_path_factory.mktemp("gap")
    meshes.build(scenario(path, GAP + "mesh: {size_at_filament: 1 nm, core_radius: 8 nm}\n"), path / "test.msh")
    return path


@pytest.fixture(scope="module")
def alone(folder):
    return look(folder)


def test_coarse_operators_are_sums_of_the_fine_ones_and_the_solution_is_that_of_incomplete_factors(alone):
    assert len(alone["levels"]) >= 3 and alone["levels"][-1] <= 100
    assert alone["coarse operators"] <= 1e-13
    assert alone["difference"] <= 1e-5
    assert alone["iterations"]["multigrid"] <= 0.7 * alone["iterations"]["ilu"]


@pytest.mark.parallel
@pytest.mark.parametrize("ranks", [pytest.param(2, marks=pytest.mark.slow), 3])
def test_ranks_share_the_levels_and_solve_the_same(folder, alone, ranks):
    done = subprocess.run(
        ["mpirun", "-n", str(ranks), sys.executable, "-m", "tests.coarse_operators", str(folder)],
        capture_output=True, text=True, timeout=200, check=False)
    assert done.returncode == 0, done.stderr
    found = json.loads(next(line for line in done.stdout.splitlines() if line.startswith("{")))
    assert found["coarse operators"] <= 1e-13 and found["difference"] <= 1e-5
    assert found["size"] == pytest.approx(alone["size"], rel=1e-5)
    # aggregates and smoothing end at the ranks' borders
    assert found["iterations"]["multigrid"] <= 1.5 * alone["iterations"]["multigrid"]


def test_where_multigrid_does_not_converge_incomplete_factors_take_over(tmp_path, caplog, monkeypatch):
    """Coarse numbers of the wrong sign: correction and Newton go on by ILU(1), and the log says so."""
    from solver.benchmark.state import first_step
    from solver.engines.cpu.multigrid import AggregationMultigrid
    from solver.engines.cpu.newton import CpuEngine

    m = model(tmp_path, SLAB[3] + SHORT_FILAMENT)
    first_step(m, "top")
    reference = CpuEngine(m, linear_solver="iterative")
    reference.linearise()
    rows = reference.evaluate().copy()
    assert reference.correct(rows)[0]
    before, good = m.host_state().copy(), AggregationMultigrid.take

    def spoilt(self):
        good(self)
        for level in self._levels:
            level.matrix.zeroEntries()

    monkeypatch.setattr(AggregationMultigrid, "take", spoilt)
    for work in ("correct", "solve"):
        m.state[:] = before
        caplog.clear()
        engine = CpuEngine(m, linear_solver="iterative", multigrid_from=0)
        with caplog.at_level("INFO", "halofil"):
            if work == "correct":
                engine.linearise()
                assert engine.correct(rows)[0]
                np.testing.assert_allclose(engine.correction.array, reference.correction.array, rtol=1e-12, atol=1e-15)
            else:
                engine.solve()
        assert caplog.messages[-1] == "linear solver: multigrid does not converge; incomplete factors from here"
    expected = m.host_state().copy()
    m.state[:] = before
    reference.solve()
    np.testing.assert_allclose(expected, m.host_state(), rtol=1e-9, atol=1e-12)


def test_size_chooses_and_the_log_says_so(tmp_path, caplog):
    from solver.engines.cpu.newton import CpuEngine

    m = model(tmp_path, SLAB[3] + SHORT_FILAMENT)
    with caplog.at_level("INFO", "halofil"):
        assert CpuEngine(m)._multigrid is None and not caplog.messages
        CpuEngine(m, multigrid_from=1000)
    assert caplog.messages == ["linear solver: multigrid, 245, 33 nodes by level (from 1000 unknowns on)"]


@pytest.mark.slow
def test_the_quick_sweep_through_set_and_reset_is_that_of_incomplete_factors(tmp_path, monkeypatch):
    """scenarios/quick.yaml on 2 nm, multigrid from 0 unknowns on: the same steps and currents, and multigrid never gives way."""
    from solver.engines.cpu.newton import CpuEngine
    from solver.results.tables import read_terminals
    from solver.scenario import load_scenario
    from solver.simulation import run
    from tests.end_to_end.running import ROOT

    path, make, tables = ROOT / "scenarios" / "quick.yaml", CpuEngine.__init__, {}
    for name, least in (("ilu", np.inf), ("multigrid", 0)):
        monkeypatch.setattr(CpuEngine, "__init__", lambda self, *a, least=least, **k: make(self, *a, **k | {"multigrid_from": least}))
        assert run(load_scenario(path, ["output.figures=off", "mesh.size_at_filament=2 nm"]), tmp_path / name) == 0
        tables[name] = read_terminals(tmp_path / name)
        summary = json.loads((tmp_path / name / "summary.json").read_text())
        assert summary["sets [1]"] == summary["resets [1]"] == 1
    assert "linear solver: multigrid, " in (tmp_path / "multigrid" / "run.log").read_text()
    assert "multigrid does not converge" not in (tmp_path / "multigrid" / "run.log").read_text()
    np.testing.assert_array_equal(tables["ilu"]["time [s]"], tables["multigrid"]["time [s]"])
    one, other = (t["current top [A]"].to_numpy() for t in tables.values())
    assert np.abs(other - one).max() <= 1e-6 * np.abs(one).max()
    assert (np.abs(other - one) <= 1e-4 * np.abs(one) + 1e-6 * 1e-12).all()
