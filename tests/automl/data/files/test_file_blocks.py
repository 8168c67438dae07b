"""Blocks of files: all bytes, as often as wanted, unpacked."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from automl.data.files import file_blocks
from automl.data.files.file_blocks import FileBlocks
from automl.errors import DataError


@pytest.mark.parametrize("size", [1, 3, 1 << 20])
def test_bytes_come_whole_and_again(
    size: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file_blocks, "BLOCK_BYTES", size)
    content = "ä\x1a, b\r\nc\n\x1a\x1a".encode()
    (tmp_path / "a.csv").write_bytes(content)
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(content))
    for name in ("a.csv", "a.csv.gz"):
        blocks = FileBlocks(tmp_path / name)
        for _ in range(2):
            assert b"".join(blocks()) == content
            assert list(blocks.text("utf-8")) == ["ä\x1a, b\r\n", "c\n"]
    assert len(list(FileBlocks(tmp_path / "a.csv")())) == -(-len(content) // size)


def test_the_end_mark_of_dos_stays_where_it_may_be_half_a_character(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes("\u1a1a".encode("utf-16"))
    assert FileBlocks(tmp_path / "a.txt").text("utf-16").read() == "\u1a1a"


def test_what_is_no_file_is_told(tmp_path: Path) -> None:
    for path, rule in ((tmp_path, "is a folder"), (tmp_path / "none", "there is no")):
        with pytest.raises(DataError, match=rule):
            list(FileBlocks(path)())
