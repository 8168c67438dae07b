"""docs/data.md says what happens to a person's data: generated from what the tests try.

PYTHONPATH=. python tests/test_data_page.py     writes the page anew
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from automl.data.reading_notes import MAX_UNREAD_SHARE
from tests.automl.data.test_broken_files import BROKEN_FILES
from tests.automl.data.test_odd_columns import ODD_COLUMNS
from tests.contracts.page_code import blocks, printed_by

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

## Texts

Texts of which many rows have the same are categories. Those of several words that nearly all
differ, such as comments, are left out, and so is what may be in them: make numbers of them first.
In Python that is a step before the search, learned with it from the rows that are fitted:

```python
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.pipeline import make_pipeline

import automl

words = ["late", "broken", "lovely", "quick", "again", "box", "the", "colour", "price", "gift"]
comments = [f"{words[i % 10]} {words[i * i % 7]} order {i}" for i in range(400)]
table = pd.DataFrame({"comment": comments, "price": [i % 37 for i in range(400)]})
is_happy = ["late" not in text and "broken" not in text for text in comments]

texts = ColumnTransformer(
    [("comment", TfidfVectorizer(max_features=200, min_df=5), "comment")],
    remainder="passthrough",
    sparse_threshold=0,
)
classifier = automl.AutoMLClassifier(n_trials=3, max_epochs=15, workers=1, random_state=0)
pipeline = make_pipeline(texts, classifier).fit(table[:300], is_happy[:300])
print(pipeline.score(table[300:], is_happy[300:]))
```

## Rows of one customer

Where rows are drawn by chance for training and test, the rows of one customer, patient or machine
lie in both. If rows to predict are of others, say so with `--group customer` (`groups` of an
estimator's `fit`). A column is named that may be of this kind: of more than 60 different values
with 2 to 100 rows each, or whose name says it, as `customer_id`.

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


@pytest.mark.slow
def test_numbers_made_of_texts_are_learned_from(tmp_path: Path) -> None:
    (score,) = printed_by("\n".join(blocks(page(), "python")), tmp_path)
    assert float(score) > 0.95  # three in ten are unhappy


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
