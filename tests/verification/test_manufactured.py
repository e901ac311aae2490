"""Manufactured solutions: second order in space for every combination of terms, in 1D, 2D and 3D."""

import numpy as np
import pytest

from tests.verification.boxes import box_model, right_angled, shaken, tetrahedra
from tests.verification.claims import Claim, check
from tests.verification.manufactured import nodal_errors

LENGTH = 12.0  # nm
CONTACTS = "contacts: {top: {electronic: ohmic, ions: blocking}, bottom: {ions: blocking}}"
FILAMENT = f"{{{CONTACTS}, filament: {{initial: {{core_radius: 1 nm, core_height: 2 nm, height: 4 nm}}}}}}"
# The production values of sigma_f and sigma_t span ten decades, which no mesh of a test resolves.
SOFT = ["material.filament.conductivity=5e-4 S/m", "material.filament.tunnelling_conductivity=3e-4 S/m"]
# case: physics, overrides, fields solved for, rate a0 [1/s], high enough that the double well's instability
# (W M = 1/s) leaves the solution unique
CASES = {
    "poisson": ("{filament: off, ions: fixed, contacts: {top: {electronic: ohmic}}}", [], ["potential", "fermi"], 0.0),
    "poisson and vacancies": (f"{{filament: off, {CONTACTS}}}", [], ["potential", "fermi", "vacancies"], 2e3),
    "conduction": (FILAMENT, SOFT, ["fermi"], 2.0),
    "filament": (FILAMENT, SOFT, ["filament"], 2.0),
    "all": (FILAMENT, SOFT, ["potential", "fermi", "vacancies", "filament", "tunnelling"], 20.0),
}
BOXES = {"right": right_angled, "shaken": shaken}
CELLS = {1: (16, 32, 64), 2: (12, 24, 48), 3: (4, 8, 16)}


def orders(folder, case, dimension, kind):
    """field -> (finest rms error, order between the two finest meshes)."""
    physics, overrides, free, rate = CASES[case]
    errors = []
    for cells in CELLS[dimension]:
        mesh = tetrahedra(cells, LENGTH) if kind == "gmsh" else BOXES[kind](dimension, cells, LENGTH)
        size = len(mesh.points) ** (-1 / 3) if kind == "gmsh" else LENGTH / cells
        m = box_model(folder, mesh, LENGTH, physics, overrides)
        errors.append((size, nodal_errors(m, LENGTH, free, rate)))
    (_, _), (h1, e1), (h2, e2) = errors
    return {k: (e2[k], float(np.log(e1[k] / e2[k]) / np.log(h1 / h2))) for k in free}


def claims(folder, case, dimension, kind):
    """Order of each field's rms nodal error against 2."""
    # The rms error of the finest pair still holds the next orders, (2 pi h / L)^2 = 0.6 on the coarser of the 3D meshes;
    # Gmsh's meshes do not halve every edge. A first-order scheme would show 1.
    tolerance = {"right": 0.12, "shaken": 0.2, "gmsh": 0.5}[kind]
    text = {"right": "right-angled", "shaken": "shaken, obtuse cells", "gmsh": "Gmsh tetrahedra"}[kind]
    for field, (error, order) in orders(folder, case, dimension, kind).items():
        yield Claim(f"order in space, {case}, {dimension}D {text}: {field}", "manufactured solution", 2.0, order, tolerance)
        assert error < 0.1  # of fields of size one: it is this solution that is found


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize(
    ("dimension", "kind"), [(1, "right"), (2, "right"), (2, "shaken"), (3, "right"), (3, "gmsh")], ids=str
)
def test_nodal_error_is_second_order_in_space(tmp_path, case, dimension, kind):
    check(claims(tmp_path, case, dimension, kind))


def test_the_order_falls_when_a_term_is_missing(tmp_path):
    """The test can fail: without the steric part of the source the error no longer shrinks."""
    from tests.verification import manufactured

    physics, overrides, free, rate = CASES["poisson and vacancies"]
    errors = []
    for cells in (16, 32):
        m = box_model(tmp_path, right_angled(1, cells, LENGTH), LENGTH, physics, overrides)
        object.__setattr__(m.parameters.ion("vacancies"), "sites", 0.05)  # the sources follow it, the compiled model does not
        errors.append(manufactured.nodal_errors(m, LENGTH, free, rate)["vacancies"])
    assert errors[1] > 0.7 * errors[0]
