"""Leaps over pulses: exact bookkeeping on a slow law that is known, and on the fields against the run in which every pulse is followed."""

import math
from types import SimpleNamespace

import numpy as np
import pytest

from solver.results.tables import read_terminals
from solver.transient.leaping import PulseLeaps, pulses_to_leap
from tests.devices import scenario
from tests.test_array import FLAT, wired

RATE = 0.003  # per pulse, of the slow law


class SlowLaw:
    """A stepper whose state decays by e^-RATE with each pulse, and has a fast part that a pulse mends."""

    def __init__(self, tolerance=1e-3, room=0.2):
        self.model = SimpleNamespace(state=np.array([1.0, 0.0]), fields=["u", "fast"], owned=1, asnumpy=np.asarray, with_ghosts=np.ravel)
        self.movement = SimpleNamespace(distance=lambda other: float(np.abs(self.model.state - other).max()))
        self.limits = SimpleNamespace(tolerance=tolerance, filament_change=room)
        self.time = 0.0

    def pulse(self):
        self.model.state *= [math.exp(-RATE), 0.0]
        self.time += 1.0

    def leap(self, state, time):
        self.model.state[:] = state
        self.time = time


def hammer(stepper, leaps, count, resolved=3, start=0):
    """Do `count` pulses in all, `start` of them done before; returns pulses followed and the energy, 2 J a pulse."""
    pause, done, energy, followed = SimpleNamespace(step=0, resolved=resolved), start, 2.0 * start, 0
    while done < count:
        stepper.pulse()
        done, energy, followed = done + 1, energy + 2.0, followed + 1
        skipped, more = leaps.after_pulse(pause, count - done, np.array([energy]))
        if skipped:
            leaps.leap(skipped, stepper.time + skipped)
            done, energy = done + skipped, energy + more[0]
    return followed, energy


def test_a_thousand_pulses_of_a_slow_law_come_out_within_the_leaps_errors():
    stepper = SlowLaw()
    leaps = PulseLeaps(stepper)
    followed, energy = hammer(stepper, leaps, 1000)
    assert followed + leaps.skipped == 1000 and stepper.time == pytest.approx(1000)
    assert followed < 250
    assert energy == pytest.approx(2000.0)
    count = followed // 3
    assert abs(stepper.model.state[0] - math.exp(-1000 * RATE)) < count * stepper.limits.tolerance
    assert leaps.worst < 1.5 * stepper.limits.tolerance  # controlled, not bounded


def test_the_error_said_is_that_of_the_leap():
    stepper = SlowLaw(tolerance=1e9, room=0.15)
    leaps = PulseLeaps(stepper)
    pause = SimpleNamespace(step=0, resolved=2)
    errors = []
    for _ in range(2):
        for _ in range(2):
            stepper.pulse()
            skipped, _ = leaps.after_pulse(pause, 10_000, np.zeros(1))
        start = stepper.model.state[0]
        leaps.leap(skipped, stepper.time + skipped)
        errors.append((abs(stepper.model.state[0] - start * math.exp(-RATE * skipped)), leaps.worst))
    # the estimate of the first leap is known after the pulses that follow it; the change of one pulse is its secant, not its slope
    assert errors[1][1] == pytest.approx(errors[0][0], rel=0.8)
    assert errors[0][1] == 0.0


def test_leaps_go_on_from_a_checkpoint_as_if_nothing_had_been():
    whole = SlowLaw()
    hammer(whole, PulseLeaps(whole), 300)
    first = SlowLaw()
    leaps = PulseLeaps(first)
    pause, done = SimpleNamespace(step=0, resolved=3), 0
    while done < 100:
        first.pulse()
        done += 1
        skipped, _ = leaps.after_pulse(pause, 300 - done, np.array([2.0 * done]))
        if skipped:
            leaps.leap(skipped, first.time + skipped)
            done += skipped
    states, scalars = leaps.snapshot()
    second = SlowLaw()
    second.model.state[:], second.time = first.model.state, first.time
    resumed = PulseLeaps(second)
    resumed.restore(states, scalars)
    _, energy = hammer(second, resumed, 300, start=done)
    np.testing.assert_array_equal(second.model.state, whole.model.state)
    assert energy == pytest.approx(600.0) and resumed.skipped > leaps.skipped


@pytest.mark.parametrize(("given", "wanted"), [
    ({"moved": 0.01, "room": 0.2, "last": 0, "error": None, "tolerance": 1e-3, "first": 3}, 3),  # cautiously
    ({"moved": 0.1, "room": 0.2, "last": 0, "error": None, "tolerance": 1e-3, "first": 3}, 2),  # no farther than a step may go
    ({"moved": 1e-6, "room": 0.2, "last": 10, "error": 1e-3, "tolerance": 1e-3, "first": 3}, 8),
    ({"moved": 1e-6, "room": 0.2, "last": 10, "error": 4e-3, "tolerance": 1e-3, "first": 3}, 4),  # the error goes with the square
    ({"moved": 1e-6, "room": 0.2, "last": 10, "error": 0.0, "tolerance": 1e-3, "first": 3}, 30),
    ({"moved": 1e-6, "room": 0.2, "last": 10, "error": 1e9, "tolerance": 1e-3, "first": 3}, 2),
    ({"moved": 0.3, "room": 0.2, "last": 10, "error": 1e-3, "tolerance": 1e-3, "first": 3}, 0),
    ({"moved": 0.0, "room": 0.2, "last": 0, "error": None, "tolerance": 1e-3, "first": 3}, 3),
])
def test_a_leap_is_as_long_as_its_error_allows(given, wanted):
    assert pulses_to_leap(**given) == wanted


HAMMERED = FLAT.replace("rows: 1", "rows: 1, columns: 1") + wired(1, 1) + (
    "physics: {filament: {interface_width: 2 nm, initial: {core_height: 8 nm, height: 12 nm}}}\n"
    "protocol: [{write: {cell: [1, 1], amplitude: 0.1 V, width: 1 ms, period: 2 ms, count: 12%s}}]\n"
    "output: {figures: off}\n")


def test_leaps_on_the_fields_end_where_every_pulse_followed_does(tmp_path):
    from solver.simulation import run

    tables = {}
    for name, resolved in (("every", ""), ("leaping", ", resolved: 2")):
        assert run(scenario(tmp_path, HAMMERED % resolved), tmp_path / name) == 0
        tables[name] = read_terminals(tmp_path / name)
    every, leaping = tables["every"], tables["leaping"]
    assert leaping["time [s]"].iloc[-1] == every["time [s]"].iloc[-1] == pytest.approx(24e-3)
    assert len(leaping) < 0.8 * len(every)
    gap = "filament gap cell_1_1 [m]"
    moved = every[gap].iloc[-1] - every[gap].iloc[0]
    assert abs(moved) > 2e-11  # a gap that moves, or nothing is compared
    assert leaping[gap].iloc[-1] - leaping[gap].iloc[0] == pytest.approx(moved, rel=0.01)
    # the largest leap's error is 0.06 of a change by 0.2: of what all pulses did it is less than a hundredth
    for column in ("energy [J]", "energy col_1 [J]", "vacancies cell_1_1 [1]"):
        change, wanted = (t[column].iloc[-1] - t[column].iloc[0] for t in (leaping, every))
        assert change == pytest.approx(wanted, rel=0.01), column
    assert leaping["ion imbalance [1]"].abs().max() < 1e-8


@pytest.mark.parametrize(("resolved", "words"), [("1", "must be at least 2"), ("11", "leaves none of 12 pulses")])
def test_leaps_that_cannot_be_are_faults(tmp_path, resolved, words):
    from solver.scenario import ScenarioError

    with pytest.raises(ScenarioError, match=words):
        scenario(tmp_path, HAMMERED % f", resolved: {resolved}")
