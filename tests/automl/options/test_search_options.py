"""The options: one record for command line and notebook."""

from __future__ import annotations

import math
from dataclasses import FrozenInstanceError, astuple
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import automl
import cli
from automl.errors import ConfigError
from automl.options.data_options import DataOptions
from automl.options.option import options_of
from automl.options.search_options import (
    ExecutorOptions,
    FixedOptions,
    FreeOptions,
    PolicyOptions,
    SearchOptions,
    StudyOptions,
    ViewOptions,
)

NOT_ON_THE_COMMAND_LINE = {"command", "progress"}
NAMES = set(options_of(SearchOptions))
OWN_OF_THE_COMMAND_LINE = {"data", "report", "as_json"}


def test_command_line_and_api_have_the_same_options_and_defaults() -> None:
    command = cli.main.commands["search"]
    typed = command.make_context("search", ["data.csv"]).params
    assert typed.keys() - OWN_OF_THE_COMMAND_LINE == NAMES - NOT_ON_THE_COMMAND_LINE
    of_search = {name: value for name, value in typed.items() if name in NAMES}
    assert SearchOptions(**of_search) == SearchOptions()


@pytest.mark.parametrize(
    ("chosen", "decided_by"),
    [
        ({}, ("freeze_thaw", "tpe", "successive_halving")),
        ({"sampler": "tpe"}, ("optuna", "tpe", "successive_halving")),
        ({"sampler": "gp"}, ("optuna", "gp", "successive_halving")),
        ({"pruner": "median"}, ("optuna", "tpe", "median")),
        ({"policy": "promotion", "sampler": "gp"}, ("promotion", "gp", "successive_halving")),
    ],
)
def test_who_names_a_sampler_or_a_pruner_alone_wants_optunas(
    chosen: dict[str, str], decided_by: tuple[str, str, str]
) -> None:
    options = SearchOptions(**chosen)  # type: ignore[arg-type]
    assert astuple(options.deciders) == decided_by


def test_options_do_not_change() -> None:
    with pytest.raises(FrozenInstanceError):
        SearchOptions().seed = 1  # type: ignore[misc]


@pytest.mark.parametrize(
    ("option", "value", "rule"),
    [
        ("n_trials", 0, "n_trials must be a whole number from 1, but got 0"),
        ("max_epochs", 2.5, "max_epochs must be a whole number from 1, but got 2.5"),
        ("epoch_steps", 0, "epoch_steps must be a whole number from 1, or 'full', but got 0"),
        ("workers", 0, "workers must be a whole number from 1, or 'auto', but got 0"),
        ("timeout", "soon", "timeout must be a number of seconds, or a time like '10m', but got "),
        ("trial_timeout", -1, "trial_timeout must be a number of seconds, .* but got -1"),
        ("drop", "age", r"drop must be a list of texts, but got 'age'; write \['age'\]"),
        ("max_parameters", "many", "1, or a text like '200k', but got 'many'"),
        ("max_parameters", "0k", "1, or a text like '200k', but got '0k'"),
        ("max_latency", "0ms", "seconds above 0, or a time like '2ms', but got '0ms'"),
        ("set", "l1=0", r"set must be a mapping such as .*, but got 'l1=0'; write \['l1=0'\]"),
    ],
)
def test_what_a_notebook_can_get_wrong_is_told(option: str, value: Any, rule: str) -> None:
    with pytest.raises(ConfigError, match=rule):
        SearchOptions(**{option: value})


PLAIN: dict[str, tuple[Any, Any]] = {
    "n_trials": (np.int64(3), 3),
    "max_parameters": ("200k", 200_000),
    "max_latency": ("2ms", 0.002),
    "folds": (2.0, 2),
    "slots": (np.float32(4), 4),
    "split_seed": (np.uint8(7), 7),
    "workers": (np.int32(2), 2),
    "epoch_steps": (np.int64(100), 100),
    "timeout": ("1h30m", 5400.0),
    "trial_timeout": (np.float32(1.5), 1.5),
    "max_epochs_total": (np.int64(500), 500),
    "target_loss": (np.float32(-0.5), -0.5),
    "patience_trials": (20.0, 20),
    "target_error": (np.float64(0.25), 0.25),
    "keep_bytes": (5e6, 5_000_000),
    "memory_limit": ("2G", 2**31),
    "class_weights": (np.bool_(True), True),
    "target": (np.str_("kind"), "kind"),
    "group": (np.int64(3), "3"),
    "weight": (np.int64(3), "3"),
    "drop": (None, ()),
    "categorical": (np.array(["a", "b"]), ("a", "b")),
    "numeric": (pd.Index(["a", 3]), ("a", "3")),
    "set": (["l1=0"], ("l1=0",)),
    "command": ("automl search \udcff.csv", "automl search \\udcff.csv"),
}


@pytest.mark.parametrize("option", PLAIN)
def test_values_become_plain(option: str) -> None:
    given, plain = PLAIN[option]
    found = getattr(SearchOptions(**{option: given}), option)
    assert (found, type(found)) == (plain, type(plain))
    if isinstance(plain, tuple):
        assert all(type(item) is str for item in found)


class Rude:
    """An object of a person's own, with a fault."""

    def __repr__(self) -> str:
        raise RuntimeError


ODD: tuple[Any, ...] = (
    *(
        True,
        False,
        np.bool_(True),
        -1,
        0,
        1,
        2.0,
        2.5,
        10**30,
        10**5000,
        -(10**5000),
        2**31,
        2**32,
    ),
    *(math.nan, math.inf, -math.inf, 1e300, np.int64(3), np.float32(0.1), np.float64("nan")),
    *(Fraction(1, 3), Decimal("0.1"), 1j, None, "", " ", "3", "0.1", "5M", "10m", "auto", "a\0b"),
    *(
        "\udcff",
        "\x1b[2J",
        "x" * 10_000,
        b"bytes",
        np.str_("text"),
        Path("file"),
        object(),
        Rude(),
    ),
    *([], (), {}, set(), ["a"], ("a", 1), [None], [["a"]], [b"a"], {"a": 1}, {"a"}, ["\udcff"]),
    *(np.array(3), np.array([1, 2]), np.array(["a"]), np.zeros((2, 2)), pd.Series(["a"]), pd.NA),
    *(pd.DataFrame({"a": [1]}), iter("ab"), range(3), int, lambda: 1, np.datetime64("2024-01-01")),
    *(np.timedelta64(3, "m"), memoryview(b"a")),
)
PLAIN_TYPES = (bool, int, float, str, tuple, type(None), Path)
OBJECTS = {"valid", "test", "model"}  # looked at, and refused, where they are read


@pytest.mark.parametrize("option", sorted(NAMES))
def test_every_option_takes_a_plain_value_or_says_why_not(option: str) -> None:
    for value in ODD:
        try:
            found = getattr(SearchOptions(**{option: value}), option)
        except ConfigError as error:
            assert str(error).startswith(f"{option} must be ")
            assert "\n" not in str(error)
            assert len(str(error)) < 300
        else:
            assert option in OBJECTS or type(found) in (*PLAIN_TYPES, type(Path()))


def test_every_option_is_in_one_record() -> None:
    records = (DataOptions, StudyOptions, PolicyOptions, ExecutorOptions, ViewOptions)
    names = [name for record in records for name in options_of(record)]
    assert [*names, "command"] == list(options_of(SearchOptions))
    assert len(names) == len(set(names))


def test_an_option_is_fixed_with_the_study_or_free_in_each_call() -> None:
    fixed, free = options_of(FixedOptions).keys(), options_of(FreeOptions).keys()
    assert fixed == options_of(DataOptions).keys() | options_of(StudyOptions).keys()
    per_call = (PolicyOptions, ExecutorOptions, ViewOptions)
    assert free == {name for record in per_call for name in options_of(record)}
    assert {"target", "folds", "space", "seed"} <= fixed
    assert {"n_trials", "sampler", "workers"} <= free


def test_what_takes_a_part_of_the_options_takes_all_of_them() -> None:
    options = SearchOptions(target="kind", n_trials=3)
    assert isinstance(options, DataOptions)
    assert isinstance(options, ExecutorOptions)
    assert DataOptions(target="kind").target == options.target


@pytest.mark.parametrize(
    ("option", "value", "rule"),
    [
        ("split_seed", -1, "a whole number from 0, but got -1"),
        ("seed", 10**30, "a whole number from 0, but got 10+; the most is 4294967295"),
        ("n_trials", True, "a whole number from 1, but got True"),
        ("folds", 2.5, "a whole number from 1, but got 2.5"),
        ("target_error", "0.1", "an error from 0, as 0.05 for 5 %, but got '0.1'"),
        ("target_error", math.nan, "an error from 0, as 0.05 for 5 %, but got nan"),
        ("timeout", math.inf, "a number of seconds, or a time like '10m', but got inf"),
        ("timeout", "90 minutes", "a number of seconds, or a time like '10m', but got '90 minut"),
        ("timeout", "-3s", "a number of seconds, or a time like '10m', but got '-3s'"),
        ("keep_bytes", "5 apples", "a whole number of bytes, or a size like '500M', but got '5 a"),
        ("memory_limit", "9999999T", "a whole number of bytes, or a size like '500M', but got "),
        ("study", "", "a text, and not an empty one, but got ''"),
        ("drop", [3.5], r"a list of texts, but got \[3.5\]; 3.5 is no text"),
        ("device", "gpu", "cpu, cuda or cuda:N, but got 'gpu'"),
        ("storage", "automl.db", "a database URL such as sqlite:///automl.db, but got"),
        ("storage", "sqlite://", "a database URL .* one in memory is gone with the call"),
        ("storage", "sqlite:///:memory:", "a database URL .* write sqlite:///automl.db"),
        ("storage", "sqlite:///file::memory:?cache=shared&uri=true", "a database URL .* a folder"),
        ("preflight", "no", "True or False, but got 'no'"),
        ("max_epochs_total", 0, "a whole number from 1, but got 0"),
        ("max_epochs_total", 2.5, "a whole number from 1, but got 2.5"),
        ("patience_trials", -1, "a whole number from 1, but got -1"),
        ("target_loss", "0.1", "a validation loss: a number, but got '0.1'"),
        ("target_loss", math.nan, "a validation loss: a number, but got nan"),
        ("target_loss", True, "a validation loss: a number, but got True"),
    ],
)
def test_an_error_says_the_rule_the_value_and_the_fix(option: str, value: Any, rule: str) -> None:
    with pytest.raises(ConfigError, match=f"^{option} must be {rule}"):
        SearchOptions(**{option: value})
    with pytest.raises(ConfigError, match=f"^{option} must be {rule}"):
        automl.search("none.csv", **{option: value})


@pytest.mark.parametrize(
    ("limits", "total"),
    [
        ({}, 100),
        ({"n_trials": 7}, 7),
        ({"timeout": 60.0}, None),
        ({"timeout": 60.0, "n_trials": 7}, 7),
        ({"max_epochs_total": 500}, None),
        ({"target_loss": 0.1}, 100),
        ({"patience_trials": 20}, 100),
    ],
)
def test_as_many_trials_as_fit_are_meant_where_time_or_epochs_are_limited(
    limits: dict[str, Any], total: int | None
) -> None:
    assert SearchOptions(**limits).total == total
