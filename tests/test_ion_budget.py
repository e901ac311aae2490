"""Vacancies that cells of an array exchange: the flux over the planes between them, told from what the electrodes give and take."""

import numpy as np
import pytest
from dolfinx import fem
from mpi4py import MPI

from solver.transient.bdf import Integral, coefficients
from tests.devices import model, scenario
from tests.test_array import FILAMENT, FLAT, wired
from tests.verification.walking import walk

WRITE = "protocol: [{write: {cell: [1, 2], amplitude: 0.2 V, width: 3 ms, period: 6 ms, scheme: ground}}]\n"


def budgets(tmp_path, text):
    """Of a run: steps with (flux into each cell over the planes, by the flux term's own rows [1/s]; StepRecord), and the stepper."""
    from solver.transient.marching import stepper_for

    stepper = stepper_for(scenario(tmp_path, text), model(tmp_path, text).device)
    m = stepper.model
    term = next(term for term in m.terms if term.name == "vacancies, edges")
    form, column = fem.form(term.form), m.fields.index("vacancies")
    cell = m.parameters.crosspoints.nearest(m.coordinates)
    out = []
    for record, _ in walk(stepper):
        rows = fem.assemble_vector(form).array.reshape(-1, len(m.fields))[:, column] / m.context.row_scale["vacancies"]
        # a cell's nodes: with v = 1 on them the term is the flux out of them
        into = -np.bincount(cell, rows, minlength=m.parameters.crosspoints.count)
        out.append((m.device.mesh.comm.allreduce(into, MPI.SUM), record))
    return out, stepper


@pytest.mark.parametrize("columns", [2, 3])
def test_what_a_cell_gains_from_its_neighbours_is_the_flux_over_the_planes_between(tmp_path, columns):
    text = FLAT.replace("rows: 1", f"rows: 1, columns: {columns}") + FILAMENT + wired(1, columns) + WRITE
    steps, stepper = budgets(tmp_path, text)
    integral, before = Integral(np.zeros(columns)), None
    for flux, record in steps:
        if record.order == 1:
            integral.restart()
        integral.add(coefficients(record.step, before if record.order == 2 else None), flux)
        before = record.step
    gained = steps[-1][1].gained["vacancies"]
    # Newton's tolerance, which the balances hold to 1e-11 of all ions a step
    scale = 1e-8 * stepper.ions.content["vacancies"].sum()
    np.testing.assert_allclose(gained, integral.value, atol=scale)
    assert abs(gained.sum()) < scale
    assert np.abs(gained).max() > 100 * scale  # there is something to tell
    exchanged = stepper.ions.content["vacancies"] - steps[0][1].content["vacancies"] - (gained - steps[0][1].gained["vacancies"])
    assert np.abs(exchanged).max() > 0.5 * np.abs(gained).max()  # which the content alone would not: electrodes give and take as much
