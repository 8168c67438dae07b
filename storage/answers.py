"""What a study hands over, as its records tell it: the answer that stands, and its scores.

An answer is stored when it is scored. Until then, and once another trial is the best, the
best trial's own runs are the answer. Whoever loads, scores, predicts or reports asks here, and
need not know how an answer was found or of how many trials it is made.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import get_args

from storage.records import ArtifactRecord, StudyRecords
from storage.score_records import (
    AnswerKind,
    AnswerMember,
    AnswerRecord,
    EvaluationRecord,
    ImportancesRecord,
    score_to_choose_by,
)

KINDS: tuple[AnswerKind, ...] = get_args(AnswerKind)


def study_answer(records: StudyRecords) -> AnswerRecord | None:
    """The answer that stands; None where no trial has completed."""
    best = records.best_trial
    if best is None:
        return None
    standing = standing_answers(records)
    return standing[-1] if standing else single_answer(records, best.number)


def standing_answers(records: StudyRecords) -> tuple[AnswerRecord, ...]:
    """The stored answers that were found while the best trial was the best, in their order."""
    best = records.best_trial
    number = None if best is None else best.number
    return tuple(one for one in records.answers if one.best_trial_number == number)


def answers_side_by_side(records: StudyRecords) -> tuple[AnswerRecord, ...]:
    """What was held against each other when the answer was chosen, one of each kind.

    The best trial alone comes first; nothing where it was held against nothing. A refit, which no
    validation rows can score, stands beside the others if it stands.
    """
    last: dict[str, AnswerRecord] = {}
    n_candidates, scores = None, set[str]()
    for place, one in enumerate(reversed(standing_answers(records))):
        worth = one.validation
        if one.kind == "refit" and place == 0:
            last[one.kind] = one
            continue
        if one.kind in last or worth is None:
            break
        scores.add(worth.score)
        if len(scores) > 1:  # the study was after something else before
            break
        n_candidates = n_candidates or worth.n_candidates
        if worth.n_candidates == n_candidates:
            last[one.kind] = one
    return tuple(last[kind] for kind in KINDS if kind in last) if len(last) > 1 else ()


def single_answer(records: StudyRecords, trial_number: int) -> AnswerRecord:
    """The answer that one trial gives alone: its runs, each with the same weight.

    The stored one, if there is one: first of all one that was stored as such, since another kind,
    as the smallest as good, may decide by a threshold of its own. What it was when the study was
    after another metric, with the threshold of that, is no part of the study any more.
    """
    runs = records.search_runs(trial_number)
    members = tuple(AnswerMember(run.run_id, 1 / len(runs)) for run in runs)
    score = score_to_choose_by(records.settings.metric)
    stored = [
        one
        for one in reversed(records.answers)
        if one.members == members and (one.validation is None or one.validation.score == score)
    ]
    stored.sort(key=lambda one: one.kind != "single")
    return stored[0] if stored else AnswerRecord("single", members, trial_number)


def kept_weights(records: StudyRecords) -> Mapping[int, ArtifactRecord]:
    """The weights that are kept, by run: of trials, and of what was trained for the answer."""
    kept = (*records.kept_artifacts("weights"), *records.kept_artifacts("answer_weights"))
    return {one.run_id: one for one in kept if one.run_id is not None}


def trials_of(records: StudyRecords, answer: AnswerRecord) -> tuple[int, ...]:
    """The numbers of the trials that an answer is made of."""
    run_ids = {member.run_id for member in answer.members}
    return tuple(sorted({run.trial_number for run in records.runs if run.run_id in run_ids}))


def evaluation_of(
    records: StudyRecords, answer: AnswerRecord | None, split: str
) -> EvaluationRecord | None:
    """The last scores of an answer on a split; None where it has none."""
    if answer is None:
        return None
    ids = _ids_of(records, answer)
    return _latest(one for one in _on(records, split) if one.answer_id in ids)


def study_evaluation(records: StudyRecords, split: str) -> EvaluationRecord | None:
    """The last scores of the answer that stands; None where it has none."""
    return evaluation_of(records, study_answer(records), split)


def latest_evaluation(records: StudyRecords, split: str) -> EvaluationRecord | None:
    """The last scores of any answer on a split; None where there are none."""
    return _latest(_on(records, split))


def measurable_answer(records: StudyRecords) -> AnswerRecord | None:
    """The answer that validation rows can judge: that of the study, where it has not seen them.

    A refit was trained on them: for it stands the best trial, whose configuration it has. None
    where no trial has completed.
    """
    answer = study_answer(records)
    if answer is None or answer.kind != "refit":
        return answer
    return single_answer(records, answer.best_trial_number)


def study_importances(records: StudyRecords) -> ImportancesRecord | None:
    """Which columns the answer that stands uses, as it was last measured; None where it was not.

    Where that has failed after it was measured, what was measured stands.
    """
    answer = measurable_answer(records)
    if answer is None:
        return None
    ids = _ids_of(records, answer)
    found = [one for one in records.importances if one.answer_id in ids]
    found.sort(key=lambda one: one.missing_because is None)
    return found[-1] if found else None


def evaluated_trials(records: StudyRecords, evaluation: EvaluationRecord) -> tuple[int, ...]:
    """The numbers of the trials whose answer was scored."""
    answers = (one for one in records.answers if one.answer_id == evaluation.answer_id)
    answer = next(answers, None)
    return () if answer is None else trials_of(records, answer)


def predictions_artifact(records: StudyRecords) -> ArtifactRecord | None:
    """The file with what the standing answer predicts; None where none is kept."""
    answer = study_answer(records)
    ids = set() if answer is None else _ids_of(records, answer)
    kept = [one for one in records.kept_artifacts("predictions") if one.answer_id in ids]
    return kept[-1] if kept else None


def _ids_of(records: StudyRecords, answer: AnswerRecord) -> set[int]:
    """The ids under which the same networks with shares and threshold were stored."""
    same = {
        one.answer_id
        for one in records.answers
        if one.members == answer.members and one.threshold == answer.threshold
    }
    return same | {answer.answer_id}


def _on(records: StudyRecords, split: str) -> list[EvaluationRecord]:
    return [one for one in records.evaluations if one.split == split]


def _latest(evaluations: Iterable[EvaluationRecord]) -> EvaluationRecord | None:
    # Reversed: of two at the same moment the one that was stored last.
    found = reversed(tuple(evaluations))
    return max(found, key=lambda one: one.evaluated_at, default=None)
