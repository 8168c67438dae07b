"""Real tables for the benchmark of verdicts: what is predicted, what must go, which rows.

The tables are public ones, as CSV files in a folder that a person names. Ids, and columns that
hold the answer, are left out here: only a case that is about leakage brings them back. A study
gets a sample of the rows; test rows are others, given apart, so that more of them can be had
than a study of that size would put aside: what is true of a network is asked of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from storage.records import Task

MOST_TEST_ROWS = 1500
"""A difference of 5 % of rows is then known to half a percent (paired, 4 % of rows differ)."""

LEAST_STUDY_SHARE = 0.7
"""Of a small table: the rest are test rows."""


@dataclass(frozen=True, slots=True)
class Source:
    """A table: its target, the columns to leave out, and one by whose values rows are shifted."""

    target: str
    drop: tuple[str, ...] = ()
    order: str | None = None
    is_quantity: bool = False  # regressed on, not a class

    @property
    def task(self) -> Task | None:
        """What is said of the task: few rows of a quantity may look like classes."""
        return "regression" if self.is_quantity else None


SOURCES: Mapping[str, Source] = {
    "pima_diabetes": Source("outcome", order="age"),
    "titanic": Source("Survived", ("PassengerId",), order="Fare"),
    "credit_g": Source("credit_risk", order="amount"),
    "spambase": Source("target"),
    "churn": Source("target", ("phone number",), order="total day minutes"),
    "phoneme": Source("target", order="Aa"),
    "magic": Source("target", order="FLength"),
    "adult": Source("income", order="age"),
    "segment": Source("class"),
    "splice": Source("Class"),
    "optdigits": Source("target"),
    "satimage": Source("target"),
    "letter": Source("target"),
    "auto_imports": Source("price", is_quantity=True),
    "concrete": Source("strength", order="age", is_quantity=True),
    "ames_housing": Source("SalePrice", ("Id", "PID"), order="Gr Liv Area", is_quantity=True),
    "abalone": Source("rings", order="length", is_quantity=True),
    "kin8nm": Source("y", is_quantity=True),
    "bike_sharing_hour": Source(
        "cnt", ("instant", "dteday", "casual", "registered"), is_quantity=True
    ),
    "california_housing": Source("median_house_value", order="latitude", is_quantity=True),
    "diamonds": Source("price", order="carat", is_quantity=True),
}
"""Soybean has classes of 8 rows, of which a sample need not have any: it is left out."""


@dataclass(frozen=True, slots=True, eq=False)
class Tables:
    """The rows of a study, and test rows that its networks never see."""

    study: pd.DataFrame  # train and validation rows; where `valid` is given, train rows alone
    test: pd.DataFrame
    valid: pd.DataFrame | None = None


def read_table(folder: Path, name: str) -> pd.DataFrame:
    """The whole table; empty cells and question marks are missing, words like "NA" are words.

    Raises:
        FileNotFoundError: the folder has neither NAME.csv nor NAME.csv.gz.
    """
    paths = [folder / f"{name}.csv", folder / f"{name}.csv.gz"]
    path = next((one for one in paths if one.exists()), None)
    if path is None:
        raise FileNotFoundError(f"{folder} has no table {name}.csv or {name}.csv.gz")
    return pd.read_csv(path, keep_default_na=False, na_values=["", "?"])


def draw_rows(table: pd.DataFrame, n_study: int, generator: np.random.Generator) -> Tables:
    """Rows for a study, and others as test rows, at random."""
    order = generator.permutation(len(table))
    n_study = min(n_study, int(LEAST_STUDY_SHARE * len(table)))
    test = order[n_study : n_study + MOST_TEST_ROWS]
    return Tables(_rows(table, order[:n_study]), _rows(table, test))


def draw_shifted_rows(
    table: pd.DataFrame, column: str, n_study: int, generator: np.random.Generator
) -> tuple[Tables, Tables]:
    """Test rows from a column's upper end: a study of the others, and one of rows like them.

    Returns:
        a study of the lower 60 % of the rows, and one of as many rows from everywhere but the
        test rows, which are the same half of the upper 25 %.
    """
    values = pd.to_numeric(table[column], errors="coerce").to_numpy(dtype=float)
    order = np.argsort(values + 1e-9 * generator.normal(size=len(values)), kind="stable")
    low = generator.permutation(order[: int(0.6 * len(order))])
    high = generator.permutation(order[int(0.75 * len(order)) :])
    n_test = min(len(high) // 2, MOST_TEST_ROWS)
    test = _rows(table, high[:n_test])
    n_study = min(n_study, len(low))
    alike = generator.permutation(np.concatenate([low, high[n_test:]]))[:n_study]
    return Tables(_rows(table, low[:n_study]), test), Tables(_rows(table, alike), test)


def _rows(table: pd.DataFrame, places: np.ndarray) -> pd.DataFrame:
    return table.iloc[places].reset_index(drop=True)
