"""What a study hands over, and which scores speak of it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from storage.answers import (
    answers_side_by_side,
    evaluated_trials,
    evaluation_of,
    kept_weights,
    latest_evaluation,
    measurable_answer,
    predictions_artifact,
    single_answer,
    study_answer,
    study_evaluation,
    study_importances,
    trials_of,
)
from storage.records import ArtifactRecord, StudyRecords
from storage.score_records import (
    AnswerMember,
    AnswerRecord,
    CrossFitted,
    EvaluationRecord,
    ImportancesRecord,
    MetricWorth,
)
from tests.contracts.synthetic_study import synthetic_study


@pytest.fixture
def records() -> StudyRecords:
    return replace(synthetic_study(12, n_folds=2), answers=(), evaluations=())


def answer(records: StudyRecords, answer_id: int, place: int = 0) -> AnswerRecord:
    """The stored answer of the trial in this place of the ranking."""
    number = records.complete_trials[place].number
    return replace(single_answer(records, number), answer_id=answer_id)


def test_before_one_is_stored_the_best_trials_folds_are_the_answer(records: StudyRecords) -> None:
    found, best = study_answer(records), records.best_trial
    assert found is not None and best is not None
    runs = records.search_runs(best.number)
    assert found.members == tuple(AnswerMember(run.run_id, 0.5) for run in runs)
    assert (found.kind, found.answer_id) == ("single", -1)
    assert trials_of(records, found) == (best.number,)
    assert study_answer(StudyRecords(records.settings)) is None


def test_a_stored_answer_stands_while_its_best_trial_is_the_best(records: StudyRecords) -> None:
    best, second = (trial.number for trial in records.complete_trials[:2])
    first = AnswerRecord("single", (AnswerMember(1, 1.0),), best, answer_id=1)
    members = (AnswerMember(1, 0.5), AnswerMember(3, 0.5))
    later = AnswerRecord("ensemble", members, best, answer_id=2)
    of_another = AnswerRecord("single", (AnswerMember(5, 1.0),), second, answer_id=3)
    assert study_answer(replace(records, answers=(first, later, of_another))) == later
    found = study_answer(replace(records, answers=(of_another,)))
    assert found == single_answer(records, best)


def test_the_answer_of_a_trial_is_the_stored_one(records: StudyRecords) -> None:
    one, two = answer(records, 1), answer(records, 2, place=1)
    stored = replace(records, answers=(one, two))
    assert single_answer(stored, one.best_trial_number) == one
    assert single_answer(stored, two.best_trial_number) == two
    other = records.complete_trials[2].number
    assert single_answer(stored, other).answer_id == -1


def test_the_answer_of_a_trial_is_not_the_smallest_as_good_of_the_same_networks(
    records: StudyRecords,
) -> None:
    """That one may decide by another threshold."""
    one = replace(answer(records, 1), threshold=0.3)
    smallest = replace(one, kind="smallest", answer_id=2, threshold=0.2)
    for answers in ((one, smallest), (smallest, one)):
        assert single_answer(replace(records, answers=answers), one.best_trial_number) == one
    later = replace(one, answer_id=3, threshold=0.4)
    stored = replace(records, answers=(one, later, smallest))
    assert single_answer(stored, one.best_trial_number) == later


def test_the_answer_of_a_trial_is_not_what_it_was_by_an_earlier_metric(
    records: StudyRecords,
) -> None:
    """With the threshold that was the best by that one."""
    by_f1 = CrossFitted(0.3, 0.2, 0.4, 0.0, 9, metric=MetricWorth("f1", 0.5, 0.4, 0.6))
    earlier = replace(answer(records, 1), threshold=0.3, validation=by_f1)
    clean, number = answer(records, 2), earlier.best_trial_number
    for metric, found in (("f1", earlier), ("roc_auc", replace(clean, answer_id=-1))):
        settings = replace(records.settings, metric=metric)
        stored = replace(records, settings=settings, answers=(earlier,))
        assert single_answer(stored, number) == found
        stored = replace(stored, answers=(clean, earlier))
        assert single_answer(stored, number) == (earlier if metric == "f1" else clean)


def test_scores_are_those_of_the_answer_that_is_asked_for(records: StudyRecords) -> None:
    one, two = answer(records, 1), answer(records, 2, place=1)
    evaluations = (
        EvaluationRecord(1, "test", {"loss": 0.1}, evaluated_at=2.0),
        EvaluationRecord(1, "test", {"loss": 0.2}, evaluated_at=1.0),
        EvaluationRecord(2, "test", {"loss": 0.3}, evaluated_at=3.0),
        EvaluationRecord(2, "test", {"loss": 0.4}, evaluated_at=3.0),
        EvaluationRecord(1, "valid", {"loss": 0.5}, evaluated_at=4.0),
    )
    stored = replace(records, answers=(one, two), evaluations=evaluations)
    assert study_evaluation(stored, "test") is evaluations[0]
    assert evaluation_of(stored, two, "test") is evaluations[3]  # stored last at that moment
    assert latest_evaluation(stored, "test") is evaluations[3]
    assert evaluation_of(stored, two, "valid") is None
    assert evaluated_trials(stored, evaluations[3]) == (two.best_trial_number,)
    assert evaluated_trials(replace(stored, answers=()), evaluations[3]) == ()


def test_predictions_are_those_of_the_answer_that_stands(records: StudyRecords) -> None:
    kept = tuple(
        ArtifactRecord(str(n), "predictions", None, None, n, "a.npz", 8, "") for n in (1, 2)
    )
    stored = replace(records, artifacts=kept, answers=(answer(records, 2, 1), answer(records, 1)))
    assert predictions_artifact(stored) is kept[0]
    assert predictions_artifact(replace(stored, answers=())) is None


def test_a_refit_stands_beside_what_was_held_against_each_other_while_it_stands(
    records: StudyRecords,
) -> None:
    worth = CrossFitted(0.3, 0.2, 0.4, 0.0, 9)
    single = replace(answer(records, 1), validation=worth)
    ensemble = replace(single, kind="ensemble", members=(AnswerMember(1, 1.0),), answer_id=2)
    refit = AnswerRecord("refit", (AnswerMember(9, 1.0),), single.best_trial_number, 3)
    stored = replace(records, answers=(single, ensemble, refit))
    assert [one.kind for one in answers_side_by_side(stored)] == ["single", "ensemble", "refit"]
    later = replace(records, answers=(single, ensemble, refit, replace(single, answer_id=4)))
    assert answers_side_by_side(later) == ()
    assert study_answer(later) == replace(single, answer_id=4)
    alone = replace(records, answers=(answer(records, 1), refit))
    assert answers_side_by_side(alone) == ()


def test_weights_of_trials_and_of_what_the_answer_was_trained_for_are_kept(
    records: StudyRecords,
) -> None:
    def artifact(name: str, kind: str, run_id: int) -> ArtifactRecord:
        return ArtifactRecord(name, kind, 0, run_id, None, f"{name}.safetensors", 1, "")

    gone = replace(artifact("c", "answer_weights", 7), removed_at=1.0)
    kept = (artifact("a", "weights", 1), artifact("b", "answer_weights", 5), gone)
    found = kept_weights(replace(records, artifacts=(*kept, artifact("d", "checkpoint", 2))))
    assert {run_id: one.artifact_id for run_id, one in found.items()} == {1: "a", 5: "b"}


def test_importances_are_those_of_the_answer_that_stands(records: StudyRecords) -> None:
    """The last that were measured; that a later look has failed does not take them away."""
    first, second = answer(records, 1), answer(records, 2, place=1)
    measured, other = ImportancesRecord(1, n_rows=9), ImportancesRecord(2, n_rows=7)
    failed = ImportancesRecord(1, missing_because="there was no time")
    known = replace(records, answers=(first, second))
    assert study_importances(known) is None
    assert study_importances(replace(known, importances=(failed, other))) == failed
    assert study_importances(replace(known, importances=(measured, other, failed))) == measured
    assert study_importances(StudyRecords(records.settings)) is None


def test_validation_rows_judge_the_trial_that_a_refit_repeats(records: StudyRecords) -> None:
    """The refit was trained on them."""
    single = answer(records, 1)
    refit = AnswerRecord("refit", (AnswerMember(99, 1.0),), single.best_trial_number, 2)
    known = replace(records, answers=(single, refit), importances=(ImportancesRecord(1),))
    assert (study_answer(known), measurable_answer(known)) == (refit, single)
    assert study_importances(known) == ImportancesRecord(1)
