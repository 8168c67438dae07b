from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from automl.data.table.probes import shift
from automl.data.table.samples import TreeInputs, tree_inputs

N = 240
TRAIN, TEST = np.arange(0, 144), np.arange(192, N)


@pytest.fixture
def inputs() -> TreeInputs:
    generator = np.random.default_rng(0)
    return tree_inputs(pd.DataFrame(generator.normal(size=(N, 4)), columns=list("abcd")))


def test_shift_is_seen_and_located(inputs: TreeInputs) -> None:
    moved = inputs.rows(TEST)
    moved.values[:, 2] += 2
    (none,) = shift(inputs.rows(TRAIN), inputs.rows(TEST), "train/test")
    (clear,) = shift(inputs.rows(TRAIN), moved, "train/test")
    assert none.value == pytest.approx(0.5, abs=0.15)
    assert clear.value > 0.8
    assert next(iter(clear.details["columns"])) == "c"
    assert none.details["standard_error"] == pytest.approx(0.048, abs=0.001)


def test_too_few_rows_say_nothing_of_shift(inputs: TreeInputs) -> None:
    assert shift(inputs.rows(TRAIN), inputs.rows(TEST[:10]), "train/test") == []
