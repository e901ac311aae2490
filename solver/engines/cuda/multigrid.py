"""Point-block unsmoothed-aggregation multigrid as a preconditioner, on either flavour of arrays.

Piecewise constant interpolation makes the coarse operator a sum of fine blocks: no sparse matrix product, and a
structure that depends on the mesh alone (P. T. Lin, J. N. Shadid, M. Sala, R. S. Tuminaro, G. L. Hennigan,
R. J. Hoekstra, J. Comput. Phys. 228, 6250 (2009), for drift-diffusion). The sums are taken of the rows as they were
assembled, so that a coarse row balances what flows into an aggregate; sums of rows scaled by their diagonal blocks took
20 to 40 iterations where these take 14 to 16 (states of the gap and the small cell during set).
"""

from dataclasses import dataclass

import numpy as np

from solver.engines.cuda.aggregation import aggregate, colour, members, square_part, strong_part
from solver.engines.cuda.blocks import compile_blocks
from solver.engines.cuda.halo import Halo

COARSEST = 100  # nodes, all ranks together: solved with a dense inverse
LEVELS = 12
JACOBI_DAMPING = 0.7
ENOUGH = 0.25  # of the residual left on a coarse level: no second direction in the K-cycle


@dataclass
class Structure:
    """What a level keeps over all steps; arrays of the flavour.

    Attributes:
        owned, columns: block rows of this rank, and those with ghosts.
        indptr, indices, diagonal: pattern, position of the diagonal block of each row.
        colours: rows of each colour.
        halo: exchange of the ghosts.
        group: aggregate of each owned node; None on the coarsest level.
        nodes: (offsets, nodes) of each aggregate.
        entries: (offsets, entries) that make up each block of the next level.
    """

    owned: int
    columns: int
    indptr: object
    indices: object
    diagonal: object
    colours: list
    halo: object
    group: object = None
    nodes: tuple = ()
    entries: tuple = ()

    def halo_numbers(self, flavour, numbers):
        """Whole numbers of the owned nodes (NumPy), continued on the ghosts. Collective."""
        every = np.zeros((self.columns, 1))
        every[: self.owned, 0] = numbers
        shared = flavour.xp.asarray(every)
        self.halo.forward(shared)
        return flavour.asnumpy(shared)[:, 0].astype(np.int64)


class Hierarchy:
    """Structures of all levels. Creation is collective.

    Args:
        flavour: see flavours.py.
        comm: mpi4py communicator.
        indptr, indices: pattern of the owned block rows (NumPy), diagonal blocks present.
        halo: `Halo` over the matrix's columns.
        strengths: (entries) of the couplings, none negative; nodes are aggregated over the strong ones. None: over all.
    """

    def __init__(self, flavour, comm, indptr, indices, halo, strengths=None):
        self.flavour, self.comm = flavour, comm
        self.levels = []
        indptr, indices = np.asarray(indptr, dtype=np.int64), np.asarray(indices, dtype=np.int32)
        if strengths is None:
            strengths = np.ones(len(indices))
        while True:
            level, graph, inside = self._level(indptr, indices, halo)
            self.levels.append(level)
            size = comm.allreduce(level.owned)
            if size <= COARSEST or len(self.levels) == LEVELS:
                break
            group = aggregate(strong_part(graph, strengths[inside]))
            groups = int(group.max(initial=-1)) + 1
            if comm.allreduce(groups) > 0.8 * size:
                break
            indptr, indices, strengths, halo = self._coarsen(level, indptr, indices, strengths, group, groups)
        self.sizes = [comm.allreduce(level.owned) for level in self.levels]
        self.coarsest = self._global_numbers()

    def _level(self, indptr, indices, halo):
        xp, owned = self.flavour.xp, len(indptr) - 1
        graph, inside = square_part(indptr, indices, owned)
        rows = np.repeat(np.arange(owned), np.diff(indptr))
        colours = colour(graph) if owned else np.zeros(0, dtype=np.int64)
        lists = [np.flatnonzero(colours == k).astype(np.int32) for k in range(int(colours.max(initial=-1)) + 1)]
        return Structure(
            owned, halo.size, xp.asarray(indptr), xp.asarray(indices),
            xp.asarray(np.flatnonzero(rows == indices).astype(np.int32)), [xp.asarray(rows) for rows in lists], halo,
        ), graph, inside

    def _coarsen(self, level, indptr, indices, strengths, group, groups):
        """Fill in the transfer to the next level; returns that level's pattern, strengths and halo."""
        xp = self.flavour.xp
        # numbers of the aggregates over all ranks, those of the ghosts by the fine halo
        first = self.comm.exscan(groups) or 0
        known = level.halo_numbers(self.flavour, first + group)[level.owned:]
        ghosts, place = np.unique(known, return_inverse=True)
        owners = np.searchsorted(np.array(self.comm.allgather(first)), ghosts, side="right") - 1
        columns = np.concatenate([group, groups + place.ravel()])
        width = groups + len(ghosts)
        rows = np.repeat(group, np.diff(indptr))
        keys, entry = np.unique(rows * width + columns[indices], return_inverse=True)
        level.group = xp.asarray(group.astype(np.int32))
        level.nodes = tuple(map(xp.asarray, members(group, groups)))
        level.entries = tuple(map(xp.asarray, members(entry.ravel(), len(keys))))
        halo = Halo(self.comm, self.flavour, groups, ghosts, owners, first)
        starts = np.searchsorted(keys // width, np.arange(groups + 1)).astype(np.int64)
        return starts, (keys % width).astype(np.int32), np.bincount(entry.ravel(), strengths, minlength=len(keys)), halo

    def _global_numbers(self):
        """Coarsest level: (all nodes, first of this rank, row and global column of each entry of this rank)."""
        last = self.levels[-1]
        first = self.comm.exscan(last.owned) or 0
        columns = last.halo_numbers(self.flavour, first + np.arange(last.owned))
        rows = np.repeat(np.arange(last.owned), np.diff(self.flavour.asnumpy(last.indptr)))
        xp = self.flavour.xp
        return self.sizes[-1], first, xp.asarray(rows), xp.asarray(columns[self.flavour.asnumpy(last.indices)])

    @property
    def bytes(self) -> int:
        """Of the index arrays on this rank."""
        arrays = []
        for level in self.levels:
            arrays += [level.indptr, level.indices, level.diagonal, *level.colours, *level.nodes, *level.entries]
            arrays += [] if level.group is None else [level.group]
        return sum(a.nbytes for a in arrays)


class _Values:
    """Numbers of one level: A, D, D^-1 in double precision, S and vectors in the preconditioner's."""

    def __init__(self, xp, structure, block_size, real, values=None):
        owned, columns, entries = structure.owned, structure.columns, len(structure.indices)
        block = (block_size, block_size)
        self.a = xp.zeros((entries, *block)) if values is None else values
        self.d, self.inverse = xp.zeros((owned, *block)), xp.zeros((owned, *block))
        self.s = xp.zeros((entries, *block), dtype=real)
        self.x = xp.zeros((columns, block_size), dtype=real)
        self.b, self.r = xp.zeros((owned, block_size), dtype=real), xp.zeros((owned, block_size), dtype=real)
        self.sum = xp.zeros((owned, block_size))  # of residuals, before the division by D


class Multigrid:
    """Preconditioner x = M D^-1 b of one matrix at a time; D^-1 A is what it approximates.

    Args:
        hierarchy: `Hierarchy` of the matrix's pattern.
        block_size: unknowns a node.
        smoother: "gauss-seidel" (by colours; across ranks with the ghosts of the sweep before) or "jacobi".
        sweeps: before and after the coarse correction.
        cycle: "V", "W" or "K".
        single: single precision.
    """

    def __init__(self, hierarchy, block_size, smoother="gauss-seidel", sweeps=2, cycle="V", single=False):
        self.hierarchy, self.block_size = hierarchy, block_size
        self.smoother, self.sweeps, self.cycle = smoother, sweeps, cycle
        flavour = hierarchy.flavour
        self._xp, self._flavour = flavour.xp, flavour
        self._real = np.float32 if single else np.float64
        self._kernels = compile_blocks(flavour, block_size, single)
        self._dividing = compile_blocks(flavour, block_size) if single else self._kernels
        self._values = [
            _Values(self._xp, level, block_size, self._real, self._xp.zeros(0) if k == 0 else None)
            for k, level in enumerate(hierarchy.levels)
        ]
        self._coarse_inverse = None

    @property
    def bytes(self) -> int:
        """Of the numbers on this rank; the finest matrix is the caller's."""
        arrays = [v for values in self._values for v in (values.d, values.inverse, values.s, values.x, values.b, values.r, values.sum)]
        return sum(a.nbytes for a in arrays) + sum(values.a.nbytes for values in self._values[1:])

    def set_up(self, values) -> bool:
        """Take the matrix's block values (entries, BS, BS), which stay referenced. Collective.

        Returns:
            False where a diagonal block or the coarsest matrix is singular.
        """
        launch, bs = self._kernels.launch, self.block_size
        self._values[0].a = values
        levels = self.hierarchy.levels
        for k, (level, v) in enumerate(zip(levels, self._values)):
            if k > 0:
                launch("gather", v.a.size, *levels[k - 1].entries, self._values[k - 1].a, v.a)
            launch("invert", level.owned, level.diagonal, v.a, v.d, v.inverse)
            launch("scale", level.owned * bs, level.indptr, v.a, v.inverse, v.s)
        self._invert_coarsest()
        sound = bool(self._xp.isfinite(self._values[0].inverse).all()) and bool(self._xp.isfinite(self._coarse_inverse).all())
        return self.hierarchy.comm.allreduce(int(sound)) == self.hierarchy.comm.size

    def _invert_coarsest(self):
        """Dense inverse of S on the coarsest level; each rank keeps its own rows."""
        xp, bs = self._xp, self.block_size
        level, v = self.hierarchy.levels[-1], self._values[-1]
        nodes, first, rows, columns = self.hierarchy.coarsest
        own = xp.zeros((level.owned, nodes, bs, bs))
        own[rows, columns] = v.s
        own = own.transpose(0, 2, 1, 3).reshape(level.owned * bs, nodes * bs)
        whole = own
        if self.hierarchy.comm.size > 1:
            whole = xp.asarray(np.concatenate(self.hierarchy.comm.allgather(self._flavour.asnumpy(own))))
        try:
            inverse = xp.linalg.inv(whole)
        except np.linalg.LinAlgError:
            inverse = xp.full_like(whole, np.nan)
        self._coarse_inverse = xp.ascontiguousarray(inverse[first * bs : (first + level.owned) * bs]).astype(self._real)

    def __call__(self, b, out):
        """out (owned, BS, double) = M b for a residual scaled by D^-1 (owned, BS, double). Collective."""
        v = self._values[0]
        v.b[...] = b
        self._cycle(0, True)
        out[...] = v.x[: len(out)]

    def divide(self, rows, out):
        """out = D^-1 rows on the finest level, both (owned, BS) in double precision."""
        self._dividing.launch("apply", out.size, self._values[0].inverse, rows, out)

    def _cycle(self, k, from_zero):
        levels, launch, bs = self.hierarchy.levels, self._kernels.launch, self.block_size
        level, v = levels[k], self._values[k]
        if k == len(levels) - 1:
            self._solve_coarsest(level, v)
            return
        if from_zero:
            v.x[...] = 0
        self._smooth(level, v, level.colours)
        self._fill(level, v)
        launch("residual", level.owned * bs, level.indptr, level.indices, v.s, v.x, v.b, v.r)
        coarse = self._values[k + 1]
        launch("restrict_rows", coarse.sum.size, *level.nodes, v.d, v.r, coarse.sum)
        launch("apply", coarse.sum.size, coarse.inverse, coarse.sum, coarse.b)
        if self.cycle == "K" and k + 2 < len(levels):
            self._two_directions(k + 1)
        else:
            self._cycle(k + 1, True)
            if self.cycle == "W" and k + 2 < len(levels):
                self._cycle(k + 1, False)
        launch("prolong", level.owned * bs, level.group, coarse.x, v.x)
        self._smooth(level, v, level.colours[::-1])

    def _two_directions(self, k):
        """Solve on level k by two steps of GMRES preconditioned by the cycle: the K-cycle (Y. Notay, P. S. Vassilevski,
        Numer. Linear Algebra Appl. 15, 473 (2008)); one where that is enough."""
        level, v = self.hierarchy.levels[k], self._values[k]
        b = v.b.copy()
        self._cycle(k, True)
        first, image = v.x.copy(), self._image(level, v)
        square, along, whole = self._dots((image, image), (image, b), (b, b))
        if not square > 0.0:
            return
        share = along / square
        if whole - share * along <= ENOUGH**2 * whole:
            v.x *= self._real(share)
            return
        v.b[...] = b - self._real(share) * image
        self._cycle(k, True)
        image2 = self._image(level, v)
        mixed, square2, along2 = self._dots((image, image2), (image2, image2), (image2, b))
        determinant = square * square2 - mixed**2
        if determinant > 1e-12 * square * square2:
            alpha, beta = (along * square2 - along2 * mixed) / determinant, (along2 * square - along * mixed) / determinant
        else:
            alpha, beta = share, 0.0
        v.x[...] = self._real(alpha) * first + self._real(beta) * v.x

    def _fill(self, level, v):
        """Ghosts of a level's x."""
        if self.hierarchy.comm.size > 1:
            level.halo.forward(v.x)

    def _image(self, level, v):
        """S x of a level."""
        self._fill(level, v)
        out = self._xp.empty_like(v.r)
        self._kernels.launch(
            "multiply", level.owned * self.block_size, level.indptr, level.indices, v.s, v.x, out)
        return out

    def _dots(self, *pairs):
        """Scalar products over all ranks, in double precision."""
        own = self._xp.stack([self._xp.vdot(a.astype(float).ravel(), b.astype(float).ravel()) for a, b in pairs])
        return self.hierarchy.comm.allreduce(self._flavour.asnumpy(own))

    def _smooth(self, level, v, colours):
        launch, bs = self._kernels.launch, self.block_size
        for _ in range(self.sweeps):
            self._fill(level, v)
            if self.smoother == "jacobi":
                launch("residual", level.owned * bs, level.indptr, level.indices, v.s, v.x, v.b, v.r)
                v.x[: level.owned] += JACOBI_DAMPING * v.r
                continue
            for rows in colours:
                launch("sweep", len(rows) * bs, rows, level.indptr, level.indices, v.s, v.b, v.x)

    def _solve_coarsest(self, level, v):
        b = v.b.ravel()
        if self.hierarchy.comm.size > 1:
            b = self._xp.asarray(np.concatenate(self.hierarchy.comm.allgather(self._flavour.asnumpy(b))))
        v.x[: level.owned] = (self._coarse_inverse @ b).reshape(v.b.shape)
