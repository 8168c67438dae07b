from __future__ import annotations

import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState

from storage.optuna_storage import OptunaStorage
from storage.trial_cache import changed
from storage.trial_reading import read_trials
from storage.trial_writes import TrialWrites, end_trial


@pytest.fixture
def trial(optuna_storage: OptunaStorage) -> FrozenTrial:
    study_id = optuna_storage.create_new_study([StudyDirection.MINIMIZE], "study")
    return optuna_storage.get_trial(optuna_storage.create_new_trial(study_id))


def in_file(storage: OptunaStorage) -> FrozenTrial:
    with storage.database.read() as connection:
        return read_trials(connection, study_id=1)[0]


def test_last_value_of_a_key_wins_within_and_between_transactions(
    optuna_storage: OptunaStorage, trial: FrozenTrial
) -> None:
    writes = TrialWrites("sqlite")
    trial_id = trial._trial_id
    for value in (1.0, 2.0, 3.0):
        writes.add_param(trial_id, "x", value, FloatDistribution(0, 10))
        writes.add_report(trial_id, 1, value)
        writes.add_user_attribute(trial_id, "u", str(value))
        writes.add_system_attribute(trial_id, "s", str(value))
        if value != 1.0:
            with optuna_storage.database.write() as connection:
                writes.write(connection)
    found = in_file(optuna_storage)
    assert found.params == {"x": 3.0}
    assert found.intermediate_values == {1: 3.0}
    assert (found.user_attrs, found.system_attrs) == ({"u": 3.0}, {"s": 3.0})


def test_choices_that_are_equal_but_of_another_type_stay_apart(
    optuna_storage: OptunaStorage, trial: FrozenTrial
) -> None:
    writes = TrialWrites("sqlite")
    for name, choices in (("flags", (True, False)), ("counts", (1, 0))):
        writes.add_param(trial._trial_id, name, 0, CategoricalDistribution(choices))
    with optuna_storage.database.write() as connection:
        writes.write(connection)
    params = in_file(optuna_storage).params
    assert (params["flags"] is True, type(params["counts"])) == (True, int)


def test_end_comes_once(optuna_storage: OptunaStorage, trial: FrozenTrial) -> None:
    pruned = changed(trial, state=TrialState.PRUNED)
    with optuna_storage.database.write() as connection:
        assert end_trial(connection, pruned)
        assert not end_trial(connection, changed(trial, state=TrialState.COMPLETE))
    assert in_file(optuna_storage).state is TrialState.PRUNED


def test_dropped_trials_are_not_written(optuna_storage: OptunaStorage, trial: FrozenTrial) -> None:
    writes = TrialWrites("sqlite")
    writes.add_report(trial._trial_id, 1, 1.0)
    writes.add_values(trial._trial_id, [1.0])
    writes.add_end(changed(trial, state=TrialState.COMPLETE))
    assert writes
    writes.drop({trial._trial_id})
    assert not writes
    with optuna_storage.database.write() as connection:
        writes.write(connection)
    assert in_file(optuna_storage) == trial
