"""The linearised device: its matrices against the Jacobian and finite differences, its solver, its terminals."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from petsc4py import PETSc

from solver.analysis.admittance import spectrum
from solver.engines.cpu.harmonic import HarmonicError, HarmonicSolver
from solver.engines.cpu.small_signal import SmallSignal
from tests.devices import material_with_ions, model, random_state, stationary
from tests.test_forms import CASES

ROOT = Path(__file__).parents[1]
RATE = 1e2


@pytest.fixture(params=CASES, ids=lambda name: name.replace(" ", "_"))
def moving(request, tmp_path):
    """A device in a random state that moves at random rates."""
    material_with_ions(tmp_path)
    m = model(tmp_path, CASES[request.param])
    m.apply_voltages({"top": 0.05, "bottom": 0.0})
    random_state(m)
    m.context.rate.value = RATE
    m.context.history.x.array[:] = np.random.default_rng(2).standard_normal(m.context.history.x.array.size)
    return m


def times(matrix, x):
    product = matrix.createVecLeft()
    vector = matrix.createVecRight()
    vector.array[:] = x
    matrix.mult(vector, product)
    return product.array_r.copy()


def test_A_plus_rate_M_is_the_jacobian_of_a_time_step_and_the_load_its_derivative_by_the_voltage(moving):
    from solver.engines.cpu.assembly import Assembler

    m = moving
    small = SmallSignal(m, linear_solver="direct")
    assert float(m.context.rate.value) == RATE  # left as it was
    assembler = Assembler(m)
    x = np.random.default_rng(3).standard_normal(m.constrained.size)
    parts = [times(r.constrained, x) for r in (small.stiffness, small.mass)]
    exact = times(assembler.jacobian(), x)
    found = (parts[0] + RATE * parts[1]).reshape(m.constrained.shape)
    for k, field in enumerate(m.fields):
        size = np.abs(exact.reshape(found.shape)[:, k]).max()
        # the same terms in another order: rounding
        assert np.abs(found[:, k] - exact.reshape(found.shape)[:, k]).max() <= 1e-12 * size, field

    step = 1e-5  # kT/q: truncation step^2, rounding 1e-15 of the residual / step
    volts = {"top": 0.05, "bottom": 0.0}
    for terminal, at in volts.items():
        residual = []
        for sign in (1, -1):
            m.apply_voltages(volts | {terminal: at + sign * step * m.parameters.scaling.thermal_voltage})
            residual.append(assembler.residual().array.copy())
        numeric = (residual[0] - residual[1]) / (2 * step)
        load = np.where(m.constrained.ravel(), 0.0, small.load[terminal][0] + RATE * small.load[terminal][1])
        for k, field in enumerate(m.fields):
            a, b, r = (v.reshape(m.constrained.shape)[:, k] for v in (-numeric, load, residual[0]))
            assert np.abs(a - b).max() <= 1e-7 * np.abs(b).max() + 1e-15 / step * np.abs(r).max(), (terminal, field)
        m.apply_voltages(volts)


@pytest.mark.parametrize("choice", ["iterative", "direct"])
def test_a_film_beside_oxide_is_solved_at_every_frequency(tmp_path, choice):
    """The mass matrix has blocks in the film alone, and fewer than the stiffness."""
    m = model(tmp_path, "device: {layout: cross_section, domain_length: 3 um}\nmesh: {size_at_filament: 20 nm, size_at_edge: 20 nm}\n"
              "physics: {filament: off}\n")
    assert not m.film_nodes.all()
    small = SmallSignal(m, linear_solver=choice)
    b = np.where(m.constrained[: m.owned].ravel(), 0.0, 1.0 + 0.5j)
    for frequency in np.logspace(-3, 9, 5):
        omega = 2 * np.pi * frequency
        x = small.solver.at(omega).solve(b)
        parts = [times(r.constrained, v) for r in (small.stiffness, small.mass) for v in (x.real, x.imag)]
        found = parts[0] - omega * parts[3] + 1j * (parts[1] + omega * parts[2])
        size = sum(times(absolute(r.constrained), np.abs(x)) * w for r, w in ((small.stiffness, 1.0), (small.mass, omega)))
        assert np.max(np.abs(found - b) / (size + np.abs(b) + 1e-300)) < 1e-9, frequency
        assert np.abs(x[m.constrained[: m.owned].ravel()]).max() == 0.0


def absolute(matrix):
    indptr, indices, data = matrix.getValuesCSR()
    out = PETSc.Mat().createAIJ(matrix.getSize(), csr=(indptr, indices, np.abs(data)), comm=PETSc.COMM_SELF)
    return out


def matrices(size, seed=0):
    """A stiff pair: a diffusion operator with a random drift, and a mass with empty rows."""
    rng = np.random.default_rng(seed)
    A = np.diag(2 + 0.3 * rng.random(size)) - np.diag(1 + 0.5 * rng.random(size - 1), 1) - np.diag(rng.random(size - 1), -1)
    M = np.diag(rng.random(size) * (np.arange(size) % 3 > 0))
    out = []
    for dense in (A, M):
        mat = PETSc.Mat().createAIJ((size, size), nnz=size, comm=PETSc.COMM_SELF)
        mat.setOption(PETSc.Mat.Option.IGNORE_ZERO_ENTRIES, False)
        mat.setUp()
        rows = np.arange(size, dtype=np.int32)
        mat.setValues(rows, rows, dense)
        mat.assemble()
        out.append(mat)
    return A, M, *out


@pytest.mark.parametrize("choice", ["direct", "iterative"])
def test_the_doubled_system_is_the_complex_one_at_every_frequency(choice):
    A, M, a, m = matrices(40)
    solver = HarmonicSolver(a, m, 3, choice)
    b = np.random.default_rng(1).standard_normal(40) + 1j
    for omega in np.logspace(-12, 12, 9):
        exact = np.linalg.solve(A + 1j * omega * M, b)
        np.testing.assert_allclose(solver.at(omega).solve(b), exact, rtol=1e-11, atol=1e-12 * np.abs(exact).max())
    # the preconditioned eigenvalues lie in [1/2, 1] where A and M are symmetric, near there otherwise
    assert solver.iterations < 9 * 60


def test_factors_that_failed_are_made_anew_once(monkeypatch):
    A, M, a, m = matrices(12)
    solver, works = HarmonicSolver(a, m, 1, "direct"), HarmonicSolver._attempt
    failures = ["PETSc error 76"]
    monkeypatch.setattr(HarmonicSolver, "_attempt", lambda self, r: failures.pop() if failures else works(self, r))
    b = np.ones(12, dtype=complex)
    np.testing.assert_allclose(solver.at(3.0).solve(b), np.linalg.solve(A + 3j * M, b), rtol=1e-11)
    failures += ["PETSc error 76"] * 2
    with pytest.raises(HarmonicError, match=r"^no small-signal solution at 0\.477 Hz: PETSc error 76\.$"):
        solver.solve(b)


def test_a_singular_system_is_said():
    _, _, a, m = matrices(6)
    a.zeroEntries()
    a.assemble()
    with pytest.raises(HarmonicError):
        HarmonicSolver(a, m, 1, "direct").at(1.0).solve(np.ones(6, dtype=complex))


THREE = """device:
  layout: block
  dimension: 2
  length: 1 um
  height: 0.4 um
  width: 0.5 um
  pads:
    left: {face: top, x: [0 nm, 200 nm]}
    gate: {face: top, x: [400 nm, 600 nm]}
    right: {face: top, x: [800 nm, 1000 nm]}
mesh: {size_at_edge: 40 nm, size_at_junction: 20 nm, size_max: 100 nm, growth: 0.4}
terminals: {left: driven, gate: ground, right: ground}
material: silicon
physics:
  electronic: bipolar
  filament: off
  ions: fixed
  carriers:
    doping: [{profile: tanh, axis: x, below: -1e17 cm^-3, above: 1e16 cm^-3, position: 500 nm, width: 20 nm}]
    contacts: {gate: {work_function: 4.6 eV, electron_velocity: 1e5 m/s, hole_velocity: 1e4 m/s}}
"""


def test_the_matrix_of_three_terminals_loses_no_current_and_is_symmetric_in_equilibrium(tmp_path):
    m = model(tmp_path, THREE)
    at = stationary(m)
    at(0.0)
    small = SmallSignal(m)
    found = spectrum(small, [1e3, 1e9, 1e12], "left")
    for y in found.matrix:
        size = np.abs(y).max()
        assert np.abs(y.sum(axis=0)).max() <= 1e-9 * size
        # Onsager: without bias, and no magnetic field, what drives and what answers can be exchanged
        assert np.abs(y - y.T).max() <= 1e-9 * size
    # the last terminal's column comes from a voltage common to all; here it is driven itself
    driven = small.respond("right", 1e9)
    np.testing.assert_allclose([driven[n] for n in found.terminals], found.matrix[1][:, 2], rtol=1e-8)
    at(0.3)
    biased = spectrum(SmallSignal(m), [1e3], "left").matrix[0]
    assert abs(biased[0, 2]) > 100 * abs(biased[2, 0])  # transconductance


def test_a_frozen_filament_leaves_conductance_and_capacitance_of_the_rest(tmp_path):
    from solver.physics.fields import FILAMENT
    from solver.scenario.protocol import Hold
    from tests.devices import GAP, march

    m = model(tmp_path, GAP)
    march(m, [Hold(voltage="20 mV", duration="1 ms")])
    free, frozen = SmallSignal(m), SmallSignal(m, frozen=(FILAMENT,))
    assert free.drift == frozen.drift > 1e-3
    y = [spectrum(s, [1e-1, 1e8], "top").admittance for s in (free, frozen)]
    # a filament does not follow 100 MHz: growth of 1 nm takes milliseconds
    assert abs(y[0][1] / y[1][1] - 1) < 0.1
    assert y[1][0].real > 0 and abs(y[0][0] / y[1][0] - 1) > 0.5


RANKS = """
import pathlib, sys
from mpi4py import MPI
import meshes
from solver.analysis.admittance import spectrum
from solver.engines.cpu.small_signal import SmallSignal
from solver.physics.device import DeviceModel
from tests.devices import SHORT_FILAMENT, SLAB, scenario
from tests.test_small_signal import THREE
folder = pathlib.Path(sys.argv[1])
for name, text in (("three", THREE), ("filament", SLAB[2] + SHORT_FILAMENT)):
    s = scenario(folder / str(MPI.COMM_WORLD.rank), text)
    msh = folder / f"{name}.msh"
    if MPI.COMM_WORLD.rank == 0 and not msh.exists():
        meshes.build(s, msh)
    MPI.COMM_WORLD.barrier()
    m = DeviceModel(s, meshes.read(s, msh, MPI.COMM_WORLD))
    # the state the device is set up in: no solution of the equations, but the same to the last bit
    for solver in ("direct", "iterative"):
        y = spectrum(SmallSignal(m, linear_solver=solver), [1e-1, 1e6], s.driven).matrix
        if MPI.COMM_WORLD.rank == 0:
            print("MATRIX", *(f"{x:.14e}" for v in y.ravel() for x in (v.real, v.imag)), flush=True)
"""


@pytest.mark.slow
@pytest.mark.parallel
def test_the_spectrum_is_the_same_on_1_2_and_3_ranks_and_with_either_solver(tmp_path):
    for rank in range(3):
        (tmp_path / str(rank)).mkdir()
    found = []
    for ranks in (1, 2, 3):
        command = ["mpirun", "-n", str(ranks), sys.executable, "-c", RANKS, str(tmp_path)]
        done = subprocess.run(command, check=False, cwd=ROOT, capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, done.stderr
        lines = [np.array(line.split()[1:], dtype=float) for line in done.stdout.splitlines() if line.startswith("MATRIX")]
        assert len(lines) == 4
        found.append([line[0::2] + 1j * line[1::2] for line in lines])
    for one in found:
        for k, other in enumerate(one):
            reference = found[0][2 * (k // 2)].reshape(2, -1)
            # |difference| against the largest element at that frequency
            difference = np.abs(other.reshape(2, -1) - reference).max(axis=1) / np.abs(reference).max(axis=1)
            assert difference.max() <= 1e-8, (k, difference)
