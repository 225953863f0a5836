import io
import json
from collections.abc import Iterator
from typing import Any

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from okrgraph.transfer.formats.json_file import read_json
from okrgraph.transfer.formats.nested_file import COLUMN_OF_PLACE, LIST_COLUMNS, LISTS, LISTS_INSIDE
from okrgraph.transfer.formats.records import COLUMNS, Reading, Record, RecordType, Unread
from okrgraph.transfer.formats.yaml_file import read_yaml

# What is meant by nested data, said once more and simply.


def absent(value: Any) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())


def cell_text(value: Any, true: str) -> str:
    if isinstance(value, list):
        return ";".join(cell_text(each, true) for each in value if not absent(each))
    return (
        (true if value else "FALSE" if true == "TRUE" else "false") if isinstance(value, bool) else str(value)
    )


def meant(kind: RecordType, item: dict[str, Any], above: str | None, true: str) -> Iterator[dict[str, str]]:
    cells = {
        name: cell_text(value, "TRUE" if name == "primary" else true)
        for name, value in item.items()
        if name not in LISTS and not absent(value)
    }
    cells = {name: text for name, text in cells.items() if text.strip()}
    for name in LISTS_INSIDE.get(kind, ()):
        for inside in item.get(name) or ():
            yield from meant(LISTS[name], inside, cells["key"].strip(), true)
    place = {COLUMN_OF_PLACE[kind]: above} if above is not None else {}
    yield {"type": kind.value, **cells, **place}


def all_meant(file: dict[str, Any], true: str) -> list[dict[str, str]]:
    found = []
    for name, items in file.items():
        if name == "organization":
            found += meant(RecordType.ORGANIZATION, items, None, true)
        else:
            for item in items or ():
                found += meant(LISTS[name], item, None, true)
    return sorted(found, key=repr_of)


def repr_of(cells: dict[str, str]) -> list[tuple[str, str]]:
    return sorted(cells.items())


ODD = ("null", "~", "no", "true", "1e3", "- a", "a: b", "#", "'", '"', "<<", "=", "\r\n", "x\n y\n")


@st.composite
def items(draw: st.DrawFn, kind: RecordType, alphabet: st.SearchStrategy[str], *, is_inside: bool) -> Any:
    texts = st.text(alphabet, max_size=12) | st.sampled_from(ODD)
    entries = st.lists(
        st.none() | st.text(alphabet, max_size=4).filter(lambda text: ";" not in text), max_size=3
    )
    given_by_place = ("type", COLUMN_OF_PLACE.get(kind) if is_inside else None)
    columns = [name for name in COLUMNS if name not in ("key", *given_by_place)]
    names = draw(st.lists(st.sampled_from(columns), max_size=4, unique=True))
    names += draw(st.lists(st.sampled_from(LISTS_INSIDE.get(kind, ("title",))), max_size=2, unique=True))
    item: dict[str, Any] = {}
    for name in draw(st.permutations(list({"key", *names}))):
        if name in LISTS:
            inside = items(LISTS[name], alphabet, is_inside=True)
            item[name] = draw(st.none() | st.lists(inside, max_size=2))
        elif name == "key":
            item[name] = draw(texts.filter(lambda text: not absent(text)))
        else:
            single = texts | st.none() | st.booleans() | st.integers()
            item[name] = draw(single | entries if name in LIST_COLUMNS.get(kind, ()) else single)
    return item


@st.composite
def files(draw: st.DrawFn, alphabet: st.SearchStrategy[str]) -> Any:
    names = st.lists(
        st.sampled_from(["organization", "objectives", *LISTS]), min_size=1, max_size=4, unique=True
    )
    file = {}
    for name in draw(names):
        if name == "organization":
            file[name] = draw(items(RecordType.ORGANIZATION, alphabet, is_inside=False))
        else:
            file[name] = draw(st.none() | st.lists(items(LISTS[name], alphabet, is_inside=False), max_size=3))
    return file


characters = st.characters(codec="utf-8")
surrogates = st.characters()


class Piecemeal(io.BytesIO):
    """A source that gives a few bytes at a time, whatever it is asked for."""

    def __init__(self, data: bytes, size: int) -> None:
        super().__init__(data)
        self._size = size

    def read(self, _size: int | None = -1) -> bytes:
        return super().read(self._size)


def as_read(reading: Reading) -> list[dict[str, str]]:
    found = []
    for each in reading:
        assert isinstance(each, Record), each
        assert set(each.lines) <= set(each.cells)
        found.append(dict(each.cells))
    return sorted(found, key=repr_of)


@settings(max_examples=150)
@given(files(surrogates), st.booleans(), st.sampled_from([None, 1]), st.integers(1, 7))
def test_any_data_as_json_is_read_as_it_was_meant(file, only_ascii, indent, size):
    data = json.dumps(file, ensure_ascii=only_ascii, indent=indent).encode("utf-8", "replace")
    whole = list(read_json(io.BytesIO(data)))
    # The library reads the file too, as halves of surrogate pairs that meet become one character.
    assert as_read(iter(whole)) == all_meant(json.loads(data), "TRUE")
    assert list(read_json(Piecemeal(data, size))) == whole


@settings(max_examples=150)
@given(
    files(characters),
    st.fixed_dictionaries(
        {
            "Dumper": st.sampled_from([yaml.CSafeDumper, yaml.SafeDumper]),
            "allow_unicode": st.booleans(),
            "default_flow_style": st.sampled_from([None, False, True]),
            "sort_keys": st.booleans(),
        }
    ),
    st.integers(1, 7),
)
def test_any_data_as_yaml_is_read_as_it_was_meant(file, options, size):
    data = yaml.dump(file, **options).encode()
    whole = list(read_yaml(io.BytesIO(data)))
    assert as_read(iter(whole)) == all_meant(file, "true")
    assert list(read_yaml(Piecemeal(data, size))) == whole


EXAMPLE = json.dumps(
    {
        "organization": {"key": "acme", "title": "Ä\u2028😀"},
        "objectives": [
            {
                "keyResults": [{"key": "k", "checkIns": [{"current": -1.5e3}]}],
                "team": ["a", "b"],
                "key": "o\\",
            }
        ],
        "links": [{"primary": True, "child": None}],
    },
    indent=1,
    ensure_ascii=False,
).encode()
BLOCK_EXAMPLE = yaml.dump(json.loads(EXAMPLE), allow_unicode=True).encode()
changes = st.lists(
    st.tuples(
        st.integers(0, 400),
        st.integers(0, 3),
        st.binary(max_size=3)
        | st.sampled_from(
            [b"{", b"[", b'"', b"&a ", b"*a", b"!", b"\t", b"\n", b"\\", b"- ", b": ", b"---\n"]
        ),
    ),
    min_size=1,
    max_size=5,
)


def changed(data: bytes, edits: list[tuple[int, int, bytes]]) -> bytes:
    for place, gone, put in edits:
        data = data[:place] + put + data[place + gone :]
    return data


@settings(max_examples=300)
@given(st.sampled_from([EXAMPLE, BLOCK_EXAMPLE]), changes, st.sampled_from([read_json, read_yaml]))
def test_a_damaged_file_is_never_more_than_unread(example, edits, read):
    data = changed(example, edits)
    last_line = data.count(b"\n") + 1
    for each in read(io.BytesIO(data)):
        line = each.line if isinstance(each, Record) else each.problem.line
        assert 1 <= line <= last_line


@settings(max_examples=300)
@given(changes)
def test_damaged_json_is_refused_exactly_when_the_standard_library_refuses_it(edits):
    text = "{" + changed(EXAMPLE, edits).decode("utf-8", "replace")[1:]
    try:
        json.loads(text, parse_constant=float)
        is_json = True
    except ValueError:
        is_json = False
    reading = read_json(io.BytesIO(text.encode()))
    found = "".join(each.problem.reason for each in reading if isinstance(each, Unread))
    assert ("This is not well-formed JSON" in found) is not is_json or "deeper than" in found
