"""The physical lines of a CSV file as text, one at a time; it knows UTF-8 and lengths, not cells."""

import io
from collections import deque
from collections.abc import Iterator
from typing import BinaryIO

from okrgraph.transfer.formats.records import FileProblem

# Far more than the longest texts of one row together; what is longer would fill the memory.
LONGEST_ROW = 1024 * 1024
_UNDECODABLE_NAMED = 20


class RowTooLong(Exception):
    """A row that is longer than LONGEST_ROW; the next line is a row of its own."""

    def __init__(self) -> None:
        super().__init__(f"This row is longer than {LONGEST_ROW:,} characters.")


class CsvLines(Iterator[str]):
    """An iterator that counts, and from which the lines of a row can be read a second time.

    It is no generator, because it goes on after it raised.
    """

    def __init__(self, source: BinaryIO) -> None:
        self._text = io.TextIOWrapper(source, encoding="utf-8-sig", errors="surrogateescape", newline="")
        self._ahead: deque[str] = deque()
        self._row: list[str] = []
        self._row_length = 0
        self._given = 0
        self._read = 0
        self._undecodable = 0
        self._problems: list[FileProblem] = []

    def release(self) -> None:
        """Leave the file open, which is the caller's."""
        self._text.detach()

    def begin_row(self) -> int:
        """Note that a row begins; give the number of its first line."""
        self._row.clear()
        self._row_length = 0
        return self._given + 1

    def reread(self) -> None:
        """Give the lines of this row again, except its first one."""
        again = self._row[1:]
        self._ahead.extendleft(reversed(again))
        self._given -= len(again)

    def peek(self) -> str:
        """The next line, which stays the next one; an empty text at the end."""
        if not self._ahead:
            line = self._next_line()
            if not line:
                return ""
            self._ahead.append(line)
        return self._ahead[0]

    def skip(self) -> None:
        """Leave out the line that `peek` gave."""
        self._ahead.popleft()
        self._given += 1

    def taken_problems(self) -> list[FileProblem]:
        """The problems of the lines read so far, each once."""
        problems, self._problems = self._problems, []
        return problems

    def __next__(self) -> str:
        line = self._ahead.popleft() if self._ahead else self._next_line()
        if not line:
            raise StopIteration
        self._given += 1
        self._row_length += len(line)
        if self._row_length > LONGEST_ROW:
            self._finish(line)
            raise RowTooLong
        self._row.append(line)
        return line

    def _finish(self, line: str) -> None:
        """Pass over what is left of a line."""
        while line and not line.endswith(("\n", "\r")):
            line = self._text.readline(LONGEST_ROW)

    def _next_line(self) -> str:
        line = self._text.readline(LONGEST_ROW + 1)
        self._read += bool(line)
        return line if line.isascii() else self._decoded(line)

    def _decoded(self, line: str) -> str:
        """The line; where it is not UTF-8 that is noted, and it is read as Latin-1, to find what else is wrong."""
        try:
            line.encode()
        except UnicodeEncodeError:
            data = line.encode(errors="surrogateescape")
        else:
            return line
        self._undecodable += 1
        if self._undecodable <= _UNDECODABLE_NAMED:
            start = _undecodable_at(data)
            byte = f"byte 0x{data[start]:02X} after {start} others"
            reason = f"This line is not UTF-8 ({byte}); save the file as UTF-8."
            self._problems.append(FileProblem(self._read, None, reason))
        elif self._undecodable == _UNDECODABLE_NAMED + 1:
            reason = "This line is not UTF-8 either; more such lines are not named."
            self._problems.append(FileProblem(self._read, None, reason))
        return data.decode("latin-1")


def _undecodable_at(data: bytes) -> int:
    """Where the first byte stands that is not UTF-8."""
    try:
        data.decode()
    except UnicodeDecodeError as error:
        return error.start
    raise AssertionError("the line was decodable")
