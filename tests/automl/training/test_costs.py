from __future__ import annotations

import pytest

from automl.training.config import RowSubset
from automl.training.costs import RunCost, bytes_alone, cost_alone, n_steps
from tests.contracts.tiny_datasets import tiny_dataset
from tests.contracts.trainer_contract import tiny_run, toy_run

DATASET = tiny_dataset()  # 90 train rows


def test_steps_are_those_of_the_runs_own_rows() -> None:
    assert n_steps(tiny_run(batch_size=16), DATASET) == 6
    assert n_steps(tiny_run(batch_size=None), DATASET) == 1
    assert n_steps(tiny_run(batch_size=16, rows=RowSubset(fraction=0.5)), DATASET) == 3
    assert n_steps(tiny_run(batch_size=16, epoch_steps=4), DATASET) == 4


def test_an_unknown_network_costs_as_much_as_any_other_of_as_many_steps() -> None:
    small, large = (cost_alone(toy_run(width=width), DATASET) for width in (4, 400))
    assert small == large == RunCost(None, 0.0, pytest.approx(6e-3))
    assert cost_alone(tiny_run(n_layers=9), DATASET).own > cost_alone(tiny_run(), DATASET).own


def test_nobody_knows_what_an_unknown_network_holds() -> None:
    assert bytes_alone([toy_run()], DATASET) is None
    assert bytes_alone([], DATASET) == 0
