"""Registers, stack and spills of a scenario's kernels, compiled for a card that need not be there.

    python -m solver.engines.cuda.report scenarios/quick.yaml [--architecture sm_90] [--together]
"""

import argparse
import os
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from solver.engines.cuda.gathering import GATHER
from solver.engines.cuda.nvrtc import ARCHITECTURE, compile_for_card
from solver.engines.cuda.pattern import FIND


def resources(tables, architecture=ARCHITECTURE) -> list[tuple]:
    """Compile a problem's kernels; [(what, unknowns, `Resources`, seconds)], each kernel once, in their order.

    Args:
        tables: `tables.Tables`.
        architecture: as NVRTC names it.
    """
    rows, texts = [], {}
    for launch in tables.launches:
        if launch.kernel.name not in texts:
            texts[launch.kernel.name] = launch.kernel.text
            unknowns = ", ".join(tables.fields[c] for c in launch.kernel.columns)
            rows.append((f"{'Jacobian' if launch.kernel.rank == 2 else 'residual'}: {launch.label}", unknowns, launch.kernel.name))
    for name, text in (("find_blocks", FIND), ("gather", GATHER)):
        texts[name] = text
        rows.append((f"service: {name}", "", name))
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        compiled = dict(zip(texts, pool.map(lambda text: compile_for_card(text, None, architecture), texts.values())))
    return [(what, unknowns, compiled[name].resources[name], compiled[name].seconds) for what, unknowns, name in rows]


def table(rows) -> str:
    """Markdown."""
    lines = ["| kernel | by | registers | stack [B] | spills: stores, loads [B] | compiled in [s] |", "|---|---|---|---|---|---|"]
    for what, unknowns, r, seconds in rows:
        lines.append(f"| {what} | {unknowns} | {r.registers} | {r.stack} | {r.spill_stores}, {r.spill_loads} | {seconds:.2f} |")
    return "\n".join(lines)


def main():
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m solver.engines.cuda.report", description=__doc__)
    parser.add_argument("scenario", type=Path)
    parser.add_argument("--architecture", default=ARCHITECTURE)
    parser.add_argument("--together", action="store_true", help="all coupled fields of a Jacobian in one kernel")
    arguments = parser.parse_args()
    from mpi4py import MPI

    import meshes
    from solver.engines.cuda.packing import Sources
    from solver.physics.device import DeviceModel
    from solver.scenario import load_scenario

    scenario = load_scenario(arguments.scenario, [])
    with tempfile.TemporaryDirectory() as folder:
        mesh = Path(folder) / "device.msh"
        meshes.build(scenario, mesh)
        model = DeviceModel(scenario, meshes.read(scenario, mesh, MPI.COMM_WORLD))
        tables = Sources(model, apart=not arguments.together).tables
    rows = resources(tables, arguments.architecture)
    print(table(rows))
    worst = max((r.spill_stores + r.spill_loads, what) for what, _, r, _ in rows)
    print(f"\n{len(rows)} kernels for {arguments.architecture}; most registers {max(r.registers for _, _, r, _ in rows)}, largest stack "
          f"{max(r.stack for _, _, r, _ in rows)} B, most spills {worst[0]} B")


if __name__ == "__main__":
    main()
