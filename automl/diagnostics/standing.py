"""Did the network earn its place? A study's answer against the best reference, on test rows.

The references are guessing, a linear model and boosted trees (`automl/data/references.py`).
What is compared is the loss, row by row: both are wrong on the same hard rows, so that the
paired difference is known far better than either loss. With class weights, which move
probabilities away from the frequencies on purpose, it is the balanced accuracy that they are
asked for; and the metric, where a person has named one. Verdicts on the best trial do not ask it.
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass
from typing import Literal

from automl.diagnostics.short_time import short_time
from automl.diagnostics.thresholds import MIN_TEST_ROWS
from automl.wording.counts import agree, count, trial_words
from automl.wording.references import reference_words
from automl.wording.scores import SPLIT_NAMES, gain_text, read_score, score_name, score_text
from storage.answers import evaluation_of, study_answer, trials_of
from storage.records import StudyRecords, StudySettings
from storage.score_records import EvaluationRecord, PairedDifference, ReferenceName, score_of

StandingKind = Literal["better", "no_better", "worse", "unknown"]

WORDS: Mapping[StandingKind, str] = {
    "better": "Better than",
    "no_better": "No better than",
    "worse": "Worse than",
}


@dataclass(frozen=True, slots=True)
class Standing:
    """How a trial's network stands beside the best of the references on the same rows."""

    kind: StandingKind
    sentence: str
    score: str = "loss"  # what was compared
    reference: ReferenceName | None = None  # the best one
    gain: PairedDifference | None = None  # of the network over it


def standing(records: StudyRecords) -> Standing:
    """How a study's answer stands on the test rows."""
    answer = study_answer(records)
    if records.settings.is_objective:
        return Standing("unknown", _standing_of_objective(records))
    if answer is None:
        return Standing("unknown", "No trial has completed, so there is no network to compare.")
    evaluation = evaluation_of(records, answer, "test")
    if evaluation is None:
        numbers = trials_of(records, answer) or (answer.best_trial_number,)
        who = f"{trial_words(numbers).capitalize()} {agree(len(numbers), 'has', 'have')}"
        return Standing("unknown", f"{who} not been scored on test rows yet.")
    found, short = standing_on(records, evaluation), short_time(records)
    if short is None or found.kind == "better":
        return found
    return Standing("unknown", f"Too early to tell: {short.words}.")


def _standing_of_objective(records: StudyRecords) -> str:
    """How low the loss is: an objective has no rows on which it could be held against others."""
    best = records.best_trial
    if best is None:
        return "No trial has completed, so there is no best one."
    loss, trials = score_text("loss", best.value), count(len(records.complete_trials), "trial")
    return f"Validation loss {loss} is the lowest of {trials} that ran to the end."


def compared_score(settings: StudySettings) -> str:
    """What a network is compared by: the loss, or what class weights are asked for."""
    return "balanced_accuracy" if settings.class_weights else "loss"


def standing_score(settings: StudySettings) -> str:
    """What the answer is held against its references by: the study's metric, if it has one."""
    return compared_score(settings) if settings.metric is None else score_of(settings.metric)


def standing_on(records: StudyRecords, evaluation: EvaluationRecord) -> Standing:
    """How the network of an evaluation stands beside the best reference on the same rows."""
    score = standing_score(records.settings)
    gains = {
        one.name: one.network_gains[score]
        for one in evaluation.references
        if score in one.network_gains
    }
    if not evaluation.references:
        return Standing("unknown", "Nothing was fitted beside the network to compare it with.")
    n_rows = records.settings.n_rows.get(evaluation.split, MIN_TEST_ROWS)
    if n_rows < MIN_TEST_ROWS:
        rows = count(n_rows, f"{SPLIT_NAMES[evaluation.split]} row")
        too_few = agree(n_rows, "is", "are")
        return Standing(
            "unknown", f"{rows} {too_few} too few to tell whether a reference is better."
        )
    if not gains:
        return Standing("unknown", f"It has not been compared by {score_name(score)} yet.")
    best = min(gains, key=lambda name: gains[name].value)
    gain = gains[best]
    kind: StandingKind = "better" if gain.is_better else "worse" if gain.is_worse else "no_better"
    sentence = _sentence(records, evaluation, kind, best, score) + _shortfall(
        evaluation, gains.keys()
    )
    return Standing(kind, sentence, score, best, gain)


def _shortfall(evaluation: EvaluationRecord, compared: Set[ReferenceName]) -> str:
    """What the network could not be held against, or not in its full strength.

    Args:
        compared: references that have the score; of an earlier metric some may lack it.
    """
    if compared == {"guessing"}:
        return " No model was fitted to compare it with."
    trees = evaluation.reference("boosted_trees")
    if trees is None or trees.name not in compared:
        return " No boosted trees were there to compare it with."
    if trees.is_final:
        return ""
    return " The boosted trees were still getting better when they had grown as far as planned."


def _sentence(
    records: StudyRecords,
    evaluation: EvaluationRecord,
    kind: StandingKind,
    best: ReferenceName,
    score: str,
) -> str:
    """Who is better, on how many rows, by the score that was compared and the one people read."""
    reference = evaluation.reference(best)
    settings = records.settings
    n_rows = settings.n_rows.get(evaluation.split, 0)
    rows = count(n_rows, f"{SPLIT_NAMES[evaluation.split]} row")
    opening = f"{WORDS[kind]} {reference_words(best, settings.loss)} on {rows}"
    if reference is None:
        return f"{opening}."
    shown = [
        f"{score_name(name)} {score_text(name, evaluation.scores[name])} against "
        f"{score_text(name, reference.scores[name])}"
        for name in dict.fromkeys((read_score(settings), score))
        if name in evaluation.scores and name in reference.scores
    ]
    gain = reference.network_gains[score]
    return f"{opening}: {', '.join(shown)} ({gain_text(score, gain)})."
