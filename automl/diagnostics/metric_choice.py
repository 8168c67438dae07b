"""What a study's metric has decided: who is handed over, by which threshold, for which gain.

Without a metric there is nothing to say, but that an answer decides for one class only: then
accuracy may look good and the answer is of no use.
"""

from __future__ import annotations

from automl.wording.numbers import number
from automl.wording.scores import SPLIT_NAMES, gain_text, score_name, score_text
from storage.answers import evaluation_of, study_answer
from storage.records import Advice, Diagnosis, SpaceChange, StudyRecords, StudySettings
from storage.score_records import AnswerRecord, MetricWorth

OF_LABELS = ("accuracy", "balanced_accuracy", "f1")
"""Metrics of what is decided, and not of probabilities."""

LEAST_RANKED = 0.2
"""Of Gini's coefficient, 2 AUC - 1, for probabilities to tell the classes apart at all."""

LOST_BY_LABELS = 0.25
"""Youden's index of the labels, 2 times balanced accuracy - 1, over Gini's coefficient: of two
normal distributions of one width the best threshold has 0.7 to 0.8 of it (AUC 0.6 to 0.9)."""

HELD_OUT = "On held-out validation rows (five folds: chosen by four, scored on the fifth)"


def metric_words(settings: StudySettings) -> str:
    """The metric as people read it, and what it is the mean of; empty where there is none."""
    metric = settings.metric
    if metric is None:
        return ""
    if metric == "f1" and settings.task == "binary":
        return f"F1 of class {settings.class_names[-1]}"
    if settings.task == "multiclass":
        means = {"f1": "the mean F1 of the classes (macro)"}
        means["roc_auc"] = "the mean ROC AUC of each class against the rest"
        return means.get(metric, score_name(metric))
    return score_name(metric)


def metric_of(answer: AnswerRecord | None) -> MetricWorth | None:
    """What an answer is worth by the metric that it was chosen by; None without one."""
    worth = None if answer is None else answer.validation
    return None if worth is None else worth.metric


def chosen_by(records: StudyRecords) -> str:
    """By what the answer was chosen, as the end of a sentence; empty where it is the loss."""
    said = metric_words(records.settings)
    return f", chosen by {said}" if said and records.settings.metric != "log_loss" else ""


def metric_sentences(records: StudyRecords) -> list[str]:
    """What the threshold of the answer gains, and that one class only is decided for."""
    said = []
    answer = study_answer(records)
    worth = metric_of(answer)
    if answer is not None and worth is not None and worth.threshold_gain is not None:
        said.append(_threshold(records, answer, worth))
    elif answer is not None and answer.kind == "refit" and answer.threshold is not None:
        second = records.settings.class_names[-1]
        said.append(
            f"It decides for class {second} where its probability is above "
            f"{number(answer.threshold)}, the threshold of trial {answer.best_trial_number}'s "
            "own networks: no validation row is left to find one by."
        )
    found = diagnose_decisions(records)
    return [*said, found.message] if found else said


def _threshold(records: StudyRecords, answer: AnswerRecord, worth: MetricWorth) -> str:
    name, gain = score_name(worth.score), worth.threshold_gain
    if answer.threshold is None or gain is None:
        return (
            f"It decides for the more probable class: on held-out rows no threshold but 0.5 "
            f"gains {name}."
        )
    second = records.settings.class_names[-1]
    return (
        f"It decides for class {second} where its probability is above "
        f"{number(answer.threshold)}: {HELD_OUT.lower()} {name} is "
        f"{gain_text(worth.score, gain)}, than by a threshold of 0.5."
    )


def diagnose_decisions(records: StudyRecords) -> Diagnosis | None:
    """Say that the answer decides for one class alone, or hardly better than guessing."""
    return diagnose_one_class(records) or diagnose_labels(records)


def diagnose_one_class(records: StudyRecords) -> Diagnosis | None:
    """Say that the answer decides for the same class on all rows."""
    answer = study_answer(records)
    for split in ("valid", "test"):
        evaluation = evaluation_of(records, answer, split)
        if evaluation is not None and evaluation.only_class is not None:
            rows = f"all {SPLIT_NAMES[split]} rows"
            return Diagnosis(
                kind="one_class_only",
                severity="warning",
                message=(
                    f"One class only: the answer predicts class {evaluation.only_class} for "
                    f"{rows}, so it tells no class apart, whatever its accuracy."
                ),
                evidence={"class": evaluation.only_class, "split": SPLIT_NAMES[split]},
                advice=_advice(records.settings),
            )
    return None


def diagnose_labels(records: StudyRecords) -> Diagnosis | None:
    """Say that probabilities tell two classes apart, and the labels made of them hardly do.

    So it is where nearly all rows lie on one side of 0.5: below it for a class that is rare, or
    above it where its rows count more in training. Who asks for a metric of labels has a
    threshold, and is told of it.
    """
    if records.settings.task != "binary" or records.settings.metric in OF_LABELS:
        return None
    scored = evaluation_of(records, study_answer(records), "test")
    if scored is None or not {"roc_auc", "balanced_accuracy"} <= scored.scores.keys():
        return None
    auc, balanced = scored.scores["roc_auc"], scored.scores["balanced_accuracy"]
    low, _ = scored.intervals.get("roc_auc", (auc, auc))
    told_by_labels, told_by_ranks = 2 * balanced - 1, 2 * auc - 1
    if (
        low <= 0.5
        or told_by_ranks < LEAST_RANKED
        or told_by_labels > LOST_BY_LABELS * told_by_ranks
    ):
        return None
    ranked = f"ROC AUC {score_text('roc_auc', auc)}"
    decided = f"balanced accuracy {score_text('balanced_accuracy', balanced)}"
    return Diagnosis(
        kind="labels_near_guessing",
        severity="info",
        message=(
            f"Labels near guessing: the answer's probabilities rank the test rows ({ranked}), but "
            f"its labels hardly tell the classes apart ({decided}): 0.5 is no good threshold for "
            f"these probabilities."
        ),
        evidence={"roc_auc": auc, "balanced_accuracy": balanced},
        advice=(
            Advice(
                "If you need labels, have the threshold found by which they are decided: "
                "`--metric balanced_accuracy` or `--metric f1`.",
                (SpaceChange("metric", "balanced_accuracy"),),
            ),
        ),
    )


def _advice(settings: StudySettings) -> tuple[Advice, ...]:
    made = []
    if settings.metric not in ("balanced_accuracy", "f1"):
        made.append(
            Advice(
                "Have the answer chosen by what counts all classes alike: "
                "`--metric balanced_accuracy`"
                + ("; its threshold then follows." if settings.task == "binary" else "."),
                (SpaceChange("metric", "balanced_accuracy"),),
            )
        )
    if not settings.class_weights:
        made.append(
            Advice(
                "Give each class the same weight in training: `--class-weights`.",
                (SpaceChange("class_weights", "true"),),
            )
        )
    return tuple(made)
