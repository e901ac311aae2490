"""Every kernel compiles for a card (H100/H200) without one, and keeps to its registers."""

import pytest

from solver.engines.cuda.flavours import CompilationError
from solver.engines.cuda.nvrtc import compile_for_card
from tests.devices import material_with_ions, model
from tests.test_forms import CASES

# Bytes a thread may keep in memory: a few words around calls of the mathematical library (pow, log) and where derivatives take
# all 255 registers (temperature by filament: 120), and no array.
FEW = 128
# Between them they have every kernel, by equation, term and unknown, that any case has (last test); dimensions and the other
# combinations are slow.
QUICK = (
    "two ions that react, heated", "3D slab with filament", "bipolar 2D, filament, emission, heated", "bipolar 1D with filament",
    "bipolar 2D, lowered barriers", "bipolar 2D, Fermi-Dirac, emission, heated", "two ions that react, 2D with filament",
    "bipolar 1D, ions and surface potential", "heated slab 2D with filament, Robin", "bipolar 2D with filament", "no filament",
)  # fmt: skip


def tables(folder, case):
    """`Tables` of a case, kernels as for a card."""
    from solver.engines.cuda.packing import Sources

    material_with_ions(folder)
    return Sources(model(folder, CASES[case]), apart=True).tables


@pytest.mark.parametrize("case", [c if c in QUICK else pytest.param(c, marks=pytest.mark.slow) for c in CASES])
def test_every_kernel_compiles_for_a_card_and_keeps_to_its_registers(tmp_path, case):
    from solver.engines.cuda.report import resources

    rows = resources(tables(tmp_path, case))
    assert len(rows) >= 8
    for what, _, r, _ in rows:
        assert 0 < r.registers <= 255, what
        assert max(r.stack, r.spill_stores, r.spill_loads) <= FEW, (what, r)


def test_a_text_that_nvrtc_refuses_is_a_sentence():
    with pytest.raises(CompilationError, match="NVRTC does not compile a kernel for sm_90: .*nothing"):
        compile_for_card("KERNEL(wrong, double* y) { ITEMS { y[i] = nothing; } }")


def test_stack_is_seen_where_there_is_some():
    text = "KERNEL(stacked, const int* k, double* y) { double a[64]; for (int s = 0; s < 64; ++s) a[s] = y[s]; ITEMS { y[i] = a[k[i]]; } }"
    assert compile_for_card(text).resources["stacked"].stack >= 512


@pytest.mark.parametrize("single", [False, True], ids=["double", "single"])
@pytest.mark.parametrize("fields", [1, 5, 7])
def test_the_multigrids_kernels_compile_for_a_card(fields, single):
    from solver.engines.cuda.blocks import TEXT
    from solver.engines.cuda.flavours import signatures

    compiled = compile_for_card(TEXT.replace("REAL", "float" if single else "double"), {"BS": fields})
    assert set(compiled.resources) == set(signatures(TEXT.replace("REAL", "double")))
    for name, r in compiled.resources.items():
        # rows of a block are exchanged while it is inverted: it lies in memory
        stack = 0 if name == "invert" else r.stack
        assert 0 < r.registers <= 255 and stack + r.spill_stores + r.spill_loads == 0, (name, r)


@pytest.mark.slow
def test_the_cases_compiled_by_default_have_every_kernel(tmp_path):
    def kinds(case):
        found = tables(tmp_path, case)
        return {(k.rank, launch.label, tuple(found.fields[c] for c in k.columns) if k.rank == 2 else ())
                for launch in found.launches for k in (launch.kernel,)}  # fmt: skip

    every = {case: kinds(case) for case in CASES}
    assert set().union(*(every[case] for case in QUICK)) == set().union(*every.values())
