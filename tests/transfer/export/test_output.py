import os
import resource
import stat
from pathlib import Path

import pytest

from okrgraph.kit.errors import OperatorError
from okrgraph.transfer.export.output import opened_output


def write_to(path, *texts):
    with opened_output(path) as write:
        for text in texts:
            write(text)


def fail_while_writing(path, error):
    with opened_output(path) as write:
        write("half")
        raise error


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def refusal_of(path, *texts) -> str:
    with pytest.raises(OperatorError) as refused:
        write_to(path, *texts)
    return str(refused.value)


def test_a_file_is_utf_8_with_the_line_ends_of_the_text(tmp_path):
    write_to(tmp_path / "okrs.csv", "ä\n", "b\r\n\rc")

    assert (tmp_path / "okrs.csv").read_bytes() == b"\xc3\xa4\nb\r\n\rc"
    assert names_in(tmp_path) == ["okrs.csv"]


def test_a_file_appears_only_when_it_is_whole(tmp_path):
    with opened_output(tmp_path / "okrs.csv") as write:
        write("a")
        assert not (tmp_path / "okrs.csv").exists()

    assert (tmp_path / "okrs.csv").read_text() == "a"


@pytest.mark.parametrize("error", [ZeroDivisionError, KeyboardInterrupt, OSError])
def test_whatever_goes_wrong_the_old_file_stays_and_nothing_beside_it(tmp_path, error):
    path = tmp_path / "okrs.csv"
    path.write_text("old")

    with pytest.raises(error):
        fail_while_writing(path, error)

    assert (path.read_text(), names_in(tmp_path)) == ("old", ["okrs.csv"])


def test_a_file_that_is_replaced_keeps_who_may_read_it(tmp_path):
    path = tmp_path / "okrs.csv"
    path.write_text("old")
    path.chmod(0o640)

    write_to(path, "new")

    assert (path.read_text(), stat.S_IMODE(path.stat().st_mode)) == ("new", 0o640)


def test_behind_a_link_the_file_is_replaced_and_the_link_stays(tmp_path):
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "okrs.csv").write_text("old")
    link = tmp_path / "okrs.csv"
    link.symlink_to(tmp_path / "there" / "okrs.csv")

    write_to(link, "new")

    assert link.is_symlink()
    assert (tmp_path / "there" / "okrs.csv").read_text() == "new"
    assert names_in(tmp_path / "there") == ["okrs.csv"]


def test_a_device_is_written_to_and_stays_one():
    write_to(Path(os.devnull), "text")

    assert stat.S_ISCHR(Path(os.devnull).stat().st_mode)


def test_a_pipe_is_written_to(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reading = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)

    write_to(pipe, "text")

    assert os.read(reading, 100) == b"text"
    os.close(reading)
    assert stat.S_ISFIFO(pipe.stat().st_mode)


def test_what_cannot_be_written_is_refused_in_a_sentence(tmp_path):
    (tmp_path / "file").write_text("")
    nowhere = tmp_path / "nowhere" / "okrs.csv"
    below = tmp_path / "file" / "okrs.csv"

    assert refusal_of(tmp_path) == f"{tmp_path} is a folder; name a file."
    assert refusal_of(nowhere) == f"The file {nowhere} cannot be written (No such file or directory)."
    assert refusal_of(below) == f"The file {below} cannot be written (Not a directory)."
    assert names_in(tmp_path) == ["file"]


@pytest.mark.parametrize("texts", [["text"], ["text" * 10_000] * 3])
def test_a_full_disk_is_refused_in_a_sentence_and_the_old_file_stays(tmp_path, texts):
    path = tmp_path / "okrs.csv"
    path.write_text("old")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, before[1]))
    try:
        refusal = refusal_of(path, *texts)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)

    assert refusal == f"The file {path} cannot be written (File too large)."
    assert (path.read_text(), names_in(tmp_path)) == ("old", ["okrs.csv"])
