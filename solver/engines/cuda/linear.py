"""Linear solver of the coupled Jacobian on either flavour: multigrid in flexible GMRES, stronger where it has to be.

The settings are tried in order. One that does not converge is left at once, one that takes more than `MANY`
iterations twice running at the next solve; after `AGAIN` solves the weaker one is tried again. The last is a direct
solver, where the system is small enough for its fill.
"""

import logging
from dataclasses import dataclass

from solver.engines.cuda.blocks import compile_blocks
from solver.engines.cuda.direct import DirectSolver, FactorError
from solver.engines.cuda.krylov import FlexibleGmres
from solver.engines.cuda.multigrid import Hierarchy, Multigrid

log = logging.getLogger("halofil")
MANY, AGAIN = 60, 20
LARGEST_DIRECT = {1: 2_000_000, 2: 500_000, 3: 60_000}  # unknowns by dimension: the factors stay below some 4 GB


@dataclass(frozen=True)
class Setting:
    """A strength of the preconditioner; `cycle` None for the direct solver."""

    cycle: str | None
    sweeps: int = 2
    single: bool = True
    smoother: str = "gauss-seidel"

    def __str__(self):
        if self.cycle is None:
            return "the direct solver"
        smoother = ", Jacobi smoothing," if self.smoother == "jacobi" else ""
        return f"multigrid {self.cycle}({self.sweeps},{self.sweeps}){smoother} in {'single' if self.single else 'double'} precision"


# Gauss-Seidel by colours takes fewer iterations than block Jacobi, which does all rows in one launch; `halofil bench` compares them
SETTINGS = (Setting("K"), Setting("K", 4, single=False))
DIRECT = Setting(None)


class LinearSolver:
    """Solves A x = b for one pattern and many A. Creation is collective.

    Args:
        system: what holds the matrix: flavour, and indptr, indices, halo, owned, columns, strengths of the block rows.
        comm: mpi4py communicator.
        block_size: unknowns a node.
        rtol: relative tolerance of the scaled residual (see krylov.py).
        dimension: of the mesh.
        choice: "auto", "direct" or "iterative".
        hierarchy: `Hierarchy` of the pattern, where there is one already.
        settings: strengths to go through.

    Attributes:
        iterations: of the last solve (1 for the direct solver).
    """

    def __init__(self, system, comm, block_size, rtol, dimension, choice="auto", hierarchy=None, settings=SETTINGS):
        self.system, self.block_size, self.rtol = system, block_size, rtol
        flavour = system.flavour
        self._xp, self._comm = flavour.xp, comm
        unknowns = comm.allreduce(system.owned) * block_size
        direct = choice != "iterative" and unknowns <= LARGEST_DIRECT[dimension]
        if choice == "auto" and dimension == 1 and direct:
            choice = "direct"  # unsmoothed aggregates need more levels in 1D than a band costs
        self._settings = (DIRECT,) if choice == "direct" else settings + ((DIRECT,) if direct else ())
        self.hierarchy = hierarchy
        if hierarchy is None and choice != "direct":
            self.hierarchy = Hierarchy(
                flavour, comm, flavour.asnumpy(system.indptr), flavour.asnumpy(system.indices), system.halo, system.strengths()
            )
        shape = (system.owned, block_size)
        self._gmres = FlexibleGmres(flavour, comm, shape)
        self._b, self._t = self._xp.zeros(shape), self._xp.zeros(shape)
        self._z = self._xp.zeros((system.columns, block_size))
        self._blocks = compile_blocks(flavour, block_size)
        self._multigrids: dict[tuple[bool, str], Multigrid] = {}
        self._direct = None
        self._stage = self._many = self._since = 0
        self._values, self._ready = None, None
        self.iterations, self.history = 0, ()

    @property
    def bytes(self) -> int:
        """Of everything this solver holds on this rank, the caller's matrix apart."""
        held = [self._gmres, *self._multigrids.values(), *([self.hierarchy] if self.hierarchy else [])]
        return sum(part.bytes for part in held) + self._b.nbytes + self._t.nbytes + self._z.nbytes

    @property
    def krylov_traffic(self) -> int:
        """Bytes that the Krylov vectors of the last solve had to move on this rank, at least."""
        return self._gmres.least_traffic(0 if self.setting.cycle is None else self.iterations)

    @property
    def setting(self) -> Setting:
        """What the next solve uses."""
        return self._settings[self._stage]

    def take(self, values):
        """Solve with these block values (entries, BS, BS) from now on; they stay referenced."""
        self._values, self._ready = values, None

    def solve(self, rows, out, rtol=None) -> bool:
        """out = A^-1 rows, both (owned, BS), to a relative `rtol` (default: the solver's). Collective.

        Returns:
            False where no setting converges.
        """
        if self._stage and self._since >= AGAIN and len(self._settings) > 1:
            log.info("linear solver: %s again", self._settings[0])
            self._move(0)
        self._since += 1
        self.iterations = 0
        while True:
            setting = self.setting
            solved, count, why = self._attempt(setting, rows, out, rtol or self.rtol)
            self.iterations += count
            if solved:
                if rtol is None:  # a tighter solve says nothing about the setting
                    self._many = self._many + 1 if count > MANY else 0
                if self._many >= 2 and self._stage + 1 < len(self._settings):
                    log.info("linear solver: %s takes %d iterations; %s from here", setting, count, self._settings[self._stage + 1])
                    self._move(self._stage + 1)
                return True
            if self._stage + 1 == len(self._settings):
                log.info("linear solver: %s: %s", setting, why)
                self._move(0)
                return False
            log.info("linear solver: %s: %s; %s from here", setting, why, self._settings[self._stage + 1])
            self._move(self._stage + 1)

    def _move(self, stage):
        self._stage, self._many, self._since, self._ready = stage, 0, 0, None

    def _attempt(self, setting, rows, out, rtol):
        """(solved, iterations, why not)."""
        if setting.cycle is None:
            return self._factor_and_solve(rows, out)
        kind = setting.single, setting.smoother
        multigrid = self._multigrids.get(kind)
        if multigrid is None:
            multigrid = self._multigrids[kind] = Multigrid(self.hierarchy, self.block_size, setting.smoother, single=setting.single)
        multigrid.cycle, multigrid.sweeps = setting.cycle, setting.sweeps
        if self._ready != setting:
            if not multigrid.set_up(self._values):
                return False, 0, "a diagonal block is singular or not finite"
            self._ready = setting
        multigrid.divide(rows, self._b)
        result = self._gmres.solve(lambda x, y: self._multiply(multigrid, x, y), multigrid, self._b, out, rtol)
        self.history = result.history
        why = "" if result.converged else f"stopped after {result.iterations} iterations"
        return result.converged, result.iterations, why

    def product(self, x):
        """A x of an owned vector (owned, BS); overwritten by the next call."""
        self._z[: self.system.owned] = x
        self.system.halo.forward(self._z)
        self._blocks.launch(
            "multiply", x.size, self.system.indptr, self.system.indices, self._values, self._z, self._t
        )
        return self._t

    def _multiply(self, multigrid, x, out):
        """out = D^-1 A x."""
        multigrid.divide(self.product(x), out)

    def _factor_and_solve(self, rows, out):
        if self._direct is None:
            self._direct = DirectSolver(self.system, self._comm, self.block_size)
        try:
            if self._ready is not DIRECT:
                self._direct.factor(self._values)
                self._ready = DIRECT
            self._direct.solve(rows, out)
        except FactorError as error:
            self._ready = None
            return False, 0, str(error)
        finite = self._comm.allreduce(int(bool(self._xp.isfinite(out).all()))) == self._comm.size
        return finite, 1, "" if finite else "the solution is not finite"
