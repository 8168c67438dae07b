from __future__ import annotations

import math

import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution
from optuna.study import StudyDirection
from optuna.trial import TrialState, create_trial

from storage import trial_reading
from storage.optuna_storage import OptunaStorage
from storage.trial_reading import parse_distribution, read_trials


@pytest.fixture
def study_id(optuna_storage: OptunaStorage) -> int:
    study_id = optuna_storage.create_new_study([StudyDirection.MINIMIZE] * 2, "study")
    other_id = optuna_storage.create_new_study([StudyDirection.MINIMIZE], "other")
    for number in range(6):
        template = create_trial(
            values=[math.inf, -float(number)],
            params={"b": "x", "a": 0.5},
            distributions={
                "b": CategoricalDistribution(("x", "y")),
                "a": FloatDistribution(0, 1),
            },
            intermediate_values={3: 1.0, 1: math.nan, 2: -math.inf},
            user_attrs={"note": {"n": number}},
            system_attrs={"s": None},
        )
        optuna_storage.create_new_trial(study_id, template)
        optuna_storage.create_new_trial(other_id, create_trial(value=1.0))
    return study_id


def test_all_of_a_trial_is_read(optuna_storage: OptunaStorage, study_id: int) -> None:
    with optuna_storage.database.read() as connection:
        trials = read_trials(connection, study_id)
    assert [trial.number for trial in trials] == list(range(6))
    trial = trials[4]
    assert trial.state is TrialState.COMPLETE
    assert trial.values == [math.inf, -4.0]
    assert list(trial.params.items()) == [("b", "x"), ("a", 0.5)]
    assert trial.intermediate_values[3] == 1.0
    assert math.isnan(trial.intermediate_values[1])
    assert trial.intermediate_values[2] == -math.inf
    assert trial.user_attrs == {"note": {"n": 4}}
    assert trial.system_attrs == {"s": None}
    assert trial == optuna_storage.get_all_trials(study_id)[4] or trial.intermediate_values


def test_only_new_and_named_trials_are_read(
    optuna_storage: OptunaStorage, study_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = [trial._trial_id for trial in optuna_storage.get_all_trials(study_id)]
    monkeypatch.setattr(trial_reading, "_MANY", 1)  # each id a query of its own
    with optuna_storage.database.read() as connection:
        found = read_trials(connection, study_id, above=ids[3], ids=[ids[2], ids[0], ids[5]])
        assert [trial._trial_id for trial in found] == [ids[0], ids[2], ids[4], ids[5]]
        assert read_trials(connection, study_id, above=ids[-1]) == []


def test_equal_distributions_are_one_object(optuna_storage: OptunaStorage, study_id: int) -> None:
    with optuna_storage.database.read() as connection:
        first, second, *_ = read_trials(connection, study_id)
    assert first.distributions["b"] is second.distributions["b"]
    assert parse_distribution.cache_info().hits > 0
