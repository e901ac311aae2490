"""The scalar functions of the weak forms at the limits where a naive formula fails (same text as in the forms)."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from solver.discretization.functions import (
    Numpy,
    bernoulli,
    butler_volmer,
    crowding,
    exchange_rate,
    interpolant,
    rho_over_sinh,
    smoothstep,
    tanh_half_over_half,
)
from tests.verification.free_energy import interpolant_slope


@given(st.floats(-700, 700))
def test_bernoulli_is_positive_finite_and_satisfies_its_identity(x):
    a, b = float(bernoulli(np.float64(x), Numpy)), float(bernoulli(np.float64(-x), Numpy))
    assert np.isfinite(a) and a >= 0
    assert abs(b - a - x) <= 1e-12 * max(1.0, abs(x))  # B(-x) = B(x) + x, to rounding


def test_bernoulli_matches_expm1_across_the_series_switch():
    x = np.concatenate([np.linspace(-0.03, 0.03, 601), np.linspace(-50, 50, 201)])
    x = x[x != 0]
    np.testing.assert_allclose(bernoulli(x, Numpy), x / np.expm1(x), rtol=2e-12)
    assert bernoulli(np.float64(0.0), Numpy) == 1.0


def test_butler_volmer_factor_is_one_at_equilibrium_and_exact_elsewhere():
    d = np.concatenate([np.linspace(-0.5, 0.5, 401), np.linspace(-15, 15, 101)])
    d = d[np.abs(d) > 1e-9]
    exact = np.exp((0.42 - 0.5) * d) * np.sinh(d / 2) / (d / 2)
    np.testing.assert_allclose(butler_volmer(d, 0.42, Numpy), exact, rtol=1e-9)
    assert butler_volmer(np.float64(0.0), 0.42, Numpy) == 1.0
    assert np.isfinite(butler_volmer(np.float64(1e6), 0.42, Numpy))


def test_exchange_rate_by_hand():
    # c = 4 c0: 2 sinh(ln(4)/2) = 2 - 1/2 = 1.5
    assert abs(exchange_rate(np.log(4.0), m=Numpy) - 1.5) < 1e-14
    assert abs(exchange_rate(np.log(16.0), 0.25, Numpy) - (2 - 1 / 8)) < 1e-14
    assert exchange_rate(np.float64(0.0), 0.3, Numpy) == 0.0


def test_edge_averages_reach_their_limits():
    tiny, huge = np.float64(1e-6), np.float64(500.0)
    assert abs(rho_over_sinh(tiny, Numpy) - 1) < 1e-9 and 0 < rho_over_sinh(huge, Numpy) < 1e-20
    assert abs(tanh_half_over_half(tiny, Numpy) - 1) < 1e-9 and 0 < tanh_half_over_half(huge, Numpy) < 0.04
    r = np.linspace(0.1, 20, 50)
    np.testing.assert_allclose(rho_over_sinh(r, Numpy), r / np.sinh(r), rtol=1e-12)
    np.testing.assert_allclose(tanh_half_over_half(r, Numpy), np.tanh(r / 2) / (r / 2), rtol=1e-12)


def test_interpolant_slope_is_its_derivative_and_both_are_flat_beyond_the_phases():
    xi = np.linspace(-0.2, 1.2, 29)
    step = 1e-6
    numeric = (interpolant(xi + step, Numpy) - interpolant(xi - step, Numpy)) / (2 * step)
    np.testing.assert_allclose(interpolant_slope(xi, Numpy), numeric, atol=1e-8)
    np.testing.assert_array_equal(interpolant(np.array([-16.0, -0.1, 0.0, 1.0, 3.0]), Numpy), [0, 0, 0, 1, 1])
    np.testing.assert_array_equal(interpolant_slope(np.array([-16.0, -0.1, 0.0, 1.0, 3.0]), Numpy), 0)


def test_smoothstep_is_flat_outside():
    x = np.array([-1.0, 0.5, 0.6, 0.7, 2.0])
    np.testing.assert_allclose(smoothstep(x, 0.5, 0.7, Numpy), [0, 0, 0.5, 1, 1], atol=1e-15)


def test_crowding_is_the_logarithm_below_the_limit_and_rises_beyond_it_without_a_kink():
    theta = np.array([0.0, 0.5, 0.999, 1 - 1e-5])
    np.testing.assert_allclose(crowding(theta, Numpy), -np.log1p(-theta), rtol=1e-9)
    low, at, high = (float(crowding(np.float64(1 - 1e-6 + d), Numpy)) for d in (-1e-10, 0.0, 1e-10))
    # slope 1 / last on both sides of the switch: 1e-10 * 1e6 each way, curvature 1e-4 of it
    np.testing.assert_allclose([at - low, high - at], 1e-4, rtol=2e-4)
    assert float(crowding(np.float64(1.001), Numpy)) > 1000  # 0.1 % too many cost 1000 kT


def test_temperature_factors_are_one_at_T0_and_leave_forms_without_heat_alone():
    import ufl

    from solver.physics.temperature import arrhenius, metallic, power

    theta = np.array([0.5, 1.0, 2.0])
    np.testing.assert_allclose(arrhenius(theta, 3.0, Numpy), np.exp([-3.0, 0.0, 1.5]), rtol=1e-14)
    np.testing.assert_allclose(1 / metallic(theta, 0.5, Numpy), [0.75, 1.0, 1.5], rtol=1e-14)
    np.testing.assert_allclose(power(theta, -2.0), [4.0, 1.0, 0.25], rtol=1e-14)
    for factor in (arrhenius(1.0, 3.0), metallic(1.0, 0.5), power(1.0, -2.0)):
        assert factor == 1.0
        assert ufl.as_ufl(2.0) * factor == ufl.as_ufl(2.0)
