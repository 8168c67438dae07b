from __future__ import annotations

import subprocess
import sys

import pytest

from search_spaces import HYPERPARAMETERS, SearchSpaceError
from search_spaces.hyperparameters import ROLES, defaults, hyperparameter


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


def test_an_unknown_name_is_an_error_with_the_nearest_or_all_names() -> None:
    with pytest.raises(SearchSpaceError, match="Did you mean 'learning_rate'"):
        hyperparameter("learnig_rate")
    with pytest.raises(SearchSpaceError, match="Known are learning_rate, batch_size"):
        hyperparameter("zzz")


def test_every_hyperparameter_has_a_meaning_values_a_role_and_a_possible_default() -> None:
    for name, known in HYPERPARAMETERS.items():
        assert known.name == name
        assert known.meaning and known.allowed
        assert known.role in ROLES
        assert known.check(known.default) == known.default


def test_what_is_useful_is_possible() -> None:
    for known in HYPERPARAMETERS.values():
        if known.numbers:
            low, high = known.useful
            assert low in known.numbers and high in known.numbers and low < high, known.name


def test_a_setting_is_none_for_a_word_beside_numbers() -> None:
    assert HYPERPARAMETERS["max_norm"].setting("none") is None
    assert HYPERPARAMETERS["max_norm"].setting(3) == 3.0
    assert HYPERPARAMETERS["normalization"].setting("none") == "none"
    assert defaults("training")["gradient_clip_norm"] is None
    assert defaults("mlp")["hidden_size"] == 64


def test_the_rules_load_without_optuna() -> None:
    """Workers and configurations read the rules; they have no business with Optuna."""
    code = "import search_spaces.hyperparameters, sys; sys.exit('optuna' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
