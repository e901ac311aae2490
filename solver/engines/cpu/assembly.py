"""Residual and Jacobian of a `DeviceModel` in PETSc, from the terms' compiled forms.

Terms of one kind and one quadrature rule are joined into one form (fewer insertions); rules are never mixed.
Jacobians that do not depend on the state are assembled once and copied.
"""

import time
from collections import defaultdict

import numpy as np
import ufl
from dolfinx import fem
from petsc4py import PETSc

from solver import compat

JIT = {"timeout": 600, "cffi_extra_compile_args": ["-O2", "-fno-math-errno"]}


def _rule(term):
    integrals = term.form.integrals()
    kinds = {(i.integral_type(), i.metadata().get("quadrature_rule", "default")) for i in integrals}
    if len(kinds) != 1:
        raise ValueError(f"term '{term.name}' mixes quadrature rules {sorted(kinds)}: split it")
    return kinds.pop()


def join_terms(terms):
    """Group terms that may share one compiled form: {(rule, contact, linear): summed UFL form}."""
    groups = defaultdict(list)
    for t in terms:
        groups[(_rule(t), t.contact, t.linear)].append(t)
    return {key: sum((t.form for t in members[1:]), members[0].form) for key, members in groups.items()}


def add_forms(matrix, forms, conditions, diagonal):
    """Add bilinear forms to `matrix` and finish its assembly; prescribed rows get `diagonal`.

    DOLFINx inserts (not adds) the diagonal with each form, so the last one has to carry it.
    """
    for k, form in enumerate(forms):
        last = k == len(forms) - 1
        compat.assemble_matrix(matrix, form, conditions, diagonal if last else 0.0)
        matrix.assemble(PETSc.Mat.AssemblyType.FINAL if last else PETSc.Mat.AssemblyType.FLUSH)


class Assembler:
    """Compiled forms and PETSc storage of one model. Creation is collective and compiles (cached on disk).

    Attributes:
        matrix: Jacobian, block size = number of fields.
        seconds: dict of time spent in "residual" and "jacobian".
    """

    def __init__(self, model):
        self.model = model
        ctx = model.context
        self._state = ctx.state
        trial = ufl.TrialFunction(ctx.space)
        self._residual, self._jacobian = [], []
        for (_, contact, linear), form in join_terms(model.terms).items():
            self._residual.append((fem.form(form, jit_options=JIT), contact))
            self._jacobian.append((fem.form(ufl.derivative(form, ctx.state, trial), jit_options=JIT), linear))
        self.matrix = compat.create_matrix(self._jacobian[0][0], "baij")
        self._linear_part = None
        self.vector = compat.create_vector(self._residual[0][0], ctx.space)
        self.owned_rows = model.owned * len(model.fields)
        self._fixed = np.flatnonzero(model.constrained.ravel()[: self.owned_rows])
        self._conditions = [
            fem.dirichletbc(
                PETSc.ScalarType(0),
                (np.flatnonzero(model.constrained[:, k]) * len(model.fields) + k).astype(np.int32),
                ctx.space.sub(k),
            )
            for k in range(len(model.fields))
        ]
        self.seconds = {"residual": 0.0, "jacobian": 0.0}

    def residual(self, interior_only=False) -> PETSc.Vec:
        """Residual at the model's state; prescribed rows zero unless `interior_only` (used for terminal sums).

        Returns:
            The assembler's own vector (overwritten by the next call).
        """
        start = time.perf_counter()
        b = self.vector
        with b.localForm() as local:
            local.set(0.0)
        for form, contact in self._residual:
            if not (contact and interior_only):
                compat.assemble_vector(b, form)
        b.ghostUpdate(addv=PETSc.InsertMode.ADD, mode=PETSc.ScatterMode.REVERSE)
        if not interior_only:
            b.array[self._fixed] = 0.0
        self.seconds["residual"] += time.perf_counter() - start
        return b

    def jacobian(self) -> PETSc.Mat:
        """Jacobian at the model's state, identity on prescribed rows."""
        start = time.perf_counter()
        A = self.matrix
        if self._linear_part is None:
            A.zeroEntries()
            add_forms(A, [f for f, linear in self._jacobian if linear], self._conditions, 1.0)
            self._linear_part = A.copy()
        self._linear_part.copy(A, structure=PETSc.Mat.Structure.SAME_NONZERO_PATTERN)
        add_forms(A, [f for f, linear in self._jacobian if not linear], self._conditions, 1.0)
        self.seconds["jacobian"] += time.perf_counter() - start
        return A

    def constants_changed(self):
        """Call after a change of a constant that enters linear terms (the held filament)."""
        self._linear_part = None

    def set_state(self, x):
        """Copy a PETSc vector of owned values into the model's state, ghosts updated."""
        self._state.x.array[: self.owned_rows] = x.array_r
        self._state.x.scatter_forward()
