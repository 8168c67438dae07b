from __future__ import annotations

import io
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from optuna.artifacts.exceptions import ArtifactNotFound

from storage import artifact_files
from storage.artifact_files import ArtifactFolder, hash_of
from storage.errors import ArtifactError, StorageError


@pytest.fixture
def folder(tmp_path: Path) -> ArtifactFolder:
    return ArtifactFolder(tmp_path / "automl.artifacts")


def test_file_is_written_under_its_id_and_nothing_else_is_left(folder: ArtifactFolder) -> None:
    assert folder.names() == set()
    folder.write("a", io.BytesIO(b"content"))
    assert folder.names() == {"a"}
    with folder.open_reader("a") as file:
        assert file.read() == b"content"
    assert folder.read_checked("a", hash_of(b"content"), 7) == b"content"


class Broken(io.BytesIO):
    """A source that fails half-way."""

    def read(self, size: int | None = -1, /) -> bytes:
        if self.tell():
            raise OSError(28, "No space left on device")
        return super().read(3)


def test_failed_write_leaves_the_earlier_file(folder: ArtifactFolder) -> None:
    folder.write("a", io.BytesIO(b"earlier"))
    with pytest.raises(StorageError, match=r"must be writable.*No space left"):
        folder.write("a", Broken(b"later"))
    assert folder.names() == {"a"}
    assert folder.file("a").read_bytes() == b"earlier"


@pytest.mark.parametrize("name", ["../a", "/etc/passwd", "a/b", "", ".", "..", "a\0b", 500 * "a"])
def test_id_cannot_leave_the_folder(folder: ArtifactFolder, name: str) -> None:
    with pytest.raises(ArtifactError, match="plain name"):
        folder.file(name)


def test_altered_and_missing_files_are_refused(folder: ArtifactFolder) -> None:
    folder.write("a", io.BytesIO(b"content"))
    folder.file("a").write_bytes(b"c0ntent")
    with pytest.raises(StorageError, match=r"was altered .*Run `automl doctor`"):
        folder.read_checked("a", hash_of(b"content"), 7)
    folder.remove("a")
    folder.remove("a")
    with pytest.raises(StorageError, match="is missing"):
        folder.read_checked("a", hash_of(b"content"), 7)
    with pytest.raises(ArtifactNotFound):
        folder.open_reader("a")


def make_fifo(path: Path, tmp_path: Path) -> None:
    os.mkfifo(path)


def make_link(path: Path, tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"content")
    path.symlink_to(tmp_path / "secret")


def make_link_to_a_device(path: Path, tmp_path: Path) -> None:
    path.symlink_to("/dev/zero")


def make_folder(path: Path, tmp_path: Path) -> None:
    path.mkdir()


@pytest.mark.timeout(10)
@pytest.mark.skipif(os.name != "posix", reason="links and queues of POSIX")
@pytest.mark.parametrize(
    ("make", "what"),
    [
        (make_fifo, "a queue"),
        (make_link, "a link"),
        (make_link_to_a_device, "a link"),
        (make_folder, "a folder"),
    ],
)
def test_nothing_but_a_regular_file_is_read(
    folder: ArtifactFolder, tmp_path: Path, make: Callable[[Path, Path], None], what: str
) -> None:
    folder.path.mkdir()
    make(folder.path / "a", tmp_path)
    with pytest.raises(ArtifactError, match=f"must be a regular file, but .* is {what}"):
        folder.read_checked("a", hash_of(b"content"), 7)
    with pytest.raises(ArtifactError, match="must be a regular file"):
        folder.open_reader("a")
    folder.remove("a")  # a folder stays, without an error


def test_file_of_another_size_is_not_read(folder: ArtifactFolder) -> None:
    folder.path.mkdir()
    with folder.file("a").open("wb") as file:
        file.truncate(2**40)  # takes no space, but would take all memory
    with pytest.raises(ArtifactError, match=r"was altered \(it has 1099511627776 bytes, not 7\)"):
        folder.read_checked("a", hash_of(b"content"), 7)


def test_file_in_the_place_of_the_folder_is_said(folder: ArtifactFolder) -> None:
    folder.path.write_bytes(b"")
    assert folder.names() == set()
    folder.remove("a")
    with pytest.raises(ArtifactError, match="cannot be written"):
        folder.write("a", io.BytesIO(b"content"))
    with pytest.raises(ArtifactError, match="cannot be read: Not a directory"):
        folder.read_checked("a", hash_of(b"content"), 7)


def test_temporary_files_of_dead_processes_are_removed(folder: ArtifactFolder) -> None:
    folder.path.mkdir()
    own = f"a.{artifact_files._host()}-{os.getpid()}.part"
    done = subprocess.Popen([sys.executable, "-c", ""])
    done.wait()
    dead = f"b.{artifact_files._host()}-{done.pid}.part"
    fresh, old = "c.0123abcd-7.part", "d.0123abcd-7.part"
    for name in (own, dead, fresh, old, "whole"):
        (folder.path / name).write_bytes(b"half")
    hours_ago = time.time() - 2 * artifact_files.ABANDONED_SECONDS
    os.utime(folder.path / old, (hours_ago, hours_ago))
    folder.remove_abandoned()
    assert folder.names() == {own, fresh, "whole"}
    assert folder.is_being_written(own)
    assert not folder.is_being_written(fresh)
