from dataclasses import replace

from automl.comparison import compare_studies
from automl.report.comparison_part import context
from storage.records import StudyRecords


def test_the_page_shows_the_comparison_and_the_progress(records: StudyRecords):
    compared = compare_studies([(records, None), (records, None)])
    shown = context(compared)
    assert shown["compared"] is compared
    assert shown["title"] == "Comparison of digits-target and digits-target (2)"
    assert "digits-target (2) 0." in shown["panel"].alternative
    assert "compare the shapes only" not in shown["panel"].caption


def test_losses_of_other_rows_are_no_ranking(records: StudyRecords):
    split = {**records.settings.split, "n_folds": 4}
    other = replace(records, settings=replace(records.settings, split=split))
    shown = context(compare_studies([(records, None), (other, None)]))
    assert shown["panel"].caption.endswith("compare the shapes only.")


def test_studies_without_trials_have_no_progress(records: StudyRecords):
    empty = StudyRecords(records.settings)
    assert context(compare_studies([(empty, None), (empty, None)]))["panel"] is None
