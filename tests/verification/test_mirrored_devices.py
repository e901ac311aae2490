"""Symmetries of electrons and holes: mirror images, orientation of the mesh, and rest in equilibrium with mobile ions."""

import numpy as np

from solver.scenario.protocol import Hold, Sweep
from tests.devices import DIODE_2D, bipolar, march, material_with_ions, model, stationary
from tests.verification.claims import Claim, Section, check
from tests.verification.drawing import law, simulated
from tests.verification.silicon import current, slab

# ---- mirror images ---------------------------------------------------------------------------------------------------

VOLTS = (-1.0, -0.5, -0.2, -0.05, 0.05, 0.2, 0.5, 1.0)
# A narrow gap: with silicon's the currents of these devices come close to what the last digit of a quasi-Fermi potential
# carries at a contact of many carriers, 1e-18 A.
NARROW = ["material.semiconductor.gap={value: 0.7 eV, source: assumed, range: [0.6 eV, 1.2 eV]}"]
N_P_N = ("{doping: [{profile: uniform, density: -1e17 cm^-3}, {profile: gaussian, peak: 3e17 cm^-3, x: [0 nm, 150 nm], decay: 40 nm}, "
         "{profile: gaussian, peak: 3e17 cm^-3, x: [850 nm, 1000 nm], decay: 40 nm}]}")
SYMMETRIC_2D = DIODE_2D[: DIODE_2D.index("material:")] + bipolar(N_P_N)


def finer(times):
    """Overrides that make every cell of DIODE_2D's mesh `times` smaller."""
    sizes = {"size_at_edge": 25, "size_at_junction": 12, "size_max": 80}
    return [f"mesh.{key}={value / times} nm" for key, value in sizes.items()] + [f"mesh.growth={0.4 / times}"]


def mirror(folder):
    """{name: currents [A] at VOLTS} of symmetric n-p-n devices, bar and lateral."""
    found = {}
    for name, text, terminal, overrides in (
        ("bar, 1D", slab(1000, 5, N_P_N), "top", []),
        ("lateral, 2D", SYMMETRIC_2D, "anode", []),
        ("lateral, 2D, half the size", SYMMETRIC_2D, "anode", finer(2)),
    ):
        m = model(folder, text, NARROW + overrides)
        at = stationary(m, "direct")
        found[name] = np.array([current(m, at(v), terminal=terminal) for v in VOLTS])
    return found


def asymmetry(found):
    """Largest |I(-V) / I(V) + 1|."""
    return float(np.max(abs(found[::-1] / found + 1)))


def mirror_claims(data):
    bar, coarse, fine = (asymmetry(found) for found in data.values())
    yield Claim(f"bar, 1D: largest |I(−V)/I(V) + 1| of {len(VOLTS)}", "mirror symmetry", 0.0, bar, 1e-5, "",
                "the last digit of Φ at a contact of many electrons against 0.05 V")
    yield Claim(f"lateral, 2D: largest |I(−V)/I(V) + 1| of {len(VOLTS)}", "mirror symmetry", 0.0, coarse, 3e-3, "",
                "the diagonals are not symmetric, so the vertices' shares of unequal cells are not: mesh error")
    first, second = list(data.values())[1:]
    moved = float(np.max(abs(second / first - 1)))
    yield Claim("lateral, 2D: that over the change of the current when the mesh is halved", "mirror symmetry", 0.0, coarse / moved, 0.05, "",
                "a small part of the mesh error")
    assert fine < 0.6 * coarse, "the asymmetry does not fall with the mesh"


def draw_mirror(data, figure):
    axes = figure.subplots()
    volts = np.array(VOLTS)
    for k, (name, found) in enumerate(list(data.items())[:2]):
        half = volts > 0
        law(axes, volts[half], found[half], k, f"{name}: I(V)", ls=":")
        simulated(axes, volts[half], -found[~half][::-1], k, f"{name}: −I(−V)")
    axes.set(yscale="log", xlabel="voltage [V]", ylabel="current [A]")
    axes.legend()


MIRROR = Section(
    "A device that is its own mirror image",
    "n-p-n devices, symmetric about their middle: reversing the voltage and exchanging the contacts is the same thing, so "
    "I(−V) = −I(V). A bar, and a lateral device with both contacts on its upper face, whose triangles' diagonals are not "
    "symmetric: what that leaves is mesh error and falls as one. (Silicon with a gap of 0.7 eV, so that currents stay far "
    "above rounding.)",
    mirror, mirror_claims, draw_mirror, "structure",
)


def test_a_symmetric_device_has_a_symmetric_current(tmp_path):
    check(mirror_claims(mirror(tmp_path)))


# ---- orientation -----------------------------------------------------------------------------------------------------

BLOCK = """device:
  layout: block
  dimension: {dimension}
  length: {length} nm
  width: {width} nm
  height: {height} nm
  pads:
    anode: {{face: {anode[0]}, {anode[1]}}}
    cathode: {{face: {cathode[0]}, {cathode[1]}}}
mesh: {{size_at_edge: {size} nm, size_at_junction: 12 nm, size_max: 80 nm, growth: 0.4}}
terminals: {{anode: driven, cathode: ground}}
"""
FORWARD = (0.05, 0.1, 0.15, 0.2, 0.25)


def oriented(face, along, mirrored, dimension=2):
    """Scenario of the lateral diode, 1 um x 0.5 um (x 0.2 um in 3D): pads on `face`, junction across `along`."""
    extents = dict.fromkeys("xyz", 500) | {along: 1000}
    if dimension == 3:
        normal = {"left": "x", "right": "x", "front": "y", "back": "y", "bottom": "z", "top": "z"}[face]
        extents[next(a for a in "xyz" if a not in (along, normal))] = 200
        length, width, height = (extents[a] for a in "xyz")
    else:
        length, width, height = extents["x"], 500, extents["y"]
    ends = ["[0 nm, 250 nm]", "[750 nm, 1000 nm]"][:: -1 if mirrored else 1]
    sides = ["-1e17", "1e17"][:: -1 if mirrored else 1]
    doping = f"{{profile: tanh, axis: {along}, below: {sides[0]} cm^-3, above: {sides[1]} cm^-3, position: 500 nm, width: 10 nm}}"
    return BLOCK.format(dimension=dimension, length=length, width=width, height=height, size=25 if dimension == 2 else 60,
                        anode=(face, f"{along}: {ends[0]}"), cathode=(face, f"{along}: {ends[1]}")) + bipolar(f"{{doping: [{doping}]}}")


ORIENTATIONS = {
    2: (("top", "x", True), ("bottom", "x", False), ("left", "y", False), ("right", "y", True)),
    3: (("top", "x", False), ("front", "z", True)),
}
OTHER_DIAGONAL = ("top", "x", False)  # the only one whose diagonals lie otherwise to the junction


def orientation(folder):
    """{(dimension, face, along, mirrored): currents [A] at FORWARD}."""
    found = {}
    for dimension, cases in ORIENTATIONS.items():
        for case in cases:
            m = model(folder, oriented(*case, dimension), NARROW)
            at = stationary(m, "direct")
            found[(dimension, *case)] = np.array([current(m, at(v), terminal="anode") for v in FORWARD[:: 1 if dimension == 2 else 4]])
    for times in (1, 2):
        for case in (ORIENTATIONS[2][0], OTHER_DIAGONAL):
            m = model(folder, oriented(*case), NARROW + finer(times))
            found["diagonal", times, case] = current(m, stationary(m, "direct")(FORWARD[-1]), terminal="anode")
    return found


def orientation_claims(data):
    for dimension, cases in ORIENTATIONS.items():
        first = data[(dimension, *cases[0])]
        for face, along, mirrored in cases[1:]:
            ratio = data[dimension, face, along, mirrored] / first
            k = int(np.argmax(abs(ratio - 1)))
            yield Claim(f"{dimension}D: pads on the {face}, junction across {along}{', p and n exchanged' if mirrored else ''}: current over that "
                        f"with pads on the top, junction across x, worst of {len(ratio)}", "space has no direction", 1.0, ratio[k], 1e-6, "",
                        "congruent meshes; currents of a majority contact to the last digit of Φ")
    off = [abs(data["diagonal", times, OTHER_DIAGONAL] / data["diagonal", times, ORIENTATIONS[2][0]] - 1) for times in (1, 2)]
    yield Claim("2D: the triangles' diagonals the other way: change of the current", "space has no direction", 0.0, off[0], 2e-3, "",
                "mesh error of 200 nodes: the vertices' shares of unequal cells differ")
    yield Claim("2D: order with which that change falls with the mesh", "space has no direction", 2.0, np.log2(off[0] / off[1]), 0.2, "",
                "second order")


def draw_orientation(data, figure):
    axes = figure.subplots()
    first = data[(2, *ORIENTATIONS[2][0])]
    law(axes, FORWARD, first, label="top, across x, mirrored")
    for k, case in enumerate(ORIENTATIONS[2][1:]):
        face, along, mirrored = case
        simulated(axes, FORWARD, data[(2, *case)], k, f"{face}, across {along}{', mirrored' if mirrored else ''}", ms=3 + 1.6 * k)
    axes.set(yscale="log", xlabel="forward voltage [V]", ylabel="current [A] of the 2D lateral diode")
    axes.legend()


ORIENTATION = Section(
    "A lateral diode turned and mirrored",
    "The same p-n diode with both pads on one face: on the top, the bottom, the left or the right, p and n exchanged, in 2D and "
    "(two ways) in 3D. Numbering and axes differ, the current must not. Where also the triangles' diagonals lie otherwise, the "
    "difference is mesh error and falls as one.",
    orientation, orientation_claims, draw_orientation, "structure",
)


def test_the_lateral_diode_does_not_depend_on_how_it_lies(tmp_path):
    check(orientation_claims(orientation(tmp_path)))


# ---- rest ------------------------------------------------------------------------------------------------------------


def rest(folder):
    """{name: (t [s], |I(t)| of electrons, holes, ions at 0 V, on-current)} of a diode without and with mobile ions."""
    doping = "{doping: [{profile: tanh, axis: x, below: -1e17 cm^-3, above: 1e17 cm^-3, position: 100 nm, width: 0 nm}]}"
    device = "device: {layout: slab, thickness: 200 nm, dimension: 1, area: 1 um^2}\nmesh: {size_at_filament: 4 nm}\n"
    found = {}
    for name, ions, material in (("electrons and holes", "fixed", "silicon"), ("with mobile ions", "mobile", material_with_ions(folder))):
        # an exchanging electrode would hold c0 at both ends, which is no equilibrium between places of different potential
        blocking = "  contacts: {top: {ions: blocking}, bottom: {ions: blocking}}\n" if ions == "mobile" else ""
        text = device + bipolar(doping, ions, material) + blocking
        m = model(folder, text)
        records = march(m, [Hold(voltage="0 V", duration="1 s")])
        largest = [max(abs(x) for part in (r.electrons, r.holes, r.ionic, r.displacement) for x in part.values()) for r in records]
        on = march(model(folder, text), [Sweep(to="-0.6 V", rate="10 V/s")])[-1]
        found[name] = (np.array([r.time for r in records]), np.array(largest), abs(on.current("top")))
    return found


def rest_claims(data):
    for name, (_, largest, on) in data.items():
        yield Claim(f"largest current of any kind at 0 V over the on-current at 0.6 V, {name}", "equilibrium", 0.0, largest.max() / on, 1e-12,
                    "", "fluxes are sinh of level differences, zero to the last digit; ions as far as Newton settles them")


def draw_rest(data, figure):
    axes = figure.subplots()
    for k, (name, (times, largest, on)) in enumerate(data.items()):
        simulated(axes, times, np.maximum(largest / on, 1e-22), k, name)
    axes.axhline(1e-12, color="black", lw=0.8, label="tolerance")
    axes.set(xscale="log", yscale="log", xlabel="time at 0 V [s]", ylabel="largest current / on-current", ylim=(1e-23, 1e-10))
    axes.legend()


REST = Section(
    "A diode at rest, with and without mobile ions",
    "A p-n junction is full of fields and gradients, and with mobile vacancies of layers; at 0 V the currents of electrons, of holes, of "
    "ions and the displacement current are each zero, not only their sum. On-current: 0.6 V forward.",
    rest, rest_claims, draw_rest, "structure",
)


def test_no_current_of_any_kind_flows_at_rest(tmp_path):
    check(rest_claims(rest(tmp_path)))


SECTIONS = (MIRROR, ORIENTATION, REST)
