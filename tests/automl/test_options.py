"""The options: one record for command line and notebook."""

from __future__ import annotations

import inspect
from dataclasses import FrozenInstanceError, fields
from typing import Any, get_type_hints

import numpy as np
import pytest

import automl
import cli
from automl.errors import ConfigError
from automl.options import FreeKeywords, SearchKeywords, SearchOptions

NOT_ON_THE_COMMAND_LINE = {"command"}
NAMES = {field.name for field in fields(SearchOptions)}
OWN_OF_THE_COMMAND_LINE = {"data", "report", "as_json"}


def test_command_line_and_api_have_the_same_options_and_defaults() -> None:
    command = cli.main.commands["search"]
    params = command.make_context("search", ["data.csv"]).params
    typed = {"set" if name == "set_" else name: value for name, value in params.items()}
    assert typed.keys() - OWN_OF_THE_COMMAND_LINE == NAMES - NOT_ON_THE_COMMAND_LINE
    defaults = SearchOptions()
    for name in NAMES - NOT_ON_THE_COMMAND_LINE:
        assert typed[name] == getattr(defaults, name), name


def test_options_do_not_change() -> None:
    with pytest.raises(FrozenInstanceError):
        SearchOptions().seed = 1  # type: ignore[misc]


@pytest.mark.parametrize(
    ("option", "value", "rule"),
    [
        ("n_trials", 0, "n_trials must be a whole number from 1, but got 0"),
        ("max_epochs", 2.5, "max_epochs must be a whole number from 1, but got 2.5"),
        ("workers", 0, "workers must be a whole number from 1, or 'auto', but got 0"),
        ("timeout", "10m", "timeout must be a number of seconds, but got '10m'"),
        ("trial_timeout", -1, "trial_timeout must be a number of seconds, but got -1"),
        ("drop", "age", r"drop must be a list of texts, but got 'age'; write \['age'\]"),
        ("set", "l1=0", r"set must be a list of texts, but got 'l1=0'; write \['l1=0'\]"),
    ],
)
def test_what_a_notebook_can_get_wrong_is_told(option: str, value: Any, rule: str) -> None:
    with pytest.raises(ConfigError, match=rule):
        SearchOptions(**{option: value})


def test_numbers_of_numpy_are_numbers() -> None:
    SearchOptions(n_trials=np.int64(3), timeout=np.float32(1.5))  # type: ignore[arg-type]


def test_editors_know_the_options_and_their_types() -> None:
    """`search` names three itself; the keywords that type checkers read are all others."""
    named = {"target", "n_trials", "timeout"}
    hints = get_type_hints(SearchOptions)
    assert get_type_hints(SearchKeywords) == {n: hints[n] for n in hints.keys() - named}
    signature = inspect.signature(automl.search)
    assert named < signature.parameters.keys()


def test_notebooks_show_every_option_with_its_default() -> None:
    shown = inspect.signature(automl.search).parameters
    defaults = SearchOptions()
    assert shown.keys() == {"data"} | NAMES
    assert all(shown[name].default == getattr(defaults, name) for name in NAMES)


def test_continuing_offers_what_is_free_in_each_call() -> None:
    shown = inspect.signature(automl.resume).parameters
    free = {"n_trials", "timeout", *FreeKeywords.__annotations__}
    assert shown.keys() == {"study", "storage"} | free
