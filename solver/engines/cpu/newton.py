"""Newton's method (PETSc SNES, backtracking) on a `DeviceModel`'s residual."""

import logging
import time

import numpy as np
from petsc4py import PETSc

from solver.engines.carrier_newton import CarrierNewton
from solver.engines.convergence import LAG, NewtonResult, largest, last_tolerance, small_enough
from solver.engines.cpu.algebraic import Settler
from solver.engines.cpu.assembly import Assembler
from solver.engines.cpu.linear import MULTIGRID_FROM, RowScaling, coupled_factors, make_solver
from solver.physics.fields import ELECTRONS, FERMI, HOLES, TEMPERATURE, TUNNELLING

log = logging.getLogger("halofil")


class CpuEngine:
    """Solves the model's equations at its present voltages and time coefficients, in place.

    Args:
        model: `solver.physics.device.DeviceModel`.
        tolerance: largest Newton update accepted at the end, in kT/q, c/c0, filament fraction.
        linear_tolerance: relative tolerance of the linear solves.
        linear_solver: "auto", "direct" or "iterative".
        max_iterations: Newton iterations before a step is given up.
        multigrid_from: unknowns from which multigrid takes the place of incomplete factors in the iterative solver.
    """

    name, xp = "cpu", np
    heat_rows = None  # DOLFINx sums them where it is asked to

    def __init__(self, model, tolerance=1e-6, linear_tolerance=1e-6, linear_solver="auto", max_iterations=12,
                 multigrid_from=MULTIGRID_FROM):
        self.model, self.tolerance, self.linear_tolerance = model, tolerance, linear_tolerance
        self.assembler = Assembler(model)
        self.comm = model.device.mesh.comm
        index_map = model.context.space.dofmap.index_map
        self.unknowns = index_map.size_global * len(model.fields)
        self.seconds = {"set-up": 0.0, "solve": 0.0}
        self.newton_iterations = self.linear_iterations = 0
        self._x = self.assembler.vector.duplicate()
        self._b = self.assembler.vector.duplicate()
        self.correction = self.assembler.vector.duplicate()
        self._carriers = CarrierNewton(self) if model.context.has(ELECTRONS) else None
        self._snes = snes = PETSc.SNES().create(self.comm)
        snes.setOptionsPrefix("halofil_newton_")
        snes.setType("newtonls")
        snes.setFunction(self._function, self._b)
        snes.setJacobian(self._jacobian, self.assembler.matrix)
        snes.setKSP(make_solver(self.comm, model.device.mesh.topology.dim, linear_solver, linear_tolerance))
        snes.setTolerances(max_it=max_iterations)
        snes.setConvergenceTest(self._converged)
        options = PETSc.Options()
        options["halofil_newton_snes_linesearch_type"] = "bt"
        options["halofil_newton_snes_lag_jacobian"] = options["halofil_newton_snes_lag_preconditioner"] = LAG
        snes.setFromOptions()
        self._updates = []
        self._multigrid = self._make_multigrid(multigrid_from)
        if self._multigrid is None and self.linear_solver.getType() != "preonly":
            coupled_factors(self.linear_solver)
        self._scaling = None
        if self._carriers is not None and self.linear_solver.getType() != "preonly":
            carriers = [model.fields.index(f) for f in (ELECTRONS, HOLES)]
            self._scaling = RowScaling(self.assembler.vector, len(model.fields), carriers)
        self.settle = Settler(model, [f for f in (TUNNELLING, FERMI, TEMPERATURE) if model.context.has(f)])

    def _function(self, snes, x, f):
        self.assembler.set_state(x)
        self.assembler.residual().copy(f)

    def _make_multigrid(self, least):
        """`AggregationMultigrid` where it is worth it, else None. Collective."""
        if self._carriers is not None or self.linear_solver.getType() == "preonly" or self.unknowns < least:
            return None
        from solver.engines.cpu.multigrid import multigrid_for  # 0.1 s, for large problems only

        multigrid = multigrid_for(self.assembler)
        multigrid.attach(self.linear_solver)
        log.info("linear solver: multigrid, %s nodes by level (from %d unknowns on)", ", ".join(map(str, multigrid.sizes)), least)
        return multigrid

    def _leave_multigrid(self):
        log.info("linear solver: multigrid does not converge; incomplete factors from here")
        self._multigrid = None
        self.linear_solver.getPC().setType("none")
        coupled_factors(self.linear_solver)

    def _jacobian(self, snes, x, J, P):
        self.assembler.set_state(x)
        self._assembled()

    def _assembled(self):
        """The Jacobian at the model's state, and the coarse ones where there are any."""
        A = self.assembler.jacobian()
        if self._multigrid is not None:
            self._multigrid.take()
        return A

    def _converged(self, snes, iteration, norms):
        """SNES's test by `small_enough`."""
        if iteration == 0:
            self._updates = []
            return PETSc.SNES.ConvergedReason.ITERATING
        fnorm = norms[2]
        if not np.isfinite(fnorm):
            return PETSc.SNES.ConvergedReason.DIVERGED_FNORM_NAN
        self._updates.append(self._last_update())
        if self.small_enough(self._updates, fresh=(iteration - 1) % LAG == 0):
            return PETSc.SNES.ConvergedReason.CONVERGED_SNORM_RELATIVE
        return PETSc.SNES.ConvergedReason.ITERATING

    def small_enough(self, updates, fresh=True) -> bool:
        """`convergence.small_enough` with the engine's tolerances."""
        return small_enough(updates, self.tolerance, self.linear_tolerance, fresh)

    @property
    def linear_solver(self) -> PETSc.KSP:
        """Solver of the coupled Jacobian."""
        return self._snes.getKSP()

    def evaluate(self) -> np.ndarray:
        """Residual of the owned rows at the model's state, (owned, fields); overwritten by the next call."""
        return self.assembler.residual().array_r.reshape(-1, len(self.model.fields))

    def largest(self, rows) -> float:
        """Largest magnitude over all ranks; not finite where an entry is not."""
        return largest(self.comm, np.abs(rows).max(initial=0.0))

    def owned_state(self) -> np.ndarray:
        """View of the model's state at the owned nodes, (owned, fields)."""
        return self.model.context.state.x.array[: self.assembler.owned_rows].reshape(-1, len(self.model.fields))

    def advance(self, step):
        """Add (owned, fields) to the state, ghosts updated."""
        self.owned_state()[:] += step
        self.model.context.state.x.scatter_forward()

    def scatter_forward(self):
        """Ghosts of the model's state from their owners."""
        self.model.context.state.x.scatter_forward()

    def correction_rows(self) -> np.ndarray:
        """The last correction, (owned, fields)."""
        return self.correction.array_r.reshape(-1, len(self.model.fields))

    def linearise(self):
        """Assemble the Jacobian at the model's state for `correct`, its rows scaled where the solver needs that."""
        A = self._assembled()
        if self._scaling is not None:
            self._scaling.take(A)
        self.linear_solver.setOperators(A)

    def correct(self, rows, rtol=None) -> tuple[bool, int]:
        """Solve J x = `rows` (owned rows) into `correction` with the last Jacobian, to a relative `rtol` (default: the linear tolerance);
        (solved, linear iterations)."""
        ksp, b = self.linear_solver, self.assembler.vector
        ksp.setTolerances(rtol=rtol or self.linear_tolerance)
        b.array[:] = rows.ravel()
        try:
            ksp.solve(b if self._scaling is None else self._scaling.right_side(b), self.correction)
            solved = ksp.getConvergedReason() > 0
        except PETSc.Error:  # factors of a singular matrix
            solved = False
        ksp.setTolerances(rtol=self.linear_tolerance)
        if not solved and self._multigrid is not None:
            self._leave_multigrid()
            return self.correct(rows, rtol)
        if not solved:
            ksp.getPC().reset()
        return solved, ksp.getIterationNumber()

    def _last_update(self):
        return self._snes.getSolutionUpdate().norm(PETSc.NormType.NORM_INFINITY)

    def solve(self) -> NewtonResult:
        """Newton from the model's state; on failure the state is whatever was reached (the caller restores it)."""
        if self._carriers is not None:
            return self._solve_carriers()
        self._x.array[:] = self.model.context.state.x.array[: self.assembler.owned_rows]
        began = self._x.copy() if self._multigrid is not None else None
        start = time.perf_counter()
        spent = sum(self.assembler.seconds.values())
        self._snes.solve(None, self._x)
        if self._multigrid is not None and self._snes.getConvergedReason() == PETSc.SNES.ConvergedReason.DIVERGED_LINEAR_SOLVE:
            self._leave_multigrid()
            began.copy(self._x)
            self._snes.solve(None, self._x)
        self.seconds["solve"] += time.perf_counter() - start - (sum(self.assembler.seconds.values()) - spent)
        self.assembler.set_state(self._x)
        iterations, linear = self._snes.getIterationNumber(), self._snes.getLinearSolveIterations()
        self.newton_iterations += iterations
        self.linear_iterations += linear
        reason = self._snes.getConvergedReason()
        # At the rounding floor no step lowers the residual: a negligible update is convergence all the same.
        stalled = reason == PETSc.SNES.ConvergedReason.DIVERGED_LINE_SEARCH
        if reason > 0 or (stalled and self._last_update() < self.tolerance):
            return NewtonResult(True, iterations, linear)
        return NewtonResult(False, iterations, linear, self._explain(reason))

    def _solve_carriers(self) -> NewtonResult:
        start, spent = time.perf_counter(), sum(self.assembler.seconds.values())
        converged, iterations, linear, reason = self._carriers.solve()
        self.seconds["solve"] += time.perf_counter() - start - (sum(self.assembler.seconds.values()) - spent)
        self.newton_iterations += iterations
        self.linear_iterations += linear
        return NewtonResult(converged, iterations, linear, "" if converged else self._place(reason))

    def polish(self) -> NewtonResult:
        """One more correction with the last Jacobian and its factors, full step, solved to `last_tolerance`: cheap, and not held up by
        the line search, which sees only the rounding floor of the largest rows."""
        start = time.perf_counter()
        self._x.array[:] = self.model.context.state.x.array[: self.assembler.owned_rows]
        solved, linear = self.correct(self.evaluate(), last_tolerance(self.linear_tolerance))
        self._x.axpy(-1.0, self.correction)
        self.assembler.set_state(self._x)
        self.newton_iterations += 1
        self.linear_iterations += linear
        self.seconds["solve"] += time.perf_counter() - start
        return NewtonResult(solved, 1, linear)

    def residual_rows(self) -> np.ndarray:
        """Residual of the owned rows at the model's state, flat; the caller's own."""
        return self.evaluate().ravel().copy()

    def correct_rows(self, rows) -> np.ndarray:
        """J^-1 rows by the factors of the last Jacobian, owned and flat."""
        self.correct(rows)
        return self.correction.array_r.copy()

    def _explain(self, reason):
        names = {v: k for k, v in vars(PETSc.SNES.ConvergedReason).items() if isinstance(v, int) and v < 0}
        kind = names.get(reason, str(reason)).removeprefix("DIVERGED_").replace("_", " ").lower()
        return self._place(kind)

    def _place(self, kind):
        rows = np.abs(self.assembler.residual().array)
        return f"Newton gave up ({kind}); largest residual in {self.model.place_of_largest(rows)}"

    def interior_residual(self):
        """Owned nodal residual (n, fields) of all terms but contacts, prescribed rows kept: see balances.py."""
        return self.assembler.residual(interior_only=True).array_r.reshape(-1, len(self.model.fields))
