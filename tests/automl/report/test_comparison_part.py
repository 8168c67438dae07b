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
    rows = {row.name: row.values for row in shown["rows"]}
    assert rows["best validation loss"][1] == "–" and rows["trials"] == ("60", "0")
    assert rows["against references"] == ("better than boosted trees", "–")


def test_verdicts_and_best_configurations_stand_side_by_side(records: StudyRecords):
    other = synthetic_study(40, seed=5, name="other")
    shown = context([records, other])
    rows = {row.name: row.values for row in shown["rows"]}
    assert rows["verdict"] == ("High variance", "High variance")
    best = [study.best_trial.params for study in (records, other)]
    parameters = {item.name: item.values for item in shown["parameters"]}
    assert set(parameters) == {
        name for name in {**best[0], **best[1]} if best[0].get(name) != best[1].get(name)
    }
    assert all(len(values) == 2 for values in parameters.values())
    assert "scaling " in shown["alike"] and "scaling" not in parameters
    assert [name for name, _ in shown["verdicts"]] == ["digits-target", "other"]


def test_settings_that_differ_are_told_in_the_words_of_the_options(records: StudyRecords):
    split = {**records.settings.split, "group": None, "time": None, "n_folds": 4}
    settings = replace(records.settings, split=split, max_epochs=20)
    differing = compare([records, replace(records, settings=settings)]).differences
    names = {item.name: item.values for item in differing}
    assert set(names) == {"--folds", "--max-epochs"}
    assert names["--max-epochs"][1] == "20"
    assert not any("None" in value for values in names.values() for value in values)
