"""Residual and Jacobian of the cuda engine's host flavour beside DOLFINx/PETSc: one core, one process, one state.

    container/run python -m tests.benchmarks.kernel_speed [SIZE]

SIZE: mesh size of a 200 nm long 3D slab with filament in nm (default 2). Processor time, so that a busy machine counts little; the
least of several calls. Says nothing of a graphics card.
"""

import sys
import tempfile
import time
from pathlib import Path


def best(work, repeats=9):
    """Least processor time of several calls [s]."""
    work()
    seconds = []
    for _ in range(repeats):
        start = time.process_time()
        work()
        seconds.append(time.process_time() - start)
    return min(seconds)


def main(size):
    from solver.engines.cpu.assembly import Assembler as CpuAssembler
    from solver.engines.cuda.assembly import Assembler
    from solver.engines.cuda.flavours import make_flavour
    from tests.kernel_equality import differences, rough_model
    from tests.test_forms import CASES

    text = CASES["3D slab with filament"].replace("size_at_filament: 5 nm", f"size_at_filament: {size} nm")
    text = text.replace("thickness: 20 nm", "thickness: 200 nm")
    with tempfile.TemporaryDirectory() as folder:
        m = rough_model(Path(folder), text)
    cpu = CpuAssembler(m)
    cells = m.device.mesh.topology.index_map(3).size_local
    print(f"{cells} tetrahedra, {m.owned} nodes, {len(m.fields)} fields")
    print("\n| | residual [us a cell] | Jacobian [us a cell] | memory [MB] | predicted [MB] | least traffic of a Jacobian [B a cell] | largest difference of the row |")
    print("|---|---|---|---|---|---|---|")
    microseconds = lambda work: f"{best(work) / cells * 1e6:.2f}"
    print(f"| DOLFINx into PETSc's block matrix | {microseconds(cpu.residual)} | {microseconds(cpu.jacobian)} | | | | |", flush=True)
    for name, options in (
        ("kernels", {}),
        ("kernels, a Jacobian's columns apart (as on a card)", {"apart": True}),
        ("kernels, sums in order", {"deterministic": True}),
    ):
        a = Assembler(m, make_flavour("host"), **options)
        worst = max(differences(m, a, cpu).values())
        print(f"| {name} | {microseconds(a.residual)} | {microseconds(a.jacobian)} | {a.bytes / 1e6:.1f} | {a.predicted_bytes / 1e6:.1f} | {a.least_traffic(2) / cells:.0f} | {worst:.1e} |", flush=True)


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "2")
