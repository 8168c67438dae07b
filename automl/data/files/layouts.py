"""Where the table begins in a text, and what divides its cells.

The header is the first line that is not blank, with these exceptions, which are said in a
line: `sep=;` as Excel writes it; comments that begin with #; titles of one cell. Lines are
skipped only where the line below proves to be a header: its cells are no numbers and the
column below is, or they are not among the few values below. Without a proof nothing is
skipped, and the rows are then found to be wider than the "header". A last comment that has
as many words as the rows have cells, `# a b c`, is the header itself.
"""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from automl.data.files.delimited_rows import (
    DELIMITERS,
    SPACES,
    Row,
    is_number,
    sample_rows,
    without_empty_end,
)

SAMPLE_LINES = 1000
"""The beginning of a text is judged by so many lines,"""

SAMPLE_CHARACTERS = 1 << 18
"""or by fewer where they are long, but"""

MIN_SAMPLE_LINES = 20
"""by no fewer than so many, however long."""

MIN_EQUAL_FRACTION = 0.5
"""A delimiter is believed where so many rows have as many cells as the header."""

MOST_ROWS = 0.8
"""Signs that seldom divide cells do so where so many rows have as many parts as the header."""


@dataclass(frozen=True, slots=True)
class Layout:
    """How to read a delimited text."""

    delimiter: str
    n_skipped: int = 0  # lines above the header
    is_comment: bool = False  # the header begins with a # that is no part of it
    skipped: str = ""  # the first line that is skipped and not blank


def sample_of(lines: Iterable[str]) -> list[str]:
    """The first lines, whole ones, by which a text is judged."""
    sample: list[str] = []
    size = 0
    for line in itertools.islice(lines, SAMPLE_LINES):
        sample.append(line)
        size += len(line)
        if size > SAMPLE_CHARACTERS and len(sample) >= MIN_SAMPLE_LINES:
            break
    return sample


def find_layout(sample: Sequence[str]) -> Layout:
    """Choose delimiter and header from the first lines of a text."""
    n_blank = next((i for i, line in enumerate(sample) if line.strip()), 0)
    first = sample[n_blank].rstrip("\r\n") if sample else ""
    if re.fullmatch(r"(?i:sep=)[,;\t|:^~]", first):
        return Layout(first[-1], n_blank + 1, skipped=first)
    if first.startswith("#"):
        return _below_comments(sample)
    plain = _best(sample, n_blank)
    if _is_believable(sample, plain):
        return plain
    titles = [
        layout
        for delimiter in DELIMITERS
        if (layout := _below_titles(sample, delimiter)) is not None
    ]
    return max(titles, key=lambda layout: _score(sample, layout), default=plain)


def header_of(row: Sequence[str], layout: Layout) -> Row:
    """Names of columns, stripped; those without one are numbered."""
    cells = list(row)
    if layout.is_comment:
        cells[0] = cells[0].lstrip().removeprefix("#")
        if layout.delimiter == SPACES and not cells[0]:
            cells = cells[1:]
    names = [cell.replace("\ufeff", "").strip() for cell in cells]
    return [name or f"column {i}" for i, name in enumerate(names, start=1)]


def _best(sample: Sequence[str], n_skipped: int) -> Layout:
    layouts = [Layout(delimiter, n_skipped) for delimiter in DELIMITERS]
    best = max(layouts, key=lambda layout: _score(sample, layout))
    is_several, equal, _ = _score(sample, best)
    if is_several and equal >= MIN_EQUAL_FRACTION:
        return best
    spaces = Layout(SPACES, n_skipped)
    is_several, equal, _ = _score(sample, spaces)
    if is_several and equal >= MOST_ROWS and len(_rows(sample, spaces)) > 1:
        return spaces
    # One column, unless most rows are divided: then the first line is no header for them.
    if is_several and _divides_most(sample, spaces) and _has_numbers(_rows(sample, spaces)):
        return spaces
    return next((layout for layout in layouts if _divides_most(sample, layout)), best)


def _divides_most(sample: Sequence[str], layout: Layout) -> bool:
    widths = Counter(len(row) for row in _rows(sample, layout)[1:])
    width, count = max(widths.items(), key=lambda item: item[1], default=(1, 0))
    return width > 1 and count >= MOST_ROWS * widths.total()


def _is_believable(sample: Sequence[str], layout: Layout) -> bool:
    is_several, equal, _ = _score(sample, layout)
    rows = _rows(sample, layout)
    has_title = bool(rows) and _is_title(rows[0]) and len(rows[0]) > 1
    return is_several and equal >= MIN_EQUAL_FRACTION and not has_title


def _score(sample: Sequence[str], layout: Layout) -> tuple[bool, float, int]:
    """Whether there are several cells, which part of the rows has as many, how many."""
    rows = _rows(sample, layout)
    if not rows:
        return False, 0.0, 0
    width = len(header_of(rows[0], layout))
    equal = sum(len(without_empty_end(row, width)) == width for row in rows[1:])
    return width > 1, (equal + 1) / len(rows), width


def _rows(sample: Sequence[str], layout: Layout) -> list[Row]:
    return sample_rows(sample[layout.n_skipped :], layout.delimiter)


def _is_title(row: Sequence[str]) -> bool:
    """One cell, the first; a header whose other names are empty is none that one can use."""
    return bool(row) and bool(row[0].strip()) and not any(cell.strip() for cell in row[1:])


def _below_titles(sample: Sequence[str], delimiter: str) -> Layout | None:
    def is_above(line: str) -> bool:
        return _is_comment(line) or all(map(_is_title, sample_rows([line], delimiter)))

    return _skipping(sample, delimiter, is_above)


def _is_comment(line: str) -> bool:
    return not line.strip() or line.startswith("#")


def _below_comments(sample: Sequence[str]) -> Layout:
    """The table below the comments, or the last comment as its header."""
    last = _last_comment(sample)
    below = [_below_titles(sample, delimiter) for delimiter in DELIMITERS]
    below.append(_skipping(sample, SPACES, _is_comment))
    found = [layout for layout in below if layout is not None]
    if not last.is_comment and _is_believable(sample, last):  # "#id,name" is a header by itself
        found = [layout for layout in found if _has_numbers(_rows(sample, layout))]
    return max(found, key=lambda layout: _score(sample, layout), default=last)


def _last_comment(sample: Sequence[str]) -> Layout:
    above = list(itertools.takewhile(_is_comment, sample))
    place = max(number for number, line in enumerate(above) if line.strip())
    skipped = next((line.strip() for line in above[:place] if line.strip()), "")
    is_comment = sample[place][1:2].isspace()
    layouts = [Layout(delimiter, place, is_comment, skipped) for delimiter in DELIMITERS]
    best = max(layouts, key=lambda layout: _score(sample, layout))
    spaces = Layout(SPACES, place, True, skipped)
    return spaces if not _is_believable(sample, best) and _is_believable(sample, spaces) else best


def _skipping(
    sample: Sequence[str], delimiter: str, is_above: Callable[[str], bool]
) -> Layout | None:
    """The layout without the first lines of a kind, where what is below proves to be a table."""
    n_skipped = sum(1 for _ in itertools.takewhile(is_above, sample))
    above = [line.strip() for line in sample[:n_skipped] if line.strip()]
    layout = Layout(delimiter, n_skipped, skipped=above[0] if above else "")
    if not above or not _is_believable(sample, layout):
        return None
    rows = _rows(sample, layout)
    return layout if _is_header(rows[0], rows[1:]) else None


def _is_header(first: Sequence[str], below: Sequence[Row]) -> bool:
    """Whether a row differs from those below it as names do from values."""
    names = [cell.strip() for cell in first]
    if len(set(names)) < len(names) or any(not name or is_number(name) for name in names):
        return False
    return _has_numbers([names, *below]) or any(
        name not in values and 2 * len(values) <= len(below)
        for name, values in zip(names, column_values(below, len(names)), strict=True)
        if values
    )


def _has_numbers(rows: Sequence[Row]) -> bool:
    """Whether a column below the first row has numbers only."""
    first, *below = rows
    return any(
        values and all(map(is_number, values)) for values in column_values(below, len(first))
    )


def column_values(rows: Sequence[Row], width: int) -> list[set[str]]:
    """The different texts in each column."""
    columns: list[set[str]] = [set() for _ in range(width)]
    for row in rows:
        for column, cell in zip(columns, row, strict=False):
            column.add(cell.strip())
    return [column - {""} for column in columns]
