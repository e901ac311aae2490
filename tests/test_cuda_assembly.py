"""The kernels of the cuda engine, host flavour: residual and Jacobian equal DOLFINx's, entry by entry, on 1 and 2 ranks."""

import pytest

from tests.kernel_equality import compare
from tests.test_forms import CASES

# Each module of solver/physics, cells of 1D, 2D and 3D, facets, several regions and cell-wise coefficients.
QUICK = (
    "two ions that react, heated",
    "heated gap",
    "bipolar 1D with filament",
    "3D slab with filament",
)
# Sums of up to some tens of elements' contributions, in another order: a few units of the last digit of the largest.
ROUNDING = 1e-13


@pytest.mark.parametrize("options", [{}, {"deterministic": True, "apart": True}], ids=["together", "in order, columns apart"])
@pytest.mark.parametrize("case", [c if c in QUICK else pytest.param(c, marks=pytest.mark.slow) for c in CASES])
def test_residual_and_jacobian_equal_dolfinx_entry_by_entry(tmp_path, case, options):
    _, found = compare(tmp_path, case, **options)
    assert max(found.values()) <= ROUNDING, found
