"""One kernel text in two flavours: what the host runs, what is checked before a launch, and the sentences of failure."""

import sys

import numpy as np
import pytest

from solver.engines.cuda.flavours import CompilationError, device_source, make_flavour, signatures

TEXT = """
FN double doubled(const double v) { return 2.0 * v; }
KERNEL(axpy, const double a, const double* __restrict__ x, double* __restrict__ y)
{
    ITEMS
    {
        if (x[i] == 0.0) continue;
        y[i] += a * doubled(x[i]) * WEIGHT;
    }
}
KERNEL(histogram, const int* __restrict__ of, unsigned* __restrict__ counts)
{
    ITEMS { ADD(&counts[of[i]], 1u); }
}
"""


@pytest.fixture(scope="module")
def module():
    return make_flavour("host").compile(TEXT, {"WEIGHT": 0.5})


def test_kernels_run_over_their_items_and_skip_with_continue(module):
    y = np.ones(4)
    module.launch("axpy", 3, 3.0, np.array([1.0, 0.0, 2.0, 9.0]), y)
    assert y.tolist() == [4.0, 1.0, 7.0, 1.0]
    counts = np.zeros(3, dtype=np.uint32)
    module.launch("histogram", 5, np.array([0, 2, 2, 1, 2], dtype=np.int32), counts)
    assert counts.tolist() == [1, 1, 3]
    module.launch("axpy", 0, 3.0, np.zeros(0), np.zeros(0))


@pytest.mark.parametrize(("arguments", "words"), [
    ((1.0, np.zeros(3, dtype=np.float32), np.zeros(3)), "x must be contiguous float64, got float32"),
    ((1.0, np.zeros((3, 2))[:, 0], np.zeros(3)), "x must be contiguous"),
    ((1.0, [0.0], np.zeros(3)), "x must be an array of numpy, got list"),
    ((1.0, np.zeros(3)), "takes 3 arguments"),
])  # fmt: skip
def test_an_argument_that_does_not_fit_is_refused_before_the_launch(module, arguments, words):
    with pytest.raises(CompilationError, match=words):
        module.launch("axpy", 3, *arguments)


def test_texts_that_cannot_be_compiled_say_where():
    with pytest.raises(CompilationError, match="does not compile a kernel.*undeclared"):
        make_flavour("host").compile("KERNEL(wrong, double* y) { ITEMS { y[i] = nothing; } }")
    with pytest.raises(CompilationError, match="kernel odd: parameter 'short k' has none of the types"):
        signatures("KERNEL(odd, short k) { }")


def test_the_device_flavour_gets_the_same_text_behind_its_own_words():
    source = device_source(TEXT, {"WEIGHT": 0.5})
    assert source.endswith(TEXT) and "atomicAdd" in source and "#include" not in source


def test_without_cupy_the_device_flavour_says_so_in_a_sentence(monkeypatch):
    monkeypatch.setitem(sys.modules, "cupy", None)
    with pytest.raises(RuntimeError, match="--engine cuda needs"):
        make_flavour("device")
