"""The tables of a problem from a DOLFINx model, and where its changing numbers come from."""

import numpy as np
import ufl
from dolfinx import cpp, fem
from ufl.algorithms import expand_derivatives

from solver import compat
from solver.engines.cpu.assembly import JIT, join_terms
from solver.engines.cuda.codegen import Coefficient, make_kernels
from solver.engines.cuda.extraction import integrals, text_of
from solver.engines.cuda.tables import Launch, Layout, Tables
from solver.physics import heat
from solver.physics.fields import TEMPERATURE

HEAT = "heat produced"  # name of that sum
# What DOLFINx compiles of these forms never runs: only their text, domains and constants are used.
UNOPTIMISED = JIT | {"cffi_extra_compile_args": ["-O0"]}


class Sources:
    """Tables of a model and where their changing numbers come from. Creation is collective and compiles the forms.

    Args:
        model: `solver.physics.device.DeviceModel`.
        apart: as for `codegen.make_kernels`.

    Attributes:
        tables: `Tables`.
        arrays: live NumPy arrays of the coefficients (ghosts included), the state's first.
        history: the model's function of that name.
        noise: number of the thermal noise's among them, None where there is none.
    """

    def __init__(self, model, apart=False):
        self._apart = apart
        ctx = model.context
        self.history = ctx.history
        space, mesh = ctx.space, model.device.mesh
        index_map = space.dofmap.index_map
        tdim = mesh.topology.dim
        self._cells = mesh.topology.index_map(tdim).size_local
        nodes = self._table(space._cpp_object)
        self.tables = Tables(
            fields=list(model.fields),
            vertices=tdim + 1,
            owned=index_map.size_local,
            local=index_map.size_local + index_map.num_ghosts,
            nodes=nodes,
            corners=np.ascontiguousarray(compat.geometry_nodes(mesh)[: self._cells], dtype=np.int32),
            x=np.ascontiguousarray(mesh.geometry.x),
            fixed=model.constrained,
            layout=Layout(mesh.comm, index_map.local_range[0], np.asarray(index_map.ghosts), np.asarray(index_map.owners)),
            dofmaps=[nodes],
        )
        self.arrays = [ctx.state.x.array]
        self._known = {self.arrays[0].ctypes.data: 0}
        self._constants, self._length = [], 0
        trial = ufl.TrialFunction(space)
        for name in model.fields:
            terms = [t for t in model.terms if t.field == name]
            for ((_, rule), contact, linear), form in join_terms(terms).items():
                label = f"{name}, {'contact' if contact else 'edges' if rule == 'default' else 'local'}"
                self._add(form, name, 1, contact, linear, label)
                jacobian = expand_derivatives(ufl.derivative(form, ctx.state, trial))
                if not jacobian.empty():
                    self._add(jacobian, name, 2, contact, linear, label)
        if TEMPERATURE in model.fields:
            for ((_, rule), _, _), form in join_terms(heat.sources(ctx)).items():
                self._add(form, TEMPERATURE, 1, False, False, f"heat produced, {rule}", part=HEAT)

        self.noise = None if ctx.noise is None else self.number_of(ctx.noise)

    def number_of(self, function):
        """Number of a function's values among `arrays`, None where no form contains it."""
        return self._known.get(function.x.array.ctypes.data)

    def constants(self) -> np.ndarray:
        """All forms' constants at their present values, as DOLFINx packs them, one form after the other."""
        packed = [cpp.fem.pack_constants(form) for form in self._constants]
        return np.concatenate([*packed, np.zeros(1)])  # never empty

    def _table(self, space):
        """Dofmap of a C++ space over the owned cells."""
        return np.ascontiguousarray(space.dofmap.map()[: self._cells], dtype=np.int32)

    def _add(self, form, row, rank, contact, linear, label, part=""):
        compiled = fem.form(form, jit_options=UNOPTIMISED)
        t, coefficients = self.tables, [self._coefficient(c) for c in compiled._cpp_object.coefficients]
        start = self._length
        self._constants.append(compiled._cpp_object)
        self._length += len(cpp.fem.pack_constants(compiled._cpp_object))
        for integral in integrals(text_of(compiled)):
            entities = compat.integration_entities(compiled, integral.kind, integral.subdomain, integral.place)
            for kernel in make_kernels(integral, coefficients, t.fields.index(row), len(t.fields), t.vertices, rank, self._apart):
                t.launches.append(Launch(label, kernel, contact, linear, self._domain(entities), (start, self._length), part))

    def _coefficient(self, function):
        array = function.x.array
        key = array.ctypes.data
        if key not in self._known:
            self._known[key] = len(self.arrays)
            self.arrays.append(array)
        space = function.function_space
        table = self._table(space)
        return Coefficient(self._known[key], _index(self.tables.dofmaps, table), table.shape[1], space.dofmap.bs)

    def _domain(self, entities):
        entities = np.ascontiguousarray(entities, dtype=np.int32)
        cells = entities if entities.ndim == 1 else entities[:, 0]
        if cells.size and cells.max() >= self._cells:
            raise RuntimeError("DOLFINx integrates over a ghost cell, which the cuda engine does not expect; use --engine cpu")
        return _index(self.tables.domains, entities)


def _index(known, table):
    """Number of an equal table, appended where there is none."""
    for k, other in enumerate(known):
        if other.shape == table.shape and np.array_equal(other, table):
            return k
    known.append(table)
    return len(known) - 1
