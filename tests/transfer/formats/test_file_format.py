import pytest

from okrgraph.transfer.formats.file_format import FileFormat, format_of


@pytest.mark.parametrize(
    ("name", "file_format"),
    [
        ("okrs.csv", FileFormat.CSV),
        ("okrs.yaml", FileFormat.YAML),
        ("OKRs.YML", FileFormat.YAML),
        ("folder.json/okrs", FileFormat.CSV),
        ("okrs.csv.json", FileFormat.JSON),
        ("okrs.md", FileFormat.MARKDOWN),
        ("okrs.Markdown", FileFormat.MARKDOWN),
        ("okrs.txt", FileFormat.CSV),
        (".yaml", FileFormat.CSV),
        ("", FileFormat.CSV),
    ],
)
def test_a_name_tells_the_format(name, file_format):
    assert format_of(name) is file_format
