from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest

from automl.data.files.json_files import frame_of_objects, is_json, parse_json
from automl.errors import DataError

ROWS = [
    {"a": 9007199254740993, "b": "007", "c": 1.5, "d": True},
    {"a": None, "b": "x", "c": 2, "d": False},
    {"b": "y", "a": 3},
]


@pytest.mark.parametrize("container", ["lines", "list", "pretty list", "pretty objects"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_rows_are_read_from_objects_and_lists(container: str, encoding: str) -> None:
    indent = 2 if container.startswith("pretty") else None
    if container.endswith("list"):
        text = json.dumps(ROWS, indent=indent)
    else:
        text = "\n".join(json.dumps(row, indent=indent) for row in ROWS) + "\n"
    frame = parse_json(text.encode(encoding), "t.json")
    assert list(frame.columns) == ["a", "b", "c", "d"]
    assert [None if pd.isna(cell) else int(cell) for cell in frame["a"]] == [
        9007199254740993,
        None,
        3,
    ]
    assert frame["b"].tolist() == ["007", "x", "y"]
    assert frame["c"].tolist()[:2] == [1.5, 2.0]
    assert frame["d"].isna().tolist() == [False, False, True]


def test_values_keep_their_types() -> None:
    frame = parse_json(
        b'{"i": 1, "f": 1.5, "m": 1, "x": 1}\n{"i": 2, "f": 2, "m": "a", "x": 2}', "t"
    )
    assert [str(dtype) for dtype in frame.dtypes[:3]] == ["int64", "float64", "object"]
    assert frame["m"].tolist() == [1, "a"]


def test_whole_numbers_may_be_beyond_64_bits() -> None:
    assert parse_json(b'[{"a": 99999999999999999999}]', "t")["a"].tolist() == [10**20 - 1]


def test_half_a_character_becomes_a_question_mark() -> None:
    assert parse_json(rb'[{"a\ud800": "b\udc00"}]', "t").to_dict("list") == {"a?": ["b?"]}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"a": 1}\n{"a": [1, 2]}\n', "'a' in line 2 of t.jsonl is nested"),
        ('[\n{"a": 1},\n{"a": {"b": 1}}]', "'a' in line 3 of t.jsonl is nested"),
        ('{"a": 1}\n{"a": 2\n{"a": 3}', "that in line 2 of t.jsonl is none"),
        ('{"a": 1}\nhello\n', "that in line 2 of t.jsonl is none"),
        ('{"a": 1, "a": 2}', "the key 'a' is there more than once"),
        ('{"a": 1}\n[1, 2]\n', "line 2 of t.jsonl has"),
        ("[1, 2]", "line 1 of t.jsonl has '1'"),
        ('[{"a": 1}, {"a": 2}', r"has no \]; is it cut off"),
        ('{"a": 1}\n{"a": 2}\n{"a": ', "that in line 3 of t.jsonl is none"),
        ('{"a": ' + "9" * 5000 + "}", "that in line 1 of t.jsonl is none"),
        ('{"a": ' + "[" * 100_000 + "}", "that in line 1 of t.jsonl is none"),
        ("[]", "must have rows"),
        ("{}\n{}", "must have rows"),
    ],
)
def test_what_is_no_table_is_told_with_its_line(text: str, message: str) -> None:
    with pytest.raises(DataError, match=message) as raised:
        parse_json(text.encode(), "t.jsonl")
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    "content", [b'{"a": 1}', b'[{"a": 1}]', b'\xef\xbb\xbf [ {"', b"[]", b"{}"]
)
def test_json_is_known_by_its_beginning(content: bytes) -> None:
    assert is_json(content)


@pytest.mark.parametrize("content", [b"a,b\n", b"{a},b\n", b"[a],b\n", b"[1,2]"])
def test_other_texts_are_no_json(content: bytes) -> None:
    assert not is_json(content)


@pytest.mark.parametrize("beside", [None, np.nan, pd.NA, 1.5, "text", 2])
@pytest.mark.parametrize("kind", [int, np.int64])
def test_a_whole_number_stays_whole_whatever_stands_beside_it(kind: Any, beside: Any) -> None:
    """It has no float, to which pandas would round it."""
    frame = frame_of_objects([{"c": kind(9007199254740993)}, {"c": beside}])
    assert str(frame["c"].iloc[0]) == "9007199254740993"


def test_objects_in_memory_are_typed_as_those_of_a_file() -> None:
    moment = pd.Timestamp(2024, 5, 1)
    rows = [{"a": 1, "b": 0.5, "when": moment}, {"b": 2, "c": "x"}, {}]
    frame = frame_of_objects(rows)
    assert list(frame) == ["a", "b", "when", "c"] and len(frame) == 3
    assert frame["a"].dtype == "Int64" and frame["b"].dtype == "float64"
    assert frame["when"].dtype.kind == "M" and frame["when"].isna().sum() == 2
    assert frame["c"].isna().tolist() == [True, False, True]
    assert frame_of_objects([{}, {}]).shape == (2, 0)
