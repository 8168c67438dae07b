"""The same data again, from the study's own settings."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
import torch
from sklearn.datasets import load_iris

import search_spaces
from automl.errors import StudyError
from automl.options.data_options import DataOptions
from automl.options.loading import fixed_options, is_from_files, load_again, load_data
from automl.options.option import options_of
from automl.options.search_options import FixedOptions, SearchOptions
from automl.result import SearchResult
from automl.tuning.settings import data_options, make_settings
from automl.wording.option_names import spoken_as_typed


def test_data_from_a_file_can_be_loaded_again(finished: SearchResult) -> None:
    settings = finished.records.settings
    assert load_again(settings).fingerprint == settings.data_fingerprint


def test_data_given_as_an_object_must_be_given_again(finished: SearchResult) -> None:
    settings = replace(finished.records.settings, is_from_files=False, data_source="arrays")
    with pytest.raises(StudyError, match=r"in Python \(arrays\); pass the data again: data=$"):
        load_again(settings)
    with spoken_as_typed(), pytest.raises(StudyError, match=r"again: --data FILE$"):
        fixed_options(settings)
    source, options = fixed_options(settings, {"data": "sklearn:iris"})
    assert (source, options["target"]) == ("sklearn:iris", settings.target)


def test_a_study_of_optuna_alone_goes_on_with_its_own_loop(finished: SearchResult) -> None:
    settings = finished.records.settings
    theirs = replace(settings, task="objective", space={"family": "optuna", "parameters": {}})
    with pytest.raises(StudyError, match="goes on with the loop that made it") as error:
        load_again(theirs)
    assert "automl.tune" not in str(error.value)


def test_other_data_are_refused(finished: SearchResult) -> None:
    frame = load_iris(as_frame=True).frame.iloc[:100]
    with pytest.raises(StudyError, match="have changed"):
        load_again(finished.records.settings, frame)


def test_objects_cannot_be_read_again() -> None:
    frame = pd.DataFrame({"a": [1.0]})
    assert is_from_files("a.csv", DataOptions(valid=Path("b.csv")))
    assert not is_from_files(frame, DataOptions(target="a"))
    assert not is_from_files("a.csv", DataOptions(target="a", valid=frame))


def test_an_object_that_is_given_again_is_read_as_it_was() -> None:
    """Else promoted and confirmed runs would train on other rows, or on columns left out."""
    frame = load_iris(as_frame=True).frame
    options = SearchOptions(
        target="target", drop=["petal length (cm)"], folds=3, split_seed=7, class_weights=True
    )
    data = load_data(frame, options)
    again = load_again(make_settings(data, search_spaces.load("mlp"), options), frame)
    assert (again.columns, again.split) == (data.columns, data.split)
    of_fold, was = again.dataset.folds[0], data.dataset.folds[0]
    assert torch.equal(of_fold.valid.targets, was.valid.targets)
    assert of_fold.class_weights is not None


def test_kept_options_are_plain_and_read_the_same_columns(tmp_path: Path) -> None:
    path = tmp_path / "iris.csv"
    load_iris(as_frame=True).frame.to_csv(path, index=False)
    options = DataOptions(target="target", drop=("petal length (cm)",), folds=1)
    kept = data_options(options)
    assert kept["drop"] == ["petal length (cm)"]
    again = load_data(str(path), DataOptions(**kept))  # type: ignore[arg-type]
    assert again.columns == load_data(path, options).columns


def test_what_a_study_was_made_with_is_known_again(finished: SearchResult) -> None:
    settings = finished.records.settings
    source, fixed = fixed_options(settings)
    assert source == settings.data_source
    assert fixed["space"].to_dict() == settings.space
    assert (fixed["max_epochs"], fixed["seed"]) == (settings.max_epochs, settings.seed)
    assert fixed["folds"] == settings.data_options["folds"]
    assert not fixed.keys() - options_of(FixedOptions).keys()


def test_files_that_have_moved_are_asked_for_by_their_options(
    finished: SearchResult, tmp_path: Path
) -> None:
    options = {**finished.records.settings.data_options, "valid": "v.csv"}
    settings = replace(finished.records.settings, data_source="gone.csv", data_options=options)
    with pytest.raises(StudyError, match=r"no 'gone.csv' .* where it is: data='FILE'$"):
        fixed_options(settings)
    asked = r"no 'gone.csv' .* automl resume iris-species --data F"
    with pytest.raises(StudyError, match=asked), spoken_as_typed():
        fixed_options(settings)
    here = tmp_path / "here.csv"
    here.touch()
    asked = r"no 'v.csv' .*--storage sqlite:///b.db --valid FILE"
    with pytest.raises(StudyError, match=asked), spoken_as_typed():
        fixed_options(settings, {"data": here}, "sqlite:///b.db")
    source, fixed = fixed_options(settings, {"data": here, "valid": here})
    assert (source, fixed["valid"], fixed["test"]) == (str(here), str(here), None)


def test_a_study_of_an_objective_has_no_data_to_be_read(finished: SearchResult) -> None:
    settings = replace(
        finished.records.settings, task="objective", is_from_files=False, data_source="a.py:f"
    )
    with pytest.raises(StudyError, match=r"call automl.tune with a.py:f again"):
        fixed_options(settings)
