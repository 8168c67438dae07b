"""docs/data.md says what happens to a person's data: generated from what the tests try.

PYTHONPATH=. python tests/test_data_page.py     writes the page anew
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from automl.data.reading_notes import MAX_UNREAD_SHARE
from tests.automl.data.test_broken_files import BROKEN_FILES
from tests.automl.data.test_odd_columns import ODD_COLUMNS

PAGE = Path(__file__).resolve().parent.parent / "docs" / "data.md"

BEGINNING = f"""# What happens to your data

What a column is, is learned once, when a search first reads the table. It is kept with the
model, and every later file, frame or row (`--valid`, `--test`, `predict`) is read by it, cell by
cell: what a cell means never depends on what other rows are in the file. Of the file only its
dialect counts: where `;` parts the cells, `0,5` is a half; a cell such as `1.250`, which would
then be another number than in training, counts as missing. What is unusual is said in one line.
`--categorical`, `--numeric`, `--date`, `--drop` and `--missing` overrule what is found.

In rows to predict, cells that are none of their column's kind count as missing and are said
column by column (`automl predict` prints them, `predict` in Python warns with `DataWarning`), and
so are categories that no train row has, and columns that are empty throughout. Where more than
{MAX_UNREAD_SHARE:.0%} of a column's cells cannot be read, the rows are refused; cells that were
none of their kind in training already count as missing there too.

`--weight COLUMN` names what rows weigh: finite numbers from 0 on, in any unit, one in every row
with a target, in files of `--valid` and `--test` too. A cell that is none, or a column that is
zero throughout, is an error. Rows of weight 0 are left out before rows are divided, which is said
with their number; the others are scaled to mean 1 over the rows that train, validate and test,
each by themselves. The column is no input. A column of equal weights gives exactly the study
without one.

This page is generated from the cases that the tests try.

## Columns

| cells | what becomes of them | what is said |
|---|---|---|
"""

MIDDLE = """
Missing among numbers, dates and truth values, in any case: nothing, `?`, `NA`, `N/A`, `nan`,
`NULL`, `None`, `NaT`, `-`, `--`, `.`, `\\N`, `<NA>`, `(null)`, `#N/A`, `#DIV/0!`, `#VALUE!`,
`#REF!`, `#NUM!`, `#NAME?`, `0000-00-00`. Among categories `NA`, `N/A`, `None` and `-` are
categories. In a target, `NA` and the like mean that it is missing: these rows are left out, and
said; `--keep-missing-class` keeps them as a class.

## Files

| a file with | what happens |
|---|---|
"""


def page() -> str:
    """The whole page."""
    return BEGINNING + "\n".join(_columns()) + "\n" + MIDDLE + "\n".join(_files()) + "\n"


def _columns() -> Iterator[str]:
    for odd in ODD_COLUMNS:
        shown = dict.fromkeys(cell.replace("{i}", str(i)) for i, cell in enumerate(odd.cells, 1))
        cells = " ".join(f"`{cell}`" for cell in [*shown][-5:])
        said = f"`{odd.said}`" if odd.said else ""
        yield _row(cells, odd.becomes, said)


def _files() -> Iterator[str]:
    for what, _, _, happens, _ in BROKEN_FILES:
        yield _row(what[0].upper() + what[1:], happens)


def _row(*cells: str) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def test_the_page_says_what_the_tests_try() -> None:
    assert PAGE.read_text(encoding="utf-8") == page()


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
