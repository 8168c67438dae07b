from __future__ import annotations

import io
from pathlib import Path

import pytest
from optuna.artifacts.exceptions import ArtifactNotFound

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


@pytest.mark.parametrize("name", ["../a", "/etc/passwd", "a/b", "", ".", ".."])
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
