from dataclasses import replace

from automl.report import reproduce_part
from storage.records import StudyRecords
from storage.widening_records import WideningRecord


def test_facts_name_data_seed_and_versions(records: StudyRecords):
    facts = dict(reproduce_part.facts(records.settings))
    assert facts["Data"] == "sklearn:digits"
    assert facts["Rows"] == "1,078 train, 359 valid, 360 test"
    assert facts["Seed"] == "0"
    assert "torch 2.13.0" in facts["Versions"]
    assert facts["Created"].endswith("UTC")
    assert "Created" not in dict(reproduce_part.facts(replace(records.settings, created_at=0.0)))


def test_facts_say_what_a_network_may_be_at_most(records: StudyRecords):
    assert "A network at most" not in dict(reproduce_part.facts(records.settings))
    limited = replace(records.settings, max_parameters=20_000)
    assert dict(reproduce_part.facts(limited))["A network at most"] == "20,000 parameters"


def test_facts_say_what_rows_weigh(records: StudyRecords):
    assert "Weights of rows" not in dict(reproduce_part.facts(records.settings))
    weighted = replace(records.settings, data_options={"weight": "heft"})
    assert dict(reproduce_part.facts(weighted))["Weights of rows"].startswith(
        "heft, in all losses"
    )


def test_facts_say_what_an_epoch_is_where_it_may_be_a_part_of_a_pass(records: StudyRecords):
    whole = dict(reproduce_part.facts(records.settings))["Epochs"]
    assert whole.endswith("patience 15")
    cut = dict(reproduce_part.facts(replace(records.settings, epoch_steps=2)))["Epochs"]
    assert cut.startswith(f"{whole}. An epoch is a pass over the 1,078 train rows, or 2 updates")


def test_rows_of_folds_are_said_to_be_the_first_ones(records: StudyRecords):
    settings = replace(records.settings, split={"kind": "time", "n_folds": 5})
    facts = dict(reproduce_part.facts(settings))
    assert facts["Rows"] == (
        "1,078 train, 359 valid, 360 test; train and valid in the first of 5 folds"
    )


def test_dropped_columns_come_first(records: StudyRecords):
    settings = replace(records.settings, columns={"a": "numeric", "id": "dropped: id-like"})
    assert reproduce_part.columns(settings)[0] == ("id", "dropped: id-like")


def test_the_space_is_told_with_conditions_and_reasons(records: StudyRecords):
    looks = (WideningRecord(25), WideningRecord(50, {"learning_rate": (1e-5, 1.0)}))
    rows = {
        row[0]: row[1:] for row in reproduce_part.space_rows(replace(records, widenings=looks))
    }
    assert rows["momentum"][1] == "optimizer is momentum"
    assert rows["learning_rate"][0] == "1e-05..0.3, log; 1e-05..1 from trial 50 on"
    assert rows["hidden_size"][0] == "8..256, log"
    assert rows["learning_rate"][2].startswith("Adam and SGD")


def test_any_of_several_conditions_may_hold(records: StudyRecords):
    when = [{"optimizer": ["momentum", "nesterov"]}, {"schedule": ["switch_to_sgd"]}]
    space = {"parameters": {"momentum": {"type": "fixed", "value": 0.9, "when": when}}}
    changed = replace(records, settings=replace(records.settings, space=space))
    ((_, _, condition, _),) = reproduce_part.space_rows(changed)
    assert condition == "optimizer is momentum or nesterov, or schedule is switch_to_sgd"


def test_data_checks_are_listed(records: StudyRecords):
    assert reproduce_part.data_checks(records) == [("duplicated rows", "train/test", "3")]


def test_a_split_is_told_without_what_was_not_asked_for():
    split = {"kind": "random", "valid_fraction": 0.2, "test_fraction": 0.25, "n_folds": 5,
             "group": None, "time": None, "valid": None, "test": "t.csv", "seed": 3}  # fmt: skip
    assert reproduce_part.split_words(split) == (
        "random, 5 folds, 20 % validation rows, 25 % test rows, test rows from t.csv, seed 3"
    )
    assert "None" not in reproduce_part.split_words({**split, "test": None})
