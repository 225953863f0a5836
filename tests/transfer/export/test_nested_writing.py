import io
import json

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from okrgraph.transfer.export.nested_writing import Json, Yaml

# What a database can hold.
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), min_size=1)
MARKS = st.text(
    st.sampled_from("\x01\x1b\x7f\x85\xa0\u2028\u2029\ufeff\uffff\U0001f600\r\n\t :#-'\"&*!|>%@`{}[],?~=ab"),
    min_size=1,
)
LOOKS_LIKE = st.sampled_from(
    [
        "2026-10-05",
        "2026-10-05T08:30:00Z",
        "1",
        "-1.5",
        "1e5",
        "0x1f",
        "1_000",
        "1:30",
        "yes",
        "NO",
        "true",
        "null",
        "~",
        "=",
        "<<",
        "---",
        "...",
        "- a",
        "? a",
        "a: b",
        "a #b",
        ".inf",
        ".nan",
        "0o17",
        "",
        " ",
    ]
)
NUMBERS = st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(10**15), 10**15)
VALUES = TEXTS | MARKS | LOOKS_LIKE | NUMBERS | st.booleans() | st.lists(TEXTS | MARKS, min_size=1)
ITEMS = st.fixed_dictionaries(
    {
        "key": TEXTS | MARKS,
        "title": VALUES,
        "keyResults": st.lists(
            st.fixed_dictionaries({"key": LOOKS_LIKE, "title": VALUES}), min_size=1, max_size=2
        ),
    }
)


def written(form: Json | Yaml, organization: dict, *lists: list) -> str:
    """A file whose objectives came in several lists."""
    parts = [form.begin(organization)]
    parts += [form.items("objectives", items) for items in lists]
    return "".join([*parts, form.end()])


def read_yaml(text: str) -> object:
    # As bytes, as a file is.
    return yaml.load(io.BytesIO(text.encode()), Loader=yaml.CSafeLoader)


@given(ITEMS, st.lists(st.lists(ITEMS, min_size=1, max_size=2), max_size=2))
def test_whatever_is_said_reads_back_from_json(organization, lists):
    said = json.loads(text := written(Json(), organization, *lists))

    items = [item for items in lists for item in items]
    assert said == {"organization": organization, **({"objectives": items} if items else {})}
    assert text == json.dumps(said, ensure_ascii=False, indent=2) + "\n"


@given(ITEMS, st.lists(st.lists(ITEMS, min_size=1, max_size=2), max_size=2))
def test_whatever_is_said_reads_back_from_yaml(organization, lists):
    said = read_yaml(written(Yaml(), organization, *lists))

    items = [item for items in lists for item in items]
    assert said == {"organization": organization, **({"objectives": items} if items else {})}


@pytest.mark.parametrize(
    "text", [chr(number) for number in (*range(1, 0xA1), 0x2028, 0x2029, 0xFEFF, 0xFFFF, 0x1F600)]
)
@pytest.mark.parametrize("around", ["", "a"])
def test_every_sign_of_control_reads_back_from_yaml(text, around):
    organization = {"key": f"{around}{text}{around}"}

    assert read_yaml(Yaml().begin(organization)) == {"organization": organization}


def test_long_text_stands_in_one_line_of_yaml():
    text = "word " * 500 + "\nmore"

    assert Yaml().begin({"description": text}) == f'organization:\n  description: "{text[:-5]}\\nmore"\n'


def test_sections_follow_one_another_in_json():
    form = Json()
    parts = [
        form.begin({"key": "a"}),
        form.items("teams", [{"key": "b"}]),
        form.items("teams", [{"key": "c"}]),
    ]
    parts += [form.items("people", [{"key": "d", "team": ["b"]}]), form.end()]

    assert (
        "".join(parts)
        == json.dumps(
            {
                "organization": {"key": "a"},
                "teams": [{"key": "b"}, {"key": "c"}],
                "people": [{"key": "d", "team": ["b"]}],
            },
            indent=2,
        )
        + "\n"
    )


def test_text_that_occurs_twice_is_written_twice_in_yaml():
    keys = ["a", "b"]

    assert Yaml().items("people", [{"team": keys, "x": keys}]) == (
        "people:\n- team:\n  - a\n  - b\n  x:\n  - a\n  - b\n"
    )
