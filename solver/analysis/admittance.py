"""Small-signal admittance of a device: the equations linearised at a state, one linear solve a frequency.

The time derivative enters the residual R(x, a0) through the rate a0 alone and linearly (storage.py), so that the
Jacobian is J(a0) = J0 + a0 M and a small signal of angular frequency omega obeys (J0 + i omega M) x = -R_V: the
derivative with a0 = i omega. R_V is the residual's derivative by the driven terminal's voltage. The current is read
with the test functions of the transient (balances.py): electronic + ionic + i omega x electrode charge, so that the
currents of all terminals sum to zero. (Sign: exp(+i omega t); Y = G + i omega C.)
"""

from dataclasses import dataclass

import numpy as np
import ufl
from dolfinx import fem
from petsc4py import PETSc

from solver import compat
from solver.engines.cpu.assembly import JIT, add_forms, join_terms
from solver.engines.cpu.linear import ZERO_PIVOT
from solver.physics.context import FERMI, POTENTIAL, VACANCIES
from solver.physics.storage import stored

UNIT_RATE = 1e3  # 1/s; second value of a0 for M = (J(a0) - J(0)) / a0


@dataclass(frozen=True)
class Spectrum:
    """Admittance of the driven terminal against the grounded one.

    Attributes:
        frequency: (n,) Hz.
        admittance: (n,) complex, S, of the whole device.
        imbalance: (n,) |sum of all terminals' currents| / |current|.
    """

    frequency: np.ndarray
    admittance: np.ndarray
    imbalance: np.ndarray

    @property
    def impedance(self) -> np.ndarray:
        """1 / Y [ohm]."""
        return 1 / self.admittance

    @property
    def capacitance(self) -> np.ndarray:
        """Im Y / omega [F]."""
        return self.admittance.imag / (2 * np.pi * self.frequency)


class AdmittanceError(ValueError):
    """The linearised system cannot be set up or solved; the message is one sentence."""


class SmallSignal:
    """The linearised device at the model's present state (one process).

    What still drifts there (a filament that creeps) is taken as standing still; the spectrum is meaningful for
    periods short against that drift.

    Args:
        model: `DeviceModel` in its state at the bias point.
        driven: name of the terminal that carries the small voltage.

    Raises:
        AdmittanceError: more than one process; at a frequency, a singular or too ill-conditioned system.
    """

    def __init__(self, model, driven):
        if model.device.mesh.comm.size > 1:
            raise AdmittanceError("the small-signal analysis runs on one process: leave mpirun out")
        self.model, self.driven = model, driven
        ctx = model.context
        groups = join_terms(model.terms)
        trial = ufl.TrialFunction(ctx.space)
        forms = {
            contact: [
                fem.form(ufl.derivative(form, ctx.state, trial), jit_options=JIT)
                for (_, is_contact, _), form in groups.items()
                if is_contact == contact
            ]
            for contact in (False, True)
        }
        self._pattern = forms[False][0]  # of a cell integral: a contact's own holds its facets only
        interior0, interior1 = (self._matrix(forms[False], rate) for rate in (0.0, UNIT_RATE))
        self._stiffness, self._mass = interior0, (interior1 - interior0) / UNIT_RATE
        contact_forms = [fem.form(f, jit_options=JIT) for (_, contact, _), f in groups.items() if contact]
        self._contacts = self._matrix(forms[True], 0.0) if forms[True] else 0 * interior0
        self._contact_drive = self._by_voltage(contact_forms)
        self._unit = model.unit_voltage(driven).astype(complex)
        self._fixed = model.constrained.ravel()

    def _matrix(self, forms, rate):
        """Sum of the bilinear forms at a0 = `rate` as CSR, no row or column replaced.

        The history is a state at rest: a0 (x - x_n) = 0, so that no term is left over from a0 itself.
        """
        from scipy.sparse import csr_matrix

        m, ctx = self.model, self.model.context
        ctx.rate.value = rate
        history = ctx.history.x.array.reshape(-1, 3)
        for k, q in enumerate(stored(m.fields, m.parameters, m.values)):
            history[:, k] = -rate * q
        A = compat.create_matrix(self._pattern, "aij")
        add_forms(A, forms, [], 0.0)
        indptr, indices, data = A.getValuesCSR()
        return csr_matrix((data.copy(), indices.copy(), indptr.copy()), shape=A.getSize())

    def _by_voltage(self, forms):
        """Derivative of the contact terms by the driven voltage, which enters them linearly."""
        ctx = self.model.context
        volts = ctx.voltage[self.driven]

        def residual():
            total = np.zeros(ctx.state.x.array.size)
            for form in forms:
                total += fem.assemble_vector(form).array
            return total

        start, before = float(volts.value), residual()
        volts.value = start + 1.0
        change = residual() - before
        volts.value = start
        return change

    def admittance(self, frequencies) -> Spectrum:
        """Solve at each of `frequencies` [Hz]."""
        from scipy.sparse import identity

        free = ~self._fixed
        keep = identity(len(free), format="csr")[free]
        solver = _DoubledSolver()
        out, imbalance = [], []
        for f in np.asarray(frequencies, dtype=float):
            interior = self._stiffness + 2j * np.pi * f * self._mass
            whole = interior + self._contacts
            load = -(whole @ self._unit + self._contact_drive)
            x = self._unit.copy()
            x[free] = solver.solve((keep @ whole @ keep.T).tocsr(), load[free])
            currents = self._currents(interior @ x, 2j * np.pi * f)
            total = currents[self.driven]
            out.append(total)
            imbalance.append(abs(sum(currents.values())) / abs(total))
        scale = self.model.parameters.scaling
        siemens = scale.ampere(1.0) / scale.thermal_voltage * self.model.device.current_scale
        return Spectrum(np.asarray(frequencies, dtype=float), np.array(out) * siemens, np.array(imbalance))

    def _currents(self, rows, rate):
        """Terminal -> current [charges/s per kT/q]; `rate` = i omega."""
        ctx = self.model.context
        rows = rows.reshape(-1, len(self.model.fields))
        out = {}
        for name, nodes in self.model.terminal_nodes.items():
            total = 0j
            for field, factor in ((POTENTIAL, rate), (FERMI, 1.0), (VACANCIES, 1.0)):
                if ctx.has(field):
                    total += factor * rows[nodes, ctx.fields.index(field)].sum() / ctx.row_scale[field]
            out[name] = total
        return out


class _DoubledSolver:
    """A complex system as a real one of twice the size (PETSc here is real), solved by MUMPS."""

    def __init__(self):
        self._ksp = ksp = PETSc.KSP().create(PETSc.COMM_SELF)
        ksp.setType("preonly")
        pc = ksp.getPC()
        pc.setType("lu")
        pc.setFactorSolverType("mumps")
        pc.setFactorPivot(ZERO_PIVOT)

    def solve(self, matrix, b):
        """x with matrix x = b; `matrix` complex CSR, real and imaginary part of an unknown side by side."""
        from scipy.sparse import kron

        turn = np.array([[0.0, -1.0], [1.0, 0.0]])
        doubled = (kron(matrix.real, np.eye(2)) + kron(matrix.imag, turn)).tocsr()
        doubled.sort_indices()
        A = PETSc.Mat().createAIJ(doubled.shape, csr=(doubled.indptr, doubled.indices, doubled.data),
                                  comm=PETSc.COMM_SELF)
        right, x = A.createVecLeft(), A.createVecRight()
        right.array[:] = np.column_stack([b.real, b.imag]).ravel()
        self._ksp.setOperators(A)
        self._ksp.solve(right, x)
        if self._ksp.getConvergedReason() < 0:
            raise AdmittanceError("the small-signal system is singular: check the bias point")
        pair = x.array_r.reshape(-1, 2)
        residual = np.linalg.norm(doubled @ x.array_r - right.array_r)
        if not residual <= 1e-6 * max(np.linalg.norm(right.array_r), 1e-300):
            raise AdmittanceError("the small-signal system is too ill-conditioned to be solved to 1e-6")
        return pair[:, 0] + 1j * pair[:, 1]
