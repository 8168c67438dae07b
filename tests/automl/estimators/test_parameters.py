"""Parameters of the estimators are options of a search."""

from __future__ import annotations

import inspect
from dataclasses import fields

import numpy as np
import pytest

import automl
from automl.errors import ConfigError
from automl.estimators.parameters import ClassifierParameters, RegressorParameters
from automl.options.option import options_of
from automl.options.search_options import SearchOptions

TOLD_OTHERWISE = {
    "target": "y",
    "task": "the class of the estimator",
    "group": "groups of fit",
    "weight": "sample_weight of fit",
    "valid": "fit has one table",
    "test": "fit has one table",
    "keep_missing_class": "every label is a class",
    "new": "follows from storage and study",
    "seed": "random_state",
    "warm_start": "means in scikit-learn that fit goes on",
    "target_error": "decides nothing",
    "command": "nothing was typed",
    "progress": "fit tells the logger alone",
}


def test_every_option_of_a_search_is_one_or_told_otherwise() -> None:
    shared = options_of(ClassifierParameters).keys() & options_of(RegressorParameters).keys()
    known = shared | {"class_weights", "loss"}
    assert known - {"random_state"} == options_of(SearchOptions).keys() - TOLD_OTHERWISE.keys()


@pytest.mark.parametrize("record", [ClassifierParameters, RegressorParameters])
def test_defaults_are_those_of_a_search(record: type[ClassifierParameters]) -> None:
    defaults = {each.name: each.default for each in fields(SearchOptions)}
    own = {each.name: each.default for each in fields(record)}
    assert own.pop("random_state") == defaults["seed"]
    assert own.pop("storage") is None
    assert own == {name: defaults[name] for name in own}


def test_notebooks_show_every_parameter_with_its_default() -> None:
    shown = inspect.signature(automl.AutoMLRegressor).parameters
    assert list(shown) == list(options_of(RegressorParameters))
    assert shown["max_epochs"].default == 50 and shown["random_state"].default == 0
    assert "max_epochs (a whole number from 1)" in (automl.AutoMLRegressor.__init__.__doc__ or "")


def test_a_seed_is_drawn_where_it_is_none_or_a_generator() -> None:
    generator = np.random.RandomState(3)
    drawn = [ClassifierParameters(random_state=generator).random_state for _ in range(2)]
    assert drawn[0] != drawn[1]
    again = np.random.RandomState(3)
    assert ClassifierParameters(random_state=again).random_state == drawn[0]
    np.random.seed(0)
    first = ClassifierParameters(random_state=None).random_state
    assert first != ClassifierParameters(random_state=None).random_state
    np.random.seed(0)
    assert ClassifierParameters(random_state=None).random_state == first


@pytest.mark.parametrize("seed", [-1, 1.5, "0", 2**40, np.random.default_rng(0)])
def test_what_is_no_seed_is_refused(seed: object) -> None:
    with pytest.raises(ConfigError, match="random_state must be a whole number from 0, a numpy"):
        ClassifierParameters(random_state=seed)  # type: ignore[arg-type]


def test_a_kept_study_is_new_unless_it_is_named() -> None:
    url = "sqlite:///kept.db"
    assert ClassifierParameters(storage=url).search_options("/there")["new"] is True
    named = ClassifierParameters(storage=url, study="mine").search_options("/there")
    assert (named["new"], named["study"], named["storage"]) == (False, "mine", url)
    gone = ClassifierParameters(study="mine").search_options("/there")
    assert (gone["new"], gone["storage"]) == (False, "sqlite:////there/automl.db")
