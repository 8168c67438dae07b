"""Text in pieces; what it holds is held against the whole in tests/automl/data/test_pieces.py."""

from __future__ import annotations

from pathlib import Path

import pytest

from automl.data.files.file_blocks import FileBlocks
from automl.data.files.text_pieces import text_pieces
from automl.errors import DataError


def test_messages_come_with_the_first_piece(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("a;b\n" + "1,5;x\n" * 5)
    read = list(text_pieces(FileBlocks(tmp_path / "a.csv"), (), lambda n_columns: n_columns))
    assert [len(each.frame) for each in read] == [2, 2, 1]
    assert [each.messages for each in read] == [("a.csv is read with the delimiter ';'",), (), ()]
    assert {each.decimal for each in read} == {","}


def test_names_that_are_numbers_are_known(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("400,410\n" + "0.1,0.2\n" * 5)
    blocks = FileBlocks(tmp_path / "a.csv")
    (read,) = text_pieces(blocks, ("400", "410"), lambda n_columns: 10)
    assert list(read.frame) == ["400", "410"]
    with pytest.raises(DataError, match="must be a header"):
        list(text_pieces(blocks, (), lambda n_columns: 10))
