"""Tables in JSON: an object for each row, one after the other or in one list.

Numbers, booleans and texts keep their types. An object without a key that others have is
missing that cell, so is null. Nested values, a key given twice, and whatever else stands
between the objects than commas are errors that name the line.
"""

from __future__ import annotations

import json
import re
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from automl.data.files.encodings import detect_encoding
from automl.errors import DataError

_BEGINNING = re.compile(r'\s*(\{\s*["}]|\[\s*[{\]])')
_BETWEEN = re.compile(r"[\s,\ufeff]*")
_LINE_ENDS = re.compile(r"\r\n|\r|\n")
_INT64 = range(-(1 << 63), 1 << 63)


def is_json(content: bytes) -> bool:
    """Whether bytes begin as objects of JSON do, or a list of them."""
    beginning = content[:1000].removeprefix(b"\xef\xbb\xbf").decode("latin-1")
    return _BEGINNING.match(beginning) is not None


def parse_json(content: bytes, name: str) -> pd.DataFrame:
    """Read rows that are JSON objects.

    Raises:
        DataError: no JSON, no rows, or rows that are no flat objects; the line is named.
    """
    try:
        text = content.decode(detect_encoding(content, name))
    except UnicodeError as error:
        raise DataError(f"{name} must be text, but cannot be read as such: {error}") from None
    columns: dict[str, list[Any]] = {}
    for n_before, row in enumerate(flat_objects(text, name)):
        for key, value in row.items():
            if key not in columns:
                columns[key] = [None] * n_before
            columns[key].append(value)
        if len(row) < len(columns):
            for cells in columns.values():
                if len(cells) == n_before:
                    cells.append(None)
    if not columns:
        raise DataError(f"{name} must have rows, but its objects are empty")
    return pd.DataFrame(
        {key: typed_cells(cells, kinds_of(cells)) for key, cells in columns.items()}
    )


def flat_objects(text: str, name: str, first_line: int = 1) -> Iterator[dict[str, Any]]:
    """Each row of a text of JSON.

    Args:
        first_line: the number of the text's first line in its file.

    Raises:
        DataError: what stands there is no flat object.
    """
    for line, row in _objects(text, name, first_line):
        for key, value in row.items():
            if isinstance(value, (dict, list)):
                raise DataError(
                    f"rows must be flat objects, but {key!r} in line {line} of {name} is nested; "
                    "give each of its values a key of its own"
                )
        yield row


def _objects(text: str, name: str, first_line: int) -> Iterator[tuple[int, dict[str, Any]]]:
    """Each object with the number of the line where it begins."""
    decoder = json.JSONDecoder(object_pairs_hook=_without_repeated_keys)
    text = text.rstrip()
    end = len(text)
    position = _skip_between(text, 0)
    if text.startswith("[", position):
        if not text.endswith("]"):
            raise DataError(f"a list must be closed, but that of {name} has no ]; is it cut off?")
        position, end = _skip_between(text, position + 1), end - 1
    line, counted = first_line, 0
    while position < end:
        line += len(_LINE_ENDS.findall(text, counted, position))
        counted = position
        try:
            value, position = decoder.raw_decode(text, position)
        except (ValueError, RecursionError) as error:
            reason = getattr(error, "msg", str(error))
            raise DataError(
                f"each row must be a JSON object, but that in line {line} of {name} is none: "
                f"{reason[:100]}"
            ) from None
        if not isinstance(value, dict):
            raise DataError(
                f"each row must be a JSON object, but line {line} of {name} has "
                f'{str(value)[:40]!r}; write {{"column": value, ...}}'
            )
        yield line, value
        position = _skip_between(text, position)


def _skip_between(text: str, position: int) -> int:
    found = _BETWEEN.match(text, position)
    return found.end() if found else position


def _without_repeated_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    row = {_printable(key): value for key, value in pairs}
    if len(row) < len(pairs):
        keys = [key for key, _ in pairs]
        repeated = next(key for key in keys if keys.count(key) > 1)
        raise ValueError(f"the key {repeated!r} is there more than once")
    return row


class LargeInt:
    """The kind of whole numbers that no int64 holds."""


def kinds_of(cells: Iterable[Any]) -> frozenset[type]:
    """The kinds of values of a column that are there."""
    kinds = {LargeInt if type(c) is int and c not in _INT64 else type(c) for c in cells}
    return frozenset(kinds - {type(None)})


def typed_cells(cells: list[Any], kinds: frozenset[type]) -> pd.Series[Any]:
    """A column, or a piece of one.

    Whole numbers stay whole where cells are missing: 9007199254740993 has no float.

    Args:
        kinds: of the whole column.
    """
    dtype = _dtype(kinds, None in cells)
    column: pd.Series[Any] = pd.Series(_printable_cells(cells, kinds), dtype=dtype)
    return column


_OF_JSON = frozenset({int, float, bool, str, LargeInt})
_INTEGER, _NULLABLE, _FLOAT, _BOOLEAN, _TEXT, _OBJECT = map(
    pd.api.types.pandas_dtype, ("int64", "Int64", "float64", "bool", "str", "object")
)


def _dtype(kinds: frozenset[type], has_gaps: bool) -> Any:
    """The type of a column of cells of JSON; None: pandas finds it."""
    if kinds == {int}:
        return _NULLABLE if has_gaps else _INTEGER
    if float in kinds and kinds <= {int, float}:
        return _FLOAT
    if kinds == {str}:
        return _TEXT
    if kinds == {bool}:
        return _OBJECT if has_gaps else _BOOLEAN
    return _OBJECT if kinds <= _OF_JSON or len(kinds) != 1 else None


def columns_of_objects(
    rows: Sequence[Mapping[Any, Any]],
) -> dict[Hashable, tuple[list[Any], Any]]:
    """Rows that are objects in memory as columns: their cells, and the type that pandas has.

    They are typed as those of a file, and a key that is not there is null. So a cell means the
    same whatever stands beside it: pandas would make a float of a whole number, were it beside a
    gap. The type is None where cells are no such as JSON has, but moments, or nested ones.
    """
    names = dict.fromkeys(key for row in rows for key in row)
    return {name: _column([_plain(row.get(name)) for row in rows]) for name in names}


def frame_of_objects(rows: Sequence[Mapping[Any, Any]]) -> pd.DataFrame:
    """The same as a frame."""
    columns = {
        name: pd.Series(cells, dtype=dtype)
        for name, (cells, dtype) in columns_of_objects(rows).items()
    }
    return pd.DataFrame(columns, index=range(len(rows)), columns=pd.Index(list(columns)))


_EXACT = 1 << 53
"""Every whole number up to it has a float."""


def _column(cells: list[Any]) -> tuple[list[Any], Any]:
    kinds = kinds_of(cells)
    cells = _printable_cells(cells, kinds)
    if kinds == {pd.Timestamp}:
        return cells, _moments(cells)
    if not kinds <= _OF_JSON:
        return cells, None
    if kinds == {int, float} and any(type(cell) is int and abs(cell) > _EXACT for cell in cells):
        return cells, _OBJECT
    return cells, _dtype(kinds, None in cells)


def _moments(cells: list[Any]) -> Any:
    """The type of moments that are written in one unit, without a zone."""
    units = {cell.unit for cell in cells if cell is not None}
    has_zone = any(cell is not None and cell.tz is not None for cell in cells)
    return None if has_zone or len(units) > 1 else np.dtype(f"datetime64[{units.pop()}]")


def _plain(cell: Any) -> Any:
    """A cell as Python has it; None for NaN and whatever else says that nothing is there."""
    if isinstance(cell, (np.integer, np.floating, np.bool_)):
        cell = cell.item()
    is_missing = cell is pd.NA or cell is pd.NaT or (type(cell) is float and cell != cell)
    return None if is_missing else cell


def _printable_cells(cells: list[Any], kinds: frozenset[type]) -> list[Any]:
    if str not in kinds:
        return cells
    return [_printable(cell) if type(cell) is str else cell for cell in cells]


def _printable(cell: str) -> str:
    """Half a pair of surrogates is no character; it cannot be stored either."""
    return cell if cell.isascii() else cell.encode("utf-8", "replace").decode("utf-8")
