"""A bar heated by its own current against closed forms: ends held, ends with a transfer coefficient, layers in series."""

from pathlib import Path

import numpy as np
from mpi4py import MPI

from tests.devices import scenario
from tests.verification.bars import AREA, LENGTH, SIGMA, T0, K, Stationary, bar
from tests.verification.boxes import box_model, right_angled, shaken, tetrahedra
from tests.verification.claims import Claim, Section, check
from tests.verification.drawing import law, simulated

VOLTS = {"top": 0.3, "bottom": 0.0}
TRANSFER = 2e7  # W/(m^2 K)
G_C = 1e11  # S/m^2
END = f"{{condition: robin, transfer_coefficient: {TRANSFER} W/(m^2 K)}}"
ROBIN = f"{{terminals: {{top: {END}, bottom: {END}}}}}"
PHYSICS = "{filament: off, ions: fixed, heat: on, contacts: {top: {electronic: ohmic}}}"
SIZE = 20  # nm, of the boxes
BOX_SIGMA = f"material.film.electronic_conductivity={SIGMA} S/m"


def parabola(x, length, volts, ends=0.0):
    """T - T0 = ends + sigma V^2 / (2 k) (x/L)(1 - x/L) [K]."""
    return ends + SIGMA * volts**2 / (2 * K) * x / length * (1 - x / length)


def measure(folder: Path):
    out = {"held": Stationary(bar(folder), VOLTS), "robin": Stationary(bar(folder, ROBIN), VOLTS)}
    out["resistive"] = Stationary(
        bar(folder, electronic="resistive", overrides=[f"material.contacts.conductance={G_C} S/m^2"]), VOLTS
    )
    # a tip between resistive contact and insulated end: all contact heat has to cross the bar
    out["insulated"] = Stationary(
        bar(folder, "{terminals: {top: {condition: insulated}}}", electronic="resistive",
            overrides=[f"material.contacts.conductance={G_C} S/m^2"]), VOLTS,
    )
    meshes = {
        "right-angled triangles": right_angled(2, 8, SIZE), "shaken triangles": shaken(2, 8, SIZE),
        "right-angled tetrahedra": right_angled(3, 4, SIZE), "Gmsh's tetrahedra": tetrahedra(8, SIZE),
    }
    out["boxes"] = {
        name: Stationary(box_model(folder, mesh, SIZE, PHYSICS, [BOX_SIGMA]), VOLTS) for name, mesh in meshes.items()
    }
    return out


def claims(data):
    source, exact = "sigma V^2 / (8 k)", "the parabola is nodally exact with linear elements in 1D"
    rise = SIGMA * VOLTS["top"] ** 2 / (8 * K)
    held, robin = data["held"], data["robin"]
    yield Claim("largest temperature rise, ends held", source, rise, held.largest - T0, 1e-9, "K", exact)
    difference = np.abs(held.temperature - T0 - parabola(held.height, LENGTH, VOLTS["top"])).max()
    yield Claim("profile, largest difference from the parabola", "parabola", 0.0, difference, 1e-7, "K", exact)
    power = SIGMA * VOLTS["top"] ** 2 * AREA / LENGTH
    ends = power / (2 * AREA * TRANSFER)
    yield Claim("largest rise, ends with h", "P/(2 A h) + " + source, ends + rise, robin.largest - T0, 1e-9, "K", exact)
    yield Claim("rise of the ends with h", "P/(2 A h)", ends, robin.temperature[0] - T0, 1e-9, "K", exact)
    total = VOLTS["top"] / (LENGTH / (SIGMA * AREA) + 1 / (G_C * AREA))  # I
    # insulated end: T(L) = T0 + (Joule heat of the bar) L/(2 k A) + (contact heat) L/(k A)
    in_bar, at_contact = total**2 * LENGTH / (SIGMA * AREA), total**2 / (G_C * AREA)
    yield Claim("rise of the insulated end with contact resistance", "(P_bar/2 + P_contact) L/(k A)",
                (in_bar / 2 + at_contact) * LENGTH / (K * AREA), data["insulated"].temperature[-1] - T0, 1e-9, "K", exact)
    states = {"ends held": held, "ends with h": robin, "contact resistance": data["resistive"],
              "insulated end": data["insulated"], **data["boxes"]}
    for name, state in states.items():
        # the rows sum to it edge by edge; left is the tolerance of the solve (1e-10 kT of 12 kT)
        yield Claim(f"heat produced over I V, {name}", "energy", 1.0, state.heat.produced / state.power, 1e-9)
        yield Claim(f"heat leaving over I V, {name}", "energy", 1.0, state.heat.leaving / state.power, 1e-9)
    for name, state in data["boxes"].items():
        # second order in h, 1/8 to 1/4 of the bar; nodally exact on right-angled cells, where the problem is 1D
        tolerance = 1e-9 if name.startswith("right") else 0.02
        yield Claim(f"largest rise, {name}", source, rise, state.largest - T0, tolerance, "K", "second order in h")


def draw(data, figure):
    axes = figure.subplots()
    x = np.linspace(0, LENGTH, 200)
    ends = SIGMA * VOLTS["top"] ** 2 / (2 * LENGTH * TRANSFER)
    for k, (key, label, shift) in enumerate((("held", "ends held", 0.0), ("robin", "ends with h", ends))):
        law(axes, x * 1e9, parabola(x, LENGTH, VOLTS["top"], shift), k, f"{label}: law")
        simulated(axes, data[key].height * 1e9, data[key].temperature - T0, k, f"{label}: simulation", markevery=2)
    axes.set_xlabel("position [nm]")
    axes.set_ylabel("temperature rise [K]")
    axes.legend()


BAR = Section(
    "Joule-heated bar",
    "A film of uniform conductivity between two electrodes. With both ends at T0 the temperature is a parabola, "
    "T_max - T0 = sigma V^2/(8 k); with a transfer coefficient h at the ends it is lifted by P/(2 A h). The heat "
    "produced and the heat that leaves equal I V on every mesh, obtuse cells included, also with contact resistance.",
    measure, claims, draw,
    theme="heat",
)

LAYER, FILM, WIDE, H_BOTTOM = 30.0, 20.0, 40.0, 5e7  # nm, W/(m^2 K)


def film_on_substrate(folder, bottom):
    """2D block: film between pads left and right, on a substrate whose lower face is the only heat sink."""
    import meshes
    from meshes.geometry.structured import grid_points, kuhn_cells
    from meshes.simplex_mesh import SimplexMesh, boundary_facets, write_msh
    from meshes.tags import REGIONS
    from solver.physics.device import DeviceModel

    top = LAYER + FILM
    text = (
        f"device: {{layout: block, dimension: 2, length: {WIDE} nm, width: 10 nm, height: {top} nm, pads: "
        f"{{anode: {{face: left, y: [{LAYER} nm, {top} nm]}}, cathode: {{face: right, y: [{LAYER} nm, {top} nm]}}}}}}\n"
        "physics: {filament: off, ions: fixed, heat: {terminals: {anode: {condition: insulated}, cathode: "
        f"{{condition: insulated}}}}, surfaces: {{bottom: {bottom}}}}}}}\nterminals: {{anode: driven, cathode: ground}}\n"
    )
    s = scenario(folder, text, [BOX_SIGMA])
    y = np.concatenate([np.linspace(0, LAYER, 7), np.linspace(LAYER, top, 9)[1:]])
    points, cells = grid_points([np.linspace(0, WIDE, 9), y]), kuhn_cells((9, len(y)))
    regions = np.where(points[cells].mean(axis=1)[:, 1] < LAYER, REGIONS["substrate"], REGIONS["film"])
    outer = boundary_facets(cells)
    corners = points[outer]
    beside_film = np.all(corners[:, :, 1] >= LAYER - 1e-9, axis=1)
    pads = [outer[beside_film & np.all(corners[:, :, 0] == x, axis=1)] for x in (0.0, WIDE)]
    tags = np.repeat([21, 22], [len(p) for p in pads])
    mesh = SimplexMesh(points, cells, regions, np.concatenate(pads), tags,
                       {name: REGIONS[name] for name in ("film", "substrate")}, {"anode": 21, "cathode": 22})
    write_msh(mesh, folder / "layers.msh")
    return DeviceModel(s, meshes.read(s, folder / "layers.msh", MPI.COMM_SELF))


def measure_layers(folder: Path):
    volts = {"anode": 0.2, "cathode": 0.0}
    robin = f"{{condition: robin, transfer_coefficient: {H_BOTTOM} W/(m^2 K)}}"
    return {
        "held": Stationary(film_on_substrate(folder, "{condition: fixed}"), volts),
        "robin": Stationary(film_on_substrate(folder, robin), volts),
    }


def claims_layers(data):
    source = SIGMA * (0.2 / (WIDE * 1e-9)) ** 2  # W/m^3
    flux = source * FILM * 1e-9
    layer, inside = flux * LAYER * 1e-9 / 1.4, flux * FILM * 1e-9 / (2 * K)
    reason = "linear in the layer, a parabola in the film: nodally exact on the grid"
    yield Claim("rise of the film's top, lower face held", "q d_s/k_s + q d_f/(2 k_f), q = sigma E^2 d_f", layer + inside,
                data["held"].largest - T0, 1e-9, "K", reason)
    yield Claim("the same above a lower face with h", "... + q/h", layer + inside + flux / H_BOTTOM,
                data["robin"].largest - T0, 1e-9, "K", reason)
    for name, state in data.items():
        yield Claim(f"heat leaving through the lower face over I V, {name}", "energy", 1.0,
                    state.heat.leaving / state.power, 1e-9)


LAYERS = Section(
    "Heat through layers in series",
    "A film heated uniformly by a current along it loses its heat through the substrate below: resistances d/k of the "
    "layers and 1/h of the lower face add up; the film itself counts half.",
    measure_layers, claims_layers,
    theme="heat",
)

SECTIONS = [BAR, LAYERS]


def test_a_joule_heated_bar_has_the_parabola_and_loses_what_it_takes_in(tmp_path):
    check(BAR.claims(BAR.measure(tmp_path)))


def test_layers_in_series_add_their_thermal_resistances(tmp_path):
    check(LAYERS.claims(LAYERS.measure(tmp_path)))
