"""Exact solves for the fields that follow the others at once, as on the cpu engine (see cpu/algebraic.py), on either flavour.

Their equations are the rows of that field alone; its diagonal entries of the blocks make a scalar matrix on the same
pattern, so that the aggregates of the coupled system serve here too.
"""

import time

from solver.engines.cuda.linear import LinearSolver

SCALAR_TOLERANCE = 1e-8


class AlgebraicField:
    """One field's own block of the equations.

    Args:
        engine: `CudaEngine`.
        field: name of the field; its terms must be linear in it, or nearly.
        trust: largest change that is taken; None: any.
    """

    def __init__(self, engine, field, trust=None):
        self._engine, self.field, self._trust = engine, field, trust
        self._column = engine.model.fields.index(field)
        system, xp = engine.assembler, engine.assembler.xp
        self._solver = LinearSolver(
            system, engine.comm, 1, SCALAR_TOLERANCE, engine.dimension, hierarchy=engine.linear_solver.hierarchy
        )
        self._rows, self._change = xp.zeros((system.owned, 1)), xp.zeros((system.owned, 1))

    @property
    def bytes(self) -> int:
        """Of the solver and its matrix, on this rank; the coupled system's structure apart."""
        shared = self._solver.hierarchy.bytes if self._solver.hierarchy else 0
        return self._solver.bytes - shared + 8 * len(self._engine.assembler.indices)

    def solve(self):
        """Replace the field in the system's state by the solution of its own equation. Collective."""
        engine, system, k = self._engine, self._engine.assembler, self._column
        xp = system.xp
        self._rows[:, 0] = system.residual(fields=[self.field])[:, k]
        values = xp.ascontiguousarray(system.jacobian(fields=[self.field])[:, k, k]).reshape(-1, 1, 1)
        self._solver.take(values)
        if not self._solver.solve(self._rows, self._change):
            return
        if self._trust is None or engine.largest(self._change) <= self._trust:
            system.state[: system.owned, k] -= self._change[:, 0]
            system.scatter_forward(system.state)


class Settler:
    """Settles the algebraic fields of an engine's model, in the order they depend on each other."""

    def __init__(self, engine, fields, trust):
        self._engine = engine
        self._blocks = [AlgebraicField(engine, f, trust.get(f)) for f in fields]
        self.seconds = 0.0

    @property
    def bytes(self) -> int:
        """Of the solvers, on this rank; the coupled system's structure apart."""
        return sum(block.bytes for block in self._blocks)

    def __call__(self):
        if not self._blocks:
            return
        start = time.perf_counter()
        system = self._engine.assembler
        system.refresh()
        for block in self._blocks:
            block.solve()
        self._engine.forget_linearisation()
        self.seconds += time.perf_counter() - start
