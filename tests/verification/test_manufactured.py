"""Manufactured solutions: second order in space for every combination of terms, in 1D, 2D and 3D."""

import numpy as np
import pytest

from tests.devices import ion, reaction
from tests.verification.boxes import box_model, right_angled, shaken, tetrahedra
from tests.verification.claims import Claim, Section, check
from tests.verification.drawing import order, simulated
from tests.verification.manufactured import nodal_errors

LENGTH = 12.0  # nm
CONTACTS = "contacts: {top: {electronic: ohmic, ions: blocking}, bottom: {ions: blocking}}"
FILAMENT = f"{{{CONTACTS}, filament: {{initial: {{core_radius: 1 nm, core_height: 2 nm, height: 4 nm}}}}}}"
# The production values of sigma_f and sigma_t span ten decades, which no mesh of a test resolves.
SOFT = ["material.filament.conductivity=5e-4 S/m", "material.filament.tunnelling_conductivity=3e-4 S/m"]
# charge numbers 2, -1 and 1, unequal densities and diffusivities, two on one lattice; reaction as fast as storage
IONS = [
    (f"material.ions={{vacancies: {ion(2, sites='4e19 cm^-3', sublattice='shared')}, interstitials: "
     f"{ion(-1, '5e18 cm^-3', '4e19 cm^-3', '2e-9 cm^2/s', sublattice='shared')}, complexes: {ion(1, '8e18 cm^-3')}}}"),
    f"material.reactions={reaction('vacancies + interstitials <-> complexes', '2e-16 cm^3/s')}",
]
# case: physics, overrides, fields solved for, rate a0 [1/s], high enough that the double well's instability
# (W M = 1/s) leaves the solution unique
CASES = {
    "poisson": ("{filament: off, ions: fixed, contacts: {top: {electronic: ohmic}}}", [], ["potential", "fermi"], 0.0),
    "poisson and vacancies": (f"{{filament: off, {CONTACTS}}}", [], ["potential", "fermi", "vacancies"], 2e3),
    "ions that react": (f"{{filament: off, {CONTACTS}}}", IONS, ["potential", "vacancies", "interstitials", "complexes"], 2e3),
    "conduction": (FILAMENT, SOFT, ["fermi"], 2.0),
    "filament": (FILAMENT, SOFT, ["filament"], 4.0),
    "all": (FILAMENT, SOFT, ["potential", "fermi", "vacancies", "filament", "tunnelling"], 20.0),
}
BOXES = {"right": right_angled, "shaken": shaken}
CELLS = {1: (16, 32, 64), 2: (12, 24, 48), 3: (4, 8, 16)}


KINDS = {"right": "right-angled", "shaken": "shaken, obtuse cells", "gmsh": "Gmsh tetrahedra"}
# The rms error of the finest pair still holds the next orders, (2 pi h / L)^2 = 0.6 on the coarser of the 3D meshes;
# Gmsh's meshes do not halve every edge. A first-order scheme would show 1.
TOLERANCE = {"right": 0.12, "shaken": 0.2, "gmsh": 0.5}
REASON = {"right": "next order of (2πh/L)²", "shaken": "every mesh is shaken anew", "gmsh": "Gmsh does not halve every edge"}
PLANE, SPACE = ((1, "right"), (2, "right"), (2, "shaken")), ((3, "right"), (3, "gmsh"))


def errors(folder, case, dimension, kind):
    """(mesh sizes [nm], {field: rms nodal errors})."""
    physics, overrides, free, rate = CASES[case]
    sizes, found = [], {name: [] for name in free}
    for cells in CELLS[dimension]:
        mesh = tetrahedra(cells, LENGTH) if kind == "gmsh" else BOXES[kind](dimension, cells, LENGTH)
        sizes.append(LENGTH * len(mesh.points) ** (-1 / 3) if kind == "gmsh" else LENGTH / cells)
        m = box_model(folder, mesh, LENGTH, physics, overrides)
        for name, error in nodal_errors(m, LENGTH, free, rate).items():
            found[name].append(error)
    return sizes, found


def claims(data):
    """Order of each field's rms nodal error between the two finest meshes against 2."""
    for (case, dimension, kind), (sizes, found) in data.items():
        for field, e in found.items():
            found_order = float(np.log(e[-2] / e[-1]) / np.log(sizes[-2] / sizes[-1]))
            yield Claim(f"order in space, {case}, {dimension}D {KINDS[kind]}: {field}", "manufactured solution", 2.0, found_order,
                        TOLERANCE[kind], "", REASON[kind])
            assert e[-1] < 0.1  # of fields of size one: it is this solution that is found


def draw(data, figure):
    shown = [(key, value) for key, value in data.items() if key[0] == "all"]
    for axes, ((_, dimension, kind), (sizes, found)) in zip(np.atleast_1d(figure.subplots(1, len(shown), sharey=True)), shown):
        for k, (field, e) in enumerate(found.items()):
            simulated(axes, sizes, e, k, field)
        order(axes, sizes, found["potential"])
        axes.set(xscale="log", yscale="log", xlabel="mesh size h [nm]")
        axes.set_title(f"{dimension}D, {KINDS[kind]}")
        axes.xaxis.set_minor_formatter("")
        axes.set_xticks(sizes, [f"{h:.2g}" for h in sizes], minor=False)
    figure.axes[0].set_ylabel("rms error of the nodes [kT/q, c/c₀, 1]")
    handles, labels = figure.axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=len(labels), columnspacing=1.2)


def section(title, cases, about):
    def measure(folder):
        return {(case, *mesh): errors(folder, case, *mesh) for mesh in cases for case in CASES}

    return Section(title, about + " Exact fields are put into the equations of docs/physics.md; what they leave is added to the "
                   "model as a source, and the solver must find them. Each combination of terms by itself and all together "
                   "(plotted), with the production forms.", measure, claims, draw, "structure")


SECTIONS = (
    section("Order in space in 1D and 2D by manufactured solutions", PLANE,
            "Second order of the nodal error, on right-angled meshes and on shaken ones full of obtuse cells."),
    section("Order in space in 3D by manufactured solutions", SPACE,
            "Second order of the nodal error in 3D, on right-angled boxes and on Gmsh's own tetrahedra."),
)


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize(("dimension", "kind"), [*PLANE, *SPACE], ids=str)
def test_nodal_error_is_second_order_in_space(tmp_path, case, dimension, kind):
    check(claims({(case, dimension, kind): errors(tmp_path, case, dimension, kind)}))


def test_the_order_falls_when_a_term_is_missing(tmp_path):
    """The test can fail: without the steric part of the source the error no longer shrinks."""
    from tests.verification import manufactured

    physics, overrides, free, rate = CASES["poisson and vacancies"]
    found = []
    for cells in (16, 32):
        m = box_model(tmp_path, right_angled(1, cells, LENGTH), LENGTH, physics, overrides)
        object.__setattr__(m.parameters.ion("vacancies"), "sites", 0.05)  # the sources follow it, the compiled model does not
        found.append(manufactured.nodal_errors(m, LENGTH, free, rate)["vacancies"])
    assert found[1] > 0.7 * found[0]
