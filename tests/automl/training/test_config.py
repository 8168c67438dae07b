from __future__ import annotations

import dataclasses
import doctest
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from automl.errors import ConfigError
from automl.models.mlp.config import MLPConfig
from automl.models.mlp.initialization import INITIALIZATIONS
from automl.models.mlp.network import ACTIVATIONS
from automl.training import config
from automl.training.config import TrainingConfig, configure
from search_spaces import HYPERPARAMETERS, FixedParameter, SearchSpace, SearchSpaceError

VALUES = st.one_of(
    st.sampled_from([word for one in HYPERPARAMETERS.values() for word in one.words]),
    st.sampled_from([0, 1, -1, 0.5, 1.0, 1.5, 2.5, 64, True, False, None, "nonsense"]),
    st.integers(-3, 300),
    st.floats(),
)


def test_params_become_fields_of_the_same_name() -> None:
    model, training = configure(
        {"learning_rate": 0.1, "n_layers": 4, "optimizer": "sgd", "scaling": "robust"},
        family="mlp",
        max_epochs=30,
        patience=5,
    )
    assert model == MLPConfig(n_layers=4, scaling="robust")
    assert training == TrainingConfig(
        learning_rate=0.1, optimizer="sgd", max_epochs=30, patience=5
    )


def test_words_for_none_are_none() -> None:
    params = {"batch_size": "full", "max_norm": "none", "gradient_clip_norm": "none"}
    _, training = configure(params, family="mlp", max_epochs=1, patience=1)
    assert (training.batch_size, training.max_norm, training.gradient_clip_norm) == (None,) * 3


@given(st.sampled_from(sorted(HYPERPARAMETERS)), VALUES)
def test_configure_takes_what_a_space_takes_and_nothing_else(name: str, value: object) -> None:
    try:
        SearchSpace.of("one", [FixedParameter(name, value)])  # type: ignore[arg-type]
    except SearchSpaceError as error:
        with pytest.raises(ConfigError) as told:
            configure({name: value}, family="mlp", max_epochs=1, patience=1)  # type: ignore[dict-item]
        assert str(told.value) == str(error)
    else:
        configure({name: value}, family="mlp", max_epochs=1, patience=1)  # type: ignore[dict-item]


def test_an_unknown_name_is_an_error_with_the_nearest() -> None:
    with pytest.raises(ConfigError, match=r"'activaton'. Did you mean 'activation'\?"):
        configure({"activaton": "relu"}, family="mlp", max_epochs=1, patience=1)


def test_every_hyperparameter_is_a_field_with_the_registrys_default() -> None:
    names = {field.name for field in dataclasses.fields(MLPConfig)}
    names |= {field.name for field in dataclasses.fields(TrainingConfig)}
    assert names == HYPERPARAMETERS.keys() | {"epoch_steps", "max_epochs", "patience"}
    params = {name: one.default for name, one in HYPERPARAMETERS.items()}
    defaults = (MLPConfig(), TrainingConfig())
    assert configure(params, family="mlp", max_epochs=50, patience=15) == defaults


@pytest.mark.parametrize(
    ("name", "implemented"),
    [("activation", ACTIVATIONS), ("initialization", INITIALIZATIONS)],
)
def test_each_word_of_the_registry_is_implemented(
    name: str, implemented: Mapping[str, object]
) -> None:
    assert tuple(implemented) == HYPERPARAMETERS[name].words


def test_examples_in_docstrings_run() -> None:
    assert doctest.testmod(config).failed == 0
