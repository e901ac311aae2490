"""Leaps over pulses: exact bookkeeping on a slow law that is known, and on the fields against the run in which every pulse is followed."""

import json
import math
from types import SimpleNamespace

import numpy as np
import pytest

from solver.results.tables import read_terminals
from solver.transient.leaping import PulseLeaps, pulses_to_leap
from tests.devices import scenario
from tests.end_to_end.running import assert_same, halofil_run, start_and_wait_for_rows
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


def test_the_error_of_the_first_leap_is_told_before_it_and_measured_after_it(caplog):
    stepper = SlowLaw(tolerance=1e9, room=1e9)
    leaps = PulseLeaps(stepper)
    pause, count, done, energy = SimpleNamespace(step=0, resolved=2), 37, 0, 0.0
    caplog.set_level("INFO", logger="halofil")
    while done < count:
        stepper.pulse()
        done, energy = done + 1, energy + stepper.model.state[0]
        skipped, more = leaps.after_pulse(pause, count - done, np.array([energy]))
        if skipped:
            start = stepper.model.state[0]
            leaps.leap(skipped, stepper.time + skipped)
            done, energy = done + skipped, energy + more[0]
            error = abs(stepper.model.state[0] - start * math.exp(-RATE * skipped))
    # three pulses, for two changes of which the difference is known; ten times as many in the first leap
    (said,) = caplog.messages
    assert "leap over 30 pulses" in said and leaps.skipped == 30
    assert float(said.split("expected to miss ")[1].split()[0]) == pytest.approx(error, rel=0.1)
    # what a pulse does is known of the last one, two pulses behind the leap: a fifteenth too many
    assert leaps.worst == pytest.approx(error, rel=0.2)
    # energy goes with the state, so that its rate over the leap falls by what the state does
    exact = sum(math.exp(-RATE * k) for k in range(1, count + 1))
    assert leaps.missed[0] == pytest.approx(exact - energy, rel=0.2)


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
    ({"moved": 0.0, "bend": 0.0, "last": 0}, 30),  # cautiously
    ({"moved": 1e-6, "bend": 3.2e-5, "last": 0}, 20),  # 0.8 of what misses the tolerance by itself, 20^2/2 of the bend
    ({"moved": 1e-6, "bend": 5e-2, "last": 0}, 0),  # not one: it would miss more than the tolerance
    ({"moved": 0.1, "bend": 0.0, "last": 0}, 2),  # no farther than a step may go
    ({"moved": 1e-6, "bend": 5e-4, "last": 10}, 5),
    ({"moved": 1e-6, "bend": 5e-4 / 4, "last": 10}, 10),  # the error goes with the square
    ({"moved": 1e-6, "bend": 0.0, "last": 10}, 30),
    ({"moved": 1e-6, "bend": 1e9, "last": 10}, 2),
    ({"moved": 0.3, "bend": 0.0, "last": 10}, 0),
])
def test_a_leap_is_as_long_as_its_error_allows(given, wanted):
    assert pulses_to_leap(**given, room=0.2, tolerance=1e-2, first=30) == wanted


HAMMERED = FLAT.replace("rows: 1", "rows: 1, columns: 1") + wired(1, 1) + (
    "physics: {filament: {interface_width: 2 nm, initial: {core_height: 8 nm, height: 12 nm}}}\n"
    "protocol: [{write: {cell: [1, 1], amplitude: 0.1 V, width: 1 ms, period: 2 ms, count: 12%s}}]\n"
    "output: {figures: off, checkpoint_every: 1 ms}\n")


@pytest.fixture(scope="module")
def hammered(tmp_path_factory):
    """Folder with the runs `every`, whose pulses are all followed, and `leaping`."""
    from solver.simulation import run

    folder = tmp_path_factory.mktemp("hammered")
    for name, resolved in (("every", ""), ("leaping", ", resolved: 2")):
        assert run(scenario(folder, HAMMERED % resolved), folder / name) == 0
    return folder


def test_leaps_on_the_fields_end_where_every_pulse_followed_does(hammered):
    every, leaping = (read_terminals(hammered / name) for name in ("every", "leaping"))
    assert leaping["time [s]"].iloc[-1] == every["time [s]"].iloc[-1] == pytest.approx(24e-3)
    assert len(leaping) < 0.8 * len(every)
    gap = "filament gap cell_1_1 [m]"
    moved = every[gap].iloc[-1] - every[gap].iloc[0]
    assert abs(moved) > 2e-11  # a gap that moves, or nothing is compared
    assert leaping[gap].iloc[-1] - leaping[gap].iloc[0] == pytest.approx(moved, rel=0.01)
    # what the run says that its leaps missed is what they did, by an estimate of first order
    told = json.loads((hammered / "leaping" / "summary.json").read_text())
    missed = every[gap].iloc[-1] - leaping[gap].iloc[-1]
    assert told["missed by leaps"][gap] == pytest.approx(missed, rel=0.5, abs=2e-14)
    for column in ("energy [J]", "energy col_1 [J]", "vacancies cell_1_1 [1]"):
        change, wanted = (t[column].iloc[-1] - t[column].iloc[0] for t in (leaping, every))
        assert change == pytest.approx(wanted, rel=0.01), column
    assert leaping["ion imbalance [1]"].abs().max() < 1e-8


def test_a_run_killed_behind_a_leap_goes_on_to_the_same_table(hammered, tmp_path):
    whole = read_terminals(hammered / "leaping")
    times = whole["time [s]"].to_numpy()
    behind = int(np.argmax(np.diff(times) > 2.5e-3))  # last row before the first leap: more than a period is between it and the next
    path = tmp_path / "hammered.yaml"
    path.write_text((hammered / "test.yaml").read_text())
    process = start_and_wait_for_rows(path, tmp_path / "out", behind + 8)
    process.kill()
    process.wait()
    assert not (tmp_path / "out" / "summary.json").exists()
    done = halofil_run(path, tmp_path / "out", "--resume")
    assert done.returncode == 0, done.stdout + done.stderr
    log = (tmp_path / "out" / "run.log").read_text()
    assert float(log.split("resumed at t = ")[1].split()[0]) > times[behind]
    assert_same(whole, read_terminals(tmp_path / "out"))
    told, again = (json.loads((folder / "summary.json").read_text()) for folder in (hammered / "leaping", tmp_path / "out"))
    assert again["pulses leapt over [1]"] == told["pulses leapt over [1]"]
    missed, missed_whole = again["missed by leaps"], told["missed by leaps"]
    alone = "vacancies from neighbours cell_1_1 [1]"  # it has no neighbours: what came from them is rounding, and no two runs' the same
    assert max(abs(missed.pop(alone)), abs(missed_whole.pop(alone))) < 1e-9
    assert missed == pytest.approx(missed_whole, rel=1e-3, abs=1e-18)


@pytest.mark.parametrize(("resolved", "words"), [
    ("0", "must be at least 2"), ("1", "must be at least 2"), ("11", "leaves none of 12 pulses"), ("6", "take 13"), ("2.5", "not a whole number"), ("many", "not a whole number")])
def test_leaps_that_cannot_be_are_faults(tmp_path, resolved, words):
    from solver.scenario import ScenarioError

    with pytest.raises(ScenarioError, match=words):
        scenario(tmp_path, HAMMERED % f", resolved: {resolved}")
