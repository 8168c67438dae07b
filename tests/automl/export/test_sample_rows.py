"""Rows that are made up are rows that the model reads, with all that may be in them."""

from __future__ import annotations

import numpy as np

from automl.data.array.inputs import ArrayEncoding
from automl.data.table.column_reading import read_columns
from automl.data.table.preprocessing import Preprocessor
from automl.export.sample_rows import sample_array, sample_rows
from tests.automl.export.small_models import data_of


def test_every_column_has_values_and_gaps_that_are_read() -> None:
    (table,) = data_of("regression").encoders
    assert isinstance(table, Preprocessor)
    rows = sample_rows(table)
    assert list(rows) == [plan.name for plan in table.plans if not plan.dropped]
    read = read_columns(rows, table.plans)
    assert not read.unread, "each cell is written as its column is"
    for name in table.number_names:
        values = read.typed[name]
        assert 0 < values.isna().sum() < 32 and values.nunique() > 1
    assert "a category that nobody has seen" in set(read.typed["colour"])
    assert "(missing)" in set(read.typed["colour"])
    assert sample_rows(table).equals(rows), "the same ones each time"


def test_arrays_are_of_the_shape_and_type_of_training() -> None:
    floats = sample_array(ArrayEncoding((2, 3), False, 5.0, 0.1))
    assert floats.shape == (8, 2, 3) and floats.dtype == np.float32
    assert 4 < floats.mean() < 6
    assert not sample_array(ArrayEncoding((4,), True)).any()
