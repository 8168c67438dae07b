"""What the kernels' cost is a function of; how well it fits is in its source."""

from __future__ import annotations

import pytest

from automl.stacked.native_cost import COST, native_cost
from automl.training.config import RowSubset
from tests.contracts.tiny_datasets import tiny_dataset
from tests.contracts.trainer_contract import tiny_run

DATA = tiny_dataset(n_rows=5_000)


def seconds(**values: object) -> float:
    cost = native_cost(tiny_run(**{"hidden_size": 128, "batch_size": 64, **values}), DATA)
    assert cost.shared == 0
    return cost.own


@pytest.mark.parametrize(
    "more",
    [
        {"hidden_size": 256},
        {"n_layers": 3},
        {"batch_size": 16},
        {"activation": "maxout"},
        {"n_members": 4},
        {"numeric_encoding": "piecewise_linear"},
        {"numeric_encoding": "periodic"},
    ],
)
def test_what_costs_more(more: dict[str, object]) -> None:
    assert seconds(**more) > seconds()


def test_what_an_encoding_costs_more() -> None:
    """Measured on 12,000 rows of 8 columns, batches of 256: see `Cost`."""
    linear, waves = {"numeric_encoding": "piecewise_linear"}, {"numeric_encoding": "periodic"}
    assert seconds(**linear) < seconds(**linear, n_bins=960)
    assert seconds(**linear, encoding_size=4) < seconds(**linear)
    assert seconds(**waves, n_frequencies=8) < seconds(**waves)
    assert seconds() < seconds(**waves, encoding_size=4) < 3 * seconds()


def test_a_part_of_the_rows_or_of_a_pass_costs_that_part() -> None:
    half = seconds(rows=RowSubset(0.5)) / seconds()
    assert 0.4 < half < 0.7, "validation rows are all measured"
    assert 0.4 < seconds(epoch_steps=24) / seconds() < 0.7  # of 47


def test_heads_of_members_are_updated_each() -> None:
    """With hardly a product in a step what remains of a member is its head and its factors."""
    few_rows = {"n_layers": 0, "batch_size": 1, "optimizer": "adam"}
    more = seconds(**few_rows, n_members=9) - seconds(**few_rows)
    n_steps = len(DATA.folds[0].train)
    n_inputs = DATA.describe(0).n_features
    n_updated = 8 * n_inputs * DATA.n_outputs + 9 * n_inputs
    assert more > n_steps * n_updated * (COST.parameter + COST.root)


def test_small_batches_cost_their_updates_and_not_hundreds_of_calls() -> None:
    """Measured on 12,000 rows: batches of 16 take 1.7 times as long as of 512, with SGD 1.3."""
    few, many = (
        [seconds(batch_size=size, optimizer=name) for name in ("sgd", "adam")]
        for size in (512, 16)
    )
    ratios = [one / other for one, other in zip(many, few, strict=True)]
    assert 1.0 < ratios[0] < ratios[1] < 2.5
