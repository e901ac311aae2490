"""Residual and Jacobian of the cuda engine's kernels, host flavour, entry by entry against DOLFINx and PETSc.

Differences are relative to the row: the largest entry of the Jacobian's row, and for a residual what its terms are made of,
the largest |J_rj x_j| of the row (the residual itself may cancel).
"""

import numpy as np
import scipy.sparse as sp
from mpi4py import MPI

from tests.devices import material_with_ions, model, random_state
from tests.test_forms import CASES


def rough_model(tmp_path, text):
    """A model away from equilibrium in everything that its forms can read: state, history, rate, voltages, noise."""
    material_with_ions(tmp_path)
    m = model(tmp_path, text)
    ctx, rng = m.context, np.random.default_rng(5)
    m.apply_voltages({"top": 0.05, "bottom": 0.0})
    ctx.rate.value = 1e2
    for f in (ctx.history, ctx.noise):
        if f is not None:
            f.x.array[:] = 0.1 * rng.standard_normal(f.x.array.size)
            f.x.scatter_forward()
    random_state(m)
    return m


def differences(m, assembler, cpu):
    """Largest differences of two assemblers at the model's state, over ranks and rows.

    Args:
        m: DeviceModel.
        assembler: `cuda.assembly.Assembler` of any flavour.
        cpu: `cpu.assembly.Assembler`.

    Returns:
        {"residual", "terminal sums" (residual without contacts and boundary values), "Jacobian"} -> relative to the row.
    """
    comm, a = m.device.mesh.comm, assembler
    assembler.upload()
    width = m.context.space.dofmap.index_map.size_global * a.block_size
    first = a.tables.layout.first * a.block_size
    start, columns, values = cpu.jacobian().getValuesCSR()
    shape = (len(start) - 1, width)
    reference = sp.csr_matrix((values, columns, start), shape=shape)
    block = sp.bsr_matrix(
        (a.flavour.asnumpy(a.jacobian()), a.pattern.numbers[a.flavour.asnumpy(a.indices)], a.flavour.asnumpy(a.indptr)), shape=shape
    )
    largest = _row_maximum(abs(reference))
    out = {"Jacobian": _worst(comm, _row_maximum(abs(block.tocsr() - reference)), largest)}
    x = np.zeros(width)
    own = m.context.state.x.array[: shape[0]]
    x[first : first + len(own)] = own
    x = comm.allreduce(x)
    made_of = _row_maximum(abs(reference @ sp.diags(x)))
    for name, interior in (("residual", False), ("terminal sums", True)):
        expected = cpu.residual(interior).array.copy()
        found = a.flavour.asnumpy(a.residual(interior)).ravel()
        # the identity of a prescribed row says nothing of its terms
        scale = np.where(m.constrained[: m.owned].ravel() & interior, np.abs(expected), made_of)
        out[name] = _worst(comm, np.abs(found - expected), np.maximum(scale, np.abs(expected)))
    return out


def _row_maximum(matrix):
    return matrix.max(axis=1).toarray().ravel()


def _worst(comm, difference, scale):
    """Largest difference / scale; a difference where the scale is 0 counts as infinite."""
    ratio = np.divide(difference, scale, out=np.where(difference > 0, np.inf, 0.0), where=scale > 0)
    return comm.allreduce(float(ratio.max(initial=0.0)), MPI.MAX)


def compare(tmp_path, case, **options):
    """`differences` of one case of tests/test_forms.py; (sizes, differences). `options`: of `cuda.assembly.Assembler`."""
    from solver.engines.cpu.assembly import Assembler as CpuAssembler
    from solver.engines.cuda.assembly import Assembler
    from solver.engines.cuda.flavours import make_flavour

    m = rough_model(tmp_path, CASES[case])
    a = Assembler(m, make_flavour("host"), **options)
    sizes = {"fields": a.block_size, "kernels": len(a.tables.launches), "nodes": m.context.space.dofmap.index_map.size_global}
    return sizes, differences(m, a, CpuAssembler(m))
