"""The engine whose residual, Jacobian, Krylov vectors and preconditioner live in arrays of a flavour: a card's or the host's.

State and history of the model live there too (`DeviceModel.live_in`): the time stepping predicts and judges on them, and
only norms, step lengths and sums over terminals reach the host, fields when they are written.
"""

import time

import numpy as np

from solver.engines.carrier_newton import CarrierNewton
from solver.engines.convergence import NewtonResult, largest, last_tolerance, small_enough
from solver.engines.cuda.algebraic import Settler
from solver.engines.cuda.linear import LinearSolver
from solver.engines.cuda.newton import Newton
from solver.engines.cuda.packing import HEAT
from solver.physics.fields import ELECTRONS, FERMI, TEMPERATURE, TUNNELLING

SETTLED = {TUNNELLING, FERMI, TEMPERATURE}  # fields that follow the others at once
TRUST = {TEMPERATURE: 0.2}  # of T0, as on the cpu engine


class CudaEngine:
    """Solves the model's equations at its present voltages and time coefficients, in place; interface as `CpuEngine`.

    Args:
        model: `DeviceModel`.
        assembler: of the model's rows on a flavour (see assembly.py).
        tolerance, linear_tolerance, linear_solver, max_iterations: as for `CpuEngine`.
    """

    name = "cuda"

    def __init__(self, model, assembler, tolerance=1e-6, linear_tolerance=1e-6, linear_solver="auto", max_iterations=12):
        self.model, self.assembler = model, assembler
        self.tolerance, self.linear_tolerance = tolerance, linear_tolerance
        self.comm = model.device.mesh.comm
        self.dimension = model.device.mesh.topology.dim
        self.unknowns = self.comm.allreduce(model.owned) * len(model.fields)
        self.newton_iterations = self.linear_iterations = 0
        self.seconds = {"set-up": 0.0, "solve": 0.0}
        self.xp = assembler.xp
        self.linear_solver = LinearSolver(assembler, self.comm, len(model.fields), linear_tolerance, self.dimension, linear_solver)
        self.correction = self.xp.zeros((model.owned, len(model.fields)))
        self._linearised = False
        history = assembler.history
        model.live_in(assembler.flavour, assembler.state.reshape(-1), self.xp.zeros(len(model.history)) if history is None else history)
        self._newton = CarrierNewton(self) if model.context.has(ELECTRONS) else Newton(self, max_iterations)
        self.settle = Settler(self, [f for f in (TUNNELLING, FERMI, TEMPERATURE) if model.context.has(f)], TRUST)

    @property
    def bytes(self) -> int:
        """Memory held on this rank, in arrays of the flavour."""
        return self.assembler.bytes + self.linear_solver.bytes + self.settle.bytes + self.correction.nbytes

    # what Newton's method works with, at the assembler's state
    def small_enough(self, updates, fresh=True) -> bool:
        """`convergence.small_enough` with the engine's tolerances."""
        return small_enough(updates, self.tolerance, self.linear_tolerance, fresh)

    def evaluate(self):
        """Residual of the owned rows, (owned, fields); overwritten by the next call."""
        return self.assembler.residual()

    def linearise(self):
        """Assemble the Jacobian; the next correction makes its preconditioner."""
        self.linear_solver.take(self.assembler.jacobian())
        self._linearised = True

    def forget_linearisation(self):
        """The Jacobian's storage has been used for something else."""
        self._linearised = False

    def correct(self, rows, rtol=None):
        """Solve J correction = rows to a relative `rtol` (default: the linear tolerance); returns (converged, linear iterations)."""
        solved = self.linear_solver.solve(rows, self.correction, rtol)
        return solved, self.linear_solver.iterations

    def product(self):
        """J times the last correction, (owned, fields)."""
        return self.linear_solver.product(self.correction)

    def owned_state(self):
        """View of the owned part of the assembler's state."""
        return self.assembler.state[: self.assembler.owned]

    def correction_rows(self):
        """The last correction, (owned, fields)."""
        return self.correction

    def advance(self, step):
        """Add (owned, fields) to the state, ghosts updated."""
        self.assembler.state[: self.assembler.owned] += step
        self.scatter_forward()

    def scatter_forward(self):
        """Ghosts of the state from their owners."""
        self.assembler.scatter_forward(self.assembler.state)

    def move(self, base, length):
        """State = base - length times the correction, ghosts updated."""
        self.assembler.state[: self.assembler.owned] = base - length * self.correction
        self.scatter_forward()

    def dot(self, a, b) -> float:
        """Scalar product over all ranks."""
        return self.comm.allreduce(float((a * b).sum()))

    def norm(self, a) -> float:
        """Euclidean norm over all ranks."""
        return float(np.sqrt(self.dot(a, a)))

    def largest(self, a) -> float:
        """Largest magnitude over all ranks; not finite where an entry is not."""
        return largest(self.comm, self.xp.abs(a).max() if a.size else 0.0)

    # what the time stepping works with, at the model's state
    def solve(self) -> NewtonResult:
        """Newton from the model's state; on failure the state is whatever was reached (the caller restores it)."""
        start, spent = time.perf_counter(), sum(self.assembler.seconds.values())
        self.assembler.refresh()
        converged, iterations, linear, reason = self._newton.solve()
        self.seconds["solve"] += time.perf_counter() - start - (sum(self.assembler.seconds.values()) - spent)
        self.newton_iterations += iterations
        self.linear_iterations += linear
        return NewtonResult(converged, iterations, linear, "" if converged else self._place(reason))

    def polish(self) -> NewtonResult:
        """One more correction with the last Jacobian and its preconditioner, full step, solved to `last_tolerance`."""
        start = time.perf_counter()
        self.assembler.refresh()
        if not self._linearised:
            self.linearise()
        solved, linear = self.correct(self.evaluate(), last_tolerance(self.linear_tolerance))
        self.move(self.owned_state(), 1.0)
        self.newton_iterations += 1
        self.linear_iterations += linear
        self.seconds["solve"] += time.perf_counter() - start
        return NewtonResult(solved, 1, linear)

    def _place(self, kind):
        rows = abs(self.evaluate()).ravel()
        return f"Newton gave up ({kind}); largest residual in {self.model.place_of_largest(rows)}"

    def interior_residual(self):
        """Owned nodal residual (n, fields) of all terms but contacts, prescribed rows kept: see balances.py. Overwritten by
        the next evaluation."""
        self.assembler.refresh()
        return self.assembler.residual(interior_only=True)

    def heat_rows(self) -> float:
        """Sum of the rows of the heat's sources (`heat.sources`), for `HeatBalance`. Collective."""
        self.assembler.refresh()
        return self.assembler.total(HEAT)

    def residual_rows(self):
        """Owned residual at the model's state, flat; the caller's own."""
        self.assembler.refresh()
        return self.evaluate().ravel().copy()

    def correct_rows(self, rows):
        """J^-1 rows by the last Jacobian, owned and flat."""
        self.correct(rows.reshape(self.correction.shape))
        return self.correction.ravel().copy()
