"""Which kind a column of texts is: numbers, truth values, dates or categories.

The rules are few, and each is stated beside its number. Where a column is left out, the reason
is the true one: "93 % numbers, but '12 kg' is not", and `--numeric` makes numbers of it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from automl.data.table.cells import (
    MISSING_CATEGORIES,
    MISSING_MARKS,
    RawColumn,
    is_marked,
    without_marks,
)
from automl.data.table.column_plans import (
    category_plan,
    guessed_dates,
    guessed_numbers,
    number_plan,
)
from automl.data.table.columns import TRUE_FALSE, ColumnPlan
from automl.data.table.date_formats import DateGuess, guess_dates
from automl.data.table.number_formats import plain_numbers
from automl.data.table.number_guesses import NumberGuess, guess_numbers
from automl.wording.data_notes import FREE_TEXT
from storage.records import Json

MOST = 0.9
"""Texts of which at least this share are numbers (or dates) are numbers (or dates).

The others count as missing, and are said.
"""

MEASURED = 0.5
"""Where more than this share are numbers, and these are quantities: repeated, or with decimals."""

MAX_STRAY_FRACTION = 0.01
"""Fewer cells than this that are no numbers are typing errors, whatever else the column is."""

FEW_CATEGORIES = 20
"""With more typing errors, texts of so few kinds are categories: 1, 2, 3+; 1.9, 1.10, 2.0-rc.

As many as become one-hot columns, so that no number among them is lost to the network.
"""

MAX_DISTINCT_FRACTION = 0.5
"""Texts with fewer than two rows each, on average, teach nothing that carries over to new rows."""

FREE_TEXT_WORDS = 3.0
"""Such texts of three words or more on average are called free text, shorter ones id-like."""

MIN_CODE_WIDTH = 3
"""Digits of this width or more with zeros in front are codes: 02116, but not hours: 09."""

MAX_DIGITS = 15
"""Whole numbers of more digits are codes: as float64 9007199254740993 would be ...992."""


@dataclass(frozen=True, slots=True)
class DistinctTexts:
    """A column of texts by its distinct cells, so that long columns cost little."""

    counts: Mapping[str, int]  # of the cells that are not marked as missing
    has_gaps: bool

    @property
    def n_cells(self) -> int:
        """How many cells are not missing."""
        return sum(self.counts.values())

    @property
    def hardly_repeat(self) -> bool:
        """Whether there are fewer than two cells of a kind, on average."""
        return len(self.counts) > max(1, MAX_DISTINCT_FRACTION * self.n_cells)


def infer_texts(
    name: str, raw: RawColumn, *, decimal: Callable[[], str | None] = lambda: None
) -> ColumnPlan:
    """Make the plan of a column of texts.

    Args:
        decimal: says the mark of other columns of the table, as for `guess_numbers`.
    """
    if not raw.is_category and (plan := _plain(name, raw)) is not None:
        return plan
    texts = distinct_texts(raw)
    if not texts.counts:
        return ColumnPlan(name, "categorical", "all missing")
    if len(texts.counts) == 1 and not texts.has_gaps:
        return ColumnPlan(name, "categorical", "constant")
    if are_codes(list(texts.counts)):
        plan = replace(category_plan(name, raw), details={"codes": True})
        return replace(plan, dropped="codes that hardly repeat") if texts.hardly_repeat else plan
    guess = guess_numbers(texts.counts, decimal=decimal)
    if guess is not None and _are_numbers(texts, guess):
        return category_plan(name, raw) if raw.is_category else guessed_numbers(name, raw, guess)
    if {text.lower() for text in texts.counts} in [set(pair) for pair in TRUE_FALSE.items()]:
        return ColumnPlan(name, "boolean", is_true_false=True)
    dates = guess_dates(texts.counts, at_least=MEASURED)
    if dates is not None and dates.share >= MOST:
        return guessed_dates(name, raw, dates)
    if not texts.hardly_repeat:
        return category_plan(name, raw)
    reason = _nearly(guess, dates) or _wordiness(texts)
    details: dict[str, Json] = {"n_distinct": len(texts.counts)}
    if guess is not None and guess.share > 0:
        details["could_be_numeric"] = True
    return ColumnPlan(name, "categorical", reason, details=details)


def distinct_texts(raw: RawColumn) -> DistinctTexts:
    """Count the texts of a column, marks of missing cells left out."""
    counts = raw.values.value_counts()  # without empty cells, the commonest first
    known = ~is_marked(counts.index, MISSING_MARKS)
    if not known.any():  # "NA" and "None" alone are two categories
        known = ~is_marked(counts.index, MISSING_CATEGORIES)
    counts = counts[known]
    by_text = {str(text): int(count) for text, count in counts.items()}
    return DistinctTexts(by_text, has_gaps=int(counts.sum()) < len(raw))


def decimal_mark(raw: RawColumn) -> str | None:
    """The mark that can be nothing else than a decimal one in most cells; None: there is none."""
    if raw.form != "texts":
        return None
    present = raw.values.dropna().head(1000)
    shares = {
        mark: present.str.fullmatch(rf"[+-]?\d+{re.escape(mark)}(\d{{1,2}}|\d{{4,}})").mean()
        for mark in (",." if raw.plain is None else ".")
    }
    found = [mark for mark, share in shares.items() if share > MEASURED]
    return found[0] if found else None


def are_codes(texts: Iterable[str]) -> bool:
    """Digits alone, of which some have zeros in front, or more places than a number keeps."""
    distinct = set(texts)
    return all(text.isdecimal() for text in distinct) and any(
        (text.startswith("0") and len(text) >= MIN_CODE_WIDTH) or len(text) > MAX_DIGITS
        for text in distinct
    )


def _plain(name: str, raw: RawColumn) -> ColumnPlan | None:
    """The plan of a column of numbers as programs write them, and marks of missing ones."""
    known = without_marks(raw, MISSING_MARKS)
    numbers = plain_numbers(known) if raw.plain is None else raw.plain
    if numbers is None or np.isnan(numbers).all() or _is_written_otherwise(known.dropna()):
        return None
    if known.notna().all() and (numbers == numbers[0]).all():
        return ColumnPlan(name, "numeric", "constant")
    return number_plan(numbers, ColumnPlan(name, "numeric"))


def _is_written_otherwise(texts: pd.Series[Any]) -> bool:
    """Whether numbers may be codes (02116), or have points between thousands (1.250)."""
    for sample in (texts.head(100), texts):
        pointed = sample[sample.str.contains(".", regex=False)]
        may_be_thousands = len(pointed) > 0 and bool(
            pointed.str.fullmatch(r"[+-]?[1-9]\d{0,2}\.\d{3}").all()
        )
        may_be_codes = bool(sample.str.fullmatch(r"\d+").all())
        if not may_be_thousands and not may_be_codes:
            return False
    has_codes = texts.str.match(rf"0\d{{2}}|.{{{MAX_DIGITS + 1}}}")
    return may_be_thousands or bool(has_codes.any())


def _are_numbers(texts: DistinctTexts, guess: NumberGuess) -> bool:
    if guess.other_unit:
        return False
    if 1 - guess.share <= MAX_STRAY_FRACTION:
        return True
    if len(texts.counts) <= FEW_CATEGORIES:
        return False
    return guess.share >= MOST or (guess.share > MEASURED and _are_quantities(texts, guess))


def _are_quantities(texts: DistinctTexts, guess: NumberGuess) -> bool:
    """Whether numbers among other texts repeat, or have decimals or units: no parts of codes."""
    strays = set(guess.strays)
    numbers = {text: count for text, count in texts.counts.items() if text not in strays}
    if any(text.isdecimal() and text.startswith("0") and len(text) > 1 for text in numbers):
        return False
    n_cells = sum(numbers.values())
    n_whole = sum(count for text, count in numbers.items() if text.isdecimal())
    return min(len(numbers), n_whole) <= MAX_DISTINCT_FRACTION * n_cells


def _nearly(guess: NumberGuess | None, dates: DateGuess | None) -> str:
    """The true reason why texts are no numbers or dates, though most of them look like it."""
    if guess is not None and guess.other_unit:
        return f"numbers in {guess.format.unit} and in {guess.other_unit}"
    for kind, found in (("numbers", guess), ("dates", dates)):
        if found is not None and found.share > MEASURED:
            percent = min(round(100 * found.share), 99)
            return f"{percent} % {kind}, but {found.strays[0][:30]!r} is not"
    return ""


def _wordiness(texts: DistinctTexts) -> str:
    n_words = [len(text.split()) for text in texts.counts]
    mean = np.average(n_words, weights=list(texts.counts.values()))
    return FREE_TEXT if mean >= FREE_TEXT_WORDS else "id-like"
