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


def cell_device(comm, crossbar):
    """Half a back-contact cell (y >= 0) on a box mesh that is fine at the filament; electrode bodies are tagged 9.

    Args:
        comm: communicator.
        crossbar: meshes.geometry.crossbar.Crossbar of the scenario, with width 300 nm.
    """
    import dolfinx

    mesh = dolfinx.mesh.create_unit_cube(comm, 22, 12, 24)
    low, high = np.array(crossbar.domain()[:3]), np.array(crossbar.domain()[3:])
    foot = np.array([crossbar.width / 2, 0.0, crossbar.z_bottom])
    knots = [([0, 0.2, 0.85, 1], [low[0], foot[0] - 40, foot[0] + 60, high[0]]),
             ([0, 0.7, 1], [low[1], 50, high[1]]),
             ([0, 0.15, 0.85, 1], [low[2], foot[2] - 10, foot[2] + 90, high[2]])]
    for k, (uniform, graded) in enumerate(knots):
        mesh.geometry.x[:, k] = np.interp(mesh.geometry.x[:, k], uniform, graded)
    boundary = dolfinx.mesh.locate_entities_boundary(mesh, 2, lambda x: np.isclose(x[2], low[2]))
    cells = np.arange(mesh.topology.index_map(3).size_local, dtype=np.int32)
    centre = dolfinx.mesh.compute_midpoints(mesh, 3, cells)
    region = crossbar.regions_at(centre).astype(np.int32)
    for x0, y0, z0, x1, y1, z1 in [*crossbar.bottom_boxes(), *crossbar.top_boxes()]:
        inside = np.all((centre > (x0, y0, max(z0, 0))) & (centre < (x1, y1, z1)), axis=1)
        region[inside & ((region != 2) | (z1 <= crossbar.z_bottom))] = 9
    return SimpleNamespace(
        mesh=mesh, cell_tags=dolfinx.mesh.meshtags(mesh, 3, cells, region),
        facet_tags=dolfinx.mesh.meshtags(mesh, 2, boundary, np.full(len(boundary), 11, dtype=np.int32)),
        regions={"film": 1, "spacer": 2, "substrate": 3, "cap": 4}, facets={"bottom": 11},
        terminals={"top": ("top",), "bottom": ("bottom",)},
        coordinates="cartesian", depth_nm=1.0, current_scale=2.0,
        site=SimpleNamespace(foot=foot, axis=np.array([0.0, 0.0, 1.0]), length=crossbar.spacer))


def write_run(folder, device, scenario=None, table=None, every=20, radius=12.0):
    """A result folder: table, and fields with a potential V z / gap and a filament that reaches 54 or 64 nm.

    Args:
        folder: created where missing.
        device: one of the devices above.
        scenario: loaded scenario, written to scenario.yaml.
        table: as from sweep_table.
        every: rows between stored steps.
        radius: of the filament [nm].
    """
    from mpi4py import MPI

    from solver.results.fields import FieldSeries
    from solver.results.tables import TerminalTable

    folder.mkdir(exist_ok=True)
    table = sweep_table() if table is None else table
    out = TerminalTable(folder / "terminals.csv", list(table.columns))
    for row in table.to_dict("records"):
        out.append(row)
    out.close()
    if scenario is not None:
        (folder / "scenario.yaml").write_text(scenario.resolved_yaml())
    foot, dimension = np.asarray(device.site.foot), device.mesh.geometry.dim
    series = FieldSeries(folder / "fields.vtkhdf", device, MPI.COMM_SELF)
    for row in range(0, len(table), every):
        volts, conductance = table["voltage top [V]"][row], table["conductance [S]"][row]
        height = 64.0 if conductance > 1e-6 else 44.0

        def distance(x, height=height):
            up = x[dimension - 1] - foot[dimension - 1]
            beside = np.sqrt(sum((x[k] - foot[k]) ** 2 for k in range(dimension - 1))) if dimension > 1 else 0 * up
            return np.maximum(beside - radius, up - height)

        fields = {
            "potential [V]": lambda x, v=volts: v * np.clip((x[dimension - 1] - foot[dimension - 1]) / 60, 0, 1),
            "vacancies density [m^-3]": lambda x: 1e25 * np.exp(-np.clip(distance(x), 0, 60) / 20),
            "filament fraction": lambda x: 0.5 * (1 - np.tanh(distance(x) / 3)),
        }
        series.write(table["time [s]"][row], {name: owned_values(device, f) for name, f in fields.items()},
                     {"voltage [V]": volts})
    series.close()
