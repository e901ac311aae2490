"""The noise's filter takes short waves out, leaves long ones and the mean, and does not look beyond the film."""

import numpy as np
import pytest

from solver.discretization.smoothing import HelmholtzFilter
from tests.devices import model

LENGTH = 3.0  # nm


@pytest.fixture
def slab(tmp_path):
    """A film of 60 nm between x = 0 and 60 nm, half a nanometre's mesh, with noise."""
    return model(tmp_path, "device: {layout: slab, thickness: 60 nm, dimension: 1, area: 1e4 nm^2}\nmesh: {size_at_filament: 0.5 nm}\n"
                           "physics: {noise: {seed: 3}, filament: {initial: {core_radius: 2 nm, core_height: 8 nm, radius: 5 nm, "
                           "height: 10 nm}}}\n")


def filtered(m, values):
    ctx = m.context
    smooth = HelmholtzFilter(ctx.noise.function_space, LENGTH, ctx.dx_nodes(ctx.film), ctx.dx_edges(ctx.film), ctx.weight)
    return smooth(values)


@pytest.mark.parametrize("waves", [1, 4, 10])
def test_wave_of_number_k_becomes_1_over_1_plus_kl_squared_times_as_high(slab, waves):
    x = slab.coordinates[:, 0]
    k = waves * np.pi / 60.0
    wave = 1.0 + np.cos(k * x)
    # the lumped mesh's own k^2 is 2 (1 - cos kh)/h^2: 0.6 % less at the shortest wave
    h = np.diff(np.sort(x))[0]
    expected = 1.0 + np.cos(k * x) / (1 + LENGTH**2 * 2 * (1 - np.cos(k * h)) / h**2)
    np.testing.assert_allclose(filtered(slab, wave), expected, atol=1e-9)


def test_noise_of_a_run_is_white_noise_filtered(slab):
    white = type(slab.noise)(slab.context.space, slab.noise._per_root**-2, 3, 10e-3)
    np.testing.assert_allclose(slab.noise.increment(0.0, 0.01), filtered(slab, white.increment(0.0, 0.01)), rtol=1e-9, atol=1e-12)


def test_nodes_outside_the_film_stay_at_zero_and_do_not_take_from_it(tmp_path):
    m = model(tmp_path, "device: {layout: lateral_pair, dimension: 2, electrode_width: 400 nm, film_thickness: 150 nm, cap_thickness: 50 nm}\n"
                        "mesh: {size_at_filament: 3 nm, size_at_edge: 10 nm, growth: 0.5}\nterminals: {right: driven, left: ground}\n"
                        "physics: {noise: {seed: 3, correlation_length: 3 nm}}\n")
    outside = ~m.film_nodes[: m.owned]
    assert outside.any()
    smooth = filtered(m, np.full(len(m.coordinates), 2.0))[: m.owned]
    np.testing.assert_array_equal(smooth[outside], 0.0)
    np.testing.assert_allclose(smooth[~outside], 2.0, rtol=1e-10)
    increment = m.noise.increment(0.0, 0.01)[: m.owned]
    assert np.isfinite(increment).all() and increment.any() and not increment[outside].any()
