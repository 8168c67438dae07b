"""The result as people use it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_iris

import automl
from automl.errors import ConfigError, StudyError
from automl.result import SearchResult
from automl.studies import load_study
from storage.records import TrialRecord


def test_best_is_the_complete_trial_of_the_lowest_loss(finished: SearchResult) -> None:
    complete = [trial for trial in finished.trials if trial.outcome == "complete"]
    assert finished.best.value == min(trial.value for trial in complete if trial.value)


def test_a_study_without_complete_trials_has_no_best(finished: SearchResult) -> None:
    assert finished.has_best
    empty = SearchResult(replace(finished.records, trials=()), finished.storage)
    with pytest.raises(StudyError, match="has none of 0"):
        _ = empty.best


def test_a_study_whose_trials_all_failed_says_why_it_has_no_best(finished: SearchResult) -> None:
    failed = tuple(TrialRecord(i, "PRUNED", {}, None, "diverged") for i in range(3))
    result = SearchResult(replace(finished.records, trials=failed), finished.storage)
    with pytest.raises(StudyError, match=r"all have failed \(3: the loss became infinite"):
        _ = result.best


def test_best_model_predicts_a_table_as_well_as_the_score_says(finished: SearchResult) -> None:
    frame, codes = load_iris(return_X_y=True, as_frame=True)
    names = load_iris().target_names[codes]
    accuracy = np.mean(finished.best_model().predict(frame) == names)
    assert finished.evaluation is not None
    low, high = finished.evaluation.intervals["accuracy"]
    assert low - 0.1 <= accuracy <= high + 0.1


def test_report_goes_without_predictions_whose_file_is_gone(
    finished_copy: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    result = load_study("iris-species", finished_copy)
    (kept,) = result.records.kept_artifacts("predictions")
    (tmp_path / "automl.artifacts" / kept.artifact_id).unlink()
    page = result.report(tmp_path / "report.html").read_text(encoding="utf-8")
    assert "No predictions are kept with this study, or their file cannot be read." in page
    assert "no predictions are shown" in caplog.text


@pytest.mark.parametrize("classes", [[0, 1], ["no", "yes"]])
def test_stored_models_answer_in_the_targets_own_values(classes: Any, tmp_path: Path) -> None:
    x = np.random.default_rng(0).normal(size=80)
    frame = pd.DataFrame({"x": x, "y": pd.Series(classes)[(x > 0).astype(int)].to_numpy()})
    result = automl.search(
        frame,
        target="y",
        n_trials=1,
        max_epochs=8,
        folds=1,
        workers=1,
        set=["optimizer=adam", "learning_rate=0.03", "batch_size=16", "dropout=0"],
        storage=f"sqlite:///{tmp_path}/automl.db",
    )
    assert np.mean(result.best_model().predict(frame) == frame["y"]) > 0.8


def test_any_trial_predicts_while_its_weights_are_kept(finished: SearchResult) -> None:
    kept = finished.model(finished.best.number)
    frame = load_iris(as_frame=True).data
    assert (kept.predict(frame) == finished.best_model().predict(frame)).all()
    paused = next(trial.number for trial in finished.trials if trial.outcome == "paused")
    with pytest.raises(StudyError, match=f"weights of trial {paused} of 'iris-species' are not"):
        finished.model(paused)


def test_a_result_is_shown_in_one_line(finished: SearchResult) -> None:
    """All its records would be half a megabyte."""
    assert repr(finished) == (
        f"SearchResult('iris-species', trials=6, valid_loss={finished.best.value:.4g}, "
        f"storage={finished.storage!r})"
    )
    empty = SearchResult(replace(finished.records, trials=()), "sqlite:///automl.db")
    assert "no trial complete" in repr(empty)


def test_report_is_one_file(finished: SearchResult, tmp_path: Path) -> None:
    path = finished.report(tmp_path / "report.html")
    text = path.read_text(encoding="utf-8")
    assert finished.study_name in text
    assert f"{finished.best.params['learning_rate']:.3g}"[:3] in text


def test_a_study_without_a_best_trial_has_no_predictions(finished: SearchResult) -> None:
    empty = SearchResult(replace(finished.records, trials=()), finished.storage)
    assert empty.predictions() is None


def test_figures_are_of_the_study(finished: SearchResult) -> None:
    figures = [
        finished.plots.curves(),
        finished.plots.bias_variance("learning_rate"),
        finished.plots.axes("learning_rate"),
        finished.plots.gradient_flow(),
        finished.plots.confusion(),  # of the predictions that are kept with the study
    ]
    assert all(figure.data for figure in figures)


def test_importances_need_trials(finished: SearchResult) -> None:
    with pytest.raises(ConfigError, match="25 are needed"):
        finished.plots.importances()


def test_notebook_shows_the_result(finished: SearchResult) -> None:
    assert "iris-species" in finished._repr_html_()


def test_json_has_the_promised_keys(finished: SearchResult) -> None:
    values = json.loads(json.dumps(finished.to_json("report.html"), allow_nan=False))
    assert set(values) == {
        *("study", "storage", "task", "seconds", "training_seconds", "n_trials", "n_epochs"),
        *("n_side_epochs", "best", "test", "standing", "headline", "diagnosis", "report"),
        *("metric", "stopped", "limits", "smallest_equal", "warm_start", "widened", "answer"),
        *("column_importances", "data", "target", "created_at", "last_call_at"),
        *("lacked_time", "n_bytes", "n_bytes_of_states"),
    }
    columns = [one["name"] for one in values["column_importances"]["columns"]]
    assert columns == [one.name for one in finished.column_importances]
    assert values["answer"]["trial_numbers"] == [finished.best.number]
    assert set(values["answer"]) == {
        *("kind", "trial_numbers", "n_networks", "n_parameters", "threshold", "held_against"),
    }
    assert sum(values["n_trials"].values()) == 6
    assert set(values["best"]) == {
        *("trial_number", "params", "valid_loss", "n_epochs", "best_epochs"),
        *("n_parameters", "latency", "outcome", "cause"),
        *("started_at", "finished_at", "training_seconds"),
    }
    assert {"loss", "accuracy", "interval", "references"} <= set(values["test"])
    assert set(values["diagnosis"]) >= {"verdict", "advice"}
