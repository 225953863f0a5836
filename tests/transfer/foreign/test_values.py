from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from okrgraph.transfer.foreign.values import (
    Choices,
    DateForm,
    Days,
    Moments,
    Numbers,
    Ratings,
    ReadValue,
    Table,
    Unreadable,
    rating,
    slug_of,
)

never_timed = settings(deadline=None)
point, comma = Numbers(), Numbers(",")


def refusal(read: ReadValue, text: str) -> str:
    with pytest.raises(Unreadable) as refused:
        read(text)
    return str(refused.value)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        *(("45", "45"), ("45%", "45"), ("45 %", "45"), ("-3.5", "-3.5"), ("+2", "+2"), (".5", ".5")),
        *(("1,200", "1200"), ("1,200,300.25", "1200300.25"), ("1 200", "1200"), ("1'200", "1200")),
        *(
            ("1\u00a0200", "1200"),
            ("1\u202f200\u202f300", "1200300"),
            ("\u22125", "-5"),
            ("1.2E+05", "1.2E+05"),
        ),
        *(("$1,200", "1200"), ("-$5", "-5"), ("1,200 €", "1200"), ("€ 12.50", "12.50")),
    ],
)
def test_numbers_lose_their_thousands_separators_and_units(text, number):
    assert point(text) == number


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1.200,5", "1200.5"),
        ("1,5", "1.5"),
        ("1.200", "1200"),
        ("81,5 %", "81.5"),
        ("1 200,25 €", "1200.25"),
        ("7", "7"),
    ],
)
def test_with_a_decimal_comma_the_point_parts_thousands(text, number):
    assert comma(text) == number


@pytest.mark.parametrize(
    "text",
    ["", "%", "-", "abc", "5k", "1,20,0", "12,34.5", "1,200 300", "5$0", "1.2.3", "nan", "inf", "٣", "0x10"],
)
def test_what_is_no_number_is_refused(text):
    assert refusal(point, text).startswith(f"{text!r} is not a number such as 1,234.5")


def test_a_decimal_comma_that_the_map_does_not_tell_is_hinted_at():
    assert refusal(point, "1,5") == (
        "'1,5' is not a number such as 1,234.5; if its comma is decimal, say decimal: comma."
    )
    assert refusal(point, "x") == "'x' is not a number such as 1,234.5."
    assert refusal(comma, "1.5") == "'1.5' is not a number such as 1.234,5."


@given(st.integers(-(10**12), 10**12), st.integers(0, 999))
@never_timed
def test_any_number_is_read_however_its_thousands_are_parted(whole, thousandths):
    grouped, plain = f"{whole:,}.{thousandths:03}", f"{whole}.{thousandths:03}"
    assert point(grouped) == point(plain) == plain
    assert comma(grouped.translate(str.maketrans(",.", ".,"))) == plain


@pytest.mark.parametrize(
    ("form", "text", "day"),
    [
        ("DD/MM/YYYY", "05/10/2026", "2026-10-05"),
        ("DD/MM/YYYY", "5/1/2026", "2026-01-05"),
        ("MM/DD/YY", "10/05/26", "2026-10-05"),
        ("DD.MM.YYYY", "29.02.2028", "2028-02-29"),
        ("MMM DD, YYYY", "Oct 5, 2026", "2026-10-05"),
        ("DD MMM YYYY", "5 september 2026", "2026-09-05"),
        ("YYYYMMDD", "20261005", "2026-10-05"),
        ("YYYY-MM-DDThh:mm:ssZ", "2026-10-05T23:59:59Z", "2026-10-05"),
    ],
)
def test_dates_are_read_as_the_form_says(form, text, day):
    assert Days(DateForm.of(form))(text) == day


@pytest.mark.parametrize(
    "text", ["10/13/2026", "31/02/2026", "5/10/26", "05-10-2026", "", "2026-10-05", "\u0665/10/2026"]
)
def test_a_date_that_is_written_otherwise_is_refused(text):
    assert refusal(Days(DateForm.of("DD/MM/YYYY")), text) == f"{text!r} is not a date written DD/MM/YYYY."


def test_digits_that_no_sign_parts_are_two_for_a_day_and_two_for_a_month():
    assert refusal(Days(DateForm.of("YYYYMMDD")), "2026111") == "'2026111' is not a date written YYYYMMDD."


def test_a_date_without_a_form_is_ours_and_the_hint_says_how_to_tell():
    assert Days()("2026-10-05") == "2026-10-05"
    assert refusal(Days(), "05/10/2026") == (
        "'05/10/2026' is not a date written YYYY-MM-DD; say how dates are written, such as date: DD/MM/YYYY."
    )


@pytest.mark.parametrize(
    "form",
    [
        "",
        "dd/mm/yyyy",
        "DD/MM",
        "DD/MM/YYYY hh",
        "DD/DD/YYYY",
        "MM MMM YYYY DD",
        "DD/MM/YYYY mm:ss",
        "YYYY-MM-DD at",
    ],
)
def test_a_form_that_says_too_little_or_too_much_is_refused(form):
    assert refusal(DateForm.of, form).startswith(f"{form!r} is no form of a ")


@given(st.dates(), st.sampled_from(["DD/MM/YYYY", "YYYYMMDD", "MMM DD, YYYY", "YYYY.MM.DD"]))
@never_timed
def test_any_day_is_read_in_any_form(day, form):
    months = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
    text = form.replace("YYYY", f"{day.year:04}").replace("MMM", "#").replace("MM", f"{day.month:02}")
    text = text.replace("DD", f"{day.day:02}").replace("#", months[day.month - 1])
    assert Days(DateForm.of(form))(text) == day.isoformat()


def test_moments_take_the_zone_that_the_map_tells_unless_they_name_theirs():
    oslo = Moments(DateForm.of("DD/MM/YYYY hh:mm"), ZoneInfo("Europe/Oslo"))
    assert oslo("05/10/2026 8:30") == "2026-10-05T08:30:00+02:00"
    assert Moments(None, ZoneInfo("Europe/Oslo"))("2026-12-05 08:30:00") == "2026-12-05T08:30:00+01:00"
    assert Moments(None, ZoneInfo("Europe/Oslo"))("2026-12-05T08:30:00Z") == "2026-12-05T08:30:00+00:00"
    assert refusal(Moments(), "2026-10-05 08:30") == (
        "'2026-10-05 08:30' names no time zone; say which, such as time_zone: Europe/Oslo."
    )
    assert refusal(Moments(), "5 Oct").startswith(
        "'5 Oct' is not a moment like 2026-10-05T08:30:00Z; say how"
    )
    assert refusal(oslo, "5 Oct") == "'5 Oct' is not a date written DD/MM/YYYY hh:mm."


@pytest.mark.parametrize(
    ("scale", "text", "expected"),
    [
        *(("0-10", "7", "4"), ("0-10", "0", "1"), ("0-10", "8.5", "5")),
        *(("0-1", "0.7", "4"), ("0-1", "70%", "4"), ("0-1", "12.5 %", "2"), ("0-1", "1", "5")),
        *(("red-amber-green", "Red", "2"), ("red-amber-green", "AMBER", "3")),
        *(("red-amber-green", "yellow", "3"), ("red-amber-green", "green", "4")),
    ],
)
def test_confidence_is_converted_from_its_scale(scale, text, expected):
    assert Ratings(scale, point)(text) == expected


@pytest.mark.parametrize(
    ("scale", "text", "reason"),
    [
        ("0-10", "11", "'11' is not a confidence from 0 to 10."),
        ("0-10", "7%", "'7%' is not a confidence from 0 to 10."),
        ("0-10", "high", "'high' is not a confidence from 0 to 10."),
        ("0-1", "70", "'70' is not a confidence from 0 to 1."),
        ("0-1", "-0.1", "'-0.1' is not a confidence from 0 to 1."),
        ("red-amber-green", "blue", "'blue' is none of red, amber, yellow, green."),
    ],
)
def test_confidence_outside_of_its_scale_is_refused(scale, text, reason):
    assert refusal(Ratings(scale, point), text) == reason


def test_confidence_with_a_decimal_comma_is_read_like_other_numbers():
    assert Ratings("0-1", comma)("0,7") == "4"


def test_confidence_without_a_scale_is_ours():
    assert [rating(text) for text in "12345"] == list("12345")
    for text in ("0", "6", "4.0", "²", ""):
        assert refusal(rating, text) == (
            f"{text!r} is not a whole number from 1 to 5; "
            "say by scale (0-10, 0-1, red-amber-green) or by words how it is written."
        )


def test_one_of_our_words_is_known_in_any_case_and_with_blanks():
    outcomes = Choices(("ACHIEVED", "PARTIALLY_ACHIEVED"))
    assert outcomes("Partially  achieved") == "PARTIALLY_ACHIEVED"
    assert refusal(outcomes, "Done") == (
        "'Done' is none of ACHIEVED, PARTIALLY_ACHIEVED; say by words what it stands for."
    )


def test_a_table_knows_its_words_whatever_their_case_and_blanks():
    people = Table({"zoé berg": "zoe@acme.example"}, ("Zoé Berg",))
    assert people("ZOE\u0301  BERG") == "zoe@acme.example"
    assert refusal(people, "Bo") == "The map has no word 'Bo' here; it has Zoé Berg."


def test_a_table_of_many_words_names_some():
    words = [f"w{number}" for number in range(20)]
    reason = refusal(Table({}, tuple(words)), "x")
    assert reason == f"The map has no word 'x' here; it has {', '.join(words[:12])} and 8 more."


@pytest.mark.parametrize(
    ("parts", "slug"),
    [
        (["Grow revenue"], "grow-revenue"),
        (["  GROW -- Revenue! "], "grow-revenue"),
        (["Grow", "10 % more; now"], "grow/10-more-now"),
        (["Bücher & Straße"], "bücher-strasse"),
        (["कि की"], "कि-की"),
        (["snake_case"], "snake-case"),
    ],
)
def test_a_slug_is_made_of_letters_and_digits(parts, slug):
    assert slug_of(parts) == slug
    assert slug_of(parts, "goal-") == f"goal-{slug}"


def test_a_long_slug_is_cut_and_still_tells_titles_apart():
    one, other = slug_of(["long " * 100 + "a"]), slug_of(["long " * 100 + "b"])
    assert one != other
    assert len(one) <= 100
    assert one.startswith("long-long-")


def test_a_title_without_a_letter_makes_no_slug():
    assert refusal(lambda text: slug_of([text]), "!?") == "'!?' has no letter and no digit to make a key of."


@given(st.text(max_size=300))
@never_timed
def test_a_slug_of_anything_is_short_and_holds_no_separator_of_lists(text):
    try:
        slug = slug_of([text])
    except Unreadable:
        return
    assert 0 < len(slug) <= 100
    assert ";" not in slug
    assert slug == slug.strip() == slug_of([f" {text} "])
