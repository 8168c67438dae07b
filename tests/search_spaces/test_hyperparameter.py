"""Values that a hyperparameter can take, and what they are as fields of a configuration."""

from __future__ import annotations

import pytest

from search_spaces import HYPERPARAMETERS, SearchSpaceError
from search_spaces.hyperparameters import defaults


def test_a_checked_value_has_the_hyperparameters_own_type() -> None:
    size, rate = HYPERPARAMETERS["batch_size"], HYPERPARAMETERS["learning_rate"]
    assert repr([size.check(32.0), size.check("full"), rate.check(1)]) == "[32, 'full', 1.0]"


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("optimizer", "adm", "one of sgd, momentum.* got 'adm'. Did you mean 'adam'?"),
        ("optimizer", 3, "got 3"),
        ("batch_size", 0, "a whole number from 1 upwards, or full, but got 0"),
        ("batch_size", "half", "or full, but got 'half'"),
        ("dropout", 1.0, "to below 1, but got 1.0"),
        ("dropout", True, "but got True"),
        ("max_norm", None, "a number above 0, or none, but got None"),
    ],
)
def test_a_value_that_it_cannot_take_is_an_error(name: str, value: object, message: str) -> None:
    with pytest.raises(SearchSpaceError, match=message) as caught:
        HYPERPARAMETERS[name].check(value)
    assert caught.value.parameter == name


def test_a_setting_is_none_for_a_word_beside_numbers() -> None:
    assert HYPERPARAMETERS["max_norm"].setting("none") is None
    assert HYPERPARAMETERS["max_norm"].setting(3) == 3.0
    assert HYPERPARAMETERS["normalization"].setting("none") == "none"
    assert defaults("training")["gradient_clip_norm"] is None
    assert defaults("mlp")["hidden_size"] == 64
