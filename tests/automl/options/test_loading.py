"""The same data again, from the study's own settings."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from sklearn.datasets import load_iris

from automl.errors import StudyError
from automl.options.loading import data_options, fixed_options, load_again, load_data
from automl.options.option import options_of
from automl.options.search_options import DataOptions, FixedOptions
from automl.result import SearchResult


def test_data_from_a_file_can_be_loaded_again(finished: SearchResult) -> None:
    settings = finished.records.settings
    assert load_again(settings).fingerprint == settings.data_fingerprint


def test_data_given_as_an_object_must_be_given_again(finished: SearchResult) -> None:
    settings = replace(finished.records.settings, data_options={}, data_source="DataFrame")
    with pytest.raises(StudyError, match="pass the data again"):
        load_again(settings)


def test_other_data_are_refused(finished: SearchResult) -> None:
    frame = load_iris(as_frame=True).frame.iloc[:100]
    with pytest.raises(StudyError, match="have changed"):
        load_again(finished.records.settings, frame)


def test_options_of_objects_are_not_kept() -> None:
    frame = pd.DataFrame({"a": [1.0]})
    assert data_options(frame, DataOptions(target="a")) == {}
    assert data_options("a.csv", DataOptions(target="a", valid=frame)) == {}


def test_kept_options_are_plain_and_read_the_same_columns(tmp_path: Path) -> None:
    path = tmp_path / "iris.csv"
    load_iris(as_frame=True).frame.to_csv(path, index=False)
    options = DataOptions(target="target", drop=("petal length (cm)",), folds=1)
    kept = data_options(path, options)
    assert kept["drop"] == ["petal length (cm)"]
    again = load_data(str(path), DataOptions(**kept))  # type: ignore[arg-type]
    assert again.columns == load_data(path, options).columns


def test_what_a_study_was_made_with_is_known_again(finished: SearchResult) -> None:
    settings = finished.records.settings
    fixed = fixed_options(settings)
    assert fixed["space"].to_dict() == settings.space
    assert (fixed["max_epochs"], fixed["seed"]) == (settings.max_epochs, settings.seed)
    assert fixed["folds"] == settings.data_options["folds"]
    assert not fixed.keys() - options_of(FixedOptions).keys()
