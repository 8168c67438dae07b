"""The options: one record for command line and notebook."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, fields

import pytest

import cli
from automl.options import SearchOptions

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
