"""Residual and Jacobian of a model where the arrays live: one small kernel per equation, quadrature rule and region.

The Jacobian is a matrix of node blocks (fields x fields) in compressed rows. Parts that do not depend on the state are
assembled once and copied.
"""

import math
import os
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from solver.engines.cuda.flavours import CompilationError
from solver.engines.cuda.gathering import Gatherer
from solver.engines.cuda.halo import Halo
from solver.engines.cuda.pattern import Pattern

CELLS_AT_A_TIME = 1 << 19  # in NumPy: some 0.2 GB
MOST_FIELDS = 32  # prescribed values are bits of an unsigned number a node


class KernelAssembler:
    """Kernels, pattern and storage of one problem. Creation is collective and compiles (cached on disk).

    Args:
        tables: `tables.Tables`.
        arrays: coefficients' values as NumPy arrays, the state's first.
        constants: flat array.
        flavour: `flavours.HostFlavour` or `DeviceFlavour`.
        deterministic: sum element contributions in a fixed order, instead of as they come; costs memory and time.

    Attributes:
        state: (local, fields) on the flavour's side, written by the caller.
        fixed: (local, fields) bool, prescribed values.
        pattern: `Pattern`.
        columns, indptr, indices, halo: its attributes.
        state_halo: `Halo` over the local nodes.
        seconds: spent in "residual" and "jacobian".
    """

    def __init__(self, tables, arrays, constants, flavour, deterministic=False):
        if len(tables.fields) > MOST_FIELDS:
            raise RuntimeError(f"the cuda engine takes {MOST_FIELDS} fields at most, this problem has {len(tables.fields)}")
        self.tables, self.flavour, self.deterministic = tables, flavour, deterministic
        self.xp = xp = flavour.xp
        self.fields, self.owned, self.local = tables.fields, tables.owned, tables.local
        self.block_size = bs = len(tables.fields)
        self.fixed = xp.asarray(tables.fixed)
        bits = (tables.fixed.astype(np.uint32) << np.arange(bs, dtype=np.uint32)).sum(axis=1, dtype=np.uint32)
        self._fixed_bits = xp.asarray(bits)
        self._fixed_rows = xp.asarray(np.flatnonzero(tables.fixed[: self.owned]))
        self._corners, self._x = xp.asarray(tables.corners), xp.asarray(tables.x)
        self._dofmaps = [xp.asarray(table) for table in tables.dofmaps]
        self._nodes = self._dofmaps[0]
        self._domains = [xp.asarray(domain) for domain in tables.domains]
        self._arrays = [xp.array(a) for a in arrays]
        self.state = self._arrays[0].reshape(self.local, bs)
        self._constants = xp.array(constants)
        defines = {"GATHERED": 1} if deterministic else None
        place = tables.layout
        self._modules = compile_kernels(place.comm, flavour, [launch.kernel for launch in tables.launches], defines)
        self.pattern = p = Pattern(tables, flavour)
        self.columns, self.indptr, self.indices, self.halo = p.columns, p.indptr, p.indices, p.halo
        self.state_halo = Halo(place.comm, flavour, self.owned, place.ghosts, place.owners, place.first)
        self._dest = p.destinations(tables, flavour, self._nodes)
        self._gather = Gatherer(self, self._domains, self._nodes, self._dest) if deterministic else None
        self._b = xp.zeros((p.columns, bs))
        self._values = xp.zeros((p.total, bs, bs))
        node, column = np.nonzero(tables.fixed[: self.owned])
        node, column = xp.asarray(node), xp.asarray(column)
        self._ones = (p.diagonal[node] * bs + column) * bs + column  # of prescribed rows, in the flat values
        self._linear_part = None
        self.seconds = {"residual": 0.0, "jacobian": 0.0}

    @property
    def bytes(self) -> int:
        """Memory held [bytes]."""
        arrays = [self.fixed, self._fixed_bits, self._fixed_rows, self._ones, self._corners, self._x, self._constants, self._b, self._values, self._dest]
        arrays += [*self._dofmaps, *self._domains, *self._arrays, self.pattern.starts, self.indices]
        arrays += [] if self._linear_part is None else [self._linear_part]
        return sum(a.nbytes for a in arrays) + (self._gather.bytes if self._gather else 0)

    @property
    def predicted_bytes(self) -> int:
        """`predicted_bytes` of this problem."""
        t = self.tables
        return predicted_bytes(len(t.nodes), t.local, len(t.fields), t.vertices, self.deterministic)

    def least_traffic(self, rank):
        """Bytes that residual (1) or Jacobian (2) has to move when every kernel touches each of its arrays once.

        Sums are counted as a reading and a writing of each entry; the constant part's copy is counted, not its kernels.
        """
        t, total = self.tables, self._b.nbytes if rank == 1 else 2 * self._values.nbytes
        for launch in self._of(rank, None):
            if rank == 2 and launch.linear:
                continue
            kernel, entities = launch.kernel, self._domains[launch.domain]
            n = len(entities)
            slots = t.vertices if rank == 1 or kernel.diagonal else t.vertices**2
            total += entities.nbytes + n * t.vertices * 8 + self._x.nbytes
            total += sum(self._arrays[c.array].nbytes + n * c.dofs * 4 for c in kernel.coefficients)
            share = min(1.0, n / max(1, len(t.nodes)))  # of the rows or blocks that a part of the cells reaches
            if rank == 1:
                total += int(share * self.local * 16)
            else:
                blocks = self.local if kernel.diagonal else self.pattern.total
                total += self._fixed_bits.nbytes + n * slots * 4 + int(share * blocks * 16 * len(kernel.columns))
        return total

    def strengths(self):
        """(blocks) NumPy array: how strongly the mesh couples two nodes, |int grad v_i . grad v_j|, by the cells' shapes alone.

        Stretched cells couple across their short side; aggregates have to follow that, whatever the coefficients. Collective.
        """
        out = np.zeros(self.pattern.total)
        dest, t = self.flavour.asnumpy(self._dest), self.tables
        for start in range(0, len(t.corners), CELLS_AT_A_TIME):
            part = slice(start, start + CELLS_AT_A_TIME)
            out += np.bincount(dest[part].ravel(), laplacians(t.x[t.corners[part]]).ravel(), minlength=len(out))
        out = self.xp.asarray(out)
        self.pattern.finish(out)
        return np.abs(self.flavour.asnumpy(out[: self.pattern.blocks]))

    def scatter_forward(self, array):
        """Ghosts of a (columns or local, k) array from their owners, in place. Collective."""
        (self.halo if len(array) == self.columns else self.state_halo).forward(array)

    def set_array(self, number, values):
        """Replace a coefficient's values by a NumPy array's."""
        self._arrays[number][...] = self.xp.asarray(values)

    def set_constants(self, values):
        self._constants = self.xp.asarray(values)

    def residual(self, interior_only=False, fields=None):
        """Residual at `state`: (owned, fields), rows complete; the next call overwrites it. Collective.

        Args:
            interior_only: without the exchange at terminals, prescribed rows kept (for terminal sums); else these are 0.
            fields: names of the equations wanted; None: all.
        """
        start = time.perf_counter()
        self._b.fill(0.0)
        for launch in self._of(1, fields):
            if not (launch.contact and interior_only):
                self._run(launch, self._b)
        self.halo.reverse_add(self._b)
        if not interior_only:
            self._b.reshape(-1)[self._fixed_rows] = 0.0
        self.flavour.synchronize()
        self.seconds["residual"] += time.perf_counter() - start
        return self._b[: self.owned]

    def jacobian(self, fields=None):
        """Jacobian at `state`: (blocks, fields, fields) of `indptr`, `indices`; prescribed rows and columns are those of
        the identity; the next call overwrites it. Collective.

        Args:
            fields: names of the equations wanted (the other rows stay empty); None: all.
        """
        start = time.perf_counter()
        if self._linear_part is None:
            self._values.fill(0.0)
            for launch in self._of(2, None):
                if launch.linear:
                    self._run(launch, self._values)
            self._linear_part = self._values.copy()
        if fields is None:
            self._values[:] = self._linear_part
        else:
            self._values.fill(0.0)
        for launch in self._of(2, fields):
            if not launch.linear or fields is not None:
                self._run(launch, self._values)
        self.pattern.finish(self._values)
        self._values.reshape(-1)[self._ones] = 1.0
        self.flavour.synchronize()
        self.seconds["jacobian"] += time.perf_counter() - start
        return self._values[: self.pattern.blocks]

    def constants_changed(self):
        """Call after a change of a constant that enters linear terms (the held filament)."""
        self._linear_part = None

    def _of(self, rank, fields):
        rows = range(self.block_size) if fields is None else [self.fields.index(name) for name in fields]
        return [t for t in self.tables.launches if not t.part and t.kernel.rank == rank and t.kernel.row in rows]

    def total(self, part) -> float:
        """Sum over all rows of a part that is no equation (`Launch.part`), at `state`. Collective."""
        self._b.fill(0.0)
        for launch in self.tables.launches:
            if launch.part == part:
                self._run(launch, self._b)
        return self.tables.layout.comm.allreduce(float(self._b.sum()))

    def _run(self, launch, target):
        """Add one kernel's contributions to residual or Jacobian."""
        kernel, entities = launch.kernel, self._domains[launch.domain]
        arguments = [entities, self._nodes, self._fixed_bits, self._corners, self._x]
        for c in kernel.coefficients:
            arguments += [self._dofmaps[c.dofmap], self._arrays[c.array]]
        arguments.append(self._constants[slice(*launch.constants)])
        arguments += [self._dest] if kernel.rank == 2 else []
        module, n = self._modules[kernel.name], len(entities)
        if self._gather is None:
            module.launch(kernel.name, n, *arguments, target)
        else:
            parts = self._gather.parts(kernel, n)
            module.launch(kernel.name, n, *arguments, parts)
            self._gather.add(launch, n, parts, target)


def laplacians(corners):
    """Element matrices of the Laplacian.

    Args:
        corners: (cells, vertices, 3) coordinates of simplices of any dimension.

    Returns:
        (cells, vertices, vertices), in units of length^(dimension - 2).
    """
    edges = corners[:, 1:] - corners[:, :1]
    metric = edges @ edges.transpose(0, 2, 1)
    inner = np.linalg.inv(metric)  # of the gradients of the barycentric coordinates but the first
    out = np.empty((len(corners), corners.shape[1], corners.shape[1]))
    out[:, 1:, 1:] = inner
    out[:, 0, 1:] = out[:, 1:, 0] = -inner.sum(axis=1)
    out[:, 0, 0] = inner.sum(axis=(1, 2))
    return out * (np.sqrt(np.linalg.det(metric)) / math.factorial(edges.shape[1]))[:, None, None]


def predicted_bytes(cells, nodes, fields, vertices, ordered=False):
    """Memory that a `KernelAssembler` will hold on one rank [bytes], to a tenth or so.

    Args:
        cells, nodes: on the rank.
        fields: number of unknowns a node.
        vertices: of a cell.
        ordered: sums in a fixed order: lists of the contributions by row and block, for the film and for all cells, and
            the contributions of the kernel that couples most.
    """
    # edges of a simplicial mesh by Euler's formula; in 3D with the facets of the surface of about a cube
    edges = {2: cells, 3: nodes + cells, 4: nodes + cells + 6 * cells ** (2 / 3)}[vertices]
    blocks = nodes + 2 * edges
    a_cell = 4 * (vertices**2 + 2 * vertices + 2)  # places, two tables of nodes, domains
    a_node = 8 * (3 + 1) + 8 * fields * 3 + fields + 4  # coordinates and row starts; state, history, residual; prescribed
    a_block = 2 * 8 * fields**2 + 4
    lists = 2 * (cells * 4 * (2 * vertices + vertices**2) + 16 * (2 * nodes + blocks)) + cells * 8 * vertices**2 * min(fields, 3)
    return int(cells * a_cell + nodes * a_node + blocks * a_block + ordered * lists)


def compile_kernels(comm, flavour, kernels, defines):
    """Compile each kernel once, on one rank first; name -> `flavours.Module`. Collective."""
    texts = {kernel.name: kernel.text for kernel in kernels}

    def compiled():
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            return dict(zip(texts, pool.map(lambda text: flavour.compile(text, defines), texts.values())))

    modules, failure = None, None
    if comm.rank == 0:
        try:
            modules = compiled()
        except CompilationError as error:
            failure = error
    failure = comm.bcast(failure)
    if failure is not None:
        raise failure
    return modules or compiled()


class Assembler(KernelAssembler):
    """The same from a DOLFINx model, kept up to date with it.

    Args:
        model: `solver.physics.device.DeviceModel`.
        flavour, deterministic: as for `KernelAssembler`.
        apart: a kernel for each coupled field of a Jacobian (`codegen.make_kernels`); None: on a card only.

    Attributes:
        sources: `packing.Sources`.
    """

    def __init__(self, model, flavour, deterministic=False, apart=None):
        from solver.engines.cuda.packing import Sources

        self.sources = Sources(model, flavour.name == "device" if apart is None else apart)
        super().__init__(self.sources.tables, self.sources.arrays, self.sources.constants(), flavour, deterministic)
        self._sent, self._noise = self.sources.constants(), None

    @property
    def history(self):
        """Flat array of the history that the kernels read; None where no form has one."""
        number = self.sources.number_of(self.sources.history)
        return None if number is None else self._arrays[number]

    def upload(self):
        """Bring everything from the model's functions: state, history, noise and constants."""
        for k, array in enumerate(self.sources.arrays):
            self.set_array(k, array)
        self.refresh()

    def refresh(self):
        """Bring what the host decides from step to step: constants that changed (voltages, the time formula), the noise."""
        now = self.sources.constants()
        if not np.array_equal(now, self._sent):
            self.set_constants(now)
            self._sent = now
        noise = self.sources.noise
        if noise is not None and not np.array_equal(self.sources.arrays[noise], self._noise):
            self._noise = self.sources.arrays[noise].copy()
            self.set_array(noise, self._noise)
