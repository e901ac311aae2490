"""Which engine runs, which sums, and which direct solver: the choices, without a card."""

import sys
import types

import numpy as np
import pytest
import scipy.sparse.linalg as sparse_linalg
from scipy import sparse

from solver.engines.choice import WORTH_A_CARD, EngineError, chosen
from solver.engines.cuda.direct import CudssFactors, direct_factors


@pytest.mark.parametrize(("unknowns", "ranks", "engine", "why"), [
    (WORTH_A_CARD, 1, "cuda", "a card pays from about"),
    (WORTH_A_CARD - 1, 1, "cpu", "a card pays from about"),
    (WORTH_A_CARD, 2, "cpu", "2 ranks and 1 cards"),
])  # fmt: skip
def test_auto_takes_a_card_where_it_pays_and_each_rank_has_one(monkeypatch, caplog, unknowns, ranks, engine, why):
    monkeypatch.setenv("HALOFIL_CUDA_FLAVOUR", "host")  # counts as one card
    with caplog.at_level("INFO", "halofil"):
        assert chosen("auto", unknowns, ranks) == engine
    assert why in caplog.text
    assert chosen("cuda", 10, ranks) == "cuda" and chosen("cpu", 10**7, ranks) == "cpu"


def test_auto_without_cupy_says_why_it_takes_the_cpu(monkeypatch, caplog):
    monkeypatch.delenv("HALOFIL_CUDA_FLAVOUR", raising=False)
    monkeypatch.setitem(sys.modules, "cupy", None)
    with caplog.at_level("INFO", "halofil"):
        assert chosen("auto", 10**7, 1) == "cpu"
    assert "no card to use" in caplog.text
    with pytest.raises(EngineError, match="needs CuPy"):
        chosen("cuda", 10**7, 1)


def test_sums_in_order_are_asked_for_by_the_environment(tmp_path, monkeypatch):
    """Same digits as kernels that are told so, memory counted; anything else is a sentence."""
    from solver.engines.choice import make_engine
    from tests.devices import SHORT_FILAMENT, SLAB, model

    monkeypatch.setenv("HALOFIL_CUDA_FLAVOUR", "host")
    m = model(tmp_path, SLAB[2] + SHORT_FILAMENT)
    monkeypatch.setenv("HALOFIL_CUDA_SUMS", "ordered")
    assembler = make_engine("cuda", m).assembler
    assert assembler.deterministic
    assembler.residual(), assembler.jacobian()
    assert 0.9 * assembler.bytes <= assembler.predicted_bytes <= 1.4 * assembler.bytes
    monkeypatch.setenv("HALOFIL_CUDA_SUMS", "fast")
    with pytest.raises(EngineError, match="HALOFIL_CUDA_SUMS is 'fast'; it must be atomic or ordered"):
        make_engine("cuda", m)


class _Nvmath:
    """nvmath's direct solver as far as it is used, on SciPy: a right side is read when it is given, as a copy."""

    def __init__(self, a, b):
        self._a, self.b = a, b.copy()

    def plan(self):
        assert sparse.issparse(self._a) and self._a.format == "csr"

    def factorize(self):
        self._factors = sparse_linalg.splu(self._a.tocsc())

    def reset_operands(self, b):
        self.b = b.copy()

    def solve(self):
        return self._factors.solve(self.b)


def test_cudss_is_taken_on_a_card_where_it_is_installed_and_superlu_elsewhere(monkeypatch):
    module = types.ModuleType("nvmath.sparse.advanced")
    module.DirectSolver = _Nvmath
    for name in ("nvmath", "nvmath.sparse"):
        monkeypatch.setitem(sys.modules, name, types.ModuleType(name))
    monkeypatch.setitem(sys.modules, "nvmath.sparse.advanced", module)
    matrix = sparse.csc_matrix(np.array([[4.0, 1.0, 0.0], [0.0, 3.0, 1.0], [1.0, 0.0, 5.0]]))
    for flavour, kind in (("device", CudssFactors), ("host", sparse_linalg.SuperLU)):
        factors = direct_factors(flavour, matrix)
        assert isinstance(factors, kind)
        for exact in (np.arange(3.0), np.array([1.0, -2.0, 0.5])):
            assert np.allclose(factors.solve(matrix @ exact), exact, rtol=1e-14)
    monkeypatch.setitem(sys.modules, "nvmath.sparse.advanced", None)
    assert isinstance(direct_factors("device", matrix), sparse_linalg.SuperLU)
