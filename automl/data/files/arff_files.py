"""ARFF, the tables of Weka and OpenML: the header says what each column is.

Numeric attributes become numbers, nominal ones categories of texts (0 and 1 too), strings and
dates texts; ? is missing. A value that is not declared is an error that names the line, as
are sparse rows, relations inside cells, and rows with another number of cells.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pandas as pd

from automl.data.files.encodings import detect_encoding
from automl.errors import DataError

_QUOTED = r"'((?:[^'\\]|\\.)*)'|\"((?:[^\"\\]|\\.)*)\""
_CELL = re.compile(rf"\s*(?:(?:{_QUOTED})\s*|([^,]*))(,|$)")
_ATTRIBUTE = re.compile(rf"@attribute\s+(?:{_QUOTED}|(\S+?))\s*((?<=['\"\s])[^\s{{]+|\{{.*)", re.I)
_BEGINNING = re.compile(r"(?:\s|\ufeff|%[^\r\n]*(?:[\r\n]|$))*@relation\b", re.IGNORECASE)
_NUMBERS = ("numeric", "real", "integer")
_OTHER_KEYWORDS = ("@relation", "@input", "@inputs", "@output", "@outputs")  # the last in KEEL's


@dataclass(frozen=True, slots=True)
class _Attribute:
    name: str
    kind: str  # "numeric", "nominal" or "text"
    values: tuple[str, ...] = ()  # of a nominal one


def is_arff(content: bytes) -> bool:
    """Whether bytes begin with @relation, below comments."""
    return _BEGINNING.match(content[: 1 << 16].decode("latin-1").lstrip("ï»¿")) is not None


def parse_arff(content: bytes, name: str) -> pd.DataFrame:
    """Read an ARFF file.

    Raises:
        DataError: no ARFF, a sparse one, or a line that does not fit the attributes.
    """
    try:
        text = content.decode(detect_encoding(content, name)).removeprefix("\ufeff")
    except UnicodeError as error:
        raise DataError(f"{name} must be text, but cannot be read as such: {error}") from None
    lines = _lines(text)
    attributes = _attributes(lines, name)
    columns: list[list[str | None]] = [[] for _ in attributes]
    numbers: list[int] = []
    for number, line in lines:
        cells = _cells(line, number, name)
        if len(cells) != len(attributes):
            raise DataError(
                f"rows must have as many cells as there are attributes, but line {number} of "
                f"{name} has {len(cells)} and there are {len(attributes)}; complete the line, or "
                "quote cells that hold ','"
            )
        numbers.append(number)
        for column, cell in zip(columns, cells, strict=True):
            column.append(cell)
    if not numbers:
        raise DataError(f"{name} must have rows below @data, but it has none")
    read = [_series(*pair, numbers, name) for pair in zip(attributes, columns, strict=True)]
    return pd.concat(read, axis="columns")


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """Lines with their numbers; comments and blank ones left out."""
    for number, line in enumerate(re.split(r"\r\n|\r|\n", text), start=1):
        stripped = line.strip()
        if stripped and not stripped.startswith("%"):
            yield number, stripped


def _attributes(lines: Iterator[tuple[int, str]], name: str) -> list[_Attribute]:
    """The declared columns; the lines are then at the first row."""
    attributes: list[_Attribute] = []
    for number, line in lines:
        keyword = line.split(maxsplit=1)[0].lower()
        if keyword == "@data":
            if attributes:
                return attributes
            break
        if keyword == "@attribute":
            attributes.append(_attribute(line, number, name))
        elif keyword not in _OTHER_KEYWORDS:
            raise DataError(
                "an ARFF header must have lines that begin with @relation, @attribute and @data, "
                f"but line {number} of {name} is {line[:40]!r}"
            )
    raise DataError(f"an ARFF file must have attributes and @data, but {name} has not both")


def _attribute(line: str, number: int, name: str) -> _Attribute:
    found = _ATTRIBUTE.fullmatch(line) or _ATTRIBUTE.match(line)
    if found is None:
        raise DataError(
            f"an attribute must have a name and a type, but line {number} of {name} is "
            f"{line[:60]!r}"
        )
    title = _unescaped(next(part for part in found.groups()[:3] if part is not None)).strip()
    kind = found[4].strip()
    if kind.startswith("{"):
        if not kind.endswith("}"):
            raise DataError(f"nominal values must end with }}, but not in line {number} of {name}")
        values = [cell or "" for cell in _cells(kind[1:-1], number, name)]
        return _Attribute(title, "nominal", tuple(dict.fromkeys(values)))
    if kind.lower().partition("[")[0] in _NUMBERS:  # a range may follow
        return _Attribute(title, "numeric")
    if kind.lower() in ("string", "date"):
        return _Attribute(title, "text")
    raise DataError(
        f"attributes must be numeric, nominal, string or date, but {title!r} in line {number} of "
        f"{name} is {kind[:40]!r}; export the table as CSV"
    )


def _cells(line: str, number: int, name: str) -> list[str | None]:
    """Cells of a row, unquoted; None for ? and for nothing."""
    if line.startswith("{"):
        raise DataError(
            f"rows must be written out, but line {number} of {name} is sparse: {line[:40]!r}; "
            "convert the file with Weka's SparseToNonSparse, or export it as CSV"
        )
    if "'" not in line and '"' not in line:
        plain = [cell.strip() for cell in line.split(",")]
        return [None if cell in ("", "?") else cell for cell in plain]
    cells: list[str | None] = []
    position = 0
    while True:
        found = _CELL.match(line, position)
        if found is None or _has_stray_quote(found[3]):
            raise DataError(f"quotes must be closed, but those in line {number} of {name} are not")
        quoted = found[1] if found[1] is not None else found[2]
        bare = None if found[3] is None or found[3].strip() in ("", "?") else found[3].strip()
        cells.append(bare if quoted is None else _unescaped(quoted))
        position = found.end()
        if not found[4]:
            return cells


def _has_stray_quote(bare: str | None) -> bool:
    return bool(bare) and str(bare)[0] in "'\""


def _unescaped(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text)


def _series(
    attribute: _Attribute, cells: list[str | None], lines: list[int], name: str
) -> pd.Series[Any]:
    values = pd.Series(cells, name=attribute.name, dtype=object)
    if attribute.kind == "text":
        return values
    if attribute.kind == "numeric":
        numbers: pd.Series[Any] = pd.to_numeric(values, errors="coerce")
        wrong = numbers.isna() & values.notna()
    else:
        wrong = values.notna() & ~values.isin(attribute.values)
    if wrong.any():
        row = int(wrong.to_numpy().argmax())
        rule = "a number" if attribute.kind == "numeric" else "one of its declared values"
        raise DataError(
            f"{attribute.name!r} must be {rule}, but line {lines[row]} of {name} has "
            f"{str(cells[row])[:40]!r}"
        )
    if attribute.kind == "numeric":
        return numbers
    return values.astype(pd.CategoricalDtype(list(attribute.values)))
