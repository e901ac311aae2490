"""The cuda engine's aggregates in PETSc's multigrid: a V-cycle with block ILU(0) as smoother.

Piecewise constant interpolation: a coarse operator is a sum of fine blocks, of the rows as they were assembled. Coarse
matrices keep their pattern over all steps; only their numbers are summed anew (see cuda/multigrid.py for sources).
"""

import numpy as np
import ufl
from dolfinx import fem
from petsc4py import PETSc
from scipy import sparse

from solver import compat
from solver.engines.cpu.assembly import JIT
from solver.engines.cpu.blocks import parts
from solver.engines.cpu.linear import ZERO_PIVOT
from solver.engines.cuda.flavours import HostFlavour
from solver.engines.cuda.halo import Halo
from solver.engines.cuda.multigrid import Hierarchy

PREFIX = "halofil_multigrid_"


class _Level:
    """A coarse operator: its PETSc matrix, and how the numbers of the level above add up to its own.

    Args:
        comm: communicator.
        hierarchy: `Hierarchy`.
        k: number of the level, from 1.
        block_size: unknowns a node.
        scalar: in a scalar matrix (for MUMPS), not in blocks.
    """

    def __init__(self, comm, hierarchy, k, block_size, scalar):
        above, level = hierarchy.levels[k - 1], hierarchy.levels[k]
        offsets, entries = above.entries
        coarse = np.empty(len(entries), dtype=np.int64)
        coarse[entries] = np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))
        self.place, self.blocks = coarse, len(offsets) - 1
        self.first = comm.exscan(level.owned) or 0
        numbers = level.halo_numbers(hierarchy.flavour, self.first + np.arange(level.owned))
        columns = numbers[level.indices]
        rows = np.repeat(np.arange(level.owned), np.diff(level.indptr))
        self._order = np.lexsort((columns, rows))
        self._starts, self._columns = level.indptr.astype(PETSc.IntType), columns[self._order].astype(PETSc.IntType)
        self._bs, self._scalar = block_size, scalar
        self._width = comm.allreduce(level.owned) * block_size
        size = ((level.owned * block_size, None),) * 2
        csr = self._rows(np.ones((self.blocks, block_size**2)))
        create = PETSc.Mat().createAIJ if scalar else PETSc.Mat().createBAIJ
        self.matrix = create(size, csr=csr, comm=comm) if scalar else create(size, block_size, csr=csr, comm=comm)

    def _rows(self, values):
        """(starts, columns, values) of the rows for PETSc; `values` (blocks, bs^2), each block column by column."""
        bs = self._bs
        blocks = values[self._order].reshape(-1, bs, bs).transpose(0, 2, 1)
        if not self._scalar:
            return self._starts, self._columns, np.ascontiguousarray(blocks)
        rows = sparse.bsr_matrix((blocks, self._columns, self._starts), shape=((len(self._starts) - 1) * bs, self._width)).tocsr()
        return rows.indptr.astype(PETSc.IntType), rows.indices.astype(PETSc.IntType), rows.data

    def take(self, values):
        """New numbers (blocks, bs^2)."""
        put = self.matrix.setValuesCSR if self._scalar else self.matrix.setValuesBlockedCSR
        put(*self._rows(values))
        self.matrix.assemble()


class AggregationMultigrid:
    """Preconditioner of one matrix over all steps. Creation is collective.

    Args:
        matrix: BAIJ, node blocks; holds the couplings that `couplings` assembled.
        block_size: unknowns a node.
    """

    def __init__(self, matrix, block_size):
        comm = matrix.comm.tompi4py()
        self._own, self._other, ghosts = parts(matrix, block_size)
        owned = len(self._own.starts) - 1
        first = comm.exscan(owned) or 0
        owners = np.searchsorted(np.array(comm.allgather(first)), ghosts, side="right") - 1
        flavour = HostFlavour()
        halo = Halo(comm, flavour, owned, ghosts, owners, first)
        indptr, columns, self._places = self._merged(owned)
        strengths = np.empty(len(columns))
        for place, part in zip(self._places, (self._own, self._other)):
            strengths[place] = np.abs(part.values()[:, 0])
        self.hierarchy = Hierarchy(flavour, comm, indptr, columns, halo, strengths)
        sizes = self.hierarchy.sizes
        self._levels = [_Level(comm, self.hierarchy, k, block_size, k == len(sizes) - 1) for k in range(1, len(sizes))]
        self._sums = [self._sum(self._levels[0], place) for place in self._places]
        self._deeper = [self._sum(level, np.arange(len(level.place))) for level in self._levels[1:]]
        self._prolongations = [self._prolongation(comm, k, block_size) for k in range(len(sizes) - 1)]

    @property
    def sizes(self) -> list[int]:
        """Nodes by level, of all ranks, the finest first."""
        return self.hierarchy.sizes

    def _merged(self, owned):
        """Rows with the columns of both parts: (starts, local columns, places of the parts' entries)."""
        own = self._own
        if self._other is None:
            return own.starts, own.columns, [np.arange(len(own.columns))]
        other = self._other
        indptr = own.starts.astype(np.int64) + other.starts
        places = [
            np.arange(len(own.columns)) + np.repeat(other.starts[:-1], np.diff(own.starts)),
            np.arange(len(other.columns)) + np.repeat(own.starts[1:], np.diff(other.starts)),
        ]
        columns = np.empty(int(indptr[-1]), dtype=np.int64)
        columns[places[0]], columns[places[1]] = own.columns, owned + other.columns.astype(np.int64)
        return indptr, columns, places

    @staticmethod
    def _sum(level, place):
        """Sparse matrix that adds up blocks at `place` of the level above to the level's."""
        to = level.place[place]
        return sparse.csr_matrix((np.ones(len(to)), (to, np.arange(len(to)))), shape=(level.blocks, len(to)))

    def _prolongation(self, comm, k, bs):
        level, coarse = self.hierarchy.levels[k], self._levels[k]
        columns = ((coarse.first + level.group.astype(PETSc.IntType))[:, None] * bs + np.arange(bs)).ravel()
        rows = np.arange(level.owned * bs + 1, dtype=PETSc.IntType)
        size = ((level.owned * bs, None), (self.hierarchy.levels[k + 1].owned * bs, None))
        return PETSc.Mat().createAIJ(size, csr=(rows, columns.astype(PETSc.IntType), np.ones(len(columns))), comm=comm)

    def take(self):
        """Sum the matrix's present numbers into the coarse ones. Collective."""
        values = sum(matrix @ part.values() for matrix, part in zip(self._sums, (self._own, self._other)))
        self._levels[0].take(values)
        for level, matrix in zip(self._levels[1:], self._deeper):
            values = matrix @ values
            level.take(values)

    def attach(self, ksp):
        """Make this the preconditioner of `ksp`, afresh."""
        sub = "sub_" if ksp.comm.size > 1 else ""
        options = PETSc.Options(PREFIX)
        smoother = {"ksp_type": "richardson", "ksp_max_it": 1, "pc_type": "asm" if sub else "ilu", sub + "pc_type": "ilu",
                    sub + "pc_factor_levels": 0, sub + "pc_factor_zeropivot": ZERO_PIVOT}  # fmt: skip
        if sub:
            smoother["pc_asm_overlap"] = 0
        for name, value in smoother.items():
            options["mg_levels_" + name] = value
        for name, value in {"ksp_type": "preonly", "pc_type": "lu", "pc_factor_mat_solver_type": "mumps"}.items():
            options["mg_coarse_" + name] = value
        ksp.setOptionsPrefix(PREFIX)
        pc, last = ksp.getPC(), len(self._levels)
        pc.setType("none")
        pc.setType("mg")
        pc.setMGLevels(last + 1)
        pc.setMGCycleType(PETSc.PC.MGCycleType.V)
        for k, prolongation in enumerate(self._prolongations):
            pc.setMGInterpolation(last - k, prolongation)
        for k, level in enumerate(self._levels[:-1]):
            pc.getMGSmoother(last - 1 - k).setOperators(level.matrix)
        pc.getMGCoarseSolve().setOperators(self._levels[-1].matrix)
        ksp.setFromOptions()


def multigrid_for(assembler) -> AggregationMultigrid:
    """Multigrid of an assembler's Jacobian; its matrix is overwritten. Collective.

    Aggregates follow how strongly the mesh couples two nodes, |int grad v_i . grad v_j|, by the cells' shapes alone.
    """
    space = assembler.model.context.space
    u, v = ufl.TrialFunction(space), ufl.TestFunction(space)
    # int grad u_0 . grad v_0
    form = fem.form(ufl.inner(ufl.grad(u[0]), ufl.grad(v[0])) * ufl.dx, jit_options=JIT)
    matrix = assembler.matrix
    matrix.zeroEntries()
    compat.assemble_matrix(matrix, form, [], 0.0)
    matrix.assemble()
    return AggregationMultigrid(matrix, len(assembler.model.fields))
