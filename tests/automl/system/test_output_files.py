"""Files that a person names: written whole, and over nothing of theirs."""

from __future__ import annotations

import os
import resource
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from automl.errors import OutputError
from automl.system.output_files import PAGE, PAGE_MARK, check_output, write_output

OWN = b"<!doctype html>\n<html><head>" + PAGE_MARK + b"</head></html>"
OTHERS = {
    "a page of somebody else": b"<!doctype html>\n<html><head><title>Diary</title></head></html>",
    "a table": b"a,b\n1,2\n",
    "a mark without a page": PAGE_MARK,
    "nothing that can be read as text": b"\xff\xfe\x00" * 100,
}


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_page_is_written_whole_and_with_the_permissions_of_any_file(tmp_path: Path) -> None:
    plain = tmp_path / "plain"
    plain.touch()
    path = write_output(tmp_path / "r.html", OWN, PAGE)
    assert path.read_bytes() == OWN
    assert stat.S_IMODE(path.stat().st_mode) == stat.S_IMODE(plain.stat().st_mode)
    assert names_in(tmp_path) == ["plain", "r.html"]


def test_an_earlier_page_and_an_empty_file_are_replaced(tmp_path: Path) -> None:
    for before in (OWN, b""):
        (tmp_path / "r.html").write_bytes(before)
        write_output(tmp_path / "r.html", OWN + b"new", PAGE)
        assert (tmp_path / "r.html").read_bytes() == OWN + b"new"


def test_missing_folders_are_made_when_there_is_something_to_write(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "r.html"
    check_output(path, PAGE)
    assert names_in(tmp_path) == []
    write_output(path, OWN, PAGE)
    assert path.read_bytes() == OWN


@pytest.mark.parametrize("name", OTHERS)
def test_what_somebody_else_wrote_stays(name: str, tmp_path: Path) -> None:
    path = tmp_path / "r.html"
    path.write_bytes(OTHERS[name])
    with pytest.raises(OutputError, match=r"r\.html' is something else: name another, or move"):
        write_output(path, OWN, PAGE)
    assert path.read_bytes() == OTHERS[name]
    assert names_in(tmp_path) == ["r.html"]


def test_a_database_stays_whatever_it_is_called(tmp_path: Path) -> None:
    path = tmp_path / "studies.html"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE trials (number)")
    connection.close()
    before = path.read_bytes()
    with pytest.raises(OutputError, match="something else"):
        check_output(path, PAGE)
    assert path.read_bytes() == before


@pytest.mark.parametrize("name", ["automl.db", "automl.db-wal", "automl.db-journal", "page", "-"])
def test_an_ending_of_another_kind_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"written to a file that ends in \.html or \.htm, but"):
        check_output(tmp_path / name, PAGE)


def test_files_that_the_command_reads_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "r.html").write_bytes(OWN)
    (tmp_path / "hard.html").hardlink_to("r.html")
    (tmp_path / "soft.html").symlink_to("r.html")
    for read in ("r.html", tmp_path / "r.html", "./hard.html", "soft.html"):
        with pytest.raises(OutputError, match=r"reads stays, but 'r\.html' is the data: name"):
            check_output("r.html", PAGE, {str(read): "the data"})
    with pytest.raises(OutputError, match="what a command reads stays"):
        check_output("new.html", PAGE, {"new.html": "the database that the command will make"})


def test_folders_of_artifacts_stay_as_they_are(tmp_path: Path) -> None:
    (tmp_path / "automl.artifacts").mkdir()
    for path in ("automl.artifacts/r.html", "link/r.html"):
        if path.startswith("link"):
            (tmp_path / "link").symlink_to("automl.artifacts")
        with pytest.raises(OutputError, match="holds the models of studies"):
            check_output(tmp_path / path, PAGE)


def test_no_folder_pipe_or_device_is_written_to(tmp_path: Path) -> None:
    (tmp_path / "folder.html").mkdir()
    os.mkfifo(tmp_path / "pipe.html")
    (tmp_path / "device.html").symlink_to("/dev/null")
    (tmp_path / "to_pipe.html").symlink_to("pipe.html")
    with pytest.raises(OutputError, match=r"written to a file that .* a link to 'null'"):
        check_output(tmp_path / "device.html", PAGE)
    for name in ("folder", "pipe", "to_pipe"):
        with pytest.raises(OutputError, match="is written to a file, but"):
            check_output(tmp_path / f"{name}.html", PAGE)


def test_a_link_is_followed_and_stays_one(tmp_path: Path) -> None:
    (tmp_path / "link.html").symlink_to("page.html")
    write_output(tmp_path / "link.html", OWN, PAGE)
    assert (tmp_path / "link.html").is_symlink()
    assert (tmp_path / "page.html").read_bytes() == OWN
    (tmp_path / "page.html").write_bytes(b"mine")
    with pytest.raises(OutputError, match="something else"):
        check_output(tmp_path / "link.html", PAGE)


@pytest.mark.parametrize("name", ["automl.db-wal", "automl.db", "notes"])
def test_a_link_does_not_hide_another_ending(name: str, tmp_path: Path) -> None:
    """A log is empty where all of it is in the database, and another process has it open."""
    (tmp_path / name).touch()
    inode = (tmp_path / name).stat().st_ino
    (tmp_path / "link.html").symlink_to(name)
    with pytest.raises(OutputError, match=rf"ends in .*link\.html', a link to '{name}'"):
        write_output(tmp_path / "link.html", OWN, PAGE)
    assert (tmp_path / name).stat().st_ino == inode


@pytest.mark.parametrize(
    ("name", "cause"),
    [
        ("file/r.html", "file' is no folder"),
        ("file/new/r.html", "file/new' is no folder"),
        ("x" * 300 + ".html", "file name too long"),
        ("circle.html", "loop"),
        ("a\0.html", "null"),
    ],
)
def test_what_cannot_be_written_is_told_before_the_work(
    name: str, cause: str, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "circle.html").symlink_to("circle.html")
    with pytest.raises(OutputError, match=f"(?i)cannot be written: .*{cause}"):
        check_output(tmp_path / name, PAGE)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_and_a_file_without_permission_are_told(tmp_path: Path) -> None:
    (tmp_path / "r.html").write_bytes(OWN)
    (tmp_path / "r.html").chmod(0o444)
    with pytest.raises(OutputError, match="it is read-only"):
        check_output(tmp_path / "r.html", PAGE)
    tmp_path.chmod(0o555)
    try:
        with pytest.raises(OutputError, match="cannot be written: permission denied"):
            check_output(tmp_path / "new.html", PAGE)
    finally:
        tmp_path.chmod(0o755)


def test_a_full_disk_leaves_what_was_there(tmp_path: Path) -> None:
    """The size that a process may write is limited here; a full disk ends a write as well."""
    (tmp_path / "r.html").write_bytes(OWN)
    code = (
        "import signal; from automl.system.output_files import PAGE, write_output\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        f"write_output({str(tmp_path / 'r.html')!r}, b'x' * 100_000, PAGE)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=Path(__file__).parents[3],
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000)),
        capture_output=True,
        text=True,
        check=False,
    )
    assert "OutputError" in done.stderr.splitlines()[-1]
    assert done.stderr.splitlines()[-1].endswith("file too large; what was there is unchanged")
    assert (tmp_path / "r.html").read_bytes() == OWN
    assert names_in(tmp_path) == ["r.html"]
