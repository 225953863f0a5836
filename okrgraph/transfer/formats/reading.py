"""Opens a file and reads it as what its format says."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from okrgraph.kit.errors import OperatorError
from okrgraph.transfer.foreign.column_map import ColumnMap
from okrgraph.transfer.formats.csv_file import read_csv
from okrgraph.transfer.formats.file_format import FileFormat
from okrgraph.transfer.formats.json_file import read_json
from okrgraph.transfer.formats.records import Reading
from okrgraph.transfer.formats.yaml_file import read_yaml


@contextmanager
def opened_file(source: Path | BinaryIO) -> Iterator[BinaryIO]:
    """Open a file by its path; a stream is taken as it is. Raises OperatorError when it cannot be read."""
    if not isinstance(source, Path):
        yield source
        return
    try:
        stream = source.open("rb")
    except OSError as error:
        raise OperatorError(f"The file {source} cannot be read ({error.strerror}).") from error
    with stream:
        yield stream


def read(stream: BinaryIO, file_format: FileFormat, columns: ColumnMap | None = None) -> Reading:
    """Read a file row by row. columns: for CSV only. Raises OperatorError for what cannot be asked for."""
    if columns is not None and file_format is not FileFormat.CSV:
        raise OperatorError("A map of columns is for CSV files.")
    match file_format:
        case FileFormat.CSV:
            return read_csv(stream, columns)
        case FileFormat.YAML:
            return read_yaml(stream)
        case FileFormat.JSON:
            return read_json(stream)
        case FileFormat.MARKDOWN:
            raise OperatorError("An outline in Markdown is loaded by `okrgraph import` with --organization.")
