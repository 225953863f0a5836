"""The formats of import and export files, and which of them a file's name speaks of."""

from enum import StrEnum
from pathlib import PurePath


class FileFormat(StrEnum):
    CSV = "csv"
    YAML = "yaml"
    JSON = "json"
    MARKDOWN = "markdown"


_OF_SUFFIX = {
    ".yaml": FileFormat.YAML,
    ".yml": FileFormat.YAML,
    ".json": FileFormat.JSON,
    ".md": FileFormat.MARKDOWN,
    ".markdown": FileFormat.MARKDOWN,
}


def format_of(name: str) -> FileFormat:
    """The format that a file's name ends in, in any case of letters; CSV for every other name."""
    return _OF_SUFFIX.get(PurePath(name).suffix.lower(), FileFormat.CSV)
