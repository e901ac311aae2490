"""Multigrid and flexible GMRES of the cuda engine, host flavour: what they are made of, and that they solve."""

import numpy as np
import pytest
import scipy.sparse.linalg as sparse_linalg
from mpi4py import MPI
from scipy import sparse

from solver.engines.cuda.aggregation import Graph, aggregate, colour
from solver.engines.cuda.direct import DirectSolver
from solver.engines.cuda.flavours import make_flavour
from solver.engines.cuda.halo import Halo
from solver.engines.cuda.linear import DIRECT, LinearSolver, Setting
from solver.engines.cuda.newton import next_length

HOST = make_flavour("host")


class System:
    """A block matrix on one rank, as `LinearSolver` wants it."""

    def __init__(self, matrix, block_size, strengths=None):
        self.given_strengths = strengths
        matrix = sparse.bsr_matrix(matrix, blocksize=(block_size, block_size))
        matrix.sort_indices()
        none = np.empty(0, dtype=np.int64)
        self.flavour, self.owned = HOST, matrix.shape[0] // block_size
        self.columns = self.owned
        self.indptr, self.indices = matrix.indptr.astype(np.int64), matrix.indices.astype(np.int32)
        self.values = np.array(matrix.data)
        self.halo = Halo(MPI.COMM_SELF, HOST, self.owned, none, none, 0)

    def strengths(self):
        return self.given_strengths


def laplacian(n):
    """7-point Laplacian on n^3 nodes, identity rows and columns on the boundary."""
    line = sparse.diags([-np.ones(n - 1), 2 * np.ones(n), -np.ones(n - 1)], [-1, 0, 1])
    one = sparse.eye(n)
    whole = sparse.kron(sparse.kron(line, one), one) + sparse.kron(sparse.kron(one, line), one) + sparse.kron(sparse.kron(one, one), line)
    k = np.arange(n)
    edge = (k == 0) | (k == n - 1)
    fixed = (edge[:, None, None] | edge[None, :, None] | edge[None, None, :]).ravel()
    free = sparse.diags((~fixed).astype(float))
    return (free @ whole @ free + sparse.diags(fixed.astype(float))).tocsr()


def graph(n):
    pattern = laplacian(n) + sparse.eye(n**3)
    return Graph(pattern.indptr.astype(np.int64), pattern.indices)


def test_aggregates_are_connected_and_no_two_seeds_are_near():
    g = graph(9)
    group = aggregate(g)
    sizes = np.bincount(group)
    assert sizes.min() >= 1
    assert len(sizes) < g.nodes / 4  # a node's neighbourhood at least, at the faces fewer
    whole = sparse.csr_matrix((np.ones(len(g.indices)), g.indices, g.indptr))
    alone = np.diff(g.indptr) == 1  # the boundary's
    assert len(np.unique(group[alone])) == 1
    for k in np.unique(group[~alone]):
        inside = np.flatnonzero(group == k)
        assert sparse.csgraph.connected_components(whole[inside][:, inside])[0] == 1


def test_neighbours_differ_in_colour():
    g = graph(7)
    colours = colour(g)
    apart = g.rows() != g.indices
    assert np.all(colours[g.rows()[apart]] != colours[g.indices[apart]])
    assert colours.max() + 1 <= 7  # no more than a node has neighbours, itself included


@pytest.mark.parametrize("single", [False, True], ids=["double", "single"])
def test_iterations_hardly_grow_with_the_mesh(single):
    counts = []
    for n in (17, 33, 49):
        system = System(laplacian(n), 1)
        solver = LinearSolver(system, MPI.COMM_SELF, 1, 1e-8, 3, "iterative", settings=(Setting("K", 2, single),))
        solver.take(system.values)
        rows, x = np.random.default_rng(0).standard_normal((system.owned, 1)), np.zeros((system.owned, 1))
        assert solver.solve(rows, x)
        assert np.abs(laplacian(n) @ x[:, 0] - rows[:, 0]).max() < 1e-7 * np.abs(rows).max()
        counts.append(solver.iterations)
    # 24 times as many nodes; V-cycles take 2.1 times as many iterations there, block Jacobi alone 3 times
    assert counts[-1] <= 1.6 * counts[0], counts


def test_iterations_do_not_grow_where_cells_are_stretched():
    """Cells of 1 x 10: aggregates that follow the strong couplings keep the iterations, others double them."""
    counts = {True: [], False: []}
    for n in (32, 128):
        line = sparse.diags([-np.ones(n - 1), 2 * np.ones(n), -np.ones(n - 1)], [-1, 0, 1])
        matrix = (10 * sparse.kron(line, sparse.eye(n)) + 0.1 * sparse.kron(sparse.eye(n), line)).tocsr()
        for strong, found in counts.items():
            system = System(matrix, 1, np.abs(matrix.data) if strong else None)
            solver = LinearSolver(system, MPI.COMM_SELF, 1, 1e-8, 2, "iterative", settings=(Setting("K"),))
            solver.take(system.values)
            assert solver.solve(np.random.default_rng(0).standard_normal((n * n, 1)), np.zeros((n * n, 1)))
            found.append(solver.iterations)
    assert counts[True][1] <= 1.4 * counts[True][0], counts
    assert counts[False][1] >= 1.8 * counts[False][0] and counts[False][1] >= 2 * counts[True][1], counts


def test_strengths_are_the_energy_of_a_linear_function():
    """u = g . x on a simplex: u . K u = |g|^2 times its volume, and constants cost nothing."""
    from solver.engines.cuda.assembly import laplacians

    rng = np.random.default_rng(5)
    for dimension, volume in ((1, 1.0), (2, 1 / 2), (3, 1 / 6)):
        corners = np.zeros((4, dimension + 1, 3))
        corners[..., :dimension] = rng.standard_normal((4, dimension + 1, dimension))
        g = np.zeros(3)
        g[:dimension] = rng.standard_normal(dimension)
        edges = (corners[:, 1:] - corners[:, :1])[..., :dimension]
        u, k = corners @ g, laplacians(corners)
        assert np.allclose(np.einsum("ni,nij,nj->n", u, k, u), g @ g * volume * np.abs(np.linalg.det(edges)), rtol=1e-10)
        assert np.abs(k.sum(axis=2)).max() < 1e-9 * np.abs(k).max()


def coupled(n, block_size, seed=0):
    """Laplacians coupled node by node, rows of sizes 1e-25 to 1: a metal beside minority carriers."""
    rng = np.random.default_rng(seed)
    matrix = sparse.kron(laplacian(n), sparse.eye(block_size)) + sparse.kron(
        sparse.eye(n**3), 0.5 * rng.standard_normal((block_size, block_size)))
    return (sparse.diags(np.tile(10.0 ** np.linspace(0, -25, block_size), n**3)) @ matrix).tocsr()


@pytest.mark.parametrize("choice", ["iterative", "direct"])
def test_rows_of_very_different_size_are_all_solved(choice):
    system = System(coupled(9, 5), 5)
    solver = LinearSolver(system, MPI.COMM_SELF, 5, 1e-10, 3, choice)
    assert (solver.setting == DIRECT) == (choice == "direct")
    solver.take(system.values)
    exact = np.random.default_rng(1).standard_normal(system.owned * 5)
    x = np.zeros((system.owned, 5))
    assert solver.solve((coupled(9, 5) @ exact).reshape(-1, 5), x)
    assert np.abs(x.ravel() - exact).max() < 1e-7  # condition number of the scaled system, some 1e2, times rtol


def test_each_iteration_lowers_the_residual_as_gmres_without_restart_does():
    """Full GMRES of SciPy with the same preconditioner as an operator has the same residuals."""
    system = System(coupled(6, 3), 3)
    setting = Setting("V", 1, single=False)
    solver = LinearSolver(system, MPI.COMM_SELF, 3, 1e-8, 3, "iterative", settings=(setting,))
    solver.take(system.values)
    rows, x = np.random.default_rng(2).standard_normal((system.owned, 3)), np.zeros((system.owned, 3))
    assert solver.solve(rows, x)
    multigrid, shape = solver._multigrids[False, "gauss-seidel"], (system.owned, 3)

    def preconditioned(v):
        z, out = np.zeros(shape), np.zeros(shape)
        multigrid(np.ascontiguousarray(v.reshape(shape)), z)
        multigrid.divide(solver.product(z), out)
        return out.ravel()

    b = np.zeros(shape)
    multigrid.divide(rows, b)
    history = []
    size = b.size
    sparse_linalg.gmres(
        sparse_linalg.LinearOperator((size, size), preconditioned), b.ravel(), rtol=1e-8, restart=100,
        callback=history.append, callback_type="pr_norm")
    assert len(history) == len(solver.history)
    assert np.allclose(history, solver.history, rtol=1e-4, atol=1e-9)


def test_a_setting_that_fails_gives_way_to_the_next_and_says_so(caplog):
    """One sweep of a non-smoothing kind: two vectors are too few for GMRES, the direct solver takes over."""
    system = System(coupled(9, 2), 2)
    solver = LinearSolver(system, MPI.COMM_SELF, 2, 1e-10, 3, settings=(Setting("V"),))
    solver._gmres.max_iterations = 2
    solver.take(system.values)
    rows, x = np.random.default_rng(3).standard_normal((system.owned, 2)), np.zeros((system.owned, 2))
    with caplog.at_level("INFO", "halofil"):
        assert solver.solve(rows, x)
    assert solver.setting == DIRECT
    assert "stopped after 2 iterations; the direct solver from here" in caplog.text
    scaled = (coupled(9, 2) @ x.ravel()).reshape(rows.shape) - rows
    assert np.abs(scaled / 10.0 ** np.array([0, -25])).max() < 1e-6 / 1e-25  # rows of 1e-25 times x of 1e25


def test_a_singular_matrix_is_refused_not_solved():
    system = System(laplacian(4), 1)
    system.values[system.indptr[21] : system.indptr[22]] = 0.0  # an inner node's row
    solver = LinearSolver(system, MPI.COMM_SELF, 1, 1e-8, 3)
    solver.take(system.values)
    assert not solver.solve(np.ones((64, 1)), np.zeros((64, 1)))


def test_direct_solver_is_exact_on_rows_of_any_size():
    system = System(coupled(5, 4), 4)
    direct = DirectSolver(system, MPI.COMM_SELF, 4)
    direct.factor(system.values)
    exact, x = np.random.default_rng(4).standard_normal(system.owned * 4), np.zeros((system.owned, 4))
    direct.solve((coupled(5, 4) @ exact).reshape(-1, 4), x)
    assert np.abs(x.ravel() - exact).max() < 1e-10


def test_line_search_finds_the_minimum_of_a_quadratic_and_of_a_cubic():
    quadratic = lambda x: 2 - 3 * x + 4 * x**2  # least at 3/8
    assert next_length(1.0, quadratic(1.0), None, 2.0, -3.0) == pytest.approx(3 / 8)
    cubic = lambda x: 2 - 3 * x + x**2 + 5 * x**3  # 15 x^2 + 2 x = 3
    least = (-2 + np.sqrt(4 + 180)) / 30
    assert next_length(0.9, cubic(0.9), (1.0, cubic(1.0)), 2.0, -3.0) == pytest.approx(least)
    assert next_length(1.0, 1e9, None, 2.0, -3.0) == 0.1  # no step shrinks by more


def test_predicted_memory_is_what_the_engine_holds(tmp_path):
    from solver.engines.cuda.assembly import Assembler
    from solver.engines.cuda.engine import SETTLED, CudaEngine
    from solver.engines.cuda.memory import MemoryShort, check, predicted_bytes
    from tests.devices import SHORT_FILAMENT, model

    text = "device: {layout: slab, thickness: 20 nm, dimension: 3, area: 400 nm^2}\nmesh: {size_at_filament: 2 nm}\n"
    m = model(tmp_path, text + SHORT_FILAMENT)
    engine = CudaEngine(m, Assembler(m, HOST))
    m.context.rate.value = 1e6
    engine.settle()
    engine.solve()
    topology = m.device.mesh.topology
    problem = topology.index_map(3).size_local, m.owned, len(m.fields), 4, len(SETTLED & set(m.fields))
    # predicted with 24 Krylov vectors of each kind for each solver; what a solve does not need is not allocated
    assert engine.bytes <= predicted_bytes(*problem) <= 1.5 * engine.bytes

    class Small:
        name, free = "device", 1_000_000

        class xp:
            class cuda:
                class runtime:
                    memGetInfo = staticmethod(lambda: (Small.free, Small.free))

    with pytest.raises(MemoryShort, match=r"are missing; about \d+ nodes a rank would fit .* or \d+ ranks"):
        check(Small, MPI.COMM_SELF, *problem)
