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
from automl.wording.scores import (
    HIGHER_IS_BETTER,
    SPLIT_NAMES,
    gain_text,
    read_score,
    score_name,
    score_text,
)
from storage.answers import evaluation_of, study_answer, trials_of
from storage.records import StudyRecords, StudySettings
from storage.score_records import (
    MAXIMIZED,
    EvaluationRecord,
    PairedDifference,
    ReferenceName,
    ReferenceRecord,
    score_of,
)

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
    n_complete, n_trials = len(records.complete_trials), len(records.trials)
    if n_complete == n_trials:
        among = f"of {count(n_trials, 'trial')}"
    elif n_complete == 1:
        among = f"that of trial {best.number}, the only one of {n_trials} that ran to its end"
    else:
        among = f"of the {n_complete} trials that ran to their end, of {n_trials}"
    value = best.value or 0.0
    if records.settings.loss == MAXIMIZED:
        highest = among if n_complete == 1 < n_trials else f"the highest {among}"
        return (
            f"Value {score_text('loss', -value)} is {highest}; as a loss, of which lower is "
            f"better, it stands below as {score_text('loss', value)}."
        )
    lowest = among if n_complete == 1 < n_trials else f"the lowest {among}"
    return f"Validation loss {score_text('loss', value)} is {lowest}."


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
    """Who is better, on how many rows: by the score that decides, then the one people read."""
    reference = evaluation.reference(best)
    settings = records.settings
    n_rows = settings.n_rows.get(evaluation.split, 0)
    rows = count(n_rows, f"{SPLIT_NAMES[evaluation.split]} row")
    opening = f"{WORDS[kind]} {reference_words(best, settings.loss)} on {rows}"
    if reference is None:
        return f"{opening}."
    gain = reference.network_gains[score]
    pair = _pair(evaluation, reference, score)
    decided = f"{opening}: {score_name(score)} {pair} ({gain_text(score, gain)})"
    read = read_score(settings)
    if read == score or not {read} <= evaluation.scores.keys() & reference.scores.keys():
        return f"{decided}."
    return f"{decided}, {_read_beside(evaluation, reference, read, is_ahead=gain.value >= 0)}."


def _pair(evaluation: EvaluationRecord, reference: ReferenceRecord, score: str) -> str:
    """The network's score and the reference's: "77.8 % against 79.2 %"."""
    own, other = evaluation.scores.get(score), reference.scores.get(score)
    return f"{score_text(score, own)} against {score_text(score, other)}"


def _read_beside(
    evaluation: EvaluationRecord, reference: ReferenceRecord, score: str, *, is_ahead: bool
) -> str:
    """The score that people read; where it speaks for the other one than what decides, said so.

    Args:
        is_ahead: whether the network is ahead by the score that decides.
    """
    name, pair = score_name(score), _pair(evaluation, reference, score)
    own, other = evaluation.scores[score], reference.scores[score]
    is_higher = own > other
    is_ahead_here = is_higher == (score in HIGHER_IS_BETTER)
    if score_text(score, own) == score_text(score, other) or is_ahead_here == is_ahead:
        return f"{name} {pair}"
    return f"although its {name} is {'higher' if is_higher else 'lower'} ({pair})"
