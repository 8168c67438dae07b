"""A study is continued only with what it was made with."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import optuna
import pytest

from automl.errors import StudyError
from automl.tuning.study import (
    FIXED,
    agree_on_metric,
    check_metric,
    check_same,
    metric_of,
    open_study,
    read_known_study,
    record_policy,
    unused_name,
)
from automl.wording.option_names import spoken_as_typed
from storage import Store, open_store
from storage.call_records import PolicyRecord
from storage.records import EpochRecord, StudySettings

SETTINGS = StudySettings(
    study_name="s",
    task="binary",
    loss="binary_cross_entropy",
    target="y",
    data_source="a.csv",
    data_fingerprint="f",
    split={"kind": "random", "fractions": (0.6, 0.2, 0.2)},
    space={"name": "mlp", "parameters": {"learning_rate": {"low": 0.1, "high": 1.0}}},
    max_epochs=5,
    patience=2,
    seed=0,
    class_names=("a", "b"),
)


TOLD_AS = {"data_fingerprint": "the data are others", "columns": "column other is not there"}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_store(f"sqlite:///{tmp_path}/automl.db") as store:
        yield store


@pytest.mark.parametrize("field", FIXED)
def test_every_fixed_setting_is_checked(field: str) -> None:
    is_mapping = isinstance(getattr(SETTINGS, field), dict)
    other = {"other": "value"} if is_mapping else 0.002 if field == "max_latency" else "other"
    with pytest.raises(StudyError, match=TOLD_AS.get(field, field)):
        check_same(SETTINGS, replace(SETTINGS, **{field: other}))


def test_all_that_differs_is_named() -> None:
    with pytest.raises(StudyError) as caught:
        check_same(SETTINGS, replace(SETTINGS, seed=3, max_epochs=9))
    assert "max_epochs is 5 in the study and 9 here (max_epochs=)" in str(caught.value)
    assert "seed is 0 in the study and 3 here (seed=)" in str(caught.value)
    assert "For another search use new=True" in str(caught.value)


LEARNING_RATE = {"type": "float", "low": 1e-5, "high": 0.1, "log": True, "reason": "usual"}


def with_rate(**changes: object) -> dict[str, object]:
    return {"parameters": {"learning_rate": {**LEARNING_RATE, **changes}}}


def test_another_space_is_told_in_the_words_of_set() -> None:
    stored = replace(SETTINGS, space=with_rate())
    fixed = {"parameters": {"learning_rate": {"type": "fixed", "value": 0.01}}}
    asked = replace(SETTINGS, space=fixed, space_changes=("learning_rate=0.01",))
    with pytest.raises(StudyError) as caught:
        check_same(stored, asked)
    assert (
        "learning_rate is 1e-05..0.1 in the study and fixed at 0.01 here "
        "(set=['learning_rate=0.01']). For another search use new=True"
    ) in str(caught.value)


def test_a_range_with_another_reason_is_the_same_range() -> None:
    check_same(
        replace(SETTINGS, space=with_rate()),
        replace(SETTINGS, space=with_rate(reason="set by hand")),
    )


def test_what_is_fixed_at_its_default_need_not_be_said() -> None:
    """A study goes on that was made before there was such a hyperparameter."""
    fixed = {"type": "fixed", "value": 1, "reason": "as before there were members"}
    stored = replace(SETTINGS, space=with_rate())
    asked = replace(
        SETTINGS, space={"parameters": {**with_rate()["parameters"], "n_members": fixed}}
    )
    check_same(stored, asked)
    check_same(asked, stored)
    others = {"parameters": {**asked.space["parameters"], "n_members": {**fixed, "value": 8}}}
    for before in (stored, asked):
        with pytest.raises(StudyError, match="n_members is"):
            check_same(before, replace(SETTINGS, space=others))


def test_of_an_objective_whatever_is_fixed_is_said() -> None:
    fixed = {"type": "fixed", "value": 1}
    stored = replace(SETTINGS, space={"family": "objective", "parameters": {}})
    asked = {"family": "objective", "parameters": {"n_members": fixed}}
    with pytest.raises(StudyError, match="n_members is"):
        check_same(stored, replace(SETTINGS, space=asked))


def test_options_of_the_split_columns_and_data_are_told_as_such() -> None:
    columns = {f"c{number}": "numeric" for number in range(9)}
    stored = replace(SETTINGS, columns=columns, split={**SETTINGS.split, "n_folds": 5, "seed": 0})
    asked = replace(
        stored, columns={}, data_fingerprint="g", split={**stored.split, "n_folds": 1, "seed": 7}
    )
    with pytest.raises(StudyError) as caught:
        check_same(stored, asked)
    said = str(caught.value)
    assert "the data are others: a.csv then, a.csv now" in said
    assert "folds is 5 in the study and 1 here (folds=)" in said
    assert "split_seed is 0 in the study and 7 here (split_seed=)" in said
    assert "column c0 is numeric in the study and not there here" in said
    assert "and 7 more" in said


def test_the_command_that_goes_on_is_told() -> None:
    stored = replace(SETTINGS, is_from_files=True, data_options={"target": "y"}, is_named=True)
    with (
        spoken_as_typed(),
        pytest.raises(
            StudyError, match=r"goes on with: automl search a\.csv --target y --study s"
        ),
    ):
        check_same(stored, replace(stored, seed=3))
    with pytest.raises(StudyError, match=r"goes on with: automl\.resume\('s'\)"):
        check_same(stored, replace(stored, seed=3))


def test_what_is_free_may_differ() -> None:
    check_same(SETTINGS, replace(SETTINGS, command="other", versions={"torch": "9"}, created_at=1))


def test_files_of_the_split_may_have_moved() -> None:
    stored = replace(SETTINGS, split={**SETTINGS.split, "test": "a/test.csv"})
    check_same(stored, replace(SETTINGS, split={**SETTINGS.split, "test": "b/test.csv"}))


def test_tuples_and_lists_are_the_same_settings() -> None:
    """They come back from the database as lists."""
    stored = replace(SETTINGS, split={"kind": "random", "fractions": [0.6, 0.2, 0.2]})
    check_same(stored, SETTINGS)


def test_opened_study_is_made_once(store: Store) -> None:
    open_study(store, SETTINGS).ask()
    assert len(open_study(store, SETTINGS).trials) == 1


def test_a_new_target_error_takes_the_old_ones_place_and_none_keeps_it(store: Store) -> None:
    for asked, kept in ((None, None), (0.1, 0.1), (0.05, 0.05), (None, 0.05)):
        open_study(store, replace(SETTINGS, target_error=asked))
        stored = store.read_settings("s")
        assert stored is not None and stored.target_error == kept


OTHER = replace(SETTINGS, max_epochs=9)


def test_a_study_in_which_nothing_has_trained_is_made_anew_for_something_else(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    """As of a network that did not run before it was mended."""
    caplog.set_level("INFO")
    study = open_study(store, SETTINGS)
    study.tell(study.ask(), state=optuna.trial.TrialState.PRUNED)
    assert len(open_study(store, SETTINGS).trials) == 1, "the same one goes on"
    assert open_study(store, OTHER).trials == []
    check_same(store.read_settings("s") or SETTINGS, OTHER)
    assert "s is made anew: none of its trials has trained for an epoch" in caplog.text


def test_a_study_that_is_just_begun_or_in_training_is_not_made_anew(store: Store) -> None:
    study = open_study(store, SETTINGS)
    for _ in range(2):
        with pytest.raises(StudyError, match="max_epochs is 5 in the study and 9 here"):
            open_study(store, OTHER)
        study.ask()  # in training, in this process


def test_a_study_in_which_an_epoch_was_trained_is_not_made_anew(store: Store) -> None:
    study = open_study(store, SETTINGS)
    study.tell(study.ask(), state=optuna.trial.TrialState.PRUNED)
    run = store.runs.begin("s", trial_number=0, purpose="search", seed=1)
    epoch = EpochRecord(run.run_id, 1, 1, 0.5, 0.5, 0.0, 0.1, 0.1, 0.1, 1.0, 0.1)
    store.runs.add_epochs([epoch])
    with pytest.raises(StudyError, match="max_epochs is 5 in the study and 9 here"):
        open_study(store, OTHER)


def test_a_command_that_goes_on_is_told_of_no_changed_code() -> None:
    space = {"family": "own", "parameters": {"model": {"type": "fixed", "value": "a.py:build"}}}
    stored = replace(SETTINGS, data_options={"target": "y"}, space=space)
    stored = replace(stored, versions={"a.py:build": "1"})
    with pytest.raises(StudyError, match=r"the code of a\.py:build has changed") as told:
        check_same(stored, replace(stored, versions={"a.py:build": "2"}))
    assert "new=True" in str(told.value) and "goes on with" not in str(told.value)


def test_where_nothing_is_known_to_be_tried_first_it_is_the_same_to_want_it(store: Store) -> None:
    """As of a network of a person's own, in a study made before there was a portfolio."""
    space = {"family": "own", "parameters": {"model": {"type": "fixed", "value": "a.py:build"}}}
    before = replace(SETTINGS, space=space, portfolio=False)
    open_study(store, before)
    open_study(store, replace(before, portfolio=True))
    with pytest.raises(StudyError, match="portfolio is off in the study and on here"):
        check_same(SETTINGS, replace(SETTINGS, portfolio=True))


def test_to_open_a_study_changes_no_metric(store: Store) -> None:
    """That is the metric of the answer that is there; and what was inherited is not said."""
    open_study(store, replace(SETTINGS, metric="f1"))
    for asked in ({"metric": "accuracy"}, {"target_error": 0.1}, {}):
        open_study(store, replace(SETTINGS, **asked))
    stored = store.read_settings("s")
    assert stored is not None and (stored.metric, stored.target_error) == ("f1", 0.1)
    check_same(stored, SETTINGS)


def test_the_metric_of_a_call_becomes_the_studys_and_one_that_says_none_goes_by_it(
    store: Store,
) -> None:
    open_study(store, SETTINGS)
    records = store.read_study("s")
    agree_on_metric(store, records, None)
    agree_on_metric(store, records, "f1")
    assert metric_of(store, "s") == "f1"
    with pytest.raises(StudyError, match="another call has said f1 meanwhile"):
        agree_on_metric(store, records, None)
    agree_on_metric(store, store.read_study("s"), None)
    check_metric(store, store.read_study("s"))
    check_same(store.read_study("s").settings, SETTINGS)


def test_optunas_own_study_is_not_taken_over(store: Store) -> None:
    optuna.create_study(study_name="s", storage=store.optuna_storage)
    with pytest.raises(StudyError, match="choose another name"):
        open_study(store, SETTINGS)


def test_unused_name_counts_on(store: Store) -> None:
    assert unused_name(store, "s") == "s"
    open_study(store, SETTINGS)
    open_study(store, replace(SETTINGS, study_name="s-2"))
    assert unused_name(store, "s") == "s-3"


def test_each_call_that_searches_is_recorded(store: Store) -> None:
    study = open_study(store, SETTINGS)
    for n_trials, sampler in ((1, "tpe"), (1, "tpe"), (2, "random")):
        records = read_known_study(store, "s")
        policy = PolicyRecord(len(records.trials), sampler, "median", n_trials=n_trials)
        is_complete = len(study.trials) == n_trials
        record_policy(store, records, policy, is_complete=is_complete)
        if not is_complete:
            study.tell(study.ask(), 0.5)
    assert [(one.from_trial_number, one.sampler) for one in store.read_study("s").policies] == [
        (0, "tpe"),
        (1, "random"),
    ]


def test_what_else_a_call_of_a_finished_study_asks_for_is_recorded(store: Store) -> None:
    study = open_study(store, SETTINGS)
    asked = PolicyRecord(0, "tpe", "median", n_trials=1, answer="single", n_slots=10)
    record_policy(store, read_known_study(store, "s"), asked, is_complete=False)
    study.tell(study.ask(), 0.5)
    for answer in ("single", "refit", "refit"):
        records = read_known_study(store, "s")
        # How many fit in memory at once is no wish of a person's.
        again = replace(asked, from_trial_number=1, answer=answer, n_slots=11)
        record_policy(store, records, again, is_complete=True)
    policies = store.read_study("s").policies
    assert [(one.answer, one.searches) for one in policies] == [("single", True), ("refit", False)]
