from __future__ import annotations

from collections.abc import Iterator

import optuna
import pytest
from optuna.exceptions import UpdateFinishedTrialError
from optuna.storages import RDBStorage
from optuna.trial import TrialState, create_trial
from sqlalchemy import event

from storage.optuna_storage import OptunaStorage, open_optuna_storage


@pytest.fixture
def other(url: str) -> Iterator[OptunaStorage]:
    """Another process on the same file, as far as the file can tell."""
    storage = open_optuna_storage(url)
    yield storage
    storage.close()


@pytest.fixture
def study(optuna_storage: OptunaStorage) -> optuna.Study:
    return optuna.create_study(study_name="study", storage=optuna_storage)


def seen_by(storage: optuna.storages.BaseStorage) -> list[optuna.trial.FrozenTrial]:
    return optuna.load_study(study_name="study", storage=storage).trials


def test_own_reports_wait_and_are_seen_here_at_once(
    study: optuna.Study, other: OptunaStorage, optuna_storage: OptunaStorage
) -> None:
    trial = study.ask()
    trial.report(1.0, 1)
    assert study.trials[0].intermediate_values == {1: 1.0}
    assert seen_by(other)[0].intermediate_values == {}
    optuna_storage.database.flush()
    assert seen_by(other)[0].intermediate_values == {1: 1.0}


def test_told_trial_is_seen_by_others_at_once(study: optuna.Study, other: OptunaStorage) -> None:
    trial = study.ask()
    trial.report(1.0, 1)
    study.tell(trial, 0.5)
    (found,) = seen_by(other)
    assert (found.state, found.value) == (TrialState.COMPLETE, 0.5)
    assert found == study.trials[0]


def test_unchanged_file_costs_no_query(study: optuna.Study, optuna_storage: OptunaStorage) -> None:
    trial = study.ask()
    statements: list[str] = []

    def note(*arguments: object) -> None:
        statements.append(str(arguments[2]))

    connection = optuna_storage.database.connection.open()
    event.listen(connection, "before_cursor_execute", note)
    for step in range(5):
        trial.report(1.0, step)
        trial.should_prune()
        study.get_trials(deepcopy=False)
    assert statements == []


def test_numbers_are_given_once(study: optuna.Study, other: OptunaStorage) -> None:
    theirs = optuna.load_study(study_name="study", storage=other)
    numbers = [one.ask().number for _ in range(5) for one in (study, theirs)]
    assert numbers == list(range(10))
    assert [trial.number for trial in study.trials] == numbers


def test_waiting_trial_is_started_once(study: optuna.Study, other: OptunaStorage) -> None:
    study.enqueue_trial({"x": 1.0})
    theirs = optuna.load_study(study_name="study", storage=other)
    assert theirs.trials[0].state is TrialState.WAITING
    assert study.ask().number == 0
    assert theirs.ask().number == 1


def test_trial_that_was_ended_elsewhere_cannot_be_told(
    study: optuna.Study, url: str, optuna_storage: OptunaStorage
) -> None:
    trial = study.ask()
    theirs = RDBStorage(url)
    theirs.set_trial_state_values(trial._trial_id, TrialState.FAIL)
    assert study.trials[0].state is TrialState.FAIL
    with pytest.raises(UpdateFinishedTrialError, match="never changes"):
        optuna_storage.set_trial_user_attr(trial._trial_id, "a", 1)
    theirs.engine.dispose()


def test_trial_of_another_process_is_read_again_and_written_through(
    study: optuna.Study, other: OptunaStorage, url: str
) -> None:
    trial_id = study.ask()._trial_id
    other.set_trial_user_attr(trial_id, "note", "from elsewhere")
    theirs = RDBStorage(url)
    assert theirs.get_trial(trial_id).user_attrs == {"note": "from elsewhere"}
    theirs.engine.dispose()


def test_deleted_study_is_not_confused_with_its_successor(
    study: optuna.Study, url: str, optuna_storage: OptunaStorage
) -> None:
    """SQLite gives the ids of the old study and its trials to the new one."""
    old = study.ask()
    old.report(1.0, 1)
    optuna.delete_study(study_name="study", storage=url)
    new = optuna.create_study(study_name="study", storage=url)
    new.add_trial(create_trial(value=7.0))
    assert [trial.value for trial in study.trials] == [7.0]
    optuna_storage.database.flush()
    assert new.trials[0].intermediate_values == {}


def test_trial_from_a_template_is_whole(study: optuna.Study, other: OptunaStorage) -> None:
    template = create_trial(
        value=1.0,
        params={"x": 0.5},
        distributions={"x": optuna.distributions.FloatDistribution(0, 1)},
        intermediate_values={1: 2.0},
        user_attrs={"a": 1},
        constraints={"c": -1.0},
    )
    study.add_trial(template)
    template.params["x"] = 0.9
    (found,) = seen_by(other)
    assert found == study.trials[0]
    assert found.params == {"x": 0.5}


def test_transaction_may_end_several_trials_at_once(
    study: optuna.Study, other: OptunaStorage, optuna_storage: OptunaStorage
) -> None:
    trials = [study.ask() for _ in range(3)]
    with optuna_storage.database.transaction():
        for trial in trials:
            study.tell(trial, 1.0)
        assert {trial.state for trial in seen_by(other)} == {TrialState.RUNNING}
    assert {trial.state for trial in seen_by(other)} == {TrialState.COMPLETE}


def test_trial_may_be_made_in_a_transaction_while_others_make_some(
    study: optuna.Study, other: OptunaStorage, optuna_storage: OptunaStorage
) -> None:
    theirs = optuna.load_study(study_name="study", storage=other)
    study.ask()
    with optuna_storage.database.transaction():
        theirs.ask()
        trial = study.ask()
        trial.report(1.0, 1)
        study.tell(trial, 1.0)
    assert [one.state.name for one in theirs.trials] == ["RUNNING", "RUNNING", "COMPLETE"]


def test_trial_of_a_deleted_study_is_told_by_the_name_of_its_study(
    study: optuna.Study, other: OptunaStorage
) -> None:
    trial = study.ask()
    other.delete_study(other.get_study_id_from_name("study"))
    with pytest.raises(KeyError, match="but 'study' was deleted"):
        study._storage.get_trial(trial._trial_id)


def test_finished_trial_is_not_confused_with_one_that_got_its_id_later(
    study: optuna.Study, optuna_storage: OptunaStorage, url: str
) -> None:
    theirs = RDBStorage(url)
    study.add_trial(create_trial(value=1.0))
    (old,) = study.trials
    theirs.delete_study(study._study_id)
    new = optuna.create_study(study_name="study", storage=theirs)
    new.enqueue_trial({})
    assert new.trials[0]._trial_id == old._trial_id
    assert optuna_storage.get_trial(old._trial_id).state is TrialState.WAITING
    theirs.engine.dispose()


def test_what_others_change_is_told_once_and_what_is_done_here_is_not(
    study: optuna.Study, other: OptunaStorage, optuna_storage: OptunaStorage
) -> None:
    study_id = study._study_id
    theirs = optuna.load_study(study_name="study", storage=other)
    _, seen = optuna_storage.get_trials_changed_since(study_id, 0)
    own = [study.ask() for _ in range(2)]
    study.tell(own[0], 1.0)
    assert optuna_storage.get_trials_changed_since(study_id, seen) == ([], seen)
    asked = [theirs.ask() for _ in range(3)]
    theirs.tell(asked[1], 0.5)
    news, seen = optuna_storage.get_trials_changed_since(study_id, seen)
    assert [trial.number for trial in news] == [one.number for one in asked]
    asked[2].report(1.0, 1)
    other.database.flush()
    news, seen = optuna_storage.get_trials_changed_since(study_id, seen)
    assert [trial.number for trial in news] == [asked[2].number]
    assert news[0].intermediate_values == {1: 1.0}
    assert optuna_storage.get_trials_changed_since(study_id, seen)[0] == []


def test_what_others_change_is_told_though_a_block_was_undone(
    study: optuna.Study, other: OptunaStorage, optuna_storage: OptunaStorage
) -> None:
    """Nothing is known after it, and what is read then may have changed since."""
    theirs = optuna.load_study(study_name="study", storage=other)
    asked = theirs.ask()
    _, seen = optuna_storage.get_trials_changed_since(study._study_id, 0)
    with pytest.raises(KeyError), optuna_storage.database.transaction():
        study.ask()
        raise KeyError
    theirs.tell(asked, 0.5)
    assert study.trials[0].state is TrialState.COMPLETE
    news, _ = optuna_storage.get_trials_changed_since(study._study_id, seen)
    assert [(trial.number, trial.state) for trial in news] == [(0, TrialState.COMPLETE)]
