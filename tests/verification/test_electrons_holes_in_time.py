"""Electrons and holes in time and on meshes: current balance, storage, order of convergence, ranks."""

import logging
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import ufl

from solver.scenario.protocol import Hold, Sweep
from tests.devices import DIODE_2D, bipolar, march, material_with_ions, model, stationary
from tests.verification.claims import Claim, Section, check
from tests.verification.drawing import COLOURS, order, simulated
from tests.verification.silicon import diode

ROOT = Path(__file__).parents[2]
SLAB_2D = "device: {layout: slab, thickness: 40 nm, dimension: 2, area: 1600 nm^2}\nmesh: {size_at_filament: %g nm}\n"


def devices(folder):
    """Name -> (scenario text, sign of a forward voltage): the p side is at the ground of the slabs."""
    doping = "{doping: [{profile: tanh, axis: x, below: -1e17 cm^-3, above: 1e17 cm^-3, position: 100 nm, width: 0 nm}]}"
    thin = "device: {layout: slab, thickness: 200 nm, dimension: 1, area: 1 um^2}\nmesh: {size_at_filament: 4 nm}\n"
    return {
        "diode, 1D": (diode(20), -1),
        "diode with mobile ions, 1D": (thin + bipolar(doping, "mobile", material_with_ions(folder)), -1),
        "lateral diode, 2D": (DIODE_2D, 1),
    }


def balance(folder):
    """{name: (times [s], sum of all terminals' currents over the largest part, largest part [A])}; slow sweep."""
    found = {}
    for name, (text, sign) in devices(folder).items():
        m = model(folder, text)
        records = march(m, [Sweep(to=f"{0.5 * sign} V", rate="1e5 V/s"), Hold(voltage=f"{-0.3 * sign} V", duration="1 us")])
        rows = []
        for r in records:
            parts = [*r.electrons.values(), *r.holes.values(), *r.ionic.values(), *r.displacement.values()]
            rows.append((r.time, abs(sum(parts)) / max(map(abs, parts)), m.parameters.scaling.ampere(max(map(abs, parts)))))
            for n in r.electronic:
                assert r.electronic[n] == pytest.approx(r.electrons[n] + r.holes[n], abs=1e-12 * max(map(abs, parts)))
        assert len(rows) > 20 and all(max(abs(r.displacement[n]) for r in records) > 0 for n in records[0].displacement)
        found[name] = np.array(rows)
    m = model(folder, diode(20))
    slow = march(m, [Sweep(to="-0.4 V", rate="0.1 V/s")])[-1].electronic["top"]
    direct = stationary(model(folder, diode(20)))(-0.4)["top"].electronic
    return found, m.parameters.scaling.ampere(slow), m.parameters.scaling.ampere(direct)


def balance_claims(data):
    found, slow, direct = data
    for name, rows in found.items():
        yield Claim(f"sum of all terminals' currents over the largest part, {name}, worst of {len(rows)} steps", "conservation of charge", 0.0,
                    rows[:, 1].max(), 1e-6, "", "a step's own balance is 3e-7; the state before a jump is known to 3e-7 of smaller currents")
    yield Claim("current at the end of a slow sweep of the diode to 0.4 V", "the stationary state solved directly", direct, slow, 1e-4, "A",
                "what is stored moves at 0.1 V/s: 1e-16 A of 1e-11")


def draw_balance(data, figure):
    left, right = figure.subplots(1, 2)
    for k, (name, rows) in enumerate(data[0].items()):
        every = slice(None, None, max(1, len(rows) // 60))
        left.plot(rows[:, 0] * 1e6, rows[:, 2], color=COLOURS[k], lw=0.9)
        simulated(right, rows[every, 0] * 1e6, np.maximum(rows[every, 1], 1e-17), k, name, ms=2.5)
    right.axhline(1e-6, color="black", lw=0.8)
    left.set(yscale="log", xlabel="time [µs]", ylabel="largest partial current [A]")
    right.set(yscale="log", ylim=(1e-17, 1e-3), xlabel="time [µs]", ylabel="|sum of the terminals' currents| / largest")
    right.legend(loc="upper right")


BALANCE = Section(
    "Electron, hole, ionic and displacement currents balance at every step",
    "Diodes swept to 0.5 V forward at 1e5 V/s and thrown to 0.3 V reverse: at every time step the currents of electrons, holes and "
    "ions and the displacement currents of all terminals add up to nothing (right; black is the tolerance). A slow sweep passes "
    "through the stationary states.",
    balance, balance_claims, draw_balance, "time",
)


def test_electron_hole_ionic_and_displacement_currents_sum_to_zero_at_every_step(tmp_path):
    check(balance_claims(balance(tmp_path)))


def test_a_jump_of_80_kT_is_reached_by_itself_and_said(tmp_path, caplog, monkeypatch):
    monkeypatch.setattr(logging.getLogger("halofil"), "propagate", True)
    m = model(tmp_path, diode(20))
    with caplog.at_level("INFO", logger="halofil"):
        at = stationary(m)
        reverse, forward = at(80 * 0.02585)["top"].electronic, at(-80 * 0.02585)["top"].electronic
    assert reverse > 0 > forward
    assert "continuation: step from 2.068 V to -2.068 V refused" in caplog.text
    assert "reached" in caplog.text


def manufactured(m, exact):
    """Add to a model the sources that make `exact` (phi, Phi_n, Phi_p as UFL) its stationary solution."""
    from solver.physics.context import Term
    from solver.physics.fields import ELECTRONS, HOLES, POTENTIAL
    from solver.physics.recombination import net_rate
    from solver.physics.statistics import densities

    ctx, c = m.context, m.parameters.carriers
    phi, phi_n, phi_p = exact
    n, p = densities(c, phi, phi_n, phi_p)
    rate = net_rate(c, phi, phi_n, phi_p)
    N = c.doping.profiles[0].density
    strong = {
        POTENTIAL: -ufl.div(m.parameters.permittivity["film"] * ufl.grad(phi)) - (p - n + N),
        ELECTRONS: -ufl.div(c.electron_diffusivity * n * ufl.grad(phi_n)) - rate,
        HOLES: -ufl.div(c.hole_diffusivity * p * ufl.grad(phi_p)) + rate,
    }
    for field, source in strong.items():
        form = -ctx.row_scale[field] * source * ctx.test(field) * ctx.weight * ctx.dx_nodes(ctx.film)
        m.terms.append(Term(f"source of {field}", field, form))


SIZES = (4.0, 2.0, 1.0)  # nm


def coupled_errors(folder, statistics):
    """Rows by SIZES: rms errors of phi, Phi_n, Phi_p [kT/q]."""
    from dolfinx import fem

    from solver.engines.cpu.newton import CpuEngine

    carriers = f"{{statistics: {statistics}, doping: [{{profile: uniform, density: 1e18 cm^-3}}]}}"
    errors = []
    for size in SIZES:
        m = model(folder, SLAB_2D % size + bipolar(carriers))
        x = ufl.SpatialCoordinate(m.device.mesh)
        L = 40.0
        # zero slope at the sides x = 0, L; values prescribed at y = 0, L
        wave = ufl.cos(np.pi * x[0] / L)
        exact = (
            18.0 + 1.5 * wave * ufl.cos(1.5 * x[1] / L) + x[1] / L,
            0.7 * wave * ufl.sin(2.0 * x[1] / L) - 0.4 * x[1] / L,
            -0.9 * wave * ufl.sin(1.0 + x[1] / L) + 1.3 * (x[1] / L) ** 2,
        )
        manufactured(m, exact)
        space = fem.functionspace(m.device.mesh, ("Lagrange", 1))
        at = space.element.interpolation_points
        values = []
        for field, u in zip(m.fields, exact):
            f = fem.Function(space)
            f.interpolate(fem.Expression(u, at() if callable(at) else at))
            values.append(f.x.array.copy())
            held = m.constrained[:, m.fields.index(field)]
            m.values(field)[held] = f.x.array[held]
            m.values(field)[~held] = f.x.array[~held] + 0.3
        assert CpuEngine(m, tolerance=1e-9, linear_tolerance=1e-10).solve().converged
        errors.append([np.sqrt(np.mean((m.values(f) - v) ** 2)) for f, v in zip(m.fields, values)])
    return np.array(errors)


def coupled(folder):
    return {statistics: coupled_errors(folder, statistics) for statistics in ("boltzmann", "fermi_dirac")}


def coupled_claims(data):
    for statistics, errors in data.items():
        for name, e in zip(("potential", "electrons", "holes"), errors.T):
            for pair, tolerance, reason in ((0, 0.15, "ten cells across half a wave"), (1, 0.05, "next order of (2πh/L)²")):
                yield Claim(f"order in space, {statistics}, {name}, {SIZES[pair]:g} to {SIZES[pair + 1]:g} nm", "manufactured solution", 2.0,
                            np.log2(e[pair] / e[pair + 1]), tolerance, "", reason)


def draw_coupled(data, figure):
    for axes, (statistics, errors) in zip(figure.subplots(1, 2, sharey=True), data.items()):
        for k, name in enumerate(("φ", "Φ$_n$", "Φ$_p$")):
            simulated(axes, SIZES, errors[:, k], k, name)
        order(axes, SIZES, errors[:, 0])
        axes.set(xscale="log", yscale="log", xlabel="mesh size h [nm]")
        axes.set_title(statistics.replace("_", "-"))
        axes.xaxis.set_minor_formatter("")
        axes.set_xticks(SIZES, [f"{h:g}" for h in SIZES])
    figure.axes[0].set_ylabel("rms error of the nodes [kT/q]")
    figure.axes[0].legend()


COUPLED = Section(
    "Order in space of electrons, holes and potential together",
    "A manufactured solution in 2D with waves of both quasi-Fermi levels across a doped film, all recombination on, for Boltzmann's and "
    "Fermi-Dirac's statistics.",
    coupled, coupled_claims, draw_coupled, "structure",
)


def test_the_coupled_system_converges_with_second_order(tmp_path):
    check(coupled_claims(coupled(tmp_path)))


SECTIONS = (BALANCE, COUPLED)


RANKS = """
import pathlib, sys, tempfile
from mpi4py import MPI
import meshes
from solver.physics.device import DeviceModel
from tests.devices import DIODE_2D, scenario, stationary
s = scenario(pathlib.Path(tempfile.mkdtemp()), DIODE_2D)
msh = pathlib.Path(sys.argv[1])
if MPI.COMM_WORLD.rank == 0:
    meshes.build(s, msh)
MPI.COMM_WORLD.barrier()
m = DeviceModel(s, meshes.read(s, msh, MPI.COMM_WORLD))
at = stationary(m)
found = [at(v)["anode"] for v in (0.3, 0.6)]
if MPI.COMM_WORLD.rank == 0:
    print("CURRENTS", *(f"{x:.14e}" for f in found for x in (f.electrons, f.holes)))
"""


@pytest.mark.parallel
def test_the_lateral_diode_has_the_same_currents_on_1_2_and_3_ranks(tmp_path):
    found = []
    for ranks in (1, 2, 3):
        command = ["mpirun", "-n", str(ranks), sys.executable, "-c", RANKS, str(tmp_path / "diode.msh")]
        done = subprocess.run(command, check=False, cwd=ROOT, capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, done.stderr
        line = next(line for line in done.stdout.splitlines() if line.startswith("CURRENTS"))
        found.append(np.array(line.split()[1:], dtype=float))
    # linear solves to 1e-6; currents through a majority contact are known to the last bit of Phi times its conductance,
    # 1e-9 of the on-current
    for other in found[1:]:
        np.testing.assert_allclose(other, found[0], rtol=1e-6, atol=1e-9 * found[0].max())
