"""What is done to real tables on purpose: leaked, shifted, shuffled and repeated rows.

Each function takes a whole table and gives the rows of a damaged study, beside those of the
same study undamaged, with the same test rows: their losses can be compared row by row.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TypeAlias

import numpy as np
import pandas as pd

from benchmarks.table_sources import Source, Tables, draw_rows, draw_shifted_rows

Generator: TypeAlias = np.random.Generator
Damage: TypeAlias = Callable[[pd.DataFrame, Source, int, Generator], tuple[Tables, Tables | None]]
"""(table, source, rows of the study, generator) -> (damaged, undamaged or None)."""

LEAK_NOISE = 0.03
REPEATED_SHARE = 0.83
N_TINY = 8
TINY_INSTEAD = 300  # validation rows where there are enough of them
N_QUANTILES = 5


def undamaged(
    table: pd.DataFrame, source: Source, n_rows: int, generator: Generator
) -> tuple[Tables, None]:
    """Rows as they are."""
    return draw_rows(_usable(table, source), n_rows, generator), None


def leaked_category(
    table: pd.DataFrame, source: Source, n_rows: int, generator: Generator
) -> tuple[Tables, Tables]:
    """A category that says the target (of a quantity: its fifth) in 97 % of the rows."""
    table = _usable(table, source)
    target = table[source.target]
    if source.is_quantity:
        target = pd.qcut(target, N_QUANTILES, labels=False, duplicates="drop")
    said = ("group " + target.astype(str)).to_numpy(dtype=object)
    wrong = generator.random(len(said)) < LEAK_NOISE
    said[wrong] = generator.permutation(said)[wrong]
    return _leaked(table.assign(note=said), ("note",), n_rows, generator)


def leaked_sum(
    table: pd.DataFrame, source: Source, n_rows: int, generator: Generator
) -> tuple[Tables, Tables]:
    """Two columns that sum to the target, neither of which says much alone."""
    table = _usable(table, source)
    target = table[source.target].to_numpy(dtype=float)
    first = np.round(generator.normal(target.mean(), 3 * target.std(), len(target)), 3)
    return _leaked(
        table.assign(first_part=first, second_part=target - first),
        ("first_part", "second_part"),
        n_rows,
        generator,
    )


def leaked_parts(
    table: pd.DataFrame, source: Source, n_rows: int, generator: Generator
) -> tuple[Tables, Tables]:
    """Bike sharing as it is published: casual and registered riders sum to their count."""
    parts = ("casual", "registered")
    kept = table.drop(columns=[name for name in source.drop if name not in parts])
    return _leaked(kept, parts, n_rows, generator)


def _leaked(
    table: pd.DataFrame, columns: tuple[str, ...], n_rows: int, generator: Generator
) -> tuple[Tables, Tables]:
    tables = draw_rows(table, n_rows, generator)
    without = list(columns)
    return tables, Tables(tables.study.drop(columns=without), tables.test.drop(columns=without))


def shifted(
    table: pd.DataFrame, source: Source, n_rows: int, generator: Generator
) -> tuple[Tables, Tables]:
    """Test rows from the upper end of a column, which the study does not reach."""
    assert source.order is not None
    return draw_shifted_rows(_usable(table, source), source.order, n_rows, generator)


def shuffled(
    table: pd.DataFrame, source: Source, n_rows: int, generator: Generator
) -> tuple[Tables, None]:
    """All targets dealt out anew: there is nothing to learn."""
    table = _usable(table, source)
    dealt = table[source.target].to_numpy()[generator.permutation(len(table))]
    return draw_rows(table.assign(**{source.target: dealt}), n_rows, generator), None


def shuffled_validation(
    table: pd.DataFrame, source: Source, n_rows: int, generator: Generator
) -> tuple[Tables, Tables]:
    """The targets of the validation rows alone dealt out anew."""
    healthy = _with_validation(table, source, n_rows, generator)
    assert healthy.valid is not None
    dealt = healthy.valid[source.target].to_numpy()[generator.permutation(len(healthy.valid))]
    return replace(healthy, valid=healthy.valid.assign(**{source.target: dealt})), healthy


def tiny_validation(
    table: pd.DataFrame, source: Source, n_rows: int, generator: Generator
) -> tuple[Tables, Tables]:
    """Eight validation rows."""
    healthy = _with_validation(table, source, n_rows, generator)
    assert healthy.valid is not None
    return replace(healthy, valid=healthy.valid[:N_TINY]), healthy


def repeated_validation(
    table: pd.DataFrame, source: Source, n_rows: int, generator: Generator
) -> tuple[Tables, Tables]:
    """Most validation rows are train rows too."""
    healthy = _with_validation(table, source, n_rows, generator)
    assert healthy.valid is not None
    n_valid = len(healthy.valid)
    n_repeated = round(REPEATED_SHARE * n_valid)
    known = healthy.study.iloc[generator.permutation(len(healthy.study))[:n_repeated]]
    mixed = pd.concat([known, healthy.valid[n_repeated:]], ignore_index=True)
    return replace(healthy, valid=mixed), healthy


def _with_validation(
    table: pd.DataFrame, source: Source, n_rows: int, generator: Generator
) -> Tables:
    tables = draw_rows(_usable(table, source), n_rows, generator)
    n_valid = min(TINY_INSTEAD, len(tables.study) // 4)
    train = tables.study[n_valid:].reset_index(drop=True)
    return Tables(train, tables.test, tables.study[:n_valid].reset_index(drop=True))


def _usable(table: pd.DataFrame, source: Source) -> pd.DataFrame:
    return table.drop(columns=list(source.drop))
