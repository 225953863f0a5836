from datetime import UTC, date, datetime

import pytest

from okrgraph.okrs.vocabulary import LinkKind
from okrgraph.transfer.formats.records import FileProblem, Record, RecordType
from okrgraph.transfer.plans.cells import Cells


def cells(text: str | None = None) -> tuple[Cells, list[FileProblem]]:
    problems: list[FileProblem] = []
    given = {} if text is None else {"title": text}
    return Cells(Record(7, RecordType.TEAM, given), problems), problems


def refusal(method: str, text: str, *arguments: object) -> str:
    row, problems = cells(text)
    assert getattr(row, method)("title", *arguments) is None
    (problem,) = problems
    assert (problem.line, problem.column) == (7, "title")
    return problem.reason


@pytest.mark.parametrize("method", ["word", "number", "truth", "rating", "day", "moment", "time_zone"])
def test_a_column_that_is_not_named_is_none_and_no_problem(method):
    row, problems = cells()
    assert getattr(row, method)("title") is None
    assert problems == []


@pytest.mark.parametrize(
    ("text", "value"), [("12", 12.0), (" -0.5 ", -0.5), ("+.5", 0.5), ("7.", 7.0), ("1e-3", 0.001)]
)
def test_numbers_are_read(text, value):
    row, problems = cells(text)
    assert row.number("title") == value
    assert problems == []


@pytest.mark.parametrize(
    "text", ["1,000", "95%", "1_000", "0x10", "twelve", "\uff11\uff12", "1 000", "--1", "."]
)
def test_what_is_no_plain_number_is_refused(text):
    assert refusal("number", text) == f"{text!r} is not a number; write it like 1234.5."


@pytest.mark.parametrize("text", ["inf", "-Infinity", "NaN", "1e999", "-1e999"])
def test_numbers_without_bounds_are_refused(text):
    assert refusal("number", text) == "This must be a finite number."


@pytest.mark.parametrize(("text", "value"), [("1", 1), (" +366 ", 366), ("007", 7)])
def test_whole_numbers_are_read(text, value):
    row, problems = cells(text)
    assert row.whole("title", 1, 366) == value
    assert row.whole("other", 1, 366) is None
    assert problems == []


@pytest.mark.parametrize("text", ["0", "1001", "-1", "7.0", "1e2", "1,000", "\u0663", "seven"])
def test_what_is_no_whole_number_of_a_range_is_refused(text):
    assert refusal("whole", text, 1, 1_000) == f"This is a whole number from 1 to 1,000, not {text!r}."


def test_a_whole_number_of_any_length_is_refused():
    assert refusal("whole", "9" * 5_000, 0, 9) == (
        f"This is a whole number from 0 to 9, not '{'9' * 60}...'."
    )


@pytest.mark.parametrize(("text", "value"), [("TRUE", True), (" true ", True), ("False", False)])
def test_truth_is_read(text, value):
    row, problems = cells(text)
    assert row.truth("title") is value
    assert problems == []


@pytest.mark.parametrize("text", ["yes", "1", "T", "wahr"])
def test_what_is_neither_true_nor_false_is_refused(text):
    assert refusal("truth", text) == f"Write TRUE or FALSE here, not {text!r}."


def test_a_cell_with_a_line_of_its_own_is_refused_there():
    problems: list[FileProblem] = []
    row = Cells(Record(7, RecordType.TEAM, {"title": "x"}, {"title": 9}), problems)
    row.refuse("title", "No.")
    row.refuse("kind", "No.")
    row.refuse(None, "No.")
    assert [problem.line for problem in problems] == [9, 7, 7]


@pytest.mark.parametrize(("text", "value"), [("1", 1), (" 5 ", 5)])
def test_ratings_are_read(text, value):
    row, _ = cells(text)
    assert row.rating("title") == value


@pytest.mark.parametrize("text", ["0", "6", "3.5", "4.0", "-1", "high", "12", "\u0663"])
def test_ratings_outside_one_to_five_are_refused(text):
    assert refusal("rating", text) == (
        f"Confidence is a whole number from 1 (will miss) to 5 (certain), not {text!r}."
    )


def test_a_day_is_read():
    row, _ = cells("2026-10-05")
    assert row.day("title") == date(2026, 10, 5)


@pytest.mark.parametrize("text", ["2026-02-30", "05.10.2026", "20261005", "2026-W41-1", "tomorrow"])
def test_what_is_no_day_is_refused(text):
    assert refusal("day", text) == f"{text!r} is not a date; write it like 2026-10-05."


@pytest.mark.parametrize(("method", "text"), [("day", "0206-10-05"), ("moment", "9999-12-31T23:59:59-10:00")])
def test_a_year_that_must_be_a_slip_is_refused(method, text):
    assert refusal(method, text) == "The year must lie between 1970 and 2199."


@pytest.mark.parametrize(
    "text", ["2026-10-05T08:30:00Z", "2026-10-05T10:30:00+02:00", "2026-10-05 08:30+00:00"]
)
def test_moments_are_read_as_utc(text):
    row, problems = cells(text)
    assert row.moment("title") == datetime(2026, 10, 5, 8, 30, tzinfo=UTC)
    assert problems == []


@pytest.mark.parametrize("text", ["2026-10-05T08:30:00", "2026-10-05"])
def test_a_moment_without_a_time_zone_is_refused(text):
    assert refusal("moment", text) == (
        f"{text!r} has no time zone; end it with Z or an offset such as +02:00."
    )


def test_what_is_no_moment_is_refused():
    assert refusal("moment", "noon") == "'noon' is not a timestamp; write it like 2026-10-05T08:30:00Z."


@pytest.mark.parametrize("text", ["Europe/Atlantis", "Europe", "../etc/passwd", "/etc/passwd", "a\0b"])
def test_an_unknown_time_zone_is_refused(text):
    assert refusal("time_zone", text) == f"{text!r} is not a time zone; write it like Europe/Oslo."


def test_a_word_of_a_closed_list_is_taken_as_it_is_written():
    row, _ = cells("RELATES")
    assert row.choice("title", LinkKind) is LinkKind.RELATES
    assert refusal("choice", "relates", LinkKind) == "'relates' is none of CONTRIBUTES, SUPPORTS, RELATES."


def test_text_that_is_too_long_or_no_text_is_refused():
    assert refusal("line", "x" * 501, "The title") == (
        "The title may have at most 500 characters; this has 501."
    )
    assert refusal("text", "a\0b", "The note") == (
        "The note contains a character that is no text (NUL or half a surrogate pair)."
    )


def test_lists_are_split_at_semicolons():
    row, _ = cells(" a ;; b:LEAD;")
    assert row.items("title") == ["a", "b:LEAD"]
    assert row.items("team") == []


def test_a_long_cell_is_cut_where_it_is_quoted():
    assert refusal("number", "x" * 200) == f"'{'x' * 60}...' is not a number; write it like 1234.5."
