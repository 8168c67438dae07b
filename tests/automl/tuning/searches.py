"""Searches on real data for tests: real training and a real SQLite file."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import optuna

import search_spaces
from automl.data import LoadedData
from automl.executors.choosing import executor_of
from automl.executors.executor import Executor
from automl.executors.workers.worker import TrainingSetup
from automl.options.search_options import SearchOptions
from automl.training.trained_model import run_from_details
from automl.tuning.call_options import CallOptions
from automl.tuning.clock import Clock
from automl.tuning.keeping import Keeper
from automl.tuning.network_problem import NetworkProblem
from automl.tuning.problem import Problem
from automl.tuning.search import Search
from automl.tuning.settings import make_settings
from automl.tuning.study import open_study
from automl.tuning.weight_files import Collected
from storage import Store
from storage.records import StudyRecords, StudySettings, TrialRecord


def settings_for(
    data: LoadedData,
    *narrowing: str,
    max_epochs: int = 4,
    widen: bool = False,
    portfolio: bool = False,
) -> StudySettings:
    """Of a small study, all of whose trials are its policy's own unless it has a portfolio."""
    space = search_spaces.load("mlp").for_task(data.goal.task).narrow(list(narrowing))
    options = SearchOptions(
        study="iris", max_epochs=max_epochs, patience=max_epochs, widen=widen, portfolio=portfolio
    )
    return make_settings(data, space, options)


def make_search(
    store: Store,
    data: LoadedData,
    settings: StudySettings,
    *,
    timeout: float | None = None,
    executor: Executor | None = None,
    **policy: object,
) -> Search:
    how = {"pruner": "none", "sampler": "random", "timeout": timeout, **policy}
    chosen = CallOptions(**how)  # type: ignore[arg-type]
    setup = TrainingSetup(
        data.dataset, n_workers=1, trainer="plain", is_preflight=chosen.preflight
    )
    executor = executor or executor_of(setup)
    study, clock = open_study(store, settings), Clock(timeout)
    return Search(study, store, executor, NetworkProblem(settings, data.dataset), chosen, clock)


def run(store: Store, data: LoadedData, settings: StudySettings, **how: Any) -> StudyRecords:
    for _ in make_search(store, data, settings, **how):
        pass
    return store.read_study("iris")


def complete_another(store: Store, problem: Problem, keeper: Keeper, value: float) -> TrialRecord:
    """Complete a trial as a coordinator does that trained it: the best one's network again."""
    name = problem.study_name
    records = store.read_study(name)
    best = records.best_trial
    assert best is not None
    study = optuna.load_study(study_name=name, storage=store.optuna_storage)
    study.enqueue_trial(dict(best.params))
    trial = study.ask()
    problem.space.suggest(trial)
    (known,) = records.search_runs(best.number)
    (weights,) = (one for one in records.kept_artifacts("weights") if one.run_id == known.run_id)
    begun = store.runs.begin(name, trial_number=trial.number, purpose="search", seed=known.seed)
    config = replace(
        run_from_details(weights.details), run_id=begun.run_id, trial_number=trial.number
    )
    collected = Collected(
        (value, trial.number), (config,), (store.artifacts.load_weights(weights),)
    )
    with store.transaction():
        epochs = records.epochs[known.run_id]
        store.runs.add_epochs([replace(epoch, run_id=begun.run_id) for epoch in epochs])
        store.runs.finish(begun.run_id, "complete", None)
        keeper.save(collected)
        study.tell(trial, value)
        keeper.prune()
    return store.read_study(name).trials[trial.number]
