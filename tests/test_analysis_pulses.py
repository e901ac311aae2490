"""Numbers of pulse trains and retention from tables whose answers are known."""

import numpy as np
import pandas as pd
import pytest

from solver.analysis.measured import retention_bands, train_bands
from solver.analysis.pulses import (
    Probe,
    protocol_numbers,
    read_disturb,
    retention_numbers,
    steps_in_time,
    train_numbers,
)
from solver.scenario.protocol import Hold, Pulses, Sweep

UP = Pulses(amplitude="100 mV", width="55 ms", period="110 ms", count=4)


def table(time, voltage, current, displacement=0.0):
    time, voltage, current = (np.asarray(a, dtype=float) for a in (time, voltage, current))
    power = voltage * current
    energy = np.concatenate([[0], np.cumsum(0.5 * (power[1:] + power[:-1]) * np.diff(time))])
    with np.errstate(divide="ignore", invalid="ignore"):
        conductance = np.where(voltage == 0, np.nan, current / voltage)
    return pd.DataFrame({"time [s]": time, "voltage top [V]": voltage, "current top [A]": current + displacement,
                         "displacement current top [A]": displacement + 0 * time, "energy [J]": energy,
                         "conductance [S]": conductance})


def test_steps_are_placed_in_time():
    trains, probes = steps_in_time([Sweep(to="0.1 V", rate="0.1 V/s"), UP, Hold(voltage="1 mV", duration="40 s"),
                                    Hold(voltage="-0.1 V", duration="1 s")])
    np.testing.assert_allclose(trains[0].ends, 1 + 0.055 + 0.11 * np.arange(4))
    assert probes == [Probe(pytest.approx(1e-3), pytest.approx(1.44), pytest.approx(41.44))]


def test_a_train_that_doubles_at_the_third_pulse():
    (train,), _ = steps_in_time([UP])
    levels = np.array([1e-9, 1.5e-9, 2.5e-9, 4e-9])
    time = np.concatenate([[s, s + 0.0275, s + 0.055, s + 0.0551] for s in train.ends - 0.055])
    current = np.concatenate([[i, i, i, 0] for i in levels])
    voltage = np.tile([0.1, 0.1, 0.1, 0.0], 4)
    # a parasitic displacement current of 1 nA must not count
    numbers = train_numbers(table(time, voltage, current, 1e-9), train)
    np.testing.assert_allclose(numbers["current by pulse [A]"], levels, rtol=1e-12)
    assert numbers["doubling pulse [1]"] == 3
    assert numbers["ratio of pulse 2 to pulse 1 [1]"] == pytest.approx(1.5)
    assert numbers["energy of doubling [J]"] == pytest.approx(2.5e-9 * 0.1 * 0.055)
    assert numbers["energy of doubling, integral [J]"] == pytest.approx(2.5e-9 * 0.1 * 0.055, rel=1e-3)


def test_a_train_that_never_doubles_says_so():
    (train,), _ = steps_in_time([UP])
    numbers = train_numbers(table(train.ends, 0.1 + 0 * train.ends, 1e-9 + 0 * train.ends), train)
    assert numbers["doubling pulse [1]"] is None and numbers["energy of doubling [J]"] is None


def test_retention_holds_until_a_third_and_ends_near_its_last_value():
    time = np.linspace(0.5, 40, 80)
    s = np.where(time < 22, 1e-5, np.where(time < 29, 2e-6, 1e-9))
    numbers = retention_numbers(table(time, 1e-3 + 0 * time, 1e-3 * s), Probe(1e-3, 0.0, 40.0))
    assert numbers["S_on at the start [S]"] == pytest.approx(1e-5)
    # log S is straight from 10 to 2 uS and from 2 uS to 1 nS over the half second between two rows
    assert numbers["holds for [s]"] == pytest.approx(21.5 + 0.5 * np.log(3) / np.log(5))
    assert numbers["off after [s]"] == pytest.approx(28.5 + 0.5 * np.log(1000) / np.log(2000))
    steady = retention_numbers(table(time, 1e-3 + 0 * time, 1e-8 + 0 * time), Probe(1e-3, 0.0, 40.0))
    assert steady["holds for [s]"] is None and steady["off after [s]"] is None
    # a third is lost, then it stays on: it is not off because it no longer changes
    stuck = retention_numbers(table(time, 1e-3 + 0 * time, 1e-3 * np.where(time < 20.9, 1e-6, 2e-7)), Probe(1e-3, 0.0, 40.0))
    assert stuck["holds for [s]"] is not None and stuck["off after [s]"] is None


def test_levels_and_nonlinearity_of_known_trains():
    (train,), _ = steps_in_time([UP])

    def numbers(levels):
        return train_numbers(table(train.ends, 0.1 + 0 * train.ends, levels), train)

    straight = numbers([1e-9, 2e-9, 3e-9, 4e-9])
    assert straight["nonlinearity [1]"] == pytest.approx(0, abs=1e-12) and straight["distinguishable levels [1]"] == 4
    # 1, 1, 1, 4: the third lies 2 below the line, of a difference of 3; the first three cannot be told apart
    abrupt = numbers([1e-9, 1e-9, 1.05e-9, 4e-9])
    assert abrupt["nonlinearity [1]"] == pytest.approx(1.95 / 3) and abrupt["distinguishable levels [1]"] == 2
    np.testing.assert_allclose(straight["energy by pulse [J]"], np.array([1, 2, 3, 4]) * 1e-9 * 0.1 * 0.055)
    flat = numbers([1e-9] * 4)
    assert flat["nonlinearity [1]"] is None and flat["distinguishable levels [1]"] == 1


def test_reading_a_steady_state_changes_nothing_and_a_decay_is_seen():
    time = np.linspace(0.0, 40, 401)
    steady = table(time, 1e-3 + 0 * time, 1e-12 + 0 * time)
    assert read_disturb(steady, Probe(1e-3, 0.0, 40.0)) == pytest.approx(0, abs=1e-12)
    falling = table(time, 1e-3 + 0 * time, 1e-12 * (1 - 0.02 * time / 40))
    assert read_disturb(falling, Probe(1e-3, 0.0, 40.0)) == pytest.approx(0.02, rel=0.01)


def test_pulses_of_a_millivolt_are_readings_each_of_one_value():
    reading = Pulses(amplitude="1 mV", width="20 ms", period="1 s", count=30)
    trains, (probe,) = steps_in_time([UP, reading])
    assert len(trains) == 1 and (probe.start, probe.end) == (pytest.approx(0.44), pytest.approx(30.44))
    np.testing.assert_allclose(probe.reads, 0.46 + np.arange(30))
    time = np.sort(np.concatenate([[0.055], 0.44 + np.arange(30), probe.reads, np.array(probe.reads) - 0.0199]))
    on = np.isin(time, probe.reads)
    s = np.where(time < 22, 1e-5, np.where(time < 26, 2e-6, 1e-9))
    # between the pulses, and as they begin, whatever flows is no reading
    numbers = retention_numbers(table(time, np.where(on, 1e-3, 0.0), np.where(on, 1e-3 * s, 1.0)), probe)
    assert numbers["S_on at the start [S]"] == pytest.approx(1e-5)
    assert numbers["holds for [s]"] == pytest.approx(21.02 + np.log(3) / np.log(5))
    assert numbers["off after [s]"] == pytest.approx(25.02 + np.log(1000) / np.log(2000))


def test_the_numbers_of_a_protocol_leave_out_what_was_not_finished():
    protocol = [UP, Hold(voltage="1 mV", duration="40 s")]
    time = np.linspace(0.0, 40.44, 4045)
    whole = protocol_numbers(table(time, 0.1 + 0 * time, 1e-9 + 0 * time), protocol)
    assert len(whole["pulse trains"]) == len(whole["reading"]) == 1
    assert whole["pulse trains"][0]["amplitude [V]"] == pytest.approx(0.1)
    assert "holds for [s]" in whole["reading"][0]
    time = time[time < 0.3]
    assert protocol_numbers(table(time, 0.1 + 0 * time, 1e-9 + 0 * time), protocol) == {}


def test_bands_are_the_papers():
    bands = train_bands(0.1, 0.08)
    assert bands["first current [A]"].holds(0.1e-9) and not bands["first current [A]"].holds(0.3e-9)
    down = train_bands(-0.1, 0.08)
    assert down["first current [A]"].holds(-6e-9) and not down["first current [A]"].holds(6e-9)
    assert train_bands(0.1, 0.055)["energy of doubling [J]"].holds(640e-15)
    assert train_bands(0.2, 0.08) == {}
    assert retention_bands()["off after [s]"].holds(30.0)
