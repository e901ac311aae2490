"""On a graphics card: kernels, solver and a run against the host flavour and the cpu engine. Skipped, with the reason, without one."""

import json

import numpy as np
import pytest

from solver.engines.cuda.flavours import make_flavour
from tests.devices import GAP, SHORT_FILAMENT, SLAB, scenario
from tests.end_to_end.running import HEAD, assert_same, halofil_run, table


def missing() -> str:
    """Why no card can be used here, in a sentence; "" where one can."""
    try:
        make_flavour("device")
    except RuntimeError as error:
        return str(error)
    return ""


pytestmark = pytest.mark.skipif(bool(missing()), reason=missing() or "there is a card")

COARSE = "mesh: {size_at_filament: 2 nm, core_radius: 8 nm}\n"
PROTOCOL = "protocol: [{sweep: {to: 0.02 V, rate: 0.2 V/s}}, {hold: {voltage: -0.02 V, duration: 2 ms}}]\noutput: {figures: off}\n"
TEXT = "KERNEL(axpy, const double a, const double* x, double* y, unsigned* counts) { ITEMS { y[i] += a * x[i]; ADD(&counts[i % 3], 1u); } }"


def test_a_kernel_does_on_the_card_what_it_does_on_the_host():
    found = {}
    for name in ("host", "device"):
        flavour = make_flavour(name)
        x, y, counts = flavour.xp.arange(1000.0), flavour.xp.ones(1000), flavour.xp.zeros(3, dtype=np.uint32)
        flavour.compile(TEXT).launch("axpy", 1000, 0.3, x, y, counts)
        found[name] = flavour.asnumpy(y), flavour.asnumpy(counts)
    for one, other in zip(found["host"], found["device"]):
        np.testing.assert_allclose(other, one, rtol=1e-15)


def test_a_newton_step_has_dolfinxs_residual_and_jacobian_and_the_hosts_iterations(tmp_path):
    from solver.benchmark.bundles import export, measure

    path = tmp_path / "problem.npz"
    assert export(scenario(tmp_path, SLAB[3] + SHORT_FILAMENT), path) == [path]
    host, card = (measure(path, flavour) for flavour in ("host", "device"))
    assert card["agrees"] and card["converged"] and card["flavour"] == "device"
    assert abs(card["linear iterations"] - host["linear iterations"]) <= 1


@pytest.mark.parametrize("sums", ["atomic", "ordered"])
def test_a_run_has_the_cpu_engines_table(tmp_path, monkeypatch, sums):
    monkeypatch.delenv("HALOFIL_CUDA_FLAVOUR", raising=False)
    monkeypatch.setenv("HALOFIL_CUDA_SUMS", sums)
    path = tmp_path / "gap.yaml"
    path.write_text(GAP + HEAD + COARSE + PROTOCOL)
    for engine in ("cpu", "cuda"):
        done = halofil_run(path, tmp_path / engine, "--engine", engine, ranks=1)
        assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads((tmp_path / "cuda" / "summary.json").read_text())["engine"] == "cuda"
    assert_same(table(tmp_path / "cpu"), table(tmp_path / "cuda"))
