from dataclasses import replace

from automl.commands_to_type import reproducing_command
from automl.report.numbers.overview import overview
from automl.report.numbers.study import study_table
from automl.report.study_attributes import study_attributes
from storage.records import StudyRecords


def test_attributes_say_what_the_study_is_about(table):
    settings = table.records.settings
    found = study_attributes(table)
    assert found["task"] == "multiclass classification"
    assert (found["target"], found["data"]) == (settings.target, settings.data_source)
    assert found["rows"].startswith(f"{settings.n_rows['train']:,} train")
    assert found["metric"] == "error rate"
    assert found["verdict"] == "High variance"
    assert found["best validation loss"].endswith(f"(trial {table.best.number})")
    assert found["advice"] and "`" not in found["advice"]


def test_test_scores_come_with_their_intervals(table):
    (low, high) = overview(table).scores[0].interval
    found = study_attributes(table)["test accuracy"]
    assert found.endswith(f"({100 * low:.1f} % to {100 * high:.1f} %)")


def test_what_is_not_known_is_left_out(records: StudyRecords):
    settings = replace(records.settings, command="", n_rows={})
    found = study_attributes(study_table(StudyRecords(settings)))
    assert not {"command that repeats it", "rows", "test accuracy", "advice"} & set(found)
    assert all(found.values())


def test_the_command_repeats_the_whole_study_whatever_was_typed_first(table):
    settings = replace(table.records.settings, command="automl search a.csv --n-trials 1")
    records = replace(table.records, settings=settings)
    told = study_attributes(study_table(records), "sqlite:///b.db")["command that repeats it"]
    assert told == reproducing_command(records, "sqlite:///b.db").command
