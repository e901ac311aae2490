"""`halofil mesh SCENARIO`: build the mesh, say what it is and what it will cost, draw it."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

from meshes.device_mesh import BuildReport


def mesh_command(scenario: Any, out_dir: Path) -> int:
    """Write <name>.msh and <name>_mesh.png into a folder and print a table.

    Args:
        scenario: a scenario (see solver.scenario).
        out_dir: folder, created where missing.

    Returns:
        Exit status 0.

    Raises:
        MeshError: one sentence, when the mesh cannot be built or used.
    """
    from rich.console import Console

    from meshes.layouts import generate, layout_of
    from meshes.picture import draw
    from meshes.quality import report
    from meshes.simplex_mesh import write_msh

    out_dir = Path(out_dir)
    msh, png = out_dir / f"{scenario.name}.msh", out_dir / f"{scenario.name}_mesh.png"
    start = time.perf_counter()
    mesh = generate(scenario)
    write_msh(mesh, msh)
    seconds = time.perf_counter() - start
    temporary = png.with_name(f".{png.stem}.{os.getpid()}.png")
    draw(mesh, layout_of(scenario), temporary, scenario.name)
    os.replace(temporary, png)
    console = Console()
    console.print(_table(scenario.name, report(mesh, seconds)))
    console.print(f"wrote {msh} and {png}", soft_wrap=True)
    return 0


def _table(name: str, report: BuildReport) -> Any:
    from rich.table import Table

    table = Table("quantity", "value", title=f"mesh of {name}")
    rows = [
        ("nodes", f"{report.nodes}"),
        ("cells", f"{report.cells} ({', '.join(f'{k} {v}' for k, v in report.cells_by_region.items())})"),
        ("time to build", f"{report.seconds:.1f} s"),
        ("smallest dihedral angle", f"{report.min_dihedral_deg:.1f} deg"),
        ("largest dihedral angle in the film", f"{report.max_dihedral_deg:.1f} deg"),
        ("negative edge weights in the film",
         f"{100 * report.share_negative_edges:.1f} % of the edges, {100 * report.weight_negative_edges:.1f} % by weight"),
        ("negative edge weights in the core", f"{100 * report.share_negative_core:.1f} % of the edges"),
        ("predicted unknowns", f"{report.predicted_unknowns}"),
        ("predicted memory", f"{report.predicted_memory / 2**30:.2f} GiB"),
        ("predicted time of a Newton step, one core", f"{report.predicted_newton_seconds:.2f} s"),
    ]
    for row in rows:
        table.add_row(*row)
    return table
