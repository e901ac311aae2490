"""Direct solution of small systems: SuperLU (SciPy) on the host, cuDSS on a card where nvmath-python is installed."""

import numpy as np
import scipy.sparse.linalg as sparse_linalg
from scipy import sparse


class FactorError(ArithmeticError):
    """The matrix has no factors; the message is part of a sentence."""


class DirectSolver:
    """Factors of one matrix at a time. Every rank factors the whole of it: for small systems and as a fallback.

    Args:
        system, comm: see `LinearSolver`.
        block_size: unknowns a node.
    """

    def __init__(self, system, comm, block_size):
        self._flavour, self._comm, self._bs = system.flavour, comm, block_size
        flavour = system.flavour
        self._first = comm.exscan(system.owned) or 0
        self._owned = system.owned
        numbers = np.zeros((system.columns, 1))
        numbers[: system.owned, 0] = self._first + np.arange(system.owned)
        shared = flavour.xp.asarray(numbers)
        system.halo.forward(shared)
        columns = flavour.asnumpy(shared)[:, 0].astype(np.int64)[flavour.asnumpy(system.indices)]
        self._indices = np.concatenate(comm.allgather(columns))
        counts = np.concatenate(comm.allgather(np.diff(flavour.asnumpy(system.indptr))))
        self._indptr = np.concatenate([[0], np.cumsum(counts)])
        self._factors = None

    def _gathered(self, array):
        return np.concatenate(self._comm.allgather(self._flavour.asnumpy(array)))

    def factor(self, values):
        """Factor the matrix of these block values.

        Raises:
            FactorError: it is singular or not finite.
        """
        matrix = sparse.bsr_matrix((self._gathered(values), self._indices, self._indptr)).tocsr()
        # rows span many decades (film against metal)
        largest = abs(matrix).max(axis=1).toarray().ravel()
        if not np.isfinite(largest).all() or (largest == 0).any():
            raise FactorError("the matrix is singular or not finite")
        self._scale = 1.0 / largest
        scaled = (sparse.diags(self._scale) @ matrix).tocsc()
        try:
            self._factors = direct_factors(self._flavour.name, scaled)
        except (RuntimeError, MemoryError) as error:
            raise FactorError(f"no factors ({error})") from error

    def solve(self, rows, out):
        """out = A^-1 rows, both (owned, BS)."""
        whole = self._factors.solve(self._scale * self._gathered(rows).ravel()).reshape(-1, self._bs)
        out[...] = self._flavour.xp.asarray(whole[self._first : self._first + self._owned])


def direct_factors(flavour, matrix):
    """Factors of a SciPy matrix (CSC): by cuDSS on a card where nvmath-python is installed, else by SuperLU.

    Args:
        flavour: "host" or "device".
        matrix: square.
    """
    if flavour == "device":
        try:
            import nvmath.sparse.advanced  # noqa: F401
        except ImportError:
            pass
        else:
            return CudssFactors(matrix)
    return sparse_linalg.splu(matrix)


class CudssFactors:
    """Factors by cuDSS on the card, of a SciPy matrix; right-hand sides from the host (nvmath copies)."""

    def __init__(self, matrix):
        from nvmath.sparse.advanced import DirectSolver as Solver

        self._b = np.zeros(matrix.shape[0])
        self._solver = Solver(matrix.tocsr(), self._b)
        self._solver.plan()
        self._solver.factorize()

    def solve(self, b):
        """A^-1 b."""
        self._b[:] = b
        self._solver.reset_operands(b=self._b)
        return self._solver.solve()
