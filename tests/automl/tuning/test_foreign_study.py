"""Studies that people made with Optuna alone, as records; as commands show them: see below.

tests/journeys/test_studies_of_others.py
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import optuna
import pytest

from automl.errors import StudyError
from automl.tuning.foreign_study import is_readable, read_foreign
from storage import Store, open_store
from storage.records import StudyRecords
from storage.score_records import MAXIMIZED


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(f"sqlite:///{tmp_path}/automl.db")


def read(store: Store, objective: object, n_trials: int = 6, **options: object) -> StudyRecords:
    sampler = optuna.samplers.RandomSampler(seed=0)
    study = optuna.create_study(storage=store.url, study_name="theirs", sampler=sampler, **options)
    study.optimize(objective, n_trials=n_trials, catch=(ZeroDivisionError,))
    return read_foreign(store.optuna_storage, "theirs")


def test_intermediate_values_are_epochs_from_one_on(store: Store) -> None:
    def objective(trial: optuna.Trial) -> float:
        x = trial.suggest_float("x", 0.1, 10.0, log=True)
        for step in range(4):
            trial.report(x / (step + 1), step)
        if x > 1:
            raise optuna.TrialPruned
        return x / 4

    records = read(store, objective)
    assert {trial.outcome for trial in records.trials} == {"complete", "pruned"}
    assert records.settings.max_epochs == 4
    for trial in records.trials:
        curve = records.epochs[trial.number]
        assert [epoch.epoch for epoch in curve] == [1, 2, 3, 4]
        assert curve[-1].valid_loss == trial.value
        assert math.isnan(curve[0].train_loss) and curve[0].seconds >= 0
    assert records.best_trial is not None
    assert records.best_trial.value == min(
        trial.value for trial in records.complete_trials if trial.value is not None
    )


def test_steps_of_their_own_are_left_as_they_are(store: Store) -> None:
    def objective(trial: optuna.Trial) -> float:
        trial.report(2.0, 100)
        trial.report(1.0, 200)
        return 1.0

    records = read(store, objective, 1)
    assert [epoch.epoch for epoch in records.epochs[0]] == [100, 200]


def test_a_trial_without_intermediate_values_has_one_epoch(store: Store) -> None:
    records = read(store, lambda trial: trial.suggest_float("x", 0, 1) + 1)
    assert [len(curve) for curve in records.epochs.values()] == [1] * 6
    assert records.epochs[0][0].valid_loss == records.trials[0].value


def test_what_is_maximized_is_turned_round(store: Store) -> None:
    def objective(trial: optuna.Trial) -> float:
        x = trial.suggest_float("x", 0, 1)
        trial.report(x, 1)
        return x

    records = read(store, objective, direction="maximize")
    assert records.settings.loss == MAXIMIZED
    best = records.best_trial
    assert best is not None and best.value == -max(one.params["x"] for one in records.trials)
    assert records.epochs[best.number][0].valid_loss == best.value


@pytest.mark.filterwarnings("ignore:Choices for a categorical")
def test_the_space_is_the_widest_that_was_drawn_from(store: Store) -> None:
    def objective(trial: optuna.Trial) -> float:
        kind = trial.suggest_categorical("kind of model", ["a", "b", None, True])
        if kind == "a":
            trial.suggest_int("size/a", 1, 64, log=True)
        trial.suggest_float("lr", 0.1, 0.5 + 0.1 * trial.number)
        trial.suggest_float("constant", 2.0, 2.0)
        trial.suggest_categorical("shape", [[1, 2], [3]])
        trial.suggest_int("even", 0, 10, step=2)
        return trial.number

    records = read(store, objective, 20)
    parameters: Any = records.space["parameters"]
    last = {"type": "float", "low": 0.1, "high": pytest.approx(2.4), "log": False}
    assert parameters["lr"] == last
    assert parameters["size/a"] == {"type": "int", "low": 1, "high": 64, "log": True}
    assert parameters["kind of model"]["choices"] == ["a", "b", None, True]
    assert parameters["constant"] == {"type": "fixed", "value": 2.0}
    assert parameters["shape"]["choices"] == ["[1, 2]", "[3]"]
    assert records.trials[0].params["shape"] in ("[1, 2]", "[3]")


def test_attributes_of_others_mean_nothing_here(store: Store) -> None:
    def objective(trial: optuna.Trial) -> float:
        trial.set_user_attr("cause", ["odd"])
        trial.set_user_attr("paused", {"a": None})
        return 1.0

    records = read(store, objective, 1)
    assert records.trials[0].outcome == "complete"


def test_failed_running_and_waiting_trials_are_what_they_are(store: Store) -> None:
    records = read(store, lambda trial: 1 / trial.number, 2)
    study = optuna.load_study(study_name="theirs", storage=store.url)
    study.ask()
    study.enqueue_trial({"x": 1.0})
    records = read_foreign(store.optuna_storage, "theirs")
    assert [one.outcome for one in records.trials] == [
        "failed",
        "complete",
        "unfinished",
        "unfinished",
    ]
    assert [run.trial_number for run in records.runs] == [0, 1, 2]


def test_several_objectives_are_refused_with_the_reason(store: Store) -> None:
    with pytest.raises(StudyError, match="has 2: it has no best trial, but a front of them"):
        read(store, lambda trial: (1.0, 2.0), 1, directions=["minimize", "minimize"])
    assert not is_readable(store, "theirs")
