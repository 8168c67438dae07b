from dataclasses import replace

from automl.report.verdict_part import more_words, sentence, verdicts
from storage.records import Diagnosis, StudyRecords


def test_stored_verdicts_are_shown_with_what_to_type(records: StudyRecords):
    (verdict,), of_trials = verdicts(records, "sqlite:///other.db")
    assert verdict.kind == "High variance" and verdict.label == "Warning"
    text, command = verdict.advice[0]
    assert text == "Regularize: raise dropout."
    assert "dropout=0.2..0.6" in command and "sqlite:///other.db" in command
    assert verdict.advice[1][1] == ""  # nothing to type
    assert ("gap in standard errors", "7") in verdict.evidence
    assert of_trials == []


def test_a_verdict_does_not_say_its_heading_twice(records: StudyRecords):
    fit = Diagnosis("good_fit", "good", "Good fit: no sign of high bias.", trial_number=None)
    (verdict,), _ = verdicts(replace(records, diagnoses=(fit,)))
    assert (verdict.kind, verdict.message) == ("Good fit", "No sign of high bias.")


def test_verdicts_on_trials_stand_apart_the_worst_first(records: StudyRecords):
    single = [
        Diagnosis("good_fit", "good", "fine", trial_number=1),
        Diagnosis("dead_units", "warning", "hm", trial_number=2),
        Diagnosis("vanishing_gradients", "problem", "bad", trial_number=3),
    ]
    study, of_trials = verdicts(replace(records, diagnoses=(*records.diagnoses, *single)))
    assert len(study) == 1
    assert [verdict.trial_number for verdict in of_trials] == [3, 2]


def test_an_old_study_without_verdicts_is_judged_now(records: StudyRecords):
    study, _ = verdicts(replace(records, diagnoses=()))
    assert study and all(verdict.message for verdict in study)


def test_the_verdict_on_the_best_trial_is_the_studys(records: StudyRecords):
    main = Diagnosis("good_fit", "good", "fine", trial_number=records.best_trial.number)
    study, of_trials = verdicts(replace(records, diagnoses=(main,)))
    assert [verdict.kind for verdict in study] == ["Good fit"] and not of_trials


def test_a_sentence_begins_with_a_capital_but_not_a_hyperparameter():
    assert sentence("no sign of bias.", {"dropout"}) == "No sign of bias."
    assert sentence("dropout lies at its end.", {"dropout"}) == "dropout lies at its end."
    assert sentence("`learning_rate` is fixed.", ()) == "`learning_rate` is fixed."


def test_further_verdicts_are_announced_by_their_names(records: StudyRecords):
    several = tuple(
        Diagnosis(kind, "info", "hm") for kind in ("good_fit", "too_few_trials", "shift", "shift")
    )
    study, _ = verdicts(replace(records, diagnoses=several))
    assert more_words(study[1:]) == "3 more observations: Too few trials and Shift"
    assert more_words(study[1:2]) == "1 more observation: Too few trials"
