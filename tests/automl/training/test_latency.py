"""The time of one call of a network."""

from __future__ import annotations

from dataclasses import replace

import pytest

from automl.executors.numerics import training_arithmetic
from automl.training.config import NetworkLimits
from automl.training.latency import latency_of_new, measured_latency
from tests.contracts.tiny_datasets import tiny_dataset
from tests.contracts.trainer_contract import tiny_run, toy_run

DATASET = tiny_dataset()


def test_deep_networks_take_longer_and_more_rows_too() -> None:
    with training_arithmetic():
        shallow = measured_latency(tiny_run(n_layers=1), DATASET, 1)
        deep = measured_latency(tiny_run(n_layers=8), DATASET, 1)
        many = measured_latency(tiny_run(n_layers=1, hidden_size=256), DATASET, 4096)
    assert 1e-6 < shallow < deep < 0.1
    assert many > 2 * shallow


@pytest.mark.parametrize("run", [tiny_run(normalization="batch_norm"), toy_run()])
def test_networks_of_any_family_are_measured(run) -> None:
    assert 0 < measured_latency(run, DATASET, 3) < 1.0


def test_it_is_measured_where_it_is_limited_and_once_per_trial() -> None:
    limited = replace(tiny_run(), limits=NetworkLimits(max_latency=1.0))
    assert latency_of_new(limited, DATASET) is not None
    assert latency_of_new(replace(limited, fold=1), DATASET) is None
    assert latency_of_new(replace(limited, limits=NetworkLimits(5)), DATASET) is None
    assert latency_of_new(tiny_run(), DATASET) is None
