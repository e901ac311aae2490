"""BDF2, its error estimate, waveforms and step control."""

import numpy as np
import pytest

from solver.scenario.protocol import Hold, Pulses, Repeat, Sweep, Wait
from solver.transient.bdf import Levels, coefficients
from solver.transient.control import StepLimits, growth, on_ladder, rejected
from solver.transient.pace import WINDOW, Pace
from solver.transient.waveforms import Waveform


@pytest.mark.parametrize("ratio", [0.3, 1.0, 1.9])
def test_bdf2_differentiates_parabolas_exactly(ratio):
    dt, previous = 0.1 * ratio, 0.1
    c = coefficients(dt, previous)
    t = np.array([1.0, 1.0 - dt, 1.0 - dt - previous])
    y = 3 + 2 * t - 5 * t**2
    assert abs(np.dot([c.a0, c.a1, c.a2], y) - (2 - 10)) < 1e-12


def integrate(step):
    """y' = -y from 1 over 1 s by the stepper's formulas; returns the error and the summed error estimates."""
    levels, y, t, estimate = Levels(), np.array([1.0]), 0.0, 0.0
    levels.push(0.0, y)
    while t < 1 - 1e-12:
        c = coefficients(step, levels.previous_step)
        t += step
        guess = levels.extrapolate(t)
        history = c.a1 * levels.states[0] + (c.a2 * levels.states[1] if c.order == 2 else 0.0)
        y = -history / (c.a0 + 1)
        factor = levels.error_factor(t)
        if factor is not None and t > 0.5:  # away from the first, implicit Euler step, whose error differs
            estimate += factor * abs(float(y[0] - guess[0]))
        levels.push(t, y)
    return abs(float(y[0]) - np.exp(-1)), estimate


def test_time_scheme_is_second_order():
    errors = [integrate(h)[0] for h in (0.02, 0.01, 0.005)]
    orders = np.log2(np.array(errors[:-1]) / np.array(errors[1:]))
    np.testing.assert_allclose(orders, 2.0, atol=0.1)


def test_error_estimate_is_the_local_error():
    """Milne's estimate summed over y' = -y against 2/9 h^3 y''' summed: the leading term, 5 % at h = 0.01."""
    h = 0.01
    exact = sum(2 / 9 * h**3 * np.exp(-t) for t in np.arange(0.5 + h, 1 + h / 2, h))
    np.testing.assert_allclose(integrate(h)[1], exact, rtol=0.05)


def test_extrapolation_is_exact_for_parabolas():
    levels = Levels()
    for t in (0.0, 0.3, 0.4):
        levels.push(t, np.array([1 + t - 4 * t * t]))
    np.testing.assert_allclose(levels.extrapolate(0.9), [1 + 0.9 - 4 * 0.81])


def test_a_restart_forgets_the_derivative():
    levels = Levels()
    for t in (0.0, 0.1, 0.2):
        levels.push(t, np.array([t]))
    levels.restart()
    assert levels.previous_step is None and coefficients(0.1, levels.previous_step).order == 1


PROTOCOL = [
    Sweep(to="0.2 V", rate="0.1 V/s"),
    Pulses(amplitude="100 mV", width="80 ms", period="160 ms", count=2),
    Repeat(count=2, steps=(Hold(voltage="-0.1 V", duration="1 s"), Wait(duration="0.5 s"))),
]


def test_waveform_has_the_protocol_s_corners_and_voltages():
    w = Waveform(PROTOCOL)
    assert [round(s.end, 10) for s in w.segments[:5]] == [2.0, 2.08, 2.16, 2.24, 2.32]
    assert [s.v_end for s in w.segments] == [0.2, 0.1, 0.0, 0.1, 0.0, -0.1, -0.1, -0.1, -0.1]
    assert abs(w.end - 5.32) < 1e-12
    assert w.segments[0].voltage(1.0) == pytest.approx(0.1) and w.segments[0].slope == pytest.approx(0.1)


def test_every_corner_is_an_output_time_and_voltages_are_hit():
    class Every:
        kind, value = "voltage", 0.05

    w = Waveform([Sweep(to="0.2 V", rate="0.1 V/s"), Sweep(to="-0.1 V", rate="0.1 V/s")])
    times = w.output_times(Every)
    assert times == pytest.approx([0, 0.5, 1, 1.5, 2, 2.5, 3, 3.5, 4, 4.5, 5])
    Every.kind, Every.value = "time", 2.0
    assert w.output_times(Every) == pytest.approx([0, 2, 4, 5])
    assert w.output_times(None) == pytest.approx([0, 2, 5])


def test_step_control_shrinks_for_errors_and_large_filament_changes():
    limits = StepLimits(5e-3, 0.2, 1e-12)
    assert growth(5e-3, 0.0, limits, 2) == pytest.approx(0.9)
    assert growth(None, 0.4, limits, 2) == pytest.approx(0.45)
    assert growth(1e-9, 1e-9, limits, 2) == 2.0 and growth(1e9, 0.0, limits, 2) == 0.25
    assert rejected(None, 0.5, limits) and rejected(0.02, 0.0, limits) and rejected(5e-3, 0.3, limits) is None


def test_steps_that_differ_by_rounding_fall_on_the_same_rung():
    steps = 10.0 ** np.linspace(-9, 1, 57)
    for step in steps:
        rung = on_ladder(step)
        assert 2 ** (-1 / 8) * step < rung <= step * (1 + 1e-6)
        assert on_ladder(rung) == rung == on_ladder(rung * (1 + 1e-9)) == on_ladder(rung * (1 - 1e-9))


def test_the_pinned_core_stays_exactly_where_it_was(tmp_path):
    """Extrapolation in time is a sum with weights up to 14: step after step it would make 0 out of the core's 1."""
    from tests.devices import march, model

    m = model(
        tmp_path,
        "device: {layout: slab, thickness: 20 nm, dimension: 1, area: 100 nm^2}\nmesh: {size_at_filament: 0.5 nm}\n"
        "physics: {filament: {interface_width: 1.2 nm, initial: "
        "{core_radius: 1 nm, core_height: 4 nm, radius: 5 nm, height: 10 nm}}}\n",
    )
    records = march(m, [Hold(voltage="0 V", duration="1e4 s")])
    assert len(records) > 30
    assert (m.values("filament")[m.core_nodes] == 1.0).all()


def test_a_march_that_crawls_is_ended_and_one_that_grows_its_steps_is_not():
    crawling, growing = Pace(), Pace()
    for k in range(WINDOW):
        crawling.note(1e-10 * k, refused=k % 3 == 0)
        growing.note(1e-6 * 2.0 ** (k / 10), refused=k % 3 == 0)
    assert "100 were refused" in crawling.crawls(1.0)
    assert crawling.crawls(1e-6) is None
    assert growing.crawls(1e6) is None
    for _ in range(2):
        crawling.note(1.0, refused=False)
    assert crawling.crawls(2.0) is None
