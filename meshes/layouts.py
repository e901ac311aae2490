"""The layouts by name, and building one."""

from __future__ import annotations

import time
from importlib import import_module
from pathlib import Path
from typing import Any

from meshes import tags
from meshes.device_mesh import BuildReport, Layout, MeshError
from meshes.quality import report
from meshes.simplex_mesh import SimplexMesh, read_msh_arrays, renumbered, write_msh

LAYOUTS = ("back_contact", "axisymmetric_gap", "cross_section", "slab", "block", "lateral_pair", "array")


def _module(scenario: Any):
    name = scenario.device.layout
    if name not in LAYOUTS:
        raise MeshError(f"layout '{name}' is not one of {', '.join(LAYOUTS)}")
    return import_module(f"meshes.geometry.{name}")


def layout_of(scenario: Any) -> Layout:
    """What the scenario's layout means to the solver, without building a mesh."""
    return _module(scenario).layout(scenario)


def mesh_file(scenario: Any) -> Path | None:
    """The mesh file the scenario gives, resolved against the scenario's own folder; None when one is to be built."""
    given = scenario.mesh.file
    if given is None:
        return None
    source = getattr(scenario, "source_path", None)
    base = Path(source).parent if source is not None else Path()
    return base / given


def generate(scenario: Any) -> SimplexMesh:
    """The scenario's mesh as arrays: built from its numbers, or read from the file it gives; checked.

    Raises:
        MeshError: the mesh cannot be built, or the given one cannot be used.
    """
    layout, given = layout_of(scenario), mesh_file(scenario)
    if given is None:
        mesh = _module(scenario).generate(scenario)
    else:
        mesh = renumbered(read_msh_arrays(given), tags.REGIONS, tags.FACETS)
    tags.check(mesh, layout)
    return mesh


def build(scenario: Any, msh_path: Path) -> BuildReport:
    """Build the scenario's mesh, or take the one it gives, and write it (one process, serial).

    Args:
        scenario: a scenario (see solver.scenario).
        msh_path: file to write, Gmsh 4.1 binary, coordinates in nm; whole or absent, never partial.

    Returns:
        Counts, quality and predicted cost.

    Raises:
        MeshError: one sentence.
    """
    start = time.perf_counter()
    mesh = generate(scenario)
    write_msh(mesh, Path(msh_path))
    return report(mesh, time.perf_counter() - start)
