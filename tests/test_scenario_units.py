"""Quantities: what is read, what is refused, and that writing and reading are inverse."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from solver.units import KINDS, QuantityError, format_quantity, parse_quantity


@pytest.mark.parametrize(
    ("text", "kind", "si"),
    [
        ("60 nm", "length", 60e-9),
        ("2.5 um", "length", 2.5e-6),
        ("2.5 µm", "length", 2.5e-6),
        ("90nm", "length", 90e-9),
        ("1e-4 S/m", "conductivity", 1e-4),
        ("1e19 cm^-3", "density", 1e25),
        ("1e19 1/cm^3", "density", 1e25),
        ("5e-10 cm^2/s", "diffusivity", 5e-14),
        ("5e-10 cm**2/s", "diffusivity", 5e-14),
        ("6 mJ/m^2", "energy per area", 6e-3),
        ("0.1 V/s", "voltage rate", 0.1),
        ("-200 mV", "voltage", -0.2),
        ("27 degC", "temperature", 300.15),
        ("2 min", "time", 120.0),
        (0.42, "number", 0.42),
        (".5", "number", 0.5),
    ],
)
def test_quantities_become_exactly_the_si_literal(text, kind, si):
    assert parse_quantity(text, kind) == si  # exact: conversion is done in decimals


@pytest.mark.parametrize(
    ("value", "kind", "wanted"),
    [
        (60, "length", "60 has no unit; write e.g. 60 nm"),
        ("60", "length", "60 has no unit; write e.g. 60 nm"),
        ("60 V", "length", "'60 V' is not a length; write e.g. 60 nm"),
        ("60 nn", "length", "unknown unit 'nn'; a length is written like 60 nm (nearest: nm)"),
        ("0,2 V", "voltage", "'0,2 V' has a decimal comma; write a point, e.g. 0.2 V"),
        ("5 %", "number", "unknown unit '%'; a pure number is written like 0.5"),
        ("5 nm", "number", "'5 nm' is not a pure number; write e.g. 0.5"),
        ("nan V", "voltage", "'nan V' is not a voltage; write e.g. 0.2 V"),
        (math.nan, "number", "nan"),
        (math.inf, "number", "not a finite number"),
        ("1e400 V", "voltage", "not a finite number"),
        ("1e99999999999 V", "voltage", "not a finite number"),
        (None, "length", "nothing is given; write e.g. 60 nm"),
        (True, "number", "True is not a pure number"),
        (["1 nm"], "length", "is not a length"),
        ("60 nm + 3 nm", "length", "unknown unit 'nm + 3 nm'"),
        ("60 3 nm", "length", "unknown unit '3 nm'"),
        ("1 m^999999999", "length", "unknown unit"),
        ("1 dBm", "voltage", "is not a voltage"),
        ("", "length", "is not a length"),
        ("__import__('os')", "length", "is not a length"),
    ],
)
def test_what_is_no_quantity_is_refused_with_a_right_example(value, kind, wanted):
    with pytest.raises(QuantityError) as caught:
        parse_quantity(value, kind)
    assert wanted in str(caught.value)


@given(st.sampled_from(sorted(KINDS)), st.floats(allow_nan=False, allow_infinity=False))
def test_a_written_quantity_reads_back_to_the_same_float(kind, value):
    text = format_quantity(value, kind)
    assert parse_quantity(text, kind) == value


@given(st.text(max_size=30), st.sampled_from(sorted(KINDS)))
def test_any_text_is_a_quantity_or_a_quantity_error(text, kind):
    try:
        assert math.isfinite(parse_quantity(text, kind))
    except QuantityError as error:
        assert str(error)


@given(st.text(alphabet="nmuVsSKJc0123456789^*/-+.() eE", max_size=16), st.sampled_from(sorted(KINDS)))
def test_unit_like_text_is_a_quantity_or_a_quantity_error(text, kind):
    try:
        assert math.isfinite(parse_quantity(f"1 {text}", kind))
    except QuantityError as error:
        assert str(error)


def test_quantities_are_written_in_the_usual_units():
    assert [format_quantity(6e-8, "length"), format_quantity(1e25, "density"), format_quantity(0.0, "voltage")] == [
        "60 nm", "1e19 cm^-3", "0 V"]
