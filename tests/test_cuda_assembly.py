"""The kernels of the cuda engine, host flavour: residual and Jacobian equal DOLFINx's, entry by entry, on 1 and 2 ranks."""

import subprocess
import sys

import pytest

from tests.kernel_equality import ROUNDING, compare
from tests.test_forms import CASES

# Each module of solver/physics, cells of 1D, 2D and 3D, facets, several regions and cell-wise coefficients.
QUICK = (
    "two ions that react, heated",
    "heated gap",
    "bipolar 1D with filament",
    "3D slab with filament",
)


@pytest.mark.parametrize("options", [{}, {"deterministic": True, "apart": True}], ids=["together", "in order, columns apart"])
@pytest.mark.parametrize("case", [c if c in QUICK else pytest.param(c, marks=pytest.mark.slow) for c in CASES])
def test_residual_and_jacobian_equal_dolfinx_entry_by_entry(tmp_path, case, options):
    _, found = compare(tmp_path, case, **options)
    assert max(found.values()) <= ROUNDING, found


@pytest.mark.parallel
def test_two_ranks_sum_their_shares_to_the_same_entries():
    """Each rank's cells only, then ghosts' rows to their owners, with couplings that the owner's cells do not have."""
    command = ["mpirun", "-n", "2", sys.executable, "-m", "tests.kernel_equality", "3D slab with filament", "--deterministic"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 rank(s)" in done.stdout
