"""What must not matter: which side is driven, where the device lies, how its nodes are numbered, on how many ranks."""

import subprocess
import sys
import textwrap
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from solver.scenario.protocol import Hold, Sweep
from tests.devices import bipolar, material_with_ions, model, with_carriers
from tests.verification.boxes import box_model, right_angled
from tests.verification.claims import Claim, Section, check
from tests.verification.drawing import law, simulated
from tests.verification.test_free_energy import CLOSED, EXCHANGE, FEW_IONS, FILM, GAP, SILICON, STUB
from tests.verification.walking import stepper_of, walk

ROOT = Path(__file__).parents[2]
UNIFORM = "{doping: [{profile: uniform, density: 1e17 cm^-3}]}"
SLAB_IONS = "filament: off, contacts: {top: {electronic: ohmic}}"  # both contacts exchange
FILAMENT = "{filament: {interface_width: 2 nm, initial: {core_radius: 1 nm, core_height: 4 nm, radius: 4 nm, height: 7 nm}}}"


def curve(m, volts, rate, terminal="top", **settings):
    """(time, voltage, current [charges/s] into `terminal`) of a sweep to `volts` and back at `rate` [V/s]."""
    protocol = [Sweep(to=f"{volts} V", rate=f"{rate} V/s"), Sweep(to="0 V", rate=f"{rate} V/s")]
    rows = [(r.time, r.voltage, r.current(terminal)) for r, _ in walk(stepper_of(m, protocol, newton=1e-9, **settings))]
    return np.array(rows)


def distance(a, b):
    """Largest difference of two curves at the times of the first, over the largest current."""
    return float(abs(np.interp(a[:, 0], b[:, 0], b[:, 2]) - a[:, 2]).max() / abs(a[:, 2]).max())


def mirrors(folder):
    """Case -> (curve, the curve that must be the same)."""
    silicon = material_with_ions(folder)
    out = {}
    for name, text, more, rate, settings in (
        ("ions, exchange", FILM + f"physics: {{{SLAB_IONS}}}\n", (), 50, {}),
        ("electrons, holes and ions", SILICON + bipolar(UNIFORM, "mobile", silicon) + CLOSED, FEW_IONS, 1e3, {"max_voltage_step": 0.02}),
    ):
        plus, minus = (curve(model(folder, text, more), sign * 0.5, rate, **settings) for sign in (1, -1))
        out[f"I(-V) = -I(V), {name}"] = plus, minus * [1, -1, -1]
    # only differences of voltage matter: the other terminal driven to -V
    for name, filament in (
        ("filament", FILM + f"physics: {{{EXCHANGE}, {STUB % 9}}}\n"),
        ("electrons, holes and filament", with_carriers(FILM + f"physics: {{{STUB % 9}}}\n")),
    ):
        top = curve(model(folder, filament), 0.2, 0.5)
        bottom = curve(model(folder, filament + "terminals: {top: ground, bottom: driven}\n"), -0.2, 0.5)
        out[f"{name}, the bottom driven to -V instead of the top to V"] = top, bottom * [1, -1, 1]
    return out


TURNS = {
    2: {"axes swapped": np.array([[0.0, 1.0], [1.0, 0.0]]), "mirrored": np.diag([1.0, -1.0]),
        "turned by 53°": np.array([[0.6, -0.8], [0.8, 0.6]])},
    3: {"axes swapped": np.eye(3)[[1, 2, 0]], "mirrored": np.diag([1.0, 1.0, -1.0]),
        "turned off the axes": np.array([[0.36, 0.48, -0.8], [-0.8, 0.6, 0.0], [0.48, 0.64, 0.6]])},
}  # fmt: skip


def renumbered(mesh, seed=5):
    """The same mesh with nodes, cells and the corners of each cell in another order."""
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(mesh.points))
    number = np.empty(len(order), dtype=int)
    number[order] = np.arange(len(order))
    shuffled = rng.permutation(len(mesh.cells))
    cells = rng.permuted(number[mesh.cells[shuffled]], axis=1)
    return replace(mesh, points=mesh.points[order], cells=cells, cell_tags=mesh.cell_tags[shuffled], facets_nodes=number[mesh.facets_nodes])


def places(folder):
    """(dimension, model, case) -> largest difference of the fields, and of the current relative to itself."""
    silicon = material_with_ions(folder)
    carriers = (
        "{electronic: bipolar, filament: off, ions: mobile, contacts: {top: {ions: blocking}, bottom: {ions: blocking}}, "
        "carriers: {doping: [{profile: uniform, density: 1e17 cm^-3}]}}\nmaterial: " + silicon
    )
    out = {}
    for dimension, name, physics, more, length, cells, protocol in (
        (2, "filament", FILAMENT, (), 12.0, 8, Hold(voltage="0.1 V", duration="20 ms")),
        (3, "filament", FILAMENT, (), 12.0, 4, Hold(voltage="0.1 V", duration="20 ms")),
        (2, "electrons, holes and ions", carriers, FEW_IONS, 60.0, 6, Hold(voltage="0.1 V", duration="1 ms")),
    ):
        mesh = right_angled(dimension, cells, length)
        states = {}
        cases = {"": (mesh, None), **{k: (mesh, t) for k, t in TURNS[dimension].items()}, "renumbered": (renumbered(mesh), None)}
        for case, (grid, turn) in cases.items():
            m = box_model(folder, grid, length, physics, more, turn=turn)
            records = [r for r, _ in walk(stepper_of(m, [protocol], newton=1e-9))]
            x = m.coordinates if turn is None else m.coordinates[:, :dimension] @ turn
            order = np.lexsort(np.round(x[:, :dimension], 6).T)
            states[case] = m.context.state.x.array.reshape(-1, len(m.fields))[order], records[-1].current("top")
        state, current = states.pop("")
        for case, (other, its) in states.items():
            out[dimension, name, case] = float(abs(other - state).max()), abs(its / current - 1)
    return out


RANKS = """
import pathlib, sys
from mpi4py import MPI
import meshes
from solver.physics.device import DeviceModel
from tests.devices import scenario
from tests.verification.test_same_device import RANKED
from tests.verification.walking import stepper_of, walk
folder, comm = pathlib.Path(sys.argv[1]), MPI.COMM_WORLD
for name, (text, more, protocol) in RANKED.items():
    s = scenario(folder / str(comm.rank), text, more)
    msh = folder / f"{name}.msh"
    if comm.size == 1:
        meshes.build(s, msh)
    m = DeviceModel(s, meshes.read(s, msh, comm))
    rows = [(r.time, r.current("top")) for r, _ in walk(stepper_of(m, protocol, newton=1e-9))]
    if comm.rank == 0:
        for row in rows:
            print("ROW", name, *(f"{x:.14e}" for x in row))
"""
RANKED = {"filament": (GAP + f"physics: {{{STUB % 14}}}\n", (), (Sweep(to="0.15 V", rate="1 V/s"),))}


def ranks(folder):
    """Model -> one array (time [s], current [charges/s]) for each of 1, 2 and 3 ranks."""
    out = {name: [] for name in RANKED}
    for rank in range(3):
        (Path(folder) / str(rank)).mkdir(exist_ok=True)
    for count in (1, 2, 3):
        command = ["mpirun", "-n", str(count), sys.executable, "-c", RANKS, str(folder)]
        done = subprocess.run(command, check=False, cwd=ROOT, capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, done.stderr
        lines = [line.split()[1:] for line in done.stdout.splitlines() if line.startswith("ROW")]
        for name, found in out.items():
            found.append(np.array([line[1:] for line in lines if line[0] == name], dtype=float))
    return out


def measure(folder):
    """Mirror images, places and numbers."""
    return mirrors(folder), places(folder)


def claims(data):
    mirrored, placed = data
    for name, (a, b) in mirrored.items():
        # it is no trivial curve: ions or filament make the way back differ from the way out
        half = len(a) // 2
        assert abs(a[half - 4, 2] - np.interp(2 * a[half, 0] - a[half - 4, 0], a[:, 0], a[:, 2])) > 1e-3 * abs(a[:, 2]).max(), name
        yield Claim(f"difference of the two curves over the largest current: {name}", "mirror image", 0.0, distance(a, b), 1e-7, "",
                    "Newton 1e-9; carriers: the last bit of Φ times a majority's conductance")
    for (dimension, name, case), (fields, current) in placed.items():
        yield Claim(f"largest change of a field (kT/q, c/c0, ξ), {dimension}D mesh {case}: {name}", "the same device", 0.0, fields, 1e-9,
                    "", "Newton 1e-9")
        yield Claim(f"change of the current, {dimension}D mesh {case}: {name}", "the same device", 0.0, current, 1e-9, "",
                    "Newton 1e-9")


def drawing(data, figure):
    axes = figure.subplots(1, len(data[0]), sharey=True)
    for ax, (name, (a, b)) in zip(axes, data[0].items()):
        top = abs(a[:, 2]).max()
        law(ax, a[:, 1], a[:, 2] / top, label="as it is")
        simulated(ax, b[::3, 1], b[::3, 2] / top, label="mirrored")
        ax.set_title(textwrap.fill(name, 26), fontsize=6)
        ax.set_xlabel("voltage [V]")
    axes[0].set_ylabel("current / largest")
    axes[0].legend()


SECTION = Section(
    "Mirror image, place and numbering of the coupled models",
    "A device that is its own mirror image has I(−V) = −I(V) in every point of a loop with hysteresis, and it does not matter "
    "which of two terminals is driven against the other (the filament grows alike). The same mesh with its axes swapped, "
    "mirrored, turned off the axes, or with nodes, cells and corners in another order gives the same fields and currents.",
    measure,
    claims,
    drawing,
    "structure",
)


def rank_claims(ranked):
    for name, (one, *others) in ranked.items():
        for count, other in enumerate(others, 2):
            assert len(one) > 3
            same = len(other) == len(one) and np.allclose(other[:, 0], one[:, 0], rtol=1e-12)
            yield Claim(f"the same steps on {count} ranks as on one: {name}", "the same device", 1.0, float(same), 0.0, "", "exact")
            off = abs(np.interp(one[:, 0], other[:, 0], other[:, 1]) - one[:, 1]).max() / abs(one[:, 1]).max()
            yield Claim(f"largest change of the current on {count} ranks over the largest current: {name}", "the same device", 0.0,
                        float(off), 1e-9, "", "Newton 1e-9")


RANKS_SECTION = Section(
    "One, two and three ranks",
    "A filament that grows in the axisymmetric gap on 1, 2 and 3 MPI ranks: the same steps, the same currents. (Electrons and "
    "holes on ranks: `test_electrons_holes_in_time.py`.)",
    ranks,
    rank_claims,
    None,
    "structure",
)
SECTIONS = (SECTION, RANKS_SECTION)


def test_sides_places_and_numbers_do_not_matter(tmp_path):
    check(SECTION.claims(SECTION.measure(tmp_path)))


@pytest.mark.parallel
def test_a_filament_grows_alike_on_1_2_and_3_ranks(tmp_path):
    check(RANKS_SECTION.claims(RANKS_SECTION.measure(tmp_path)))
