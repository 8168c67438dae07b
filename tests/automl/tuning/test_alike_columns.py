"""Columns that tell the same are found, others are not."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from automl.data.inputs import Columns, InputColumns
from automl.tuning.alike_columns import ALIKE, MOST_INPUTS, alike_columns

N = 600


def one_hot(codes: np.ndarray, n: int) -> np.ndarray:
    return np.eye(n)[codes]


@pytest.fixture
def found() -> dict[str, dict[str, float]]:
    """A skewed number and its logarithm, a noisy double, renamed categories, and others."""
    random = np.random.default_rng(0)
    number, other = random.lognormal(0, 1, N), random.normal(size=N)
    missing, city = random.random(N) < 0.2, random.integers(0, 4, N)
    blocks = {
        "price": np.column_stack([number, missing]),
        "log price": np.log(number),
        "far": number**3,
        "noisy": np.log(number) + 2.0 * random.normal(size=N),
        "falling": -other,
        "other": other,
        "lacking": np.column_stack([random.normal(size=N), missing]),  # with the same holes
        "city": one_hot(city, 4),
        "town": one_hot((city + 1) % 4, 4),
        "is first": (city == 0) * 1.0,
        "same": np.full(N, 3.0),
    }
    columns, places = {}, 0
    for name, block in blocks.items():
        width = 1 if block.ndim == 1 else block.shape[1]
        columns[name] = InputColumns(tuple(range(places, places + width)))
        places += width
    numbers = np.column_stack(list(blocks.values()))
    codes = np.column_stack([city, random.integers(0, 30, N)])
    columns |= {"code": InputColumns((), (0,)), "other code": InputColumns((), (1,))}
    return alike_columns(Columns(torch.tensor(numbers), torch.tensor(codes)), columns)


def test_rising_and_falling_functions_are_the_column_itself(
    found: dict[str, dict[str, float]],
) -> None:
    assert set(found["price"]) == {"log price", "far"}
    assert found["log price"]["far"] == pytest.approx(1.0)
    assert found["other"] == {"falling": pytest.approx(1.0)}
    assert found["noisy"] == {}


def test_categories_are_alike_under_other_names(found: dict[str, dict[str, float]]) -> None:
    assert set(found["city"]) == {"town", "is first", "code"}
    assert set(found["town"]) == {"city", "is first", "code"}
    assert found["city"]["code"] == found["code"]["city"] == pytest.approx(1.0)


def test_columns_that_lack_the_same_rows_are_no_doubles(
    found: dict[str, dict[str, float]],
) -> None:
    assert found["lacking"] == found["other code"] == {}


def test_a_column_that_is_always_the_same_is_like_nothing(
    found: dict[str, dict[str, float]],
) -> None:
    assert found["same"] == {} and all("same" not in one for one in found.values())


def test_who_is_named_first_is_compared_where_there_are_too_many() -> None:
    random = np.random.default_rng(0)
    numbers = np.repeat(random.normal(size=(50, MOST_INPUTS // 2 + 1)), 2, axis=1)
    columns = {str(place): InputColumns((place,)) for place in range(numbers.shape[1])}
    rows = Columns(torch.tensor(numbers), torch.zeros(50, 0).long())
    found = alike_columns(rows, columns)
    assert len(found) == MOST_INPUTS
    assert found["0"]["1"] >= ALIKE
