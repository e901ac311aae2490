"""Walls between an array's cells: nothing passes where they stand, and everything does where they do not."""

import numpy as np
import pytest

from solver.physics.crosspoints import Crosspoints
from tests.devices import model, scenario
from tests.test_array import FLAT, OFF, READ, conductances, wired
from tests.verification.walking import walk


def walled(text, *keys):
    return text.replace("layout: array", "layout: array, " + ", ".join(f"{key}: on" for key in keys))


def test_mesh_cells_with_corners_on_both_sides_are_the_wall():
    points = Crosspoints(100.0, 2, 3, frozenset({"ions"}))
    x = np.array([[0, 0, 0], [49, 0, 7], [51, 0, 0], [151, 20, 0], [1e3, 51, 0], [-1e3, -1e3, 0]], float)
    assert points.nearest(x).tolist() == [0, 0, 1, 2, 5, 0]
    corners = np.array([[[0, 0, 0], [40, 0, 0], [20, 30, 0]], [[40, 0, 0], [60, 0, 0], [50, 9, 0]], [[10, 40, 0], [20, 60, 0], [0, 55, 0]]], float)
    assert points.passage("ions", corners).tolist() == [1, 0, 0]
    assert points.passage("fields", corners) is None


def cross_conductance(tmp_path, text):
    from solver.transient.marching import stepper_for

    stepper = stepper_for(scenario(tmp_path, text), model(tmp_path, text).device)
    stepper.equilibrate()
    names, g = conductances(stepper.model, stepper.engine)
    return np.abs(g[names.index("col_2"), names.index("col_1")]) / np.abs(g).max()


def test_no_current_passes_a_field_wall_and_ion_walls_do_not_matter_to_it(tmp_path):
    text = FLAT + OFF + wired(1, 2) + READ
    open_film, closed = cross_conductance(tmp_path, text), cross_conductance(tmp_path, walled(text, "field_walls"))
    assert open_film > 1e-3
    assert closed < 1e-7 * open_film  # 1e-9 of the conductivity is left


def test_no_ions_pass_an_ion_wall(tmp_path):
    from solver.transient.marching import stepper_for

    text = FLAT + ("physics: {filament: off, contacts: {row_1: {ions: blocking}, col_1: {ions: blocking}, col_2: {ions: blocking}}}\n"
                   ) + wired(1, 2) + "protocol: [{bias: {voltages: {col_1: 0.1 V, col_2: -0.1 V}, duration: 1 ms}}]\n"
    won = []
    for case in (text, walled(text, "ion_walls")):
        stepper = stepper_for(scenario(tmp_path, case), model(tmp_path, case).device)
        stepper.equilibrate()
        before = stepper.ions.content["vacancies"][1]
        *_, (record, _) = walk(stepper, equilibrate=False)
        won.append(record.content["vacancies"][1] / before - 1)
    assert abs(won[0]) > 1e-4  # col_2 draws the positive vacancies over
    assert abs(won[1]) < 1e-9  # the tolerance of the balances


@pytest.mark.parametrize(("old", "new", "key", "words"), [
    ("columns: 2", "columns: 1", "device.ion_walls", "the array has one cell"),
    ("filament: off", "filament: off, ions: fixed", "device.ion_walls", "because no ion moves"),
    ("filament: off", "filament: off, heat: on", "device.field_walls", "would be heated"),
])
def test_a_wall_that_does_nothing_is_a_fault(tmp_path, old, new, key, words):
    from solver.scenario import ScenarioError

    columns = 1 if "columns: 1" in new else 2
    text = walled(FLAT, "ion_walls", "field_walls").replace("rows: 1", "rows: 1, columns: 2") + (
        "physics: {filament: off}\n") + wired(1, columns) + READ
    with pytest.raises(ScenarioError) as error:
        scenario(tmp_path, text.replace(old, new))
    found = [str(f) for f in error.value.faults]
    assert any(f": {key}: " in f and words in f for f in found), found


def test_a_wall_that_is_neither_on_nor_off_is_one_fault_and_says_nothing_of_the_terminals(tmp_path):
    from solver.scenario import ScenarioError

    with pytest.raises(ScenarioError) as error:
        scenario(tmp_path, walled(FLAT, "ion_walls").replace("ion_walls: on", "ion_walls: maybe") + OFF + wired(1, 2) + READ)
    assert [fault.message for fault in error.value.faults] == ["'maybe' is neither on nor off; write on or off"]
