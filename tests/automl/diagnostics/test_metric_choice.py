"""What a study's metric has decided, in words."""

from __future__ import annotations

from dataclasses import replace

import pytest

from automl.diagnostics.choice import choice_head, choice_rows, choice_sentences
from automl.diagnostics.metric_choice import (
    diagnose_labels,
    diagnose_one_class,
    metric_sentences,
    metric_words,
)
from automl.diagnostics.standing import standing_score
from automl.diagnostics.study_verdict import diagnose_study
from storage.answers import single_answer
from storage.call_records import PolicyRecord
from storage.records import StudyRecords, Task
from storage.score_records import (
    AnswerMember,
    AnswerRecord,
    CrossFitted,
    EvaluationRecord,
    MetricWorth,
    PairedDifference,
)
from tests.contracts.synthetic_study import synthetic_study


def by_metric(metric: str, threshold: float | None, threshold_gain: float) -> StudyRecords:
    """A study of two classes whose second best trial by the loss is the best by the metric."""
    records = synthetic_study(12)
    settings = replace(records.settings, task="binary", class_names=("no", "yes"), metric=metric)
    best, second = (trial.number for trial in records.complete_trials[:2])
    gain = PairedDifference(threshold_gain, 0.01, threshold_gain - 0.02, threshold_gain + 0.02)
    worth = MetricWorth(metric, 0.81, 0.78, 0.84, None, gain)
    single = replace(
        single_answer(replace(records, answers=()), second),
        best_trial_number=best,
        answer_id=11,
        n_parameters=500,
        validation=CrossFitted(0.30, 0.28, 0.32, 0.01, 9, None, worth),
        threshold=threshold,
    )
    runs = [records.search_runs(number)[0].run_id for number in (best, second)]
    over = PairedDifference(-0.01, 0.01, -0.03, 0.01)
    ensemble = AnswerRecord(
        "ensemble",
        tuple(AnswerMember(run_id, 0.5) for run_id in runs),
        best,
        12,
        900,
        CrossFitted(0.29, 0.27, 0.31, 0.01, 9, None, replace(worth, value=0.80, gain=over)),
    )
    scored = EvaluationRecord(11, "test", {"loss": 0.27, metric: 0.79}, evaluated_at=9.0)
    return replace(records, settings=settings, answers=(ensemble, single), evaluations=(scored,))


def test_who_is_best_by_what_is_said_with_the_threshold() -> None:
    records = by_metric("balanced_accuracy", 0.2345, 0.06)
    best, second = (trial.number for trial in records.complete_trials[:2])
    said = choice_sentences(records)
    assert said[0] == (
        f"The answer is trial {second}, the best (the lowest validation loss has trial {best}), "
        "500 parameters, chosen by balanced accuracy."
    )
    assert "the ensemble's balanced accuracy is lower by 1.0 points" in said[1]
    assert said[-1] == (
        "It decides for class yes where its probability is above 0.234: on held-out validation "
        "rows (five folds: chosen by four, scored on the fifth) balanced accuracy is higher by "
        "6.0 points, 95 % interval 4.0 points to 8.0 points, than by a threshold of 0.5."
    )
    assert not any("flatters" in one for one in said)


@pytest.mark.parametrize("asked", ["ensemble", "smallest", "seeds", "refit"])
def test_who_is_handed_over_in_the_place_of_what_was_asked_for_is_named(asked: str) -> None:
    """It is the best trial by the metric, which another one is by the loss."""
    records = by_metric("f1", 0.25, 0.06)
    _, second = (trial.number for trial in records.complete_trials[:2])
    answers = tuple(one for one in records.answers if one.kind == "single")
    policies = (PolicyRecord(0, "tpe", "none", answer=asked),)
    (said,) = (
        one
        for one in choice_sentences(replace(records, answers=answers, policies=policies))
        if "asked for" in one
    )
    assert f"trial {second}" in said


@pytest.mark.parametrize("kind", ["smallest", "seeds", "refit"])
def test_what_goes_by_the_loss_is_not_said_to_be_chosen_by_the_metric(kind: str) -> None:
    records = by_metric("f1", 0.25, 0.06)
    ensemble, single = records.answers
    worth = None if kind == "refit" else ensemble.validation
    last = replace(ensemble, kind=kind, answer_id=13, validation=worth, threshold=0.25)
    said = choice_sentences(replace(records, answers=(single, ensemble, last)))
    assert not any("chosen by F1" in one or "flatters" in one for one in said)
    assert "chosen by F1" in choice_sentences(records)[0]
    assert "its probability is above 0.25" in said[-1]
    own = f"the threshold of trial {last.best_trial_number}'s own networks"
    assert (own in said[-1]) == (kind == "refit")


def test_that_no_threshold_pays_is_said() -> None:
    (said,) = metric_sentences(by_metric("f1", None, -0.01))
    assert said.startswith("It decides for the more probable class") and "gains F1" in said


def test_answers_stand_side_by_side_by_the_metric() -> None:
    records = by_metric("roc_auc", None, 0.0)
    assert choice_head(records)[3:] == ("valid ROC AUC", "95 % interval", "test ROC AUC")
    single, ensemble = choice_rows(records)
    assert single[0] == "→ best trial"
    assert single[3:] == ("0.8100", "0.7800 to 0.8400", "0.7900")
    assert ensemble[3:] == ("0.8000", "0.7800 to 0.8400", "–")


@pytest.mark.parametrize(
    ("task", "metric", "words"),
    [
        ("binary", "f1", "F1 of class yes"),
        ("multiclass", "f1", "the mean F1 of the classes (macro)"),
        ("multiclass", "roc_auc", "the mean ROC AUC of each class against the rest"),
        ("binary", "roc_auc", "ROC AUC"),
        ("regression", "rmse", "RMSE"),
        ("regression", None, ""),
    ],
)
def test_of_what_a_metric_is_is_said(task: Task, metric: str | None, words: str) -> None:
    settings = replace(synthetic_study(3).settings, class_names=("no", "yes"))
    assert metric_words(replace(settings, task=task, metric=metric)) == words


def test_references_are_compared_by_the_metric() -> None:
    settings = synthetic_study(3).settings
    assert standing_score(settings) == "loss"
    assert standing_score(replace(settings, metric="roc_auc")) == "roc_auc"
    assert standing_score(replace(settings, metric="log_loss")) == "loss"


def test_one_class_only_is_a_verdict_with_what_is_left_to_do() -> None:
    records = by_metric("accuracy", None, 0.0)
    assert diagnose_one_class(records) is None
    scored = EvaluationRecord(11, "valid", {"loss": 0.3}, evaluated_at=9.0, only_class="no")
    found = diagnose_one_class(replace(records, evaluations=(scored,)))
    assert found is not None and found.severity == "warning"
    assert "predicts class no for all validation rows" in found.message
    options = [change.parameter for one in found.advice for change in one.changes]
    assert options == ["metric", "class_weights"]
    for settings in (
        replace(records.settings, metric="f1"),
        replace(records.settings, metric="f1", class_weights=True),
    ):
        one = diagnose_one_class(replace(records, settings=settings, evaluations=(scored,)))
        assert one is not None and len(one.advice) == (0 if settings.class_weights else 1)
    told = diagnose_study(replace(records, evaluations=(scored,)))
    assert [one.kind for one in told].count("one_class_only") == 1
    assert told[0].kind != "one_class_only"


def ranked(metric: str | None, auc: float, balanced: float, low: float = 0.65) -> StudyRecords:
    records = by_metric("roc_auc", None, 0.0)
    scores = {"loss": 0.4, "roc_auc": auc, "balanced_accuracy": balanced}
    scored = EvaluationRecord(11, "test", scores, {"roc_auc": (low, 0.9)}, evaluated_at=9.0)
    settings = replace(records.settings, metric=metric)
    return replace(records, settings=settings, evaluations=(scored,))


@pytest.mark.parametrize("metric", ["roc_auc", "log_loss", None])
def test_probabilities_that_rank_rows_and_labels_that_do_not_are_told_apart(
    metric: str | None,
) -> None:
    found = diagnose_labels(ranked(metric, 0.75, 0.52))
    assert found is not None and found.severity == "info"
    assert found.message == (  # whichever class nearly all rows are decided for
        "Labels near guessing: the answer's probabilities rank the test rows (ROC AUC 0.7500), "
        "but its labels hardly tell the classes apart (balanced accuracy 52.0 %): 0.5 is no good "
        "threshold for these probabilities."
    )
    assert "`--metric balanced_accuracy` or `--metric f1`" in found.advice[0].text
    assert found in diagnose_study(ranked(metric, 0.75, 0.52))
    assert metric_sentences(ranked(metric, 0.75, 0.52))[-1] == found.message


@pytest.mark.parametrize(
    ("metric", "auc", "balanced", "low"),
    [
        ("f1", 0.75, 0.52, 0.65),  # labels are what was asked for
        ("accuracy", 0.75, 0.52, 0.65),
        ("roc_auc", 0.75, 0.68, 0.65),  # they are as good as such ranks allow
        ("roc_auc", 0.55, 0.50, 0.51),  # nothing is told apart
        ("roc_auc", 0.75, 0.52, 0.48),  # by few rows
    ],
)
def test_other_labels_need_no_word(metric: str, auc: float, balanced: float, low: float) -> None:
    assert diagnose_labels(ranked(metric, auc, balanced, low)) is None
