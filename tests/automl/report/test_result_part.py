from dataclasses import replace

import pytest

from automl.report import result_part
from automl.report.numbers.effort import effort
from automl.report.numbers.overview import overview
from automl.report.numbers.study import study_table
from automl.wording.scores import score_text
from storage.records import StudyRecords
from storage.score_records import AnswerMember, AnswerRecord
from tests.contracts.synthetic_study import synthetic_study


def test_the_head_has_score_loss_trials_and_time(table):
    made = result_part.cards(overview(table), effort(table), table.records.settings)
    labels = [card.label for card in made]
    assert labels == ["Test accuracy", "Validation loss", "Trials", "Time in training"]
    assert made[0].value == "97.2 %"
    assert made[0].remark == "95 % interval 95.3 % to 98.9 %"
    assert "pruned" in made[2].remark


def test_a_single_complete_trial_is_not_compared_with_others(records: StudyRecords):
    others = tuple(t for t in records.trials if t.outcome != "complete")
    alone = study_table(replace(records, trials=(records.best_trial, *others)))
    said = result_part.certainty(overview(alone))
    assert said[0] == f"Trial {records.best_trial.number} is the only one that has completed."


def test_repeated_looks_at_test_rows_are_said(records: StudyRecords):
    again = study_table(replace(records, evaluations=records.evaluations * 3))
    assert "looked at 3 times." in " ".join(result_part.certainty(overview(again)))


def test_a_study_without_a_result_says_so(records: StudyRecords):
    empty = overview(study_table(StudyRecords(records.settings)))
    assert result_part.certainty(empty) == [
        "No trial has completed, so there is no best configuration yet."
    ]
    assert result_part.configuration(empty.best, ()) == []


def test_tables_are_texts_of_equal_width(table):
    shown = overview(table)
    head = result_part.best_head(shown, "error_rate")
    assert all(len(row) == len(head) for row in result_part.best_rows(shown, "error_rate"))


def test_the_models_are_rows_of_the_table_of_scores_so_that_a_phone_shows_them_all(table):
    shown = overview(table)
    assert result_part.score_head(shown) == [
        "",
        "accuracy",
        "balanced accuracy",
        "ROC AUC",
        "loss",
    ]
    rows = result_part.score_rows(shown)
    assert [(row[0], row[1]) for row in rows] == [
        ("network", "97.2 %"), ("its 95 % interval", "95.3 to 98.9\u00a0%"),
        ("boosted trees", "96.1 %"), ("linear model", "95.6 %"), ("guessing", "10.1 %"),
    ]  # fmt: skip
    assert {len(row) for row in rows} == {5}


def test_what_is_fixed_stands_apart_from_what_was_searched(table):
    best = overview(table).best
    searched = set(best.params) - {"scaling"}
    assert "scaling" not in dict(result_part.configuration(best, searched))
    assert result_part.fixed(best, searched, {"schedule": "cosine"}).startswith("schedule cosine")


def test_a_regression_is_told_in_its_own_unit():
    table = study_table(synthetic_study(20, task="regression"))
    made = result_part.cards(overview(table), effort(table), table.records.settings)
    assert made[0].label == "Test RMSE" and made[0].value == "3.200"
    assert "valid RMSE" in result_part.best_head(overview(table), "rmse")


def test_causes_are_explained_and_quote_the_last_message(records: StudyRecords):
    broken = replace(
        records.trials[0],
        state="PRUNED",
        cause="crashed",
        user_attributes={"cause_message": "NameError: x"},
    )
    table = study_table(replace(records, trials=(broken, *records.trials[1:])))
    rows = {row[0]: row[1:] for row in result_part.causes(effort(table))}
    assert rows["crashed"] == ("1", "an error while training", "NameError: x")
    assert rows["diverged"][2] == ""


@pytest.mark.parametrize(
    ("n_tied", "words"),
    [(1, "1 other complete trial: it lies"), (3, "3 other complete trials: they")],
)
def test_one_trial_that_is_as_good_is_told_in_the_singular(table, n_tied, words):
    assert words in result_part.certainty(replace(overview(table), n_tied=n_tied))[0]


def test_a_loss_has_the_digits_that_the_terminal_shows(table):
    shown, spent = overview(table), effort(table)
    card = result_part.cards(shown, spent, table.records.settings)[1]
    assert card.value == score_text("loss", shown.best.value)
    assert result_part.best_rows(shown, "error_rate")[0][1] == card.value


@pytest.mark.parametrize(
    ("kind", "n_trials", "name"),
    [
        *(("single", 1, "network"), ("ensemble", 2, "ensemble")),
        *(("ensemble", 1, "network"), ("seeds", 1, "mean of seeds")),
    ],
)
def test_scores_are_headed_by_what_has_them(records: StudyRecords, kind, n_trials, name):
    best = records.best_trial.number
    others = [one.number for one in records.trials if one.number != best]
    numbers = [best, *others][:n_trials]
    runs = [run for number in numbers for run in records.search_runs(number)]
    answer = AnswerRecord(kind, tuple(AnswerMember(run.run_id, 1.0) for run in runs), best, 7)
    scored = tuple(replace(one, answer_id=7) for one in records.evaluations)
    shown = overview(study_table(replace(records, answers=(answer,), evaluations=scored)))
    assert result_part.score_rows(shown)[0][0] == name
