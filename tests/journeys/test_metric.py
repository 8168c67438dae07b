"""A search for a metric of a person's own: what is handed over, predicted, told and shown."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import sklearn.metrics as reference

import automl
from automl.diagnostics.choice import choice_sentences
from automl.errors import ConfigError, StudyError
from automl.result import SearchResult
from automl.studies import load_study
from storage.answers import trials_of

N_ROWS = 700


def rare(n: int = N_ROWS) -> pd.DataFrame:
    """A class of one row in eight, which two columns tell something of."""
    generator = np.random.default_rng(0)
    columns = generator.normal(size=(n, 4))
    odds = 1.2 * columns[:, 0] + 1.2 * columns[:, 1] - 2.6
    is_ill = generator.random(n) < 1 / (1 + np.exp(-odds))
    return pd.DataFrame(columns, columns=list("abcd")).assign(
        state=np.where(is_ill, "ill", "healthy")
    )


def search(folder: Path, frame: pd.DataFrame, target: str, **options: object) -> SearchResult:
    few = {"n_trials": 8, "max_epochs": 6, "workers": 1, "slots": 4, "folds": 1}
    return automl.search(
        frame,
        target=target,
        storage=f"sqlite:///{folder}/automl.db",
        study="study",
        **{**few, **options},  # type: ignore[arg-type]
    )


@pytest.fixture(scope="module")
def balanced(tmp_path_factory: pytest.TempPathFactory) -> SearchResult:
    folder = tmp_path_factory.mktemp("balanced")
    return search(folder, rare(), "state", metric="balanced_accuracy")


def test_the_threshold_predicts_scores_and_is_told(balanced: SearchResult) -> None:
    answer, model = balanced.answer, balanced.best_model()
    assert answer.threshold is not None and answer.threshold < 0.4
    assert model.threshold == answer.threshold
    frame = rare()
    ill = model.predict_proba(frame)[:, list(model.classes_).index("ill")]
    assert list(model.predict(frame) == "ill") == list(ill > answer.threshold)
    assert list(model.predict_table(frame).columns["state"] == "ill") == list(
        ill > answer.threshold
    )
    kept, evaluation = balanced.predictions(), balanced.evaluation
    assert kept is not None and evaluation is not None
    decided = kept["test_predictions"][:, 1] > answer.threshold
    assert evaluation.scores["balanced_accuracy"] == pytest.approx(
        reference.balanced_accuracy_score(kept["test_targets"], decided)
    )
    assert evaluation.scores["accuracy"] == pytest.approx(np.mean(kept["test_targets"] == decided))
    assert evaluation.only_class is None
    worth = answer.validation
    assert worth is not None and worth.metric is not None
    assert worth.metric.threshold_gain is not None and worth.metric.threshold_gain.value > 0
    said = " ".join(choice_sentences(balanced.records))
    assert "chosen by balanced accuracy" in said
    assert "It decides for class ill where its probability is above 0." in said


def test_references_decide_by_thresholds_of_their_own(balanced: SearchResult) -> None:
    evaluation = balanced.evaluation
    assert evaluation is not None
    scores = evaluation.reference_scores("linear_model")
    assert scores["balanced_accuracy"] > 0.6  # by 0.5 it is below that
    assert evaluation.reference_scores("guessing")["balanced_accuracy"] == pytest.approx(0.5)


def test_the_metric_comes_first_wherever_scores_are(
    balanced: SearchResult, tmp_path: Path
) -> None:
    found = json.loads(json.dumps(balanced.to_json()))
    assert found["metric"] == "balanced_accuracy" == next(iter(found["test"]))
    assert found["answer"]["threshold"] == balanced.answer.threshold
    assert found["standing"]["score"] == "balanced_accuracy"
    worth = found["answer"]["held_against"]["single"]["metric"]
    assert worth["score"] == "balanced_accuracy" and 0.5 < worth["value"] < 1
    page = balanced.report(tmp_path / "report.html").read_text(encoding="utf-8")
    assert "Test balanced accuracy" in page and "valid balanced accuracy" in page
    assert "chosen by balanced accuracy" in page


def test_a_study_goes_on_with_its_metric_only(balanced: SearchResult) -> None:
    folder = Path(balanced.storage.removeprefix("sqlite:///")).parent
    with pytest.raises(StudyError, match="metric is balanced_accuracy in the study and none here"):
        search(folder, rare(), "state")
    again = search(folder, rare(), "state", metric="balanced_accuracy")
    assert again.answer == balanced.answer
    assert again.records.evaluations == balanced.records.evaluations
    stored = load_study("study", balanced.storage).records
    assert (stored.settings.metric, stored.settings.epoch_metric) == (
        "balanced_accuracy",
        "error_rate",
    )


def test_the_best_trial_by_the_metric_is_handed_over_alone(tmp_path: Path) -> None:
    result = search(tmp_path, rare(), "state", metric="roc_auc", answer="single", references=False)
    assert result.answer.kind == "single" and result.answer.threshold is None
    (number,) = trials_of(result.records, result.answer)
    assert number in {trial.number for trial in result.records.complete_trials}
    kept, worth = result.predictions(), result.answer.validation
    assert kept is not None and worth is not None and worth.metric is not None
    area = reference.roc_auc_score(kept["valid_targets"], kept["valid_predictions"][:, 1])
    assert worth.metric.score == "roc_auc" and 0.5 < worth.metric.value <= area + 1e-9
    assert result.evaluation is not None
    assert result.evaluation.scores["roc_auc"] == pytest.approx(
        reference.roc_auc_score(kept["test_targets"], kept["test_predictions"][:, 1])
    )


def test_a_refit_decides_by_the_threshold_of_the_best_trials_own_networks(tmp_path: Path) -> None:
    """It was trained on all rows that could tell one; by 0.5 it finds next to nobody ill."""
    result = search(tmp_path, rare(), "state", metric="f1", answer="refit", references=False)
    answer, frame = result.answer, rare()
    assert list(result.best_model().classes_) == ["healthy", "ill"]
    assert answer.kind == "refit" and answer.threshold is not None
    assert 0.0 < answer.threshold < 0.45
    ill = result.best_model().predict_proba(frame)[:, 1]
    assert list(result.best_model().predict(frame) == "ill") == list(ill > answer.threshold)
    kept, evaluation = result.predictions(), result.evaluation
    assert kept is not None and evaluation is not None
    decided = kept["test_predictions"][:, 1] > answer.threshold
    assert evaluation.scores["f1"] == pytest.approx(
        reference.f1_score(kept["test_targets"], decided)
    )
    said = choice_sentences(result.records)
    assert "chosen by" not in said[0] and any("own networks" in one for one in said)
    again = search(tmp_path, rare(), "state", metric="f1", answer="refit", references=False)
    assert again.answer == answer and again.records.evaluations == result.records.evaluations


def test_one_class_only_is_said_with_what_to_do(tmp_path: Path) -> None:
    frame = rare().drop(columns=["a", "b"])  # nothing is left to tell the classes apart
    result = search(tmp_path, frame, "state", references=False)
    assert result.evaluation is not None and result.evaluation.only_class == "healthy"
    assert set(result.best_model().predict(frame)) == {"healthy"}
    found = [one for one in result.diagnoses if one.kind == "one_class_only"]
    assert len(found) == 1 and "class healthy for all validation rows" in found[0].message
    assert [change.parameter for one in found[0].advice for change in one.changes] == [
        "metric",
        "class_weights",
    ]
    assert any("One class only" in one for one in choice_sentences(result.records))
    assert result.records.settings.metric is None and result.answer.threshold is None


@pytest.mark.parametrize("metric", ["rmse", "mae"])
def test_quantities_are_told_in_their_own_unit(tmp_path: Path, metric: str) -> None:
    frame = rare(300).assign(price=lambda rows: 5000 + 900 * rows["a"] - 400 * rows["b"])
    frame = frame.drop(columns="state")
    result = search(tmp_path, frame, "price", metric=metric, references=False)
    worth = result.answer.validation
    assert worth is not None and worth.metric is not None
    assert worth.metric.score == metric and worth.metric.value > 10
    assert next(iter(result.to_json()["test"])) == metric  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("target", "metric", "words"),
    [
        ("a", "roc_auc", "metric for regression must be one of rmse, mae, r2, but got 'roc_auc'"),
        ("state", "rmse", "metric for binary must be one of log_loss, accuracy"),
        ("state", "auc", "metric must be one of log_loss, accuracy"),
    ],
)
def test_a_metric_that_does_not_suit_is_refused(
    tmp_path: Path, target: str, metric: str, words: str
) -> None:
    with pytest.raises(ConfigError, match=words):
        search(tmp_path, rare(80), target, metric=metric)
