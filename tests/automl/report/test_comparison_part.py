from dataclasses import replace

from automl.report.comparison_part import context, sentences
from automl.report.numbers.comparison import compare
from storage.records import StudyRecords
from tests.contracts.synthetic_study import synthetic_study


def test_equal_studies_are_not_called_different(records: StudyRecords):
    (sentence,) = sentences(compare([records, records]))
    assert sentence.endswith("the difference may be noise.")


def test_a_clear_winner_is_named(records: StudyRecords):
    worse = tuple(replace(t, value=(t.value or 0) + 5) for t in records.trials)
    (sentence,) = sentences(compare([replace(records, trials=worse), records]))
    assert sentence.startswith("digits-target (2) found the lowest")
    assert sentence.endswith("do not overlap.")


def test_studies_that_mean_different_losses_are_not_ranked(records: StudyRecords):
    (sentence,) = sentences(compare([records, synthetic_study(20, task="regression")]))
    assert "do not mean the same" in sentence


def test_an_empty_study_is_said_to_be_empty(records: StudyRecords):
    shown = context([records, StudyRecords(records.settings)])
    assert shown["sentences"] == ["digits-target (2) has no complete trial yet."]
    rows = dict(shown["rows"])
    assert rows["best validation loss"][1] == "–" and rows["trials"] == ["60", "0"]
