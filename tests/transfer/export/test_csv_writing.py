import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from okrgraph.transfer.export.csv_writing import _row, _Rows
from okrgraph.transfer.export.stored import Stored
from okrgraph.transfer.formats.formulas import unguarded
from okrgraph.transfer.formats.records import COLUMNS, RecordType

# What a database can hold.
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"))
MARKS = st.text(st.sampled_from(",\"'\r\n\t =+-@\x0b\x85\u2028\uff1d\ufeffa"))


def written(**cells: object) -> str:
    return _Rows().text([_row(RecordType.OBJECTIVE, Stored(1, None, cells))])


@given(TEXTS | MARKS, TEXTS | MARKS)
def test_any_text_reads_back_as_it_was(key, description):
    text = written(key=key, description=description)

    (row,) = csv.reader(io.StringIO(text, newline=""), strict=True)
    named = dict(zip(COLUMNS, map(unguarded, row), strict=True))
    assert (named["key"], named["description"]) == (key, description)
    assert text.endswith("\n")
    assert not text.endswith("\r\n")


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        ("plain", "plain"),
        ("a,b", '"a,b"'),
        ("a\rb", '"a\rb"'),
        ("a\nb", '"a\nb"'),
        ("a\r\n", '"a\r\n"'),
        ("=1", "'=1"),
        ("\t=1", "'\t=1"),
        ("'=1", "''=1"),
        ("\uff0b1", "'\uff0b1"),
        ("'tis", "'tis"),
        (["-a", "b"], "'-a;b"),
        (["a", "-b"], "a;-b"),
        (-5, "-5"),
        (-0.5, "-0.5"),
        (True, "TRUE"),
        (False, "FALSE"),
    ],
)
def test_a_cell_is_quoted_and_guarded_only_where_it_must_be(value, cell):
    assert written(key="k", title=value) == f"objective,k,,{cell}{',' * (len(COLUMNS) - 4)}\n"
