from dataclasses import replace

from automl.report.verdict_part import evidence_text, option, verdicts
from storage.records import Diagnosis, SpaceChange, StudyRecords


def test_stored_verdicts_are_shown_with_their_options(records: StudyRecords):
    (verdict,), of_trials = verdicts(records)
    assert verdict.kind == "High variance" and verdict.label == "Warning"
    assert verdict.advice[0] == ("Regularize: raise dropout.", "--set dropout=0.2..0.6")
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


def test_changes_are_told_as_they_are_typed():
    assert option(SpaceChange("dropout", "0.2..0.6")) == "--set dropout=0.2..0.6"
    assert option(SpaceChange("max_epochs", "80")) == "--max-epochs 80"


def test_evidence_is_short():
    assert evidence_text(True) == "yes" and evidence_text(None) == "–"
    assert evidence_text(0.123456) == "0.123"
    assert evidence_text({"low": 1, "high": [2, 3]}) == "low 1, high 2, 3"
    assert evidence_text(list(range(50))) == ""
