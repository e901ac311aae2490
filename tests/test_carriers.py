"""Statistics, doping and density steps as functions: limits and refusals."""

import math
from types import SimpleNamespace

import numpy as np
import pytest

from solver.discretization.functions import Numpy, bernoulli, symmetric_bernoulli
from solver.engines.carrier_newton import change_of_log
from solver.physics.doping import Expression, ExpressionError, Gaussian, Step, evaluate
from solver.physics.statistics import densities, log_distribution, neutral_potential


def test_the_symmetric_bernoulli_function_is_B_exp_half_and_even():
    x = np.array([0.0, 1e-9, 0.0199, 0.0201, 1.0, 30.0, 500.0])
    exact = bernoulli(x, Numpy) * np.exp(x / 2)
    np.testing.assert_allclose(symmetric_bernoulli(x, Numpy), exact, rtol=1e-12)
    assert (symmetric_bernoulli(-x, Numpy) == symmetric_bernoulli(x, Numpy)).all()
    assert symmetric_bernoulli(np.array([5000.0]), Numpy)[0] >= 0


def fermi_integral(eta):
    """F_1/2 by quadrature: 2/sqrt(pi) int sqrt(x)/(1 + exp(x - eta)) dx, with x = t^2."""
    t = np.linspace(0.0, 12.0, 200001)
    return 2 / math.sqrt(math.pi) * np.trapezoid(2 * t * t / (1 + np.exp(t * t - eta)), t)


def test_fermi_dirac_is_the_fermi_integral_within_the_published_0_4_percent():
    for eta in (-8.0, -2.0, 0.0, 1.0, 3.0, 10.0, 40.0):
        ratio = math.exp(log_distribution(eta, "fermi_dirac", Numpy)) / fermi_integral(eta)
        assert abs(ratio - 1) < 5e-3, eta


def test_all_statistics_are_boltzmanns_far_below_the_band():
    eta = np.array([-200.0, -40.0, -12.0])
    for statistics in ("boltzmann", "blakemore", "fermi_dirac"):
        # crowding is at most 0.3 e^eta; for Fermi-Dirac xi is 2^-3/2 at its best, so 1e-5 at -12
        np.testing.assert_allclose(log_distribution(eta, statistics, Numpy), eta, atol=1e-5)
    assert abs(math.exp(log_distribution(1.0, "blakemore", Numpy)) / fermi_integral(1.0) - 1) < 0.03


@pytest.mark.parametrize("statistics", ["boltzmann", "blakemore", "fermi_dirac"])
def test_the_neutral_potential_makes_the_film_neutral(statistics):
    c = SimpleNamespace(statistics=statistics, conduction_density=0.0286, valence_density=0.031, intrinsic=1.07e-11)
    doping = np.array([-1e-3, -1e-9, 0.0, 1e-12, 1e-4, 2e-2])
    phi = neutral_potential(c, doping)
    n, p = densities(c, phi, 0.0, 0.0, Numpy)
    np.testing.assert_allclose(p - n, -doping, atol=1e-12 * c.intrinsic, rtol=1e-9)


def test_profiles_have_their_values_at_centre_and_far_away():
    x = np.array([[0.0, 0, 0], [500.0, 0, 0], [1000.0, 0, 0]])
    np.testing.assert_allclose(Step(0, -1.0, 3.0, 500.0, 10.0)(x), [-1, 1, 3])
    np.testing.assert_allclose(Step(0, -1.0, 3.0, 500.0, 0.0)(x), [-1, 1, 3])
    box = Gaussian(2.0, (0.0, -math.inf, -math.inf), (400.0, math.inf, math.inf), 100.0)
    np.testing.assert_allclose(box(x), [2, 2 / math.e, 2 * math.exp(-36)])
    np.testing.assert_allclose(Expression("tanh((x - 0.5) / 0.1) + 0 * y", 2.0, 1000.0)(x)[1:], [0, 2 * math.tanh(5)])


@pytest.mark.parametrize("text", [
    "__import__('os').system('true')", "x.__class__", "().__class__.__bases__", "open('f')", "lambda: 1", "[x for x in y]",
    "x if 1 else 2", "exp(x, y)", "exp", "q", "'a' * 9", "1 +", "", "x; y", "f'{x}'", "x := 1", "True", "1j", "exp(x=1)",
])  # fmt: skip
def test_a_formula_of_anything_but_arithmetic_is_refused_in_a_sentence(text):
    with pytest.raises(ExpressionError, match="use numbers"):
        evaluate(text, {"x": 1.0, "y": 1.0})


def test_a_density_step_has_the_sign_and_first_order_of_the_correction():
    a, b = np.random.default_rng(0).uniform(-1e-4, 1e-4, (2, 1000))
    taken = change_of_log(a, b)
    np.testing.assert_allclose(taken, a + b, atol=2e-8)
    # a density that has to grow by e^4 and is asked for e^4 - 1 by the level grows by e^4
    np.testing.assert_allclose(change_of_log(np.zeros(1), np.array([math.expm1(4.0)])), 4.0)
    # what the potential alone carries is taken as it is
    assert change_of_log(np.array([7.0]), np.zeros(1)) == 7.0
    assert change_of_log(np.array([-7.0]), np.zeros(1)) == -7.0
