"""JSON lines in pieces; held against the whole in tests/automl/data/test_pieces.py."""

from __future__ import annotations

from pathlib import Path

import pytest

from automl.data.files.file_blocks import FileBlocks
from automl.data.files.json_lines import is_json_lines, json_line_pieces


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ('{"a": 1}\n{"a": 2}\n', True),
        ('\ufeff\n {"a": 1},\n{"a": 2}', True),
        ('[{"a": 1}]\n', False),
        ('{\n"a": 1}\n', False),
        ("", False),
    ],
)
def test_the_first_line_tells(text: str, is_one: bool, tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(text)
    assert is_json_lines(FileBlocks(tmp_path / "a.json")) == is_one


def test_columns_that_come_late_are_in_every_piece(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"a": 1}\n' * 4 + '{"b": 2}\n')
    read = list(json_line_pieces(FileBlocks(tmp_path / "a.jsonl"), lambda n_columns: 2))
    assert [len(piece) for piece in read] == [2, 2, 1]
    assert {tuple(piece) for piece in read} == {("a", "b")}
