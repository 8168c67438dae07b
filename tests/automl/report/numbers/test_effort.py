from automl.report.numbers.effort import effort
from automl.report.numbers.study import study_table
from storage.records import StudyRecords


def test_effort_counts_causes_as_failures(table):
    spent = effort(table)
    assert spent.n_trials == 60 == sum(spent.outcomes.values())
    assert spent.outcomes["failed"] == spent.causes["diverged"]
    assert spent.n_epochs == sum(spent.n_epochs_by_outcome.values())


def test_saved_epochs_are_what_pruned_trials_lack_of_a_complete_one(table):
    complete = [len(t.curve) for t in table.trials if t.outcome == "complete"]
    usual = sum(complete) / len(complete)
    expected = sum(usual - len(t.curve) for t in table.trials if t.outcome == "pruned")
    assert effort(table).n_epochs_saved == round(expected)


def test_effort_is_told_by_outcome(table):
    assert "trials pruned (" in effort(table).in_words


def test_a_study_that_has_not_begun_took_nothing(records: StudyRecords):
    empty = effort(study_table(StudyRecords(records.settings)))
    assert empty.n_trials == 0 and empty.seconds == 0
    assert empty.in_words == "No trials yet."
