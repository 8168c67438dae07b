from __future__ import annotations

import os
from io import BytesIO
from pathlib import Path

import pytest

from storage.whole_files import write_whole


def test_a_file_is_replaced_by_the_whole_of_another(tmp_path: Path) -> None:
    final = tmp_path / "a.bin"
    final.write_bytes(b"before")
    write_whole(final, BytesIO(b"after"), tmp_path / "a.part")
    assert final.read_bytes() == b"after"
    assert [path.name for path in tmp_path.iterdir()] == ["a.bin"]


def test_what_was_there_stays_where_the_new_cannot_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    final = tmp_path / "a.bin"
    final.write_bytes(b"before")

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        write_whole(final, BytesIO(b"after"), tmp_path / "a.part")
    assert final.read_bytes() == b"before"
    assert [path.name for path in tmp_path.iterdir()] == ["a.bin"]


def test_a_temporary_file_of_another_is_left_alone(tmp_path: Path) -> None:
    other = tmp_path / "a.part"
    other.write_bytes(b"being written")
    with pytest.raises(FileExistsError):
        write_whole(tmp_path / "a.bin", BytesIO(b"mine"), other)
    assert other.read_bytes() == b"being written"


@pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")
def test_permissions_are_those_of_any_new_file_unless_said(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        write_whole(tmp_path / "a", BytesIO(b""), tmp_path / "a.part")
        write_whole(tmp_path / "b", BytesIO(b""), tmp_path / "b.part", mode=0o600)
    finally:
        os.umask(before)
    assert [(tmp_path / name).stat().st_mode & 0o777 for name in "ab"] == [0o644, 0o600]
