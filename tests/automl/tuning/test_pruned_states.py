"""The best few pruned trials leave what a promotion goes on from."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import optuna
import pytest

import automl
from automl.executors.choosing import make_executor
from automl.executors.executor import Executor
from automl.result import SearchResult
from automl.training.config import RunConfig, configure
from automl.tuning.pruned_states import PrunedStates, kept_continuations
from automl.tuning.run_in_training import RunInTraining
from automl.tuning.trial_in_training import TrialInTraining
from storage import Store, open_store
from storage.records import TRAINED_IN_PART, StudyRecords, best_epoch
from tests.contracts.linear_trainer import tiny_dataset, tiny_run

STUDY = "iris-species"
N_STORED = 6


@pytest.fixture
def store(finished_copy: str) -> Iterator[Store]:
    with closing(open_store(finished_copy)) as store:
        yield store


@pytest.fixture(autouse=True)
def one_epoch_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    """Most trials of a short search are pruned after one."""
    monkeypatch.setattr("automl.tuning.pruned_states.LEAST_EPOCHS", 1)


def search(tmp_path: Path, **options: object) -> StudyRecords:
    options = {
        "policy": "optuna",
        "n_trials": 10,
        "max_epochs": 6,
        "workers": 1,
        "slots": 4,
        "folds": 1,
        **options,
    }
    return automl.search(
        "sklearn:iris", storage=f"sqlite:///{tmp_path}/automl.db", study=STUDY, **options
    ).records


def values_of_unfinished(records: StudyRecords) -> dict[int, float]:
    curves = {
        trial.number: records.epochs[records.search_runs(trial.number)[0].run_id]
        for trial in records.trials
        if trial.outcome in TRAINED_IN_PART
    }
    return {number: best_epoch(curve).valid_loss for number, curve in curves.items()}  # type: ignore[union-attr]


def kept_trials(records: StudyRecords) -> set[int | None]:
    return {artifact.trial_number for artifact in records.kept_artifacts("checkpoint")}


def test_the_best_pruned_trials_are_kept_as_many_as_models(tmp_path: Path) -> None:
    records = search(tmp_path, keep_models=2)
    values = values_of_unfinished(records)
    assert len(values) > 2
    assert kept_trials(records) == set(sorted(values, key=lambda number: values[number])[:2])


def test_a_trial_of_few_epochs_leaves_no_state(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("automl.tuning.pruned_states.LEAST_EPOCHS", 2)
    records = search(tmp_path)
    curves = [
        records.epochs[records.search_runs(trial.number)[0].run_id]
        for trial in records.trials
        if trial.outcome == "pruned"
    ]
    assert len(kept_trials(records)) == sum(len(curve) >= 2 for curve in curves) < len(curves)


def test_a_continued_study_knows_what_is_kept(tmp_path: Path) -> None:
    search(tmp_path, keep_models=2, n_trials=6)
    records = search(tmp_path, keep_models=2)
    values = values_of_unfinished(records)
    assert kept_trials(records) == set(sorted(values, key=lambda number: values[number])[:2])


def test_a_budget_in_bytes_is_for_the_models_alone(tmp_path: Path) -> None:
    records = search(tmp_path, keep_bytes=10**9)
    assert values_of_unfinished(records) and not kept_trials(records)


def test_trials_that_complete_or_fail_leave_no_state(finished: SearchResult) -> None:
    outcomes = {finished.trials[number or 0].outcome for number in kept_trials(finished.records)}
    assert outcomes == {"paused"}


def runs_that_go_on(records: StudyRecords, trial_number: int) -> dict[int, RunConfig]:
    model, training = configure({}, family="mlp", max_epochs=6, patience=6)
    (run,) = records.search_runs(trial_number)
    return {run.run_id: RunConfig(-1, trial_number, "mlp", model, training, run.seed, run.fold)}


def test_a_run_goes_on_where_it_was_pruned(store: Store) -> None:
    records = store.read_study(STUDY)
    number = next(iter(kept_trials(records))) or 0
    (run,) = records.search_runs(number)

    kept = kept_continuations(store, records, runs_that_go_on(records, number))[0]

    assert kept.run_id == run.run_id
    assert kept.epochs == records.epochs[run.run_id]
    assert kept.checkpoint.epoch == len(kept.epochs)


def test_a_state_whose_file_is_altered_is_not_used(store: Store) -> None:
    records = store.read_study(STUDY)
    artifact = records.kept_artifacts("checkpoint")[0]
    store.artifacts.path(artifact).write_bytes(b"something else")

    runs = runs_that_go_on(records, artifact.trial_number or 0)
    assert kept_continuations(store, records, runs) == {}


def after_an_epoch(executor: Executor) -> list[TrialInTraining]:
    """Two trials that rest after an epoch, better than all that are stored, the second more so."""
    study, trials = optuna.create_study(), []
    for _ in range(N_STORED):  # whose numbers are taken
        study.ask()
    for run_id in (1, 2):
        run = tiny_run(run_id)
        executor.start([run], {run_id: 1})
        trials.append(TrialInTraining(study.ask(), {}, {run_id: RunInTraining(run)}, limit=1))
    while not all(trial.is_begun for trial in trials):
        for record in executor.next_round().epochs:
            better = replace(record, valid_loss=1e-9 / record.run_id)
            trials[record.run_id - 1].runs[record.run_id].advance(better)
    return trials


def test_a_trial_rests_until_its_state_is_written_or_another_takes_its_place(
    store: Store,
) -> None:
    with make_executor(tiny_dataset(), workers=1) as executor:
        trials = after_an_epoch(executor)
        states = PrunedStates(store, STUDY, 1)
        active = []
        for trial in trials:
            states.keep(trial, executor)
            active.append(executor.active)
        assert active == [(1, 2), (2,)], "the first is freed when the better one comes"
        assert states.write(executor) is None
        assert executor.active == ()
    (kept,) = store.read_study(STUDY).kept_artifacts("checkpoint")
    assert kept.run_id == 2


def test_a_search_goes_on_where_no_state_can_be_written(store: Store) -> None:
    """As where somebody has put a file in the place of the folder; it is said once."""
    with make_executor(tiny_dataset(), workers=1) as executor:
        trials = after_an_epoch(executor)
        states = PrunedStates(store, STUDY, 50)
        shutil.rmtree(store.artifacts.folder.path)
        store.artifacts.folder.path.write_text("in the way")

        troubles = []
        for trial in trials:
            states.keep(trial, executor)
            troubles.append(states.write(executor))
        assert executor.active == ()

    first, second = troubles
    assert first is not None and first.startswith("the states of pruned trials are not kept")
    assert second is None


@pytest.mark.parametrize("n_trials", [0, 1])
def test_a_call_that_keeps_fewer_lets_the_worst_go(store: Store, n_trials: int) -> None:
    before = values_of_unfinished(store.read_study(STUDY))
    PrunedStates(store, STUDY, n_trials)
    ranking = sorted(before, key=lambda number: before[number])
    assert kept_trials(store.read_study(STUDY)) == set(ranking[:n_trials])
