"""What is fixed when a study is made."""

from __future__ import annotations

from dataclasses import replace

import pytest

import search_spaces
from automl.data import SplitOptions, load_dataset
from automl.errors import ConfigError
from automl.options.search_options import SearchOptions
from automl.training.batches import MEASURED_VALID_ROWS
from automl.tuning.settings import VERSIONED, installed_versions, make_settings
from tests.contracts.tiny_datasets import tiny_dataset


def test_settings_say_what_a_value_depends_on() -> None:
    data = load_dataset("sklearn:iris", splits=SplitOptions(folds=1))
    space = search_spaces.load("mlp").for_task("multiclass")
    settings = make_settings(data, space, SearchOptions(max_epochs=7, patience=3, seed=5))
    assert settings.epoch_steps == SearchOptions().epoch_steps
    assert settings.study_name == f"iris-{data.goal.name}"
    assert (settings.max_epochs, settings.patience, settings.seed) == (7, 3, 5)
    assert (settings.epoch_metric, settings.metric) == ("error_rate", None)
    assert sum(settings.n_rows.values()) == 150
    assert settings.space["parameters"] == space.to_dict()["parameters"]
    assert not settings.class_weights
    assert not settings.is_named


def test_settings_say_how_many_validation_rows_measure_an_epoch() -> None:
    data = load_dataset("sklearn:iris", splits=SplitOptions(folds=1))
    large = replace(data, dataset=tiny_dataset("mean_squared", n_rows=40_000))
    space = search_spaces.load("mlp")
    assert make_settings(data, space, SearchOptions()).n_measured_rows == data.n_rows["valid"]
    settings = make_settings(large, space, SearchOptions())
    assert settings.n_measured_rows == MEASURED_VALID_ROWS < settings.n_rows["valid"]


def test_name_and_space_are_kept_as_they_were_given() -> None:
    data = load_dataset("sklearn:iris", splits=SplitOptions(folds=1))
    space = search_spaces.load("mlp").for_task("multiclass")
    settings = make_settings(data, space, SearchOptions(study="mine", set=["l1=0"]))
    assert (settings.study_name, settings.is_named) == ("mine", True)
    assert (settings.space_source, settings.space_changes) == ("mlp", ("l1=0",))
    assert make_settings(data, space, SearchOptions(space=space)).space_source == "SearchSpace"


def test_versions_name_all_that_results_depend_on() -> None:
    assert set(installed_versions()) == {"python", *VERSIONED}


@pytest.mark.parametrize("target_error", [1.5, 5.0])
def test_an_error_that_nobody_can_hope_for_is_refused(target_error: float) -> None:
    data = load_dataset("sklearn:iris", splits=SplitOptions(folds=1))
    with pytest.raises(ConfigError, match="must be an error rate"):
        make_settings(data, search_spaces.load("mlp"), SearchOptions(target_error=target_error))
