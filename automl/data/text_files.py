"""Delimited text of unknown encoding and delimiter, read without guessing what is missing.

pandas' own list of missing values would turn the categories "None" and "NA" into holes, so
only empty cells are missing here; `columns.py` decides what the other marks mean, column by
column. Encodings: UTF-8 and UTF-16 with or without byte order mark, CP949, Latin-1.
"""

from __future__ import annotations

import csv
import difflib
import gzip
import io
import zlib
from collections import Counter
from pathlib import Path

import pandas as pd

from automl.data.encodings import detect_encoding
from automl.errors import DataError

DELIMITERS = (",", ";", "\t", "|")

_SAMPLE_BYTES = 1 << 18  # delimiter and header are judged on the first 256 KiB


def read_bytes(path: Path) -> bytes:
    """Read a file, decompressed where its first bytes say gzip, whatever its name.

    Raises:
        DataError: the file is missing, unreadable, empty or a damaged gzip.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise DataError(
            f"a data file must exist, but there is no {str(path)!r}{_nearest(path)}"
        ) from None
    except OSError as error:
        raise DataError(
            f"a data file must be readable, but {str(path)!r} is not: {error}"
        ) from None
    if content.startswith(b"\x1f\x8b"):
        try:
            content = gzip.decompress(content)
        except (OSError, EOFError, zlib.error) as error:
            raise DataError(
                f"{path.name} must be a whole gzip file, but it is damaged: {error}"
            ) from None
    if not content.strip(b" \t\r\n\x00"):
        raise DataError(f"a data file must have a header and rows, but {str(path)!r} is empty")
    return content


def _nearest(path: Path) -> str:
    beside = [each.name for each in path.parent.iterdir()] if path.parent.is_dir() else []
    near = difflib.get_close_matches(path.name, beside, n=1)
    return f"; did you mean {str(path.with_name(near[0]))!r}?" if near else "; check the path"


def read_delimited(path: Path) -> tuple[pd.DataFrame, list[str]]:
    """Read a CSV, TSV or similar file; the lines say what was detected where it is unusual.

    Raises:
        DataError: not text, ragged rows, duplicate column names, or no rows.
    """
    content = read_bytes(path)
    encoding = detect_encoding(content, path.name)
    sample = _first_lines(content, encoding)
    delimiter = detect_delimiter(sample)
    names = _header(sample, delimiter, path.name)
    frame = _parse(content, encoding, delimiter, path.name)
    if frame.empty:
        raise DataError(f"{path.name} must have rows below its header, but it has none")
    frame.columns = pd.Index(names)
    lines = []
    if encoding not in ("utf-8", "utf-8-sig"):
        lines.append(f"{path.name} is read as {encoding}")
    if delimiter == ";" or (delimiter == "\t" and path.name.lower().find(".tsv") < 0):
        lines.append(f"{path.name} is read with the delimiter {delimiter!r}")
    return frame, lines


def _first_lines(content: bytes, encoding: str) -> str:
    text = content[:_SAMPLE_BYTES].decode(encoding, errors="ignore")
    if len(content) > _SAMPLE_BYTES:
        text = text[: max(text.rfind("\n"), 1)]  # the last line is cut
    return text


def detect_delimiter(sample: str) -> str:
    """Choose the delimiter for which most rows have as many cells as the header, then the most."""

    def score(delimiter: str) -> tuple[bool, float, int]:
        widths = [len(row) for row in _rows(sample, delimiter)]
        if not widths:
            return False, 0.0, 0
        return widths[0] > 1, sum(width == widths[0] for width in widths) / len(widths), widths[0]

    return max(DELIMITERS, key=score)


def _rows(sample: str, delimiter: str, limit: int = 200) -> list[list[str]]:
    reader = csv.reader(
        io.StringIO(sample, newline=None), delimiter=delimiter, skipinitialspace=True
    )
    rows: list[list[str]] = []
    try:
        for row in reader:
            if row:
                rows.append(row)
            if len(rows) == limit:
                break
    except csv.Error:
        pass  # an over-long field: judged on the rows before it
    return rows


def _header(sample: str, delimiter: str, name: str) -> list[str]:
    """Column names: stripped, the unnamed ones numbered, all different."""
    rows = _rows(sample, delimiter)
    names = [cell.strip() or f"column {i}" for i, cell in enumerate(rows[0], start=1)]
    repeated = [column for column, count in Counter(names).items() if count > 1]
    if repeated:
        raise DataError(
            f"column names must differ, but {name} has {repeated[0]!r} {names.count(repeated[0])} "
            "times; rename or remove all but one"
        )
    widths = Counter(len(row) for row in rows[1:])
    if widths and widths.most_common(1)[0][0] > len(names):
        raise DataError(
            f"rows must have as many cells as the header, but in {name} the header has "
            f"{len(names)} and most rows have {widths.most_common(1)[0][0]}; complete the header"
        )
    return names


def _parse(content: bytes, encoding: str, delimiter: str, name: str) -> pd.DataFrame:
    try:
        return pd.read_csv(
            io.BytesIO(content),
            encoding=encoding,
            sep=delimiter,
            skipinitialspace=True,
            keep_default_na=False,
            na_values=[""],
            index_col=False,
            dtype=str,
        )
    except (pd.errors.ParserError, pd.errors.EmptyDataError, ValueError) as error:
        reason = (
            str(error).strip().splitlines()[-1].removeprefix("Error tokenizing data. C error: ")
        )
        raise DataError(
            f"{name} must be a table with one row per line, but it cannot be read: {reason}"
        ) from None
