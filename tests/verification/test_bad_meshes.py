"""Meshes that are not Delaunay: negative edge weights neither bend currents nor stop Newton."""

import numpy as np
from mpi4py import MPI

from solver.compat import geometry_nodes
from solver.scenario.protocol import Sweep
from tests.devices import GAP, march, model, scenario
from tests.verification.claims import Claim, Section, check
from tests.verification.drawing import COLOURS
from tests.verification.test_slab_closed_forms import OHMIC, conductance, slab


def shaken(tmp_path, text, amount, seed=3, overrides=()):
    """Model on a mesh whose inner nodes are moved at random by `amount` of the element size."""
    from dolfinx import mesh as dmesh

    import meshes
    from meshes import quality
    from solver.physics.device import DeviceModel

    s = scenario(tmp_path, text, overrides)
    msh = tmp_path / "test.msh"
    meshes.build(s, msh)
    device = meshes.read(s, msh, MPI.COMM_SELF)
    mesh, tdim = device.mesh, device.mesh.topology.dim
    mesh.topology.create_connectivity(tdim - 1, tdim)
    boundary = dmesh.exterior_facet_indices(mesh.topology)
    fixed = np.unique(dmesh.entities_to_geometry(mesh, tdim - 1, boundary, False))
    x = mesh.geometry.x
    cells = geometry_nodes(mesh)
    edge = np.linalg.norm(x[cells[:, 1]] - x[cells[:, 0]], axis=1)
    size = np.full(len(x), np.inf)
    np.minimum.at(size, cells.ravel(), np.repeat(edge, cells.shape[1]))
    move = np.random.default_rng(seed).uniform(-1, 1, (len(x), tdim)) * amount * size[:, None]
    move[fixed] = 0.0
    x[:, :tdim] += move
    device.film_obtuse[:] = quality.obtuse_cells(x[:, :tdim][cells])
    return DeviceModel(s, device)


def ohm(folder):
    """{dimension: (share of obtuse cells, conductance [S])} of shaken slabs."""
    found = {}
    for dimension in (2, 3):
        m = shaken(folder, slab(dimension) + OHMIC, 0.3, overrides=["material.film.electronic_conductivity=2e-3 S/m"])
        found[dimension] = (float(np.mean(m.device.film_obtuse)), conductance(m))
    return found


def up_sweep(m):
    """(share of obtuse cells, voltages [V], conductances [S], Newton iterations a step) of the gap."""
    records = march(m, [Sweep(to="0.18 V", rate="0.1 V/s")])
    scale = m.parameters.scaling
    g = np.array([scale.ampere(r.current("top")) / r.voltage for r in records])
    return (float(np.mean(m.device.film_obtuse)), np.array([r.voltage for r in records]), g,
            float(np.mean([r.newton_iterations for r in records])))


def measure(folder):
    return ohm(folder), {"right-angled": up_sweep(model(folder, GAP)), "shaken": up_sweep(shaken(folder, GAP, 0.25))}


def claims(data):
    for dimension, (obtuse, g) in data[0].items():
        assert obtuse > 0.2
        yield Claim(f"conductance σA/L of a shaken slab, {dimension}D, {100 * obtuse:.0f} % of the cells obtuse", "Ohm's law",
                    2e-3 * 900e-18 / 20e-9, g, 1e-9, "S", "P1 holds the linear potential exactly")
    (_, volts, g, _), (obtuse, rough_volts, rough, newton) = data[1].values()
    assert obtuse > 0.4
    yield Claim(f"V_set on a mesh with {100 * obtuse:.0f} % of the cells obtuse", "the right-angled mesh", float(np.interp(-7, np.log10(g), volts)),
                float(np.interp(-7, np.log10(rough), rough_volts)), 0.08, "V", "mesh error at h = 1.25 l, 6 mV, and the noise of the shaking")
    yield Claim("off-conductance over on-conductance there", "it sets: three decades", 0.0, rough[0] / rough[-1], 1e-3)
    yield Claim("Newton iterations a step there", "it does not stall", 0.0, newton, 6.0, "", "at most 6; 3 to 4 on the right-angled mesh")


def draw(data, figure):
    axes = figure.subplots()
    for k, (name, (obtuse, volts, g, _)) in enumerate(data[1].items()):
        axes.plot(volts, g, color=COLOURS[k], label=f"{name}, {100 * obtuse:.0f} % obtuse cells")
    axes.axhline(1e-7, color="grey", lw=0.6, ls=":")
    axes.set(yscale="log", xlabel="voltage [V]", ylabel="conductance [S]")
    axes.legend()


SECTION = Section(
    "Meshes that are not Delaunay",
    "Nodes moved at random by up to 0.3 of their shortest edge, so that many cells are obtuse and their edge weights negative: "
    "currents of a slab stay exact in 2D and 3D, and the filament of the axisymmetric gap sets as on the right-angled mesh (plotted).",
    measure, claims, draw, "robustness",
)


def test_obtuse_cells_neither_bend_currents_nor_stop_newton(tmp_path):
    check(claims(measure(tmp_path)))
