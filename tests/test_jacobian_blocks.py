"""Every block of the Jacobian against finite differences: one equation, one unknown, relative to the block's own size."""

import numpy as np
import pytest
import ufl
from dolfinx import fem
from ufl.algorithms import expand_derivatives

from solver.engines.cpu.assembly import JIT, join_terms
from tests.devices import SLAB, material_with_ions, model, random_state
from tests.test_forms import CASES

STEPS = (1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6)


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
        (equation, unknown) -> error over the block's size, less what the residual's rounding explains; where the Jacobian
        has nothing: inf if the residual changes; nan where the block is lost in the rounding.
    """
    n, size_of_state = len(m.fields), m.context.state.x.array.size
    rng, worst = np.random.default_rng(1), {}
    for form in join_terms(m.terms).values():
        residual = fem.form(form, jit_options=JIT)
        matrix = fem.assemble_matrix(fem.form(derivative(m, form), jit_options=JIT)).to_scipy()
        value = np.abs(fem.assemble_vector(residual).array.reshape(-1, n)).max(axis=0)
        for column, unknown in enumerate(m.fields):
            direction = np.zeros(size_of_state)
            direction[column::n] = rng.uniform(0.5, 1.0, size_of_state // n) * rng.choice([-1, 1], size_of_state // n)
            exact = (matrix @ direction).reshape(-1, n)
            size = (abs(matrix) @ abs(direction)).reshape(-1, n).max(axis=0)
            differences = [difference(m, residual, direction, step) for step in STEPS]
            for row, equation in enumerate(m.fields):
                if size[row] == 0.0:
                    error = np.inf if any(d[:, row].any() for d in differences) else 0.0
                else:
                    misses = [np.abs(d[:, row] - exact[:, row]).max() / size[row] for d in differences]
                    rounding = [4e-16 * value[row] / step / size[row] for step in STEPS]
                    seen = [max(e - r, 0.0) for e, r in zip(misses, rounding) if r < 0.1]
                    error = min(seen) if seen else np.nan
                worst[equation, unknown] = np.fmax(error, worst.get((equation, unknown), np.nan))
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
    # found below 1e-9, but for what the rounding of the residual explains
    errors = block_errors(m)
    for block, error in errors.items():
        assert not error > 1e-6, block
    # beside a metal the effect of the potential on a semiconductor's current is 1e-10 of the current, that of few holes
    # on the screening charge likewise
    assert sum(map(np.isnan, errors.values())) <= (2 if "electrons" in m.fields else 0)


def test_a_block_that_is_wrong_by_1e_5_is_seen(tmp_path):
    m = rough(tmp_path, SLAB[1])
    trial = ufl.TrialFunction(m.context.space)
    factors = ufl.as_vector([trial[k] * (1 + 1e-5 * (f == "vacancies")) for k, f in enumerate(m.fields)])

    def wrong(m, form):
        return ufl.replace(expand_derivatives(derivative(m, form)), {trial: factors})

    errors = block_errors(m, wrong)
    assert 0.5e-5 < errors["potential", "vacancies"] < 2e-5
    assert errors["potential", "filament"] < 1e-6
