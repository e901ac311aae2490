"""The device linearised about its present state: terminal currents per volt at any frequency.

The time derivatives enter the residual through the rate a0 and the history alone: R = F(x) + g(x) (a0 s(x) + past), s
the stored quantities (storage.py). With ds/dt at its present value, past = ds/dt - a0 s_0, the Jacobian is A + a0 M,
    A = F' + g' ds/dt,    M = g s' = d/dx [g (s - s_0)],
and a small signal exp(+i omega t) on terminal l obeys (A + i omega M) x = -dR/dV_l: the derivative with
a0 = i omega. A state that still moves (ds/dt not zero) is so linearised at this moment.
Currents are read as in the transient, with test functions (balances.py): electronic + ionic + i omega x electrode
charge, so that the currents of all terminals sum to zero.
"""

import numpy as np
import ufl
from dolfinx import fem
from mpi4py import MPI
from petsc4py import PETSc

from solver import compat
from solver.discretization.derivatives import by_constant
from solver.engines.cpu.assembly import JIT, add_forms, join_terms
from solver.engines.cpu.harmonic import HarmonicSolver
from solver.physics.balances import nodal_sums
from solver.physics.storage import stored

BALANCE = 1e-11  # of the largest terminal current: above, the driven terminal's is read in a solve of its own


class Response:
    """A or M as matrices.

    Attributes:
        interior, whole: all rows and columns, without and with the exchange at the terminals.
        constrained: `whole` with prescribed rows and columns replaced.
    """

    def __init__(self, pattern, interior, contacts, conditions, diagonal):
        self.interior = self._assembled(pattern, interior, [], 0.0)
        self.whole = self._assembled(pattern, interior + contacts, [], 0.0) if contacts else self.interior
        self.constrained = self._assembled(pattern, interior + contacts, conditions, diagonal)

    @staticmethod
    def _assembled(pattern, forms, conditions, diagonal):
        matrix = compat.create_matrix(pattern, "baij")
        matrix.zeroEntries()
        add_forms(matrix, forms, conditions, diagonal)
        if not forms:
            matrix.assemble()
        return matrix


class SmallSignal:
    """The linearised device at the model's present state and rates. Creation is collective and compiles.

    Args:
        model: `DeviceModel` at the bias point; its `rate` and `history` are those of the step that led there (both zero
            for a stationary state).
        frozen: fields that do not respond (a filament, say, that is taken to stand still).
        linear_solver: "auto", "direct" or "iterative".

    Attributes:
        stiffness, mass: A and M, a `Response` each.
        load: terminal -> (-dR/dV at a0 = 0, -d2R/dV da0) on owned rows, for 1 kT/q [residual's unit].
        drift: largest |ds/dt| over the largest |s| of any stored quantity at the state [1/s]; 0 where it is stationary.
    """

    def __init__(self, model, frozen=(), linear_solver="auto"):
        self.model, self.frozen = model, tuple(frozen)
        self.terminals = list(model.terminal_nodes)
        ctx = model.context
        self._size = model.owned * len(model.fields)
        constrained = model.constrained.copy()
        constrained[:, [model.fields.index(f) for f in self.frozen]] = True
        self._free = ~constrained[: model.owned].ravel()
        groups = join_terms(model.terms)
        rates = self._rates()
        self.drift = self._largest(rates)
        keep = float(ctx.rate.value), ctx.history.x.array.copy()
        try:
            ctx.rate.value = 0.0
            ctx.history.x.array[:] = rates.ravel()
            self._assemble(groups, _conditions(ctx.space, constrained))
        finally:
            ctx.rate.value, ctx.history.x.array[:] = keep
        tdim = model.device.mesh.topology.dim
        self.solver = HarmonicSolver(self.stiffness.constrained, self.mass.constrained, tdim, linear_solver)
        self._work = self.stiffness.interior.createVecRight(), self.stiffness.interior.createVecLeft()
        scale = model.parameters.scaling
        self._siemens = scale.ampere(1.0) / scale.thermal_voltage * model.device.current_scale

    def _rates(self):
        """ds/dt at the present state, as `_stored`."""
        ctx = self.model.context
        return float(ctx.rate.value) * self._stored() + ctx.history.x.array.reshape(len(self.model.coordinates), -1)

    def _stored(self):
        """s at the present state: (local nodes, columns of the history)."""
        m, ctx = self.model, self.model.context
        out = np.zeros_like(ctx.history.x.array).reshape(len(m.coordinates), -1)
        for k, quantity in enumerate(ctx.stored):
            out[:, k] = stored(quantity, m.fields, m.parameters, m.values)
        return out

    def _largest(self, rates):
        """Largest over the stored quantities of (largest rate in the film) / (largest value there)."""
        inside = self.model.film_nodes
        pair = np.array([np.abs(v[inside]).max(axis=0, initial=0.0) for v in (rates, self._stored())])
        self.model.device.mesh.comm.Allreduce(MPI.IN_PLACE, pair, MPI.MAX)
        return float(np.max(pair[0] / np.where(pair[1] > 0, pair[1], np.inf)))

    def _assemble(self, groups, conditions):
        ctx = self.model.context
        trial = ufl.TrialFunction(ctx.space)
        at_rest = fem.Function(ctx.history_space)  # -s_0
        at_rest.x.array[:] = -self._stored().ravel()

        def jacobians(forms):
            return [fem.form(ufl.derivative(f, ctx.state, trial), jit_options=JIT) for f in forms]

        def by_rate(form):
            """g (s - s_0), or None."""
            moving = by_constant(form, ctx.rate)
            if moving is None or ctx.history not in form.coefficients():
                return moving
            return moving + ufl.derivative(form, ctx.history, at_rest)

        by_kind = {kind: [f for (_, contact, _), f in groups.items() if contact == kind] for kind in (False, True)}
        now = {kind: jacobians(forms) for kind, forms in by_kind.items()}
        moving = {kind: [g for f in forms if (g := by_rate(f)) is not None] for kind, forms in by_kind.items()}
        self.stiffness = Response(now[False][0], now[False], now[True], conditions, 1.0)
        moved = {kind: jacobians(forms) for kind, forms in moving.items()}
        self.mass = Response(now[False][0], moved[False], moved[True], conditions, 0.0)
        # -dR/dV_l, in phase and (through a0) in quadrature
        every = by_kind[False] + by_kind[True]
        self._any = fem.form(every[0], jit_options=JIT)  # any linear form over the space: makes vectors
        self.load = {
            name: (self._loads(name, every, self.stiffness), self._loads(name, moving[False] + moving[True], self.mass))
            for name in self.terminals
        }

    def _loads(self, terminal, forms, response):
        """-(J u + dR/dV) for the prescribed values u of 1 kT/q on `terminal`, owned rows."""
        ctx = self.model.context
        vector = compat.create_vector(self._any, ctx.space)
        with vector.localForm() as local:
            local.set(0.0)
        for form in forms:
            direct = by_constant(form, ctx.voltage[terminal])
            if direct is not None:
                compat.assemble_vector(vector, fem.form(direct, jit_options=JIT))
        vector.ghostUpdate(addv=PETSc.InsertMode.ADD, mode=PETSc.ScatterMode.REVERSE)
        u, product = response.whole.createVecRight(), response.whole.createVecLeft()
        u.array[:] = self._unit(terminal)
        response.whole.mult(u, product)
        return -(product.array_r + vector.array_r)

    def _unit(self, terminal):
        return self.model.unit_voltage(terminal).reshape(-1)[: self._size]

    def respond(self, terminal: str, frequency: float) -> dict[str, complex]:
        """Currents for a small voltage of `frequency` [Hz] (0: the slope of the stationary states) on `terminal`.

        Near a terminal at rest the response is small, and what it carries is known to as many digits as anything; near
        the driven one it is 1 less something small, whose digits are lost (a diode's 1e-18 S behind 1e-2 S of doped
        silicon). So where the currents do not sum to zero as they are, the driven terminal's own is read with that
        terminal at rest and -1 on the others, which is the same up to a voltage common to all.

        Returns:
            Terminal -> complex current into the device [A/V = S].

        Raises:
            HarmonicError: the system at this frequency is singular or not solved.
        """
        omega = 2 * np.pi * frequency
        current = self._solved({terminal: 1.0}, omega)
        if abs(sum(current.values())) > BALANCE * max(map(abs, current.values())):
            rest = self._solved({name: -1.0 for name in self.terminals if name != terminal}, omega)
            current[terminal] = rest[terminal]
        return current

    def _solved(self, volts, omega):
        """Terminal -> current for voltages (terminal -> relative amplitude) at omega [1/s]."""
        b = sum(v * (self.load[n][0] + 1j * omega * self.load[n][1]) for n, v in volts.items())
        x = sum(v * self._unit(n) for n, v in volts.items()) + self.solver.at(omega).solve(np.where(self._free, b, 0.0))
        rows = self._times(self.stiffness.interior, x) + 1j * omega * self._times(self.mass.interior, x)
        shape = (-1, len(self.model.fields))
        real, imaginary = (nodal_sums(self.model, part.reshape(shape)) for part in (rows.real, rows.imag))
        return {n: self._siemens * _current(real[n], imaginary[n], omega) for n in self.terminals}

    def _times(self, matrix, x):
        vector, product = self._work
        out = []
        for part in (x.real, x.imag):
            vector.array[:] = part
            matrix.mult(vector, product)
            out.append(product.array_r.copy())
        return out[0] + 1j * out[1]


def _current(real, imaginary, omega):
    """Electronic + ionic + displacement current of two `TerminalSums` [charges/s]."""
    electronic = real.electronic + 1j * imaginary.electronic
    ionic = real.ionic + 1j * imaginary.ionic
    return electronic + ionic + 1j * omega * (real.charge + 1j * imaginary.charge)


def _conditions(space, constrained):
    fields = constrained.shape[1]
    return [
        fem.dirichletbc(PETSc.ScalarType(0), (np.flatnonzero(constrained[:, k]) * fields + k).astype(np.int32), space.sub(k))
        for k in range(fields)
    ]
