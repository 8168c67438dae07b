from __future__ import annotations

import subprocess
import sys

import pytest

from search_spaces import HYPERPARAMETERS, SearchSpaceError
from search_spaces.hyperparameter import ROLES
from search_spaces.hyperparameters import hyperparameter


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


def test_the_rules_load_without_optuna() -> None:
    """Workers and configurations read the rules; they have no business with Optuna."""
    code = "import search_spaces.hyperparameters, sys; sys.exit('optuna' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
