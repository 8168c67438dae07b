from __future__ import annotations

import doctest

import pytest

from automl.errors import ConfigError
from automl.models.mlp.network import MLPConfig
from automl.training import config
from automl.training.config import TrainingConfig, configure


def test_params_become_fields_of_the_same_name() -> None:
    model, training = configure(
        {"learning_rate": 0.1, "n_layers": 4, "optimizer": "sgd", "scaling": "robust"},
        max_epochs=30,
        patience=5,
    )
    assert model == MLPConfig(n_layers=4, scaling="robust")
    assert training == TrainingConfig(
        learning_rate=0.1, optimizer="sgd", max_epochs=30, patience=5
    )


def test_words_for_none_are_none() -> None:
    params = {"batch_size": "full", "max_norm": "none", "gradient_clip_norm": "none"}
    _, training = configure(params, max_epochs=1, patience=1)
    assert (training.batch_size, training.max_norm, training.gradient_clip_norm) == (None,) * 3


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("activaton", "relu", "unknown hyperparameter 'activaton'; did you mean 'activation'?"),
        ("activation", "rleu", "activation must be one of .*'rleu'; did you mean 'relu'?"),
        ("learning_rate", -1.0, "learning_rate must be above 0, but got -1.0"),
        ("dropout", 1.0, "dropout must be below 1, but got 1.0"),
        ("dropout", -0.1, "dropout must be at least 0, but got -0.1"),
        ("hidden_size", 0, "hidden_size must be at least 1, but got 0"),
        ("n_layers", float("inf"), "n_layers must be finite, but got inf"),
        ("n_layers", 2.5, "n_layers must be a whole number, but got 2.5"),
        ("batch_size", "fully", "batch_size must be a number or 'full', but got 'fully'"),
        ("l1", None, "l1 must be a number, but got None"),
        ("weight_decay", float("nan"), "weight_decay must be finite, but got nan"),
        ("max_norm", True, "max_norm must be a number or 'none', but got True"),
    ],
)
def test_impossible_values_say_rule_value_and_fix(name: str, value: object, message: str) -> None:
    with pytest.raises(ConfigError, match=message.replace("?", r"\?")):
        configure({name: value}, max_epochs=1, patience=1)  # type: ignore[dict-item]


def test_every_default_is_possible() -> None:
    model, training = MLPConfig(), TrainingConfig()
    names = [*MLPConfig.__dataclass_fields__, *TrainingConfig.__dataclass_fields__]
    params = {name: getattr(model, name, getattr(training, name, None)) for name in names}
    del params["max_epochs"], params["patience"]
    assert configure(params, max_epochs=50, patience=10) == (model, training)


def test_examples_in_docstrings_run() -> None:
    assert doctest.testmod(config).failed == 0


def test_nesterov_needs_momentum() -> None:
    with pytest.raises(ConfigError, match="above 0 for nesterov"):
        configure({"optimizer": "nesterov", "momentum": 0.0}, max_epochs=1, patience=1)
    configure({"optimizer": "momentum", "momentum": 0.0}, max_epochs=1, patience=1)
