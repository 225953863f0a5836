import pytest
from hypothesis import given
from hypothesis import strategies as st

from okrgraph.okrs.vocabulary import MetricKind
from okrgraph.transfer.outline.measures import (
    Measure,
    confidence_of,
    current_of,
    fifths_of,
    measure_at_end,
    number_of,
)

NUMBER, PERCENT, CURRENCY = MetricKind.NUMBER, MetricKind.PERCENT, MetricKind.CURRENCY


@pytest.mark.parametrize(
    ("text", "start", "target", "unit", "metric"),
    [
        ("38 -> 55", "38", "55", None, NUMBER),
        ("38->55", "38", "55", None, NUMBER),
        ("38 --> 55", "38", "55", None, NUMBER),
        ("38 => 55", "38", "55", None, NUMBER),
        ("38 → 55 points", "38", "55", "points", NUMBER),
        ("38 points → 55 points", "38", "55", "points", NUMBER),
        ("38 points → 55", "38", "55", "points", NUMBER),
        ("from 38 to 55", "38", "55", None, NUMBER),
        ("From 10 days to 5 days.", "10", "5", "days", NUMBER),
        ("12% → 20%", "12", "20", "%", PERCENT),
        ("12 → 20 %", "12", "20", "%", PERCENT),
        ("99.125% → 99.999%", "99.125", "99.999", "%", PERCENT),
        ("€10k -> €20k", "10", "20", "k€", CURRENCY),
        ("10 k€ -> 20 k€", "10", "20", "k€", CURRENCY),
        ("$1.2M -> $2M", "1.2", "2", "M$", CURRENCY),
        ("10 -> 20 €", "10", "20", "€", CURRENCY),
        ("2 EUR -> 3 EUR", "2", "3", "EUR", CURRENCY),
        ("1,200 -> 2,400", "1200", "2400", None, NUMBER),
        ("1'200 -> 2'400", "1200", "2400", None, NUMBER),
        ("1\u202f200 → 2\u00a0400", "1200", "2400", None, NUMBER),
        ("1,200.50 -> 1.200.300,5", "1200.5", "1200300.5", None, NUMBER),
        ("3,5 -> 4,25", "3.5", "4.25", None, NUMBER),
        ("-5 -> \u22123", "-5", "-3", None, NUMBER),
        (f"1 -> 2 {'x' * 32}", "1", "2", "x" * 32, NUMBER),
        ("in Q4 100 -> 200", "100", "200", None, NUMBER),
    ],
)
def test_a_change_at_the_end_is_plain(text, start, target, unit, metric):
    measure = measure_at_end(f"NPS {text}")
    assert measure is not None
    assert (measure.start, measure.target, measure.current, measure.unit, measure.metric) == (
        *(start, target, None, unit, metric),
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Pilots 12/20", Measure("0", "20", "12", None, NUMBER, 7)),
        ("Pilots: 12 / 20 teams", Measure("0", "20", "12", "teams", NUMBER, 8)),
        ("12/20", Measure("0", "20", "12", None, NUMBER, 0)),
        ("Migrate: 40%", Measure("0", "100", "40", "%", PERCENT, 9)),
        ("Migrate, 40 % done", Measure("0", "100", "40", "%", PERCENT, 9)),
        ("40%", Measure("0", "100", "40", "%", PERCENT, 0)),
        ("NPS: 38 -> 55", Measure("38", "55", None, None, NUMBER, 5)),
    ],
)
def test_a_share_tells_what_is_done_and_the_place_of_a_measure_is_told(text, expected):
    assert measure_at_end(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Sign 50 pilots",
        "Increase visits by 40%",
        "Reach 40%",
        "+40%",
        "at least 99.9%",
        "from 38 to 55 by December",
        "38 -> 55 this year",
        "10 -> 20 -> 30",
        "1 000 -> 2 000",
        "0 -> 1 000",
        "1.200 -> 900",
        "1,200,30 -> 5",
        "10 days -> 2 weeks",
        "10% -> 20 points",
        "€10 users -> €20 users",
        "Launch by 10/12",
        "Support 24/7",
        "Split it 50/50",
        "2026/10/12",
        "38 - 55",
        "v1 -> v2",
        "1234567890123456 -> 2",
        "٣ -> ٤",
        f"1 -> 2 {'x' * 33}",
        "1 xx€ -> 2 xx€",
    ],
)
def test_what_can_be_read_in_two_ways_is_no_measure(text):
    assert measure_at_end(text) is None


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("007", "7"),
        ("0", "0"),
        ("0.50", "0.5"),
        ("0,125", "0.125"),
        ("+3", "3"),
        ("1.234", None),
        ("1,2,3", None),
    ],
)
def test_numbers_are_written_as_a_file_takes_them(text, number):
    assert number_of(text) == number


def test_a_share_with_three_decimals_is_no_thousand():
    assert number_of("99.125", is_share=True) == "99.125"
    assert number_of("99.125") is None


def test_a_current_value_a_confidence_and_fifths_are_read_where_they_stand_alone():
    assert current_of("now 23") == ("23", "")
    assert current_of("currently: 1,200 leads") == ("1200", "leads")
    assert current_of("today 5%") == ("5", "%")
    assert [current_of(text) for text in ("now", "23", "now or never", "now 1.200")] == [None] * 4
    assert [confidence_of(f"confidence{text}") for text in (" 4", ": 4", " 4/5", " 4 / 5")] == ["4"] * 4
    assert [confidence_of(f"confidence {text}") for text in ("0", "6", "8/10", "high", "4 5")] == [None] * 5
    assert [fifths_of(text) for text in ("4/5", "0/5", "4/6", "x 4/5")] == ["4", None, None, None]


@given(st.text(st.sampled_from("0123456789 .,'-+%€$→>/:fromtk()"), max_size=40))
def test_every_measure_is_made_of_numbers_and_lies_in_the_text(text):
    measure = measure_at_end(text)
    if measure is not None:
        values = [each for each in (measure.start, measure.target, measure.current) if each is not None]
        assert len(values) >= 2
        assert all(float(value) is not None for value in values)
        assert 0 <= measure.begins < len(text)
