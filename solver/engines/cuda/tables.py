"""What the kernels work on as plain data: NumPy arrays and text, so that a problem can go to a machine without DOLFINx."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from solver.engines.cuda.codegen import Kernel


@dataclass(frozen=True)
class Layout:
    """Which nodes are whose.

    Attributes:
        comm: mpi4py communicator.
        first: global number of the first owned node.
        ghosts, owners: (ghosts,) their global numbers and ranks.
    """

    comm: Any
    first: int
    ghosts: np.ndarray
    owners: np.ndarray


@dataclass(frozen=True)
class Launch:
    """One kernel over one set of entities.

    Attributes:
        label: for people: field of the equation, and what of it.
        kernel: `codegen.Kernel`.
        contact, linear: as of the `Term`s it came from.
        domain: number of its entities among the tables' `domains`.
        constants: (start, end) of its constants in the flat array.
        part: "" where it belongs to the equations; else the name of a sum that is read off the state.
    """

    label: str
    kernel: Kernel
    contact: bool
    linear: bool
    domain: int
    constants: tuple[int, int]
    part: str = ""


@dataclass
class Tables:
    """Plain data of one problem on one rank.

    Attributes:
        fields: names of the unknowns.
        vertices: of a cell.
        owned, local: number of nodes, without and with ghosts.
        nodes: (cells, vertices) int32, numbers of the unknowns' nodes; owned cells.
        corners: (cells, vertices) int32, rows of `x`.
        x: (., 3) coordinates [nm].
        dofmaps: (cells, dofs) int32 each; the first is `nodes`.
        domains: entities integrated over, int32: (cells,), or (facets, 2) of cell and facet within it.
        launches: `Launch`es.
        fixed: (local, fields) bool, prescribed values.
        layout: `Layout`.
    """

    fields: list[str]
    vertices: int
    owned: int
    local: int
    nodes: np.ndarray
    corners: np.ndarray
    x: np.ndarray
    fixed: np.ndarray
    layout: Layout
    dofmaps: list[np.ndarray] = field(default_factory=list)
    domains: list[np.ndarray] = field(default_factory=list)
    launches: list[Launch] = field(default_factory=list)
