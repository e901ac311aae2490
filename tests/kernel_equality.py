"""Residual and Jacobian of the cuda engine's kernels, host flavour, entry by entry against DOLFINx and PETSc.

Differences are relative to the row: the largest entry of the Jacobian's row, and for a residual what its terms are made of,
the largest |J_rj x_j| of the row (the residual itself may cancel).

    python -m tests.kernel_equality                    the table of all cases; mpirun -n 2 ... on 2 ranks
"""

import shutil
from unittest import mock

import numpy as np
import scipy.sparse as sp
from mpi4py import MPI

import meshes
from solver.engines.cpu.assembly import Assembler as CpuAssembler
from solver.engines.cpu.assembly import add_forms
from tests.devices import SHORT_FILAMENT, SLAB, material_with_ions, model, random_state, with_carriers
from tests.test_forms import CASES as FORMS

OBTUSE = "obtuse cells: "  # cases so named: all cells of the film are taken for obtuse
HEATED = SHORT_FILAMENT.replace("}}}", "}}, heat: on}")
CASES = FORMS | {
    "2D slab with filament and noise": SLAB[2] + SHORT_FILAMENT.replace("}}}", "}}, noise: on}"),
    OBTUSE + "2D filament, heated": SLAB[2] + HEATED,
    OBTUSE + "3D filament": SLAB[3] + SHORT_FILAMENT,
    OBTUSE + "2D bipolar with filament": SLAB[2] + with_carriers(SHORT_FILAMENT),
}
# Sums of up to some tens of elements' contributions, in another order: a few units of the last digit of the largest.
ROUNDING = 1e-13


def rough_model(tmp_path, text, obtuse=False):
    """A model away from equilibrium in everything that its forms can read: state, history, rate, voltages, noise."""
    material_with_ions(tmp_path)
    read = meshes.read

    def all_obtuse(*args):
        device = read(*args)
        device.film_obtuse[:] = True
        return device

    with mock.patch.object(meshes, "read", all_obtuse if obtuse else read):
        m = model(tmp_path, text)
    assert (m.context.obtuse is not None) == obtuse
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
    made_of = _row_maximum(abs(_unconstrained(cpu, shape) @ sp.diags(x)))
    for name, interior in (("residual", False), ("terminal sums", True)):
        expected = cpu.residual(interior).array.copy()
        found = a.flavour.asnumpy(a.residual(interior)).ravel()
        out[name] = _worst(comm, np.abs(found - expected), np.maximum(made_of, np.abs(expected)))
    return out


def _unconstrained(cpu, shape):
    """Jacobian with the terms' own rows and columns where values are prescribed."""
    matrix = cpu.matrix.duplicate()
    add_forms(matrix, [form for form, _ in cpu._jacobian], [], 0.0)
    start, columns, values = matrix.getValuesCSR()
    return sp.csr_matrix((values, columns, start), shape=shape)


def _row_maximum(matrix):
    return matrix.max(axis=1).toarray().ravel()


def _worst(comm, difference, scale):
    """Largest difference / scale; a difference where the scale is 0 counts as infinite."""
    ratio = np.divide(difference, scale, out=np.where(difference > 0, np.inf, 0.0), where=scale > 0)
    return comm.allreduce(float(ratio.max(initial=0.0)), MPI.MAX)


def compare(tmp_path, case, **options):
    """`differences` of one case; (sizes, differences). `options`: of `cuda.assembly.Assembler`."""
    from solver.engines.cuda.assembly import Assembler
    from solver.engines.cuda.flavours import make_flavour

    m = rough_model(tmp_path, CASES[case], case.startswith(OBTUSE))
    a = Assembler(m, make_flavour("host"), **options)
    sizes = {"fields": a.block_size, "kernels": sum(not launch.part for launch in a.tables.launches), "nodes": m.context.space.dofmap.index_map.size_global}
    return sizes, differences(m, a, CpuAssembler(m))


def main():
    """The equality table, for all cases or those named; exit status 1 where a difference exceeds `ROUNDING`."""
    import argparse
    import tempfile

    parser = argparse.ArgumentParser(prog="python -m tests.kernel_equality", description=main.__doc__)
    parser.add_argument("cases", nargs="*", default=list(CASES))
    parser.add_argument("--deterministic", action="store_true", help="contributions summed in a fixed order")
    parser.add_argument("--apart", action="store_true", help="a kernel for each coupled field, as on a card")
    arguments = parser.parse_args()
    comm, worst = MPI.COMM_WORLD, 0.0

    def say(*words):
        if comm.rank == 0:
            print(*words, flush=True)

    say("| case | fields | nodes | kernels | residual | terminal sums | Jacobian |\n|---|---|---|---|---|---|---|")
    for case in arguments.cases:
        folder = tempfile.mkdtemp()  # each rank its own: one would read a file that another is writing
        sizes, found = compare(folder, case, deterministic=arguments.deterministic, apart=arguments.apart)
        columns = [f"{found[name]:.1e}" for name in ("residual", "terminal sums", "Jacobian")]
        say(f"| {case} | {sizes['fields']} | {sizes['nodes']} | {sizes['kernels']} | {' | '.join(columns)} |")
        worst = max(worst, *found.values())
        shutil.rmtree(folder)
    say(f"\n{comm.size} rank(s); largest difference {worst:.1e} of the row, {ROUNDING:.0e} are allowed")
    raise SystemExit(int(worst > ROUNDING))


if __name__ == "__main__":
    main()
