"""The options: one record for command line and notebook."""

from __future__ import annotations

import inspect
from dataclasses import FrozenInstanceError, fields
from typing import get_type_hints

import pytest

import automl
import cli
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
