"""Who works on a study never writes into another one that has taken its place."""

from __future__ import annotations

from collections.abc import Callable

import optuna
import pytest
from optuna.storages import RDBStorage

from storage import Store
from storage.call_records import StopReason
from storage.errors import NotStoredError
from storage.optuna_storage import OptunaStorage
from tests.contracts.store_contract import make_study


@pytest.fixture
def study(store: Store) -> optuna.Study:
    return make_study(store)


def successor(url: str, n_between: int) -> optuna.Study:
    """Delete the study as another program, and make another one of its name, which has trials.

    Args:
        n_between: studies made before it; without one it is given the id of the old one.
    """
    theirs = RDBStorage(url)
    optuna.delete_study(study_name="study", storage=theirs)
    for number in range(n_between):
        optuna.create_study(study_name=f"between {number}", storage=theirs)
    new = optuna.create_study(study_name="study", storage=theirs)
    new.ask()
    return new


@pytest.mark.parametrize("n_between", [0, 1])
def test_no_trial_is_made_in_a_study_of_the_same_name(
    optuna_storage: OptunaStorage, url: str, n_between: int
) -> None:
    study = optuna.create_study(study_name="study", storage=optuna_storage)
    study.ask()
    new = successor(url, n_between)
    with pytest.raises(NotStoredError, match=r"must exist to be used"):
        study.ask()
    assert len(new.trials) == 1


@pytest.mark.parametrize("n_between", [0, 1])
@pytest.mark.parametrize(
    "write",
    [
        lambda store: store.calls.add("study", StopReason("interrupted", n_trials=1)),
        lambda store: store.replace_diagnoses("study", []),
        lambda store: store.runs.begin("study", trial_number=0, purpose="search", seed=1),
    ],
)
def test_nothing_is_written_to_a_study_of_the_same_name(
    store: Store, study: optuna.Study, url: str, n_between: int, write: Callable[[Store], object]
) -> None:
    study.ask()
    write(store)
    successor(url, n_between)
    with pytest.raises(NotStoredError, match="'study' was deleted"):
        write(store)
    assert [trial.number for trial in optuna.load_study(study_name="study", storage=url).trials]
    assert store.read_settings("study") is None  # who reads finds what is there now


def test_who_deletes_a_study_itself_goes_on_with_the_next_one(
    store: Store, study: optuna.Study
) -> None:
    store.calls.add("study", StopReason("interrupted", n_trials=1))
    study.ask()
    store.optuna_storage.delete_study(study._study_id)
    again = optuna.create_study(study_name="study", storage=store.optuna_storage)
    again.ask()
    store.calls.add("study", StopReason("interrupted", n_trials=1))
    assert len(again.trials) == 1
