from dataclasses import replace

from automl.report.numbers.overview import overview
from automl.report.numbers.study import study_table
from storage.answers import single_answer
from storage.records import StudyRecords
from storage.score_records import EvaluationRecord


def test_the_best_trial_comes_with_its_scores(table):
    shown = overview(table)
    assert shown.best is not None and shown.best.number == table.best.number
    assert [score.metric for score in shown.scores][:2] == ["accuracy", "balanced_accuracy"]
    accuracy = shown.scores[0]
    assert accuracy.network == 0.972 and accuracy.interval == (0.953, 0.989)
    assert [(one.name, one.value) for one in accuracy.references] == [
        ("guessing", 0.101),
        ("linear_model", 0.956),
        ("boosted_trees", 0.961),
    ]
    assert overview(table).standing.kind == "better"
    assert accuracy.higher_is_better and not shown.scores[-1].higher_is_better
    assert shown.n_test_looks == 1


def test_rows_are_the_ten_best_and_say_what_varies(table):
    shown = overview(table)
    assert len(shown.rows) == 10
    assert "learning_rate" in shown.varying
    assert "scaling" not in shown.varying  # fixed


def test_trials_within_two_standard_errors_are_tied(table):
    best = table.best
    margin = 2 * float(best.curve.standard_error[best.curve.best])
    expected = sum(trial.value <= best.value + margin for trial in table.ranked[1:])
    assert overview(table).n_tied == expected


def test_the_answers_own_evaluation_is_preferred(records: StudyRecords):
    later = replace(single_answer(records, records.complete_trials[1].number), answer_id=2)
    other = EvaluationRecord(2, "test", {"accuracy": 0.1}, evaluated_at=2e9)
    both = replace(records, answers=(*records.answers, later))
    table = study_table(replace(both, evaluations=(*records.evaluations, other)))
    assert overview(table).scored_trials == (table.best.number,)
    only = study_table(replace(both, evaluations=(other,)))
    assert overview(only).scored_trials == (records.complete_trials[1].number,)


def test_an_evaluation_on_validation_rows_is_no_test_score(records: StudyRecords):
    valid = EvaluationRecord(1, "valid", {"accuracy": 0.9})
    shown = overview(study_table(replace(records, evaluations=(valid,))))
    assert shown.scores == () and shown.n_test_looks == 0


def test_a_study_without_trials_has_no_best(records: StudyRecords):
    shown = overview(study_table(StudyRecords(records.settings)))
    assert shown.best is None and shown.rows == () and shown.n_tied == 0
