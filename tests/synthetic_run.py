"""A made-up but realistic run, for the tests of what comes after the solver: no physics is solved here."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np


def sweep_table(v_set=0.15, v_reset=-0.12, s_off=1.0e-9, s_on=2.5e-5, cycles=1, polarity=1, step=1e-3, rate=0.1):
    """Terminals of 0 -> 0.2 -> -0.2 -> 0 V sweeps (times ``polarity``) that set and reset where they are told to.

    The conductance goes from s_off to s_on on a logistic curve in log S, 4 mV wide, centred on v_set, and back.
    """
    import pandas

    from solver.results.tables import terminal_columns

    peak = 0.2
    up = np.arange(0, peak, step)
    one = np.concatenate([up, np.arange(peak, -peak, -step), np.arange(-peak, 0, step)]) * polarity
    voltage = np.append(np.tile(one, cycles), 0.0)
    time = np.concatenate([[0], np.cumsum(np.abs(np.diff(voltage)))]) / rate
    state, conductance = -1.0, []
    for v in voltage * polarity:
        grown = np.tanh((v - v_set) / 4e-3)
        shrunk = np.tanh((v - v_reset) / 4e-3)
        state = min(max(state, grown), shrunk)  # a hysteresis: grows with V above v_set, shrinks below v_reset
        conductance.append(np.sqrt(s_off * s_on) * np.exp(0.5 * state * np.log(s_on / s_off)))
    conductance = np.array(conductance)
    current = conductance * voltage
    energy = np.concatenate([[0], np.cumsum(np.diff(time) * 0.5 * (voltage * current)[1:]
                                            + np.diff(time) * 0.5 * (voltage * current)[:-1])])
    table = pandas.DataFrame(0.0, index=range(len(time)), columns=terminal_columns(["top", "bottom"]))
    table["time [s]"] = time
    table["voltage top [V]"] = voltage
    table["current top [A]"] = current
    table["current bottom [A]"] = -current
    table["conductance [S]"] = conductance
    table["energy [J]"] = energy
    table["filament gap [m]"] = np.clip(0.5e-9 * np.log(s_on * 1.1 / conductance), 0, 8e-9)
    table["step [s]"] = np.diff(time, prepend=0)
    return table


def rectangle_device(comm, cells=(12, 18), width=80.0, gap=60.0, coordinates="axisymmetric"):
    """Axisymmetric gap (r, z) in nm with terminals, as meshes.read gives it."""
    import dolfinx
    from mpi4py import MPI

    mesh = dolfinx.mesh.create_rectangle(comm, [[0.0, 0.0], [width, gap]], cells)
    fdim = 1
    groups = {11: lambda x: np.isclose(x[1], 0), 12: lambda x: np.isclose(x[1], gap)}
    found = [(tag, dolfinx.mesh.locate_entities_boundary(mesh, fdim, where)) for tag, where in groups.items()]
    indices = np.concatenate([f for _, f in found]).astype(np.int32)
    tags = np.concatenate([np.full(len(f), t) for t, f in found]).astype(np.int32)
    order = np.argsort(indices)
    index_map = mesh.topology.index_map(2)
    all_cells = np.arange(index_map.size_local + index_map.num_ghosts, dtype=np.int32)
    assert comm.allreduce(len(all_cells), op=MPI.SUM) > 0
    return SimpleNamespace(
        mesh=mesh, cell_tags=dolfinx.mesh.meshtags(mesh, 2, all_cells, np.ones(len(all_cells), dtype=np.int32)),
        facet_tags=dolfinx.mesh.meshtags(mesh, fdim, indices[order], tags[order]), regions={"film": 1},
        facets={"bottom": 11, "top": 12}, terminals={"top": ("top",), "bottom": ("bottom",)},
        coordinates=coordinates, depth_nm=1.0, current_scale=1.0,
        site=SimpleNamespace(foot=np.zeros(3), axis=np.array([0.0, 1.0, 0.0]), length=gap))


def box_device(comm, cells=(6, 5, 7), size=(80.0, 60.0, 70.0)):
    """A box of film over spacer (nm) with a terminal below and above."""
    import dolfinx

    mesh = dolfinx.mesh.create_box(comm, [[0.0, 0.0, 0.0], list(size)], cells)
    groups = {11: lambda x: np.isclose(x[2], 0), 12: lambda x: np.isclose(x[2], size[2])}
    found = [(tag, dolfinx.mesh.locate_entities_boundary(mesh, 2, where)) for tag, where in groups.items()]
    indices = np.concatenate([f for _, f in found]).astype(np.int32)
    tags = np.concatenate([np.full(len(f), t) for t, f in found]).astype(np.int32)
    order = np.argsort(indices)
    index_map = mesh.topology.index_map(3)
    all_cells = np.arange(index_map.size_local + index_map.num_ghosts, dtype=np.int32)
    centre = dolfinx.mesh.compute_midpoints(mesh, 3, all_cells)
    region = np.where(centre[:, 0] > 30.0, 1, 2).astype(np.int32)
    return SimpleNamespace(
        mesh=mesh, cell_tags=dolfinx.mesh.meshtags(mesh, 3, all_cells, region),
        facet_tags=dolfinx.mesh.meshtags(mesh, 2, indices[order], tags[order]), regions={"film": 1, "spacer": 2},
        facets={"bottom": 11, "top": 12}, terminals={"top": ("top",), "bottom": ("bottom",)},
        coordinates="cartesian", depth_nm=1.0, current_scale=1.0,
        site=SimpleNamespace(foot=np.array([40.0, 0.0, 0.0]), axis=np.array([0.0, 0.0, 1.0]), length=size[2]))


def owned_values(device, function):
    """(owned,) nodal values of ``function(x)``, x (3, n) in mesh coordinates, for a plain P1 space of the mesh."""
    import dolfinx

    V = dolfinx.fem.functionspace(device.mesh, ("Lagrange", 1))
    count = V.dofmap.index_map.size_local
    # tabulated coordinates differ in the last bits from rank to rank; rounded they do not
    return function(np.round(V.tabulate_dof_coordinates()[:count].T, 9) + 0.0)
