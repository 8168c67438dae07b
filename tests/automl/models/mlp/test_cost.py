from __future__ import annotations

import pytest

from automl.models.mlp.config import MLPConfig
from automl.models.mlp.cost import (
    COST,
    INFERENCE,
    arithmetic_seconds,
    call_seconds,
    inference_seconds,
)
from tests.contracts.tiny_datasets import tiny_dataset

DATA = tiny_dataset().describe()


def test_every_layer_costs_its_calls() -> None:
    assert call_seconds(MLPConfig(n_layers=0)) == COST.step
    assert call_seconds(MLPConfig(n_layers=3)) == COST.step + 3 * COST.layer
    assert call_seconds(MLPConfig(n_layers=0, n_members=5)) == COST.step + 4 * COST.head


def test_arithmetic_grows_with_rows_units_and_pieces() -> None:
    narrow = arithmetic_seconds(MLPConfig(hidden_size=64), DATA, 32)
    assert arithmetic_seconds(MLPConfig(hidden_size=128), DATA, 32) > 2 * narrow
    assert arithmetic_seconds(MLPConfig(hidden_size=64), DATA, 64) > narrow
    assert arithmetic_seconds(MLPConfig(hidden_size=64, activation="maxout"), DATA, 32) > narrow
    assert arithmetic_seconds(MLPConfig(hidden_size=64, n_members=4), DATA, 32) > 2 * narrow
    for encoding in ("piecewise_linear", "periodic"):
        encoded = MLPConfig(hidden_size=64, numeric_encoding=encoding)
        assert arithmetic_seconds(encoded, DATA, 32) > narrow


def test_each_members_head_is_read_and_takes_its_rows() -> None:
    """Without hidden layers a network is its heads and what spreads the rows."""
    few, many = (inference_seconds(MLPConfig(n_layers=0, n_members=k), DATA, 16) for k in (2, 32))
    n_weights = DATA.n_features * DATA.n_outputs
    per_row = n_weights * INFERENCE.operation + DATA.n_features * INFERENCE.activation
    assert many - few == pytest.approx(30 * (n_weights * INFERENCE.weight + 16 * per_row))


def test_a_call_takes_longer_of_deeper_wider_and_normalized_networks_and_of_more_rows() -> None:
    data = tiny_dataset().describe()
    small = inference_seconds(MLPConfig(n_layers=1, hidden_size=16, normalization="none"), data, 1)
    for config, n_rows in (
        (MLPConfig(n_layers=2, hidden_size=16, normalization="none"), 1),
        (MLPConfig(n_layers=1, hidden_size=512, normalization="none"), 1),
        (MLPConfig(n_layers=1, hidden_size=16, normalization="layer_norm"), 1),
        (MLPConfig(n_layers=1, hidden_size=16, n_members=8), 1),
        (MLPConfig(n_layers=1, hidden_size=16, normalization="none"), 64),
        (MLPConfig(n_layers=1, hidden_size=16, numeric_encoding="periodic"), 1),
        (MLPConfig(n_layers=1, hidden_size=16, numeric_encoding="piecewise_linear"), 1),
    ):
        assert small < inference_seconds(config, data, n_rows) < 1e-3
