"""What a user may type after `halofil view`, and what is said when it is wrong; which moments are drawn."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from solver.figures.moments import moments
from solver.figures.selection import ViewError, match_field, match_time, parse_clip, parse_line
from tests import synthetic_run as synthetic

NAMES = ("potential [V]", "quasi-Fermi potential [V]", "vacancies density [m^-3]", "filament fraction",
         "tunnelling amplitude")
TIMES = np.linspace(0, 8, 81)


@pytest.mark.parametrize("typed, name", [("potential", NAMES[0]), ("Potential [V]", NAMES[0]), ("pot", NAMES[0]),
                                         ("quasi", NAMES[1]), ("vacancies", NAMES[2]), ("filament", NAMES[3]),
                                         ("t", NAMES[4])])
def test_a_field_is_found_by_its_name_or_a_beginning_only_it_has(typed, name):
    assert match_field(typed, NAMES) == name


@pytest.mark.parametrize("typed, meant", [("filamnt", NAMES[3]), ("vacancy", NAMES[2]), ("density", NAMES[2]),
                                          ("tunneling", NAMES[4])])
def test_a_wrong_field_is_answered_with_the_nearest_one(typed, meant):
    with pytest.raises(ViewError) as error:
        match_field(typed, NAMES)
    assert f"did you mean '{meant}'" in str(error.value)


def test_a_field_that_could_be_two_names_both():
    with pytest.raises(ViewError, match="'ion current' or 'ion density'"):
        match_field("ion", ("ion current", "ion density"))


@given(st.text(max_size=12))
def test_any_text_is_a_field_or_one_sentence(typed):
    try:
        assert match_field(typed, NAMES) in NAMES
    except ViewError as error:
        assert typed in str(error) and "potential [V]" in str(error)


@pytest.mark.parametrize("typed, step", [(None, 80), ("last", 80), ("first", 0), ("0.8s", 8), (0.8, 8), ("800 ms", 8),
                                         ("0.83", 8), ("8", 80), ("set", 15), ("reset", 52)])
def test_a_time_is_the_nearest_stored_one_or_the_first_after_an_event(typed, step):
    # set and reset at 1.5 s and 5.2 s, give or take a row of 0.01 s: the step there or the next, 0.1 s later
    slack = 1 if typed in ("set", "reset") else 0
    assert match_time(typed, TIMES, synthetic.sweep_table()) - step in range(slack + 1)


@pytest.mark.parametrize("typed, words", [("soon", "is not a time"), ("9", "outside the stored fields"),
                                          ("-1s", "outside"), ("0.1 V", "is not a time"), ("", "is not a time")])
def test_a_wrong_time_is_said_so(typed, words):
    with pytest.raises(ViewError, match=words):
        match_time(typed, TIMES, synthetic.sweep_table())


def test_an_event_that_did_not_happen_is_said_so():
    with pytest.raises(ViewError, match="no reset in this run"):
        match_time("reset", TIMES, synthetic.sweep_table(v_reset=-0.5))
    with pytest.raises(ViewError, match="no set in this run"):
        match_time("set", TIMES, None)


def test_clips_and_lines_are_in_nm_unless_they_say_um():
    assert parse_clip("y=0") == ("y", 0.0)
    assert parse_clip(" Z = -0.1 um") == ("z", -100.0)
    first, last = parse_line("1,2,3:1um, 2nm, -3e1")
    assert first.tolist() == [1, 2, 3] and last.tolist() == [1000, 2, -30]


@pytest.mark.parametrize("text", ["y", "0", "w=0", "y=", "y=a", "y=1 V", "y=1=2"])
def test_a_wrong_clip_is_said_so(text):
    with pytest.raises(ViewError, match="clip"):
        parse_clip(text)


@pytest.mark.parametrize("text", ["", "0,0,0", "0,0:1,1", "0,0,0:0,0,0", "0,0,0:1,1,x", "0,0,0:1,1,1:2,2,2"])
def test_a_wrong_line_is_said_so(text):
    with pytest.raises(ViewError, match="line"):
        parse_line(text)


def test_moments_are_before_the_set_at_the_peak_after_it_and_at_the_peak_after_the_reset():
    found = moments(synthetic.sweep_table(), TIMES)
    assert [m.label for m in found] == ["before set", "after set", "after reset"]
    assert found[0].time == pytest.approx(1.4)  # the curve leaves S_off at 0.145 V, 1.45 s
    assert found[0].conductance < 1e-9 * 2.5e4**0.1
    assert (found[1].time, found[1].voltage) == pytest.approx((2.0, 0.2))
    assert (found[2].time, found[2].voltage) == pytest.approx((6.0, -0.2))
    assert found[1].conductance == pytest.approx(2.5e-5, rel=1e-3)
    assert found[2].title() == "after reset: −0.20 V, $1.0\\times 10^{-9}$ S"


def test_moments_of_a_run_without_a_set_or_with_one_stored_step_exist_once():
    quiet = synthetic.sweep_table(v_set=0.5)
    assert [m.label for m in moments(quiet, TIMES)] == ["start", "largest voltage", "end"]
    assert len(moments(quiet, TIMES[:1])) == len(moments(synthetic.sweep_table(), TIMES[:1])) == 1
    assert [m.label for m in moments(synthetic.sweep_table(v_reset=-0.5), TIMES)][-1] == "end"
