"""The kernels of the cuda engine, host flavour: residual and Jacobian equal DOLFINx's, entry by entry, on 1 and 2 ranks."""

import subprocess
import sys

import pytest

from tests.kernel_equality import CASES, ROUNDING, compare

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


def test_a_problem_saved_and_loaded_gives_the_same_numbers_without_dolfinx_or_mpi(tmp_path):
    import numpy as np

    from solver.engines.cuda.assembly import Assembler
    from solver.engines.cuda.bundle import save_problem
    from solver.engines.cuda.flavours import make_flavour
    from tests.kernel_equality import rough_model

    a = Assembler(rough_model(tmp_path, CASES["2D slab with filament"]), make_flavour("host"))
    a.upload()
    extras = {"residual": a.residual().copy(), "jacobian": a.jacobian().copy(), "indices": a.indices}
    save_problem(tmp_path / "problem.npz", a.tables, a.sources.arrays, a.sources.constants(), extras)
    script = """
import sys
import numpy as np
from pathlib import Path
for name in ("dolfinx", "ufl", "ffcx", "mpi4py", "petsc4py"):
    sys.modules[name] = None
from solver.engines.cuda.assembly import KernelAssembler
from solver.engines.cuda.bundle import load_problem
from solver.engines.cuda.flavours import make_flavour
tables, arrays, constants, extras = load_problem(Path(sys.argv[1]))
a = KernelAssembler(tables, arrays, constants, make_flavour("host"))
assert np.array_equal(a.residual(), extras["residual"]) and np.array_equal(a.indices, extras["indices"])
assert np.array_equal(a.jacobian(), extras["jacobian"]) and np.abs(extras["jacobian"]).max() > 0
"""
    done = subprocess.run([sys.executable, "-c", script, tmp_path / "problem.npz"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    # what is announced before anything is allocated is what it takes, within the share of rows at the surface
    assert 0.9 * a.bytes <= a.predicted_bytes <= 1.3 * a.bytes
    assert np.isfinite(extras["residual"]).all()
