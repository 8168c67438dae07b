"""A result whose database is gone."""

from __future__ import annotations

import pickle
import shutil
from pathlib import Path

import numpy as np
import optuna
import pytest

from automl.errors import StudyError
from automl.estimators.held_result import HeldResult, study_in_memory
from automl.result import SearchResult
from automl.studies import load_study


@pytest.fixture
def held(finished_copy: str, tmp_path: Path) -> HeldResult:
    stored = load_study("iris-species", finished_copy)
    result = HeldResult.of(stored, stored.best_model())
    (tmp_path / "automl.db").unlink()
    shutil.rmtree(tmp_path / "automl.artifacts")
    return result


def test_it_shows_and_predicts_what_it_did(
    held: HeldResult, finished: SearchResult, tmp_path: Path
) -> None:
    again = pickle.loads(pickle.dumps(held))
    assert again.trials == finished.trials and again.answer == finished.answer
    predictions, kept = again.predictions(), finished.predictions()
    assert predictions is not None and kept is not None and predictions.keys() == kept.keys()
    assert all((predictions[name] == kept[name]).all() for name in kept)
    rows = np.zeros((3, 4))
    assert (again.best_model().predict(rows) == finished.best_model().predict(rows)).all()
    assert "Confusion" in again.report(tmp_path / "page.html").read_text(encoding="utf-8")
    found = f"valid_loss={finished.best.value:.4g}"
    assert repr(again) == f"HeldResult('iris-species', trials=6, {found})"


def test_its_page_names_no_database_and_no_command_that_would_need_it(
    held: HeldResult, finished: SearchResult, tmp_path: Path
) -> None:
    page = held.report(tmp_path / "page.html").read_text(encoding="utf-8")
    assert "automl promote" not in page and "sqlite:" not in page
    before = finished.report(tmp_path / "before.html").read_text(encoding="utf-8")
    assert "automl promote" in before and "sqlite:" in before


def test_networks_that_were_not_held_are_told(held: HeldResult) -> None:
    other = next(trial for trial in held.trials if trial.number != held.best.number)
    with pytest.raises(StudyError, match="went when its estimator was fitted"):
        held.model(other.number)


def test_the_study_in_memory_has_all_trials(
    finished: SearchResult, capfd: pytest.CaptureFixture[str]
) -> None:
    optuna.logging.set_verbosity(optuna.logging.INFO)
    try:
        study = study_in_memory(finished)
    finally:
        optuna.logging.set_verbosity(optuna.logging.WARNING)
    assert capfd.readouterr().err == ""
    stored = optuna.load_study(study_name=study.study_name, storage=finished.storage)
    assert [trial.params for trial in study.trials] == [trial.params for trial in stored.trials]
    assert [trial.values for trial in study.trials] == [trial.values for trial in stored.trials]
    assert study.best_value == finished.best.value
    assert len(pickle.loads(pickle.dumps(study)).trials) == 6
