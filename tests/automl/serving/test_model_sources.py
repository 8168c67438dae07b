"""A model is found by its study or its folder, and says what it is before it is loaded."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from automl.diagnostics.choice import choice_sentences
from automl.errors import ConfigError, StudyError
from automl.result import SearchResult
from automl.serving.model_sources import ExportedFolder, StudyAnswer, find_model
from storage import StorageError
from storage.answers import single_answer
from tests.automl.diagnostics.test_choice import chosen
from tests.contracts.synthetic_study import synthetic_study


def test_a_study_says_whose_networks_predict_and_how_good_they_are() -> None:
    records = synthetic_study(20, n_folds=5)
    best = records.best_trial
    assert best is not None
    result = SearchResult(records, "")
    source = StudyAnswer(result, result.answer)
    assert source.words == (
        f"trial {best.number} of digits-target (accuracy 97.2 % on test rows, the mean of its 5 "
        "folds)"
    )
    assert source.metric == "accuracy"
    records = synthetic_study(20)
    other = records.complete_trials[1].number
    source = StudyAnswer(SearchResult(records, ""), single_answer(records, other), other)
    assert source.words.startswith(f"trial {other} of digits-target (valid loss ")


def test_an_ensemble_is_called_what_show_calls_it() -> None:
    records = chosen("ensemble")
    first, second = sorted(trial.number for trial in records.complete_trials[:2])
    result = SearchResult(records, "")

    words = StudyAnswer(result, result.answer).words

    name = f"the weighted mean of trials {first} and {second}"
    assert words == f"{name} of digits-target (2 networks)"
    assert name in choice_sentences(records)[0]


def test_a_folder_is_a_model_that_was_exported(tmp_path: Path) -> None:
    source = find_model(str(tmp_path), "sqlite:///none.db")
    assert source == ExportedFolder(tmp_path)
    assert str(tmp_path) in source.words
    assert source.metric is None
    with pytest.raises(ConfigError, match="leave out --trial"):
        find_model(str(tmp_path), "sqlite:///none.db", trial_number=3)


def test_what_is_no_folder_is_a_study(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="must exist to be read"):
        find_model("none", f"sqlite:///{tmp_path}/none.db")


def test_a_study_is_loaded_to_predict(finished: SearchResult) -> None:
    source = find_model(finished.study_name, finished.storage)
    assert source.files == finished.files
    frame = np.zeros((3, 4))
    assert (source.load().predict(frame) == finished.best_model().predict(frame)).all()
    with pytest.raises(StudyError, match=r"no trial|not kept"):
        find_model(finished.study_name, finished.storage, trial_number=999).load()


def test_an_exported_folder_predicts_as_its_study(finished: SearchResult, tmp_path: Path) -> None:
    from click.testing import CliRunner

    import cli

    folder = tmp_path / "exported"
    arguments = ("export", finished.study_name, str(folder), "--storage", finished.storage)
    done = CliRunner().invoke(cli.main, list(arguments))
    assert done.exit_code == 0, done.output
    frame = np.random.default_rng(0).uniform(1, 5, (20, 4))
    model = find_model(str(folder), "sqlite:///none.db").load()
    assert (model.predict_proba(frame) == finished.best_model().predict_proba(frame)).all()
