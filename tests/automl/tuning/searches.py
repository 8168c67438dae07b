"""Searches on real data for tests: real training and a real SQLite file."""

from __future__ import annotations

from typing import Any

import search_spaces
from automl.data import LoadedData
from automl.executors.choosing import executor_of
from automl.executors.executor import Executor
from automl.executors.workers.worker import TrainingSetup
from automl.options.search_options import SearchOptions
from automl.tuning.call_options import CallOptions
from automl.tuning.clock import Clock
from automl.tuning.network_problem import NetworkProblem
from automl.tuning.search import Search
from automl.tuning.settings import make_settings
from automl.tuning.study import open_study
from storage import Store
from storage.records import StudyRecords, StudySettings


def settings_for(
    data: LoadedData, *narrowing: str, max_epochs: int = 4, widen: bool = False
) -> StudySettings:
    space = search_spaces.load("mlp").for_task(data.goal.task).narrow(list(narrowing))
    options = SearchOptions(study="iris", max_epochs=max_epochs, patience=max_epochs, widen=widen)
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
