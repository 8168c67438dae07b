"""Shuffling a column's inputs together is shuffling the raw column."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch

from automl.data.inputs import Columns, InputColumns
from automl.data.shuffled_rows import ShuffledRows
from automl.data.table.column_inference import infer_columns
from automl.data.table.column_reading import read_columns
from automl.data.table.inputs import TableInputs
from automl.data.table.preprocessing import Preprocessor, fit_preprocessor
from automl.errors import ConfigError

N = 240


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    """Columns of every kind, with holes: indicators, one-hot columns, codes, parts of dates."""
    random = np.random.default_rng(0)
    age = random.normal(40, 10, N)
    age[::7] = np.nan
    dates = pd.Series(pd.date_range("2020-01-01", periods=N).astype(str)).sample(
        frac=1, random_state=0, ignore_index=True
    )
    dates[::11] = None
    smokers = pd.Series(random.choice(["yes", "no"], N)).mask(random.random(N) < 0.1)
    return pd.DataFrame(
        {
            "age": age,
            "income": random.lognormal(10, 1, N),
            "smoker": smokers,
            "colour": random.choice(["red", "green", "blue", None], N),
            "town": random.permutation([f"town {i % 40}" for i in range(N)]),
            "seen": dates,
            "fixed": 1,
        }
    )


@pytest.fixture(scope="module")
def encoder(frame: pd.DataFrame) -> Preprocessor:
    plans = infer_columns(frame)
    return fit_preprocessor(plans, read_columns(frame, plans).typed)


def encoded(encoder: Preprocessor, frame: pd.DataFrame) -> TableInputs:
    return encoder.inputs(read_columns(frame, encoder.plans).typed)


def test_every_input_is_of_one_column(encoder: Preprocessor) -> None:
    columns = encoder.input_columns
    assert list(columns) == ["age", "income", "smoker", "colour", "town", "seen"]  # one is fixed
    numbers = sorted(place for one in columns.values() for place in one.numbers)
    assert numbers == list(range(len(encoder.feature_names)))
    assert columns["town"] == InputColumns((), (0,))
    names = [encoder.feature_names[place] for place in columns["seen"].numbers]
    assert len(names) > 2 and all(name.startswith("seen") for name in names)
    named = [encoder.feature_names[place] for place in columns["age"].numbers]
    assert named == ["age", "age is missing"]


def test_it_is_equal_to_shuffling_the_raw_column(
    frame: pd.DataFrame, encoder: Preprocessor
) -> None:
    random = np.random.default_rng(1)
    rows = np.sort(random.choice(N, 150, replace=False))
    orders = np.stack([random.permutation(150) for _ in range(2)])
    names = tuple(encoder.input_columns)
    columns = tuple(encoder.input_columns.values())
    found = ShuffledRows(rows, orders, columns).inputs(encoded(encoder, frame))
    assert isinstance(found, TableInputs) and len(found) == len(names) * 2 * 150
    drawn = frame.iloc[rows].reset_index(drop=True)
    place = 0
    for name in names:
        for order in orders:
            raw = drawn.copy()
            raw[name] = drawn[name].to_numpy()[order]
            wanted = encoded(encoder, raw)
            copy = found[place : place + 150]
            for part in ("numeric", "quantile", "categories"):
                assert torch.equal(getattr(copy, part), getattr(wanted, part)), name
            place += 150


def test_a_column_of_which_nothing_is_read_changes_nothing(
    frame: pd.DataFrame, encoder: Preprocessor
) -> None:
    inputs = encoded(encoder, frame)
    rows, orders = np.arange(N), np.roll(np.arange(N), 1)[None]
    found = ShuffledRows(rows, orders, (InputColumns(),)).inputs(inputs)
    assert isinstance(found, TableInputs)
    assert torch.equal(found.numeric, inputs.numeric)


def test_inputs_without_columns_say_so() -> None:
    rows = Columns(torch.zeros(3, 2), torch.zeros(3, 0).long())
    with pytest.raises(ConfigError, match="of columns, but Columns has none"):
        ShuffledRows(np.arange(3), np.arange(3)[None], (InputColumns((0,)),)).inputs(rows)
