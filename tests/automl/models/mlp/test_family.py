from __future__ import annotations

import pytest
import torch

from automl.data.inputs import Columns
from automl.errors import ConfigError
from automl.models.mlp.config import MLPConfig
from automl.models.mlp.family import MLP_FAMILY
from tests.contracts.tiny_datasets import tiny_dataset


def test_params_are_checked_by_the_registry() -> None:
    assert MLP_FAMILY.configure({"n_layers": 3}) == MLPConfig(n_layers=3)
    with pytest.raises(ConfigError, match="activation must be one of"):
        MLP_FAMILY.configure({"activation": "step"})
    with pytest.raises(ConfigError, match="Did you mean 'learning_rate'"):
        MLP_FAMILY.configure({"learning_rat": 1.0})


def test_quantiles_are_read_from_their_own_copy() -> None:
    fold = tiny_dataset(with_categories=True).folds[0]
    for scaling in ("standard", "min_max", "robust", "quantile"):
        config = MLPConfig(scaling=scaling)
        numbers, codes = MLP_FAMILY.read(fold.train.inputs, fold.encoding, config)
        assert numbers is fold.train.inputs.before(scaling)
        assert codes is fold.train.inputs.categories
    readings = {MLP_FAMILY.reading(MLPConfig(scaling=one)) for one in ("standard", "robust")}
    assert MLP_FAMILY.reading(MLPConfig(scaling="quantile")) not in readings


def test_data_that_are_no_table_are_refused() -> None:
    fold = tiny_dataset().folds[0]
    with pytest.raises(ConfigError, match="this network reads the columns of a table"):
        MLP_FAMILY.read(Columns.of(fold.train.inputs), fold.encoding, MLPConfig())


def test_a_step_has_the_masks_of_its_number() -> None:
    dataset = tiny_dataset()
    config = MLPConfig(dropout=0.5, input_dropout=0.2)
    module = MLP_FAMILY.build(config, dataset.describe())
    MLP_FAMILY.initialize_(module, 1)
    rows = dataset.folds[0].train.inputs[:8]
    both = [
        one(rows.numeric, rows.categories) for one in MLP_FAMILY.forwards(module, 5, 0, [8, 8])
    ]
    second = next(iter(MLP_FAMILY.forwards(module, 5, 1, [8])))
    assert torch.equal(second(rows.numeric, rows.categories), both[1])
    assert not torch.equal(both[0], both[1])


def test_layers_are_the_hidden_ones_and_the_output() -> None:
    dataset = tiny_dataset()
    module = MLP_FAMILY.build(MLPConfig(n_layers=2, activation="tanh"), dataset.describe())
    MLP_FAMILY.initialize_(module, 1)
    rows = dataset.folds[0].train.inputs[:8]
    outputs, signals = MLP_FAMILY.trace(module, (rows.numeric, rows.categories))
    assert [signal.name for signal in signals] == ["hidden 1", "hidden 2", "output"]
    assert [signal.activation for signal in signals] == ["tanh", "tanh", ""]
    assert torch.equal(outputs, module(rows.numeric, rows.categories))


def test_layers_that_give_more_than_their_activation_are_not_judged_by_it() -> None:
    residual = MLPConfig(n_layers=3, activation="tanh", residual="every_layer")
    mixing = MLPConfig(n_layers=3, activation="tanh", activation_mixing="learned")
    assert [residual.signal_kind(layer) for layer in range(3)] == ["tanh", "", ""]
    assert [mixing.signal_kind(layer) for layer in range(3)] == ["", "", ""]
