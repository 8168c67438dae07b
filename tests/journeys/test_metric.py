"""A search for a metric of a person's own: what is handed over, predicted, told and shown."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import sklearn.metrics as reference

import automl
from automl.diagnostics.choice import choice_rows, choice_sentences
from automl.diagnostics.standing import standing
from automl.errors import ConfigError
from automl.result import SearchResult
from automl.studies import load_study
from storage.answers import answers_side_by_side, single_answer, trials_of

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


@pytest.mark.parametrize("said", [{}, {"metric": "balanced_accuracy"}])
def test_a_study_keeps_its_metric_where_none_is_said(
    balanced: SearchResult, said: dict[str, object]
) -> None:
    folder = Path(balanced.storage.removeprefix("sqlite:///")).parent
    again = search(folder, rare(), "state", **said)
    assert again.answer == balanced.answer
    assert again.records.evaluations == balanced.records.evaluations
    stored = load_study("study", balanced.storage).records
    assert (stored.settings.metric, stored.settings.epoch_metric) == (
        "balanced_accuracy",
        "error_rate",
    )


def test_by_another_metric_a_finished_study_is_decided_anew(
    balanced: SearchResult, tmp_path: Path
) -> None:
    """As if it had been the metric from the beginning: nothing is trained by it."""
    folder = Path(balanced.storage.removeprefix("sqlite:///")).parent
    shutil.copytree(folder, tmp_path / "copied")
    found = {None: balanced.answer}
    for metric in ("f1", "log_loss", "balanced_accuracy"):
        fresh = balanced
        if metric != "balanced_accuracy":
            (tmp_path / metric).mkdir()
            fresh = search(tmp_path / metric, rare(), "state", metric=metric)
        later = search(tmp_path / "copied", rare(), "state", metric=metric)
        records = later.records
        assert records.settings.metric == metric and records.runs == balanced.records.runs
        assert replace(later.answer, answer_id=0) == replace(fresh.answer, answer_id=0)
        assert [one.kind for one in answers_side_by_side(records)] == [
            one.kind for one in answers_side_by_side(fresh.records)
        ]
        assert choice_rows(records) == choice_rows(fresh.records)
        assert choice_sentences(records) == choice_sentences(fresh.records)
        assert later.evaluation is not None and fresh.evaluation is not None
        assert later.evaluation.scores == fresh.evaluation.scores
        assert later.evaluation.references == fresh.evaluation.references
        assert standing(records) == standing(fresh.records)
        alone, clean = (single_answer(one, later.best.number) for one in (records, fresh.records))
        assert alone.threshold == clean.threshold == later.model(later.best.number).threshold
        found[metric] = later.answer
    again = search(tmp_path / "copied", rare(), "state")
    assert again.answer == later.answer
    assert again.records.evaluations == records.evaluations
    assert found["f1"].threshold != found["balanced_accuracy"].threshold
    assert found["log_loss"].threshold is None and found["log_loss"].validation is not None


@pytest.mark.parametrize("metric", ["f1", "balanced_accuracy"])
def test_without_a_choice_nothing_of_an_earlier_metric_is_left(
    tmp_path: Path, metric: str
) -> None:
    """By one of them another trial is the answer, by the other a threshold decides."""
    alone = {"answer": "single", "references": False}
    before = search(tmp_path, rare(), "state", metric=metric, **alone)
    is_another = trials_of(before.records, before.answer) != (before.best.number,)
    assert is_another or before.answer.threshold is not None
    later = search(tmp_path, rare(), "state", metric="log_loss", **alone)
    assert later.answer.threshold is None and later.answer.kind == "single"
    assert trials_of(later.records, later.answer) == (later.best.number,)
    assert choice_sentences(later.records) == []


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
