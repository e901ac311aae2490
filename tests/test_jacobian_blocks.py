"""Every block of the Jacobian against finite differences: one equation, one unknown, relative to the block's own size."""

import numpy as np
import pytest
import ufl
from dolfinx import fem
from ufl.algorithms import expand_derivatives

from solver.engines.cpu.assembly import JIT, join_terms
from tests.devices import SLAB, material_with_ions, model, random_state
from tests.test_forms import CASES

STEPS = (1e-2, 1e-3, 1e-4, 1e-5, 1e-6)


def derivative(m, form):
    """Bilinear form as the engine has it."""
    return ufl.derivative(form, m.context.state, ufl.TrialFunction(m.context.space))


def block_errors(m, derivative=derivative):
    """Worst of each block over the compiled forms.

    Form by form, so that a small term is not lost in the rounding of a large one (storage beside a metal's current).
    The finite difference is of fourth order; the best of several steps counts, as blocks differ in curvature by decades.

    Args:
        m: DeviceModel in a rough state.
        derivative: function (model, form) -> bilinear form.

    Returns:
        (equation, unknown) -> error over the block's size; where the Jacobian has nothing: inf if the residual changes.
    """
    n, size_of_state = len(m.fields), m.context.state.x.array.size
    rng, worst = np.random.default_rng(1), {}
    for form in join_terms(m.terms).values():
        residual = fem.form(form, jit_options=JIT)
        matrix = fem.assemble_matrix(fem.form(derivative(m, form), jit_options=JIT)).to_scipy()
        for column, unknown in enumerate(m.fields):
            direction = np.zeros(size_of_state)
            direction[column::n] = rng.uniform(0.5, 1.0, size_of_state // n) * rng.choice([-1, 1], size_of_state // n)
            exact = (matrix @ direction).reshape(-1, n)
            size = (abs(matrix) @ abs(direction)).reshape(-1, n).max(axis=0)
            differences = [difference(m, residual, direction, step) for step in STEPS]
            for row, equation in enumerate(m.fields):
                error = min(np.abs(d[:, row] - exact[:, row]).max() for d in differences) / (size[row] or 1.0)
                if size[row] == 0.0 and any(d[:, row].any() for d in differences):
                    error = np.inf
                worst[equation, unknown] = max(error, worst.get((equation, unknown), 0.0))
    return worst


def difference(m, residual, direction, step):
    """Central difference of fourth order of the compiled residual along `direction`, (nodes, fields)."""
    x = m.context.state.x.array
    start, total = x.copy(), 0.0
    for shift, weight in ((1, 8), (-1, -8), (2, -1), (-2, 1)):
        x[:] = start + shift * step * direction
        total = total + weight * fem.assemble_vector(residual).array
    x[:] = start
    return (total / (12 * step)).reshape(-1, len(m.fields))


def rough(folder, text):
    material_with_ions(folder)
    m = model(folder, text)
    m.apply_voltages({"top": 0.05, "bottom": 0.0})
    m.context.rate.value = 1e2
    random_state(m)
    return m


@pytest.mark.parametrize("case", CASES, ids=lambda name: name.replace(" ", "_"))
def test_every_block_matches_finite_differences_and_empty_blocks_are_empty(tmp_path, case):
    m = rough(tmp_path, CASES[case])
    # found below 1e-9; 3e-7 where the form's largest carrier is 1e9 times the block's (rounding)
    for block, error in block_errors(m).items():
        assert error <= 1e-6, block


def test_a_block_that_is_wrong_by_1e_5_is_seen(tmp_path):
    m = rough(tmp_path, SLAB[1])
    trial = ufl.TrialFunction(m.context.space)
    factors = ufl.as_vector([trial[k] * (1 + 1e-5 * (f == "vacancies")) for k, f in enumerate(m.fields)])

    def wrong(m, form):
        return ufl.replace(expand_derivatives(derivative(m, form)), {trial: factors})

    errors = block_errors(m, wrong)
    assert 0.5e-5 < errors["potential", "vacancies"] < 2e-5
    assert errors["potential", "filament"] < 1e-6
