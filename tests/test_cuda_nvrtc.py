"""Every kernel compiles for a card (H100/H200) without one, and keeps to its registers."""

import pytest

from solver.engines.cuda.flavours import CompilationError
from solver.engines.cuda.nvrtc import compile_for_card
from tests.devices import material_with_ions, model
from tests.test_forms import CASES

# Bytes a thread may keep in memory: a few words around calls of the mathematical library (pow, log), and no array.
FEW = 64
QUICK = ("two ions that react, heated", "3D slab with filament")


@pytest.mark.parametrize("case", [c if c in QUICK else pytest.param(c, marks=pytest.mark.slow) for c in CASES])
def test_every_kernel_compiles_for_a_card_and_keeps_to_its_registers(tmp_path, case):
    from solver.engines.cuda.packing import Sources
    from solver.engines.cuda.report import resources

    material_with_ions(tmp_path)
    rows = resources(Sources(model(tmp_path, CASES[case]), apart=True).tables)
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
