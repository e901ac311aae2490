"""Flexible GMRES on the system scaled by its diagonal blocks, on either flavour of arrays.

The iteration solves D^-1 A x = D^-1 b, D the blocks of the nodes: its residual is the change each node's own unknowns
would still make, in kT/q, c/c0 and fractions, whatever the rows' units. Measured on states before and during set,
at a relative residual of 1e-6: the largest error of the correction was 4e-7 to 1e-4 of the largest correction; with block
ILU(0) on the left 7e-6 to 5e-4. The preconditioner stands on the
right, so that it may vary and be in single precision.
"""

from dataclasses import dataclass

import numpy as np

CHUNK = 8  # Krylov vectors allocated at a time


@dataclass(frozen=True)
class KrylovResult:
    """What one solve did.

    Attributes:
        converged: residual below the tolerance.
        iterations: count.
        history: scaled residual norm after each iteration over that at the start.
    """

    converged: bool
    iterations: int
    history: tuple[float, ...]


class FlexibleGmres:
    """Solver for one size of vectors.

    Args:
        flavour: see flavours.py.
        comm: mpi4py communicator.
        shape: of this rank's vectors.
        restart: Krylov vectors kept.
        max_iterations: before giving up.
    """

    def __init__(self, flavour, comm, shape, restart=60, max_iterations=180):
        self.xp, self._asnumpy, self.comm, self.shape = flavour.xp, flavour.asnumpy, comm, tuple(shape)
        self.restart, self.max_iterations = restart, max_iterations
        self._size = int(np.prod(self.shape))
        self._bases: tuple[list, list] = ([], [])  # chunks of residual and of preconditioned vectors

    @property
    def bytes(self) -> int:
        """Of the Krylov vectors allocated so far on this rank."""
        return sum(chunk.nbytes for chunks in self._bases for chunk in chunks)

    def least_traffic(self, iterations: int) -> int:
        """Bytes that the vectors of so many iterations have to move on this rank, products and preconditioner apart.

        Iteration k orthogonalises against k + 1 vectors twice, reading them for the scalar products and for the subtraction, the new
        vector being read, read and written; its norm and its scaling follow; at the end the preconditioned vectors are summed.
        """
        against = (k % self.restart + 1 for k in range(iterations))
        return 8 * self._size * sum(2 * (2 * count + 3) + 3 + 1 for count in against)

    def _vector(self, which, k):
        chunks = self._bases[which]
        if k // CHUNK == len(chunks):
            chunks.append(self.xp.zeros((CHUNK, self._size)))
        return chunks[k // CHUNK][k % CHUNK]

    def _parts(self, which, count):
        """Chunks that hold the first `count` vectors."""
        for k, chunk in enumerate(self._bases[which]):
            if k * CHUNK < count:
                yield slice(k * CHUNK, min((k + 1) * CHUNK, count)), chunk[: min(CHUNK, count - k * CHUNK)]

    def _total(self, values):
        """Sum over ranks of a small array, on the host."""
        own = np.array(self._asnumpy(values), dtype=float)
        return own if self.comm.size == 1 else self.comm.allreduce(own)

    def norm(self, v) -> float:
        """Euclidean norm over all ranks."""
        flat = v.ravel()
        return float(np.sqrt(self._total(flat @ flat)))

    def _orthogonalise(self, w, count):
        """Classical Gram-Schmidt, twice; returns the coefficients and the norm left."""
        h = np.zeros(count)
        for _ in range(2):
            parts = list(self._parts(0, count))
            c = self._total(self.xp.concatenate([chunk @ w for _, chunk in parts]))
            on_device = self.xp.asarray(c)
            for where, chunk in parts:
                w -= on_device[where] @ chunk
            h += c
        return h, self.norm(w)

    def solve(self, multiply, precondition, b, x, rtol) -> KrylovResult:
        """x from zero with |D^-1 (b - A x)| <= rtol |D^-1 b|. Collective.

        Args:
            multiply: function (x, out) -> out = D^-1 A x.
            precondition: function (r, out) -> out = M r.
            b: D^-1 b.
            x: overwritten.
            rtol: relative tolerance.
        """
        xp, history = self.xp, []
        x[...] = 0
        r = b.copy()
        start = size = self.norm(r)
        if not np.isfinite(start):
            return KrylovResult(False, 0, ())
        if start == 0.0:
            return KrylovResult(True, 0, ())
        while len(history) < self.max_iterations:
            before = size
            y, size = self._cycle(multiply, precondition, r, size, rtol * start, history, start)
            for where, chunk in self._parts(1, len(y)):
                x += (xp.asarray(y[where]) @ chunk).reshape(self.shape)
            if not np.isfinite(size):
                return KrylovResult(False, len(history), tuple(history))
            if size <= rtol * start:
                return KrylovResult(True, len(history), tuple(history))
            multiply(x, r)
            r *= -1
            r += b
            size = self.norm(r)
            if size > 0.99 * before:  # a whole cycle without progress
                break
        return KrylovResult(False, len(history), tuple(history))

    def _cycle(self, multiply, precondition, r, size, target, history, start):
        """Up to `restart` iterations from the residual r; returns coefficients of the preconditioned vectors and the norm reached."""
        h = np.zeros((self.restart + 1, self.restart))
        turns, rhs = [], np.zeros(self.restart + 1)
        rhs[0] = size
        self._vector(0, 0)[:] = r.ravel() / size
        for k in range(self.restart):
            z = self._vector(1, k)
            precondition(self._vector(0, k).reshape(self.shape), z.reshape(self.shape))
            w = self._vector(0, k + 1)
            multiply(z.reshape(self.shape), w.reshape(self.shape))
            h[: k + 1, k], left = self._orthogonalise(w, k + 1)
            for j, (cosine, sine) in enumerate(turns):
                h[j, k], h[j + 1, k] = cosine * h[j, k] + sine * h[j + 1, k], cosine * h[j + 1, k] - sine * h[j, k]
            length = np.hypot(h[k, k], left)
            if not np.isfinite(length) or length == 0.0:
                return np.zeros(0), np.nan
            turns.append((h[k, k] / length, left / length))
            h[k, k] = length
            rhs[k + 1] = -turns[k][1] * rhs[k]
            rhs[k] *= turns[k][0]
            size = abs(rhs[k + 1])
            history.append(size / start)
            if size <= target or left == 0.0 or len(history) == self.max_iterations:
                break
            w /= left
        count = k + 1
        return np.linalg.solve(np.triu(h[:count, :count]), rhs[:count]), size
