import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from okrgraph.transfer.formats.formulas import guarded, unguarded

DANGEROUS = tuple("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20")
never_timed = settings(deadline=None)
texts = st.one_of(st.text(), st.text(st.sampled_from([*DANGEROUS, "'", "a", " "]), max_size=6))


@given(texts)
@never_timed
def test_what_was_guarded_is_given_back_whatever_it_was(text):
    assert unguarded(guarded(text)) == text


@given(texts)
@never_timed
def test_guarded_text_never_starts_as_a_formula(text):
    assert not guarded(text).startswith(DANGEROUS)


@given(texts)
@never_timed
def test_only_what_starts_as_a_formula_behind_apostrophes_is_touched(text):
    is_touched = text.lstrip("'").startswith(DANGEROUS)
    assert guarded(text) == (f"'{text}" if is_touched else text)


@pytest.mark.parametrize("text", ["", "'", "''", "a=b", "'s", " =1", "1-2"])
def test_other_text_stays_as_it_is_both_ways(text):
    assert guarded(text) == unguarded(text) == text


def test_text_that_nobody_guarded_is_taken_as_it_stands():
    assert unguarded("=1") == "=1"
