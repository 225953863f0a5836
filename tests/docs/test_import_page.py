"""The page on imports is true: its files are imported, and it names all that a file may hold."""

import re
from pathlib import Path

import pytest

from okrgraph.transfer.foreign.column_map_file import read_column_map
from okrgraph.transfer.foreign.columns import ColumnKind, kind_of, words_of
from okrgraph.transfer.formats.file_format import format_of
from okrgraph.transfer.formats.nested_file import LISTS
from okrgraph.transfer.formats.records import COLUMNS, USED_COLUMNS, RecordType
from okrgraph.transfer.importing import ImportRefused, ImportResult, import_file
from tests.transfer.files import organization, refusal_of, row

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "import.md").read_text()
EXAMPLES = DOCS / "examples" / "import"
# What a key has to look like, where not any text will do.
KEYS = {"person": "new@acme.example", "organization": "acme"}


def block(name: str, language: str) -> str:
    return f"```{language}\n{(EXAMPLES / name).read_text()}```\n"


def section(kind: RecordType) -> str:
    """What the page says of one type."""
    found = re.search(rf"^### {kind}\n(.*?)^##", PAGE, re.DOTALL | re.MULTILINE)
    assert found is not None
    return found[1]


def table(kind: RecordType) -> dict[str, tuple[str, str]]:
    """Of each column of a type, what stands under "needed" and "holds"."""
    rows = [line.strip("|").split("|") for line in section(kind).splitlines() if line.startswith("| ")]
    assert [cell.strip() for cell in rows[0]] == ["column", "needed", "holds", "unless given"]
    return {
        column: (row[1].strip(), row[2].strip()) for row in rows[1:] for column in row[0].strip().split(", ")
    }


async def imported(name: str, slug: str | None = "saltmarsh", columns: Path | None = None) -> ImportResult:
    mapped = None if columns is None else read_column_map(columns)
    file = EXAMPLES / name
    return await import_file(file, file_format=format_of(name), columns=mapped, organization=slug)


def counts(result: ImportResult, verb: str = "Imported") -> str:
    """What the command prints; the page shows it."""
    kinds = sorted({*result.created, *result.changed, *result.unchanged})
    lines = (
        f"  {kind}: {result.created.get(kind, 0):,} created, {result.changed.get(kind, 0):,} changed, "
        f"{result.unchanged.get(kind, 0):,} unchanged\n"
        for kind in kinds
    )
    return f"{verb} {result.slug}:\n{''.join(lines)}"


@pytest.mark.parametrize("kind", RecordType)
def test_the_table_of_a_type_has_all_its_columns_and_no_other(kind: RecordType) -> None:
    assert set(table(kind)) == USED_COLUMNS[kind] - {"type"}


@pytest.mark.parametrize("kind", RecordType)
def test_all_words_of_a_column_are_named_where_it_is_explained(kind: RecordType) -> None:
    for column, (_, holds) in table(kind).items():
        if kind_of(kind, column) is ColumnKind.CHOICE:
            assert [word for word in words_of(kind, column) if f"`{word}`" not in holds] == [], column


def test_every_column_is_named() -> None:
    assert [name for name in COLUMNS if not re.search(rf"\b{name}\b", PAGE)] == []
    unused = [name for name in COLUMNS if not any(name in used for used in USED_COLUMNS.values())]
    assert f"`{unused[0]}` is known and not used yet" in PAGE
    assert len(unused) == 1


def test_every_list_of_nested_files_is_named() -> None:
    assert [name for name in LISTS if f"`{name}`" not in PAGE] == []


@pytest.mark.parametrize("kind", [kind for kind in RecordType if kind is not RecordType.ORGANIZATION])
async def test_what_a_new_thing_needs_is_what_the_page_says(
    sqlite_database: object, kind: RecordType
) -> None:
    needed = {column for column, (needed, _) in table(kind).items() if needed.startswith("yes")}
    bare = row(kind, KEYS.get(kind, "new"))
    found = await refusal_of([*organization(), bare])
    columns = {problem.partition(", column ")[2].partition(":")[0] for problem in found}
    assert columns | {"key"} == needed | {"key"}


@pytest.mark.parametrize("kind", [kind for kind in RecordType if kind is not RecordType.LINK])
async def test_every_type_but_a_link_needs_its_key(sqlite_database: object, kind: RecordType) -> None:
    assert table(kind)["key"][0] == "yes"
    found = await refusal_of([*organization(), row(kind)], organization="acme")
    assert any(re.fullmatch(r"line 9, column key: An? [\w -]+ needs a key\.", each) for each in found), found


async def test_the_smallest_files_are_imported_and_say_the_same(sqlite_database: object) -> None:
    assert block("smallest.csv", "csv") in PAGE
    assert counts(await imported("smallest.csv")) in PAGE
    for name, language in (("smallest.csv", "csv"), ("smallest.yaml", "yaml"), ("smallest.json", "json")):
        assert block(name, language) in PAGE
        again = await imported(name)
        assert (again.created, again.changed, again.warnings) == ({}, {}, ())


async def test_the_spreadsheet_is_imported_as_the_page_says(database: object) -> None:
    assert block("okrs.csv", "text") in PAGE
    assert block("okrs.yaml", "yaml") in PAGE
    shown = PAGE.partition("[organization.csv](examples/import/organization.csv)")[2].partition("```\n")[0]
    rows = (EXAMPLES / "organization.csv").read_text().splitlines()
    left_out = [each for each in rows if each not in shown]
    assert (len(rows) - 1, len(left_out)) == (18, 11)

    assert counts(await imported("organization.csv", None)) in PAGE
    done = await imported("okrs.csv", columns=EXAMPLES / "okrs.yaml")
    told = counts(done, "Would import") + "".join(f"Warning: {each}\n" for each in done.warnings)
    assert f"```text\n{told}```" in PAGE
    again = await imported("okrs.csv", columns=EXAMPLES / "okrs.yaml")
    assert (again.created, again.changed) == ({}, {})


async def test_the_first_attempt_is_refused_as_the_page_says(sqlite_database: object, tmp_path: Path) -> None:
    whole = (EXAMPLES / "okrs.yaml").read_text()
    first_map = tmp_path / "okrs.yaml"
    first_map.write_text(whole.partition("    Lena Bruck:")[0])
    sheet = tmp_path / "okrs.csv"
    sheet.write_bytes((EXAMPLES / "okrs.csv").read_text().encode("cp1252"))
    await imported("organization.csv", None)

    with pytest.raises(ImportRefused) as refused:
        await import_file(sheet, columns=read_column_map(first_map), organization="saltmarsh")

    problems = refused.value.problems
    told = "".join(f"{problem}\n" for problem in problems)
    assert f"```text\n{told}Nothing was written: {len(problems)} problems in okrs.csv.\n```" in PAGE


async def test_the_example_of_a_refusal_is_one(sqlite_database: object) -> None:
    await imported("smallest.csv")
    with pytest.raises(ImportRefused) as refused:
        await imported("okrs.csv", columns=EXAMPLES / "okrs.yaml")
    of_line_9 = "".join(f"{problem}\n" for problem in refused.value.problems if problem.line == 9)
    assert f"```text\n{of_line_9}```" in PAGE


def test_every_file_and_heading_that_the_page_points_to_is_there() -> None:
    headings = {
        re.sub(r"[^\w\- ]", "", heading).strip().lower().replace(" ", "-")
        for heading in re.findall(r"^#+ (.*)$", PAGE, re.MULTILINE)
    }
    targets = re.findall(r"\]\(([^)]+)\)", PAGE)
    assert len(targets) > 10
    for target in targets:
        path, _, heading = target.partition("#")
        assert (DOCS / path).exists(), target
        assert not heading or heading in headings, target
