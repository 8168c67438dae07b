"""Whose weights are kept, where two processes complete trials of one study."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import optuna
import pytest

from automl.data import LoadedData
from automl.tuning.best_again import trial_without_weights
from automl.tuning.keeping import Keeper
from automl.tuning.network_problem import NetworkProblem
from automl.tuning.search import Search
from storage import Store, open_store
from storage.records import StudyRecords
from tests.automl.tuning.searches import complete_another, make_search, run, settings_for


@pytest.fixture
def other(store: Store, tmp_path: Path) -> Iterator[Store]:
    """Another process on the same file, as far as the file can tell."""
    with open_store(f"sqlite:///{tmp_path}/automl.db") as other:
        yield other


@pytest.fixture
def problem(iris: LoadedData) -> NetworkProblem:
    return NetworkProblem(settings_for(iris), iris.dataset)


@pytest.fixture
def found(store: Store, iris: LoadedData, problem: NetworkProblem) -> StudyRecords:
    """A study of which the best trial's weights are kept."""
    return run(store, iris, problem.settings, n_trials=2, keep_models=1)


def kept(store: Store) -> list[int | None]:
    """Whose weights are there, their files as well."""
    weights = store.read_study("iris").kept_artifacts("weights")
    assert all(map(store.artifacts.is_whole, weights))
    return [one.trial_number for one in weights]


def about_to_complete(store: Store, data: LoadedData, problem: NetworkProblem) -> Search:
    """A search of one more trial, which has come to its end and is not told yet."""
    search = make_search(store, data, problem.settings, n_trials=3, keep_models=1)
    search._decide()
    (trial,) = search.state.trials.values()
    while any(one.end is None for one in trial.runs.values()):
        search._take(search.state.executor.next_round(None))
    return search


def test_a_trial_that_was_the_best_when_its_weights_were_fetched_lets_a_better_one_keep_its_own(
    store: Store, other: Store, iris: LoadedData, problem: NetworkProblem, found: StudyRecords
) -> None:
    """Another process completes a better one between `collect` and `save`."""
    search = about_to_complete(store, iris, problem)
    (trial,) = search.state.trials.values()
    keeper = search.state.keeper
    keeper.keep_models = 3
    collected = keeper.collect(trial, search.state.executor)
    assert collected is not None
    keeper.keep_models = 1
    better = complete_another(other, problem, Keeper(other, problem, 1), value=1e-6)
    with store.transaction():
        keeper.save(collected)
        trial.handle.study.tell(trial.handle, trial.value)
        keeper.prune()
    assert kept(store) == kept(other) == [better.number]


def test_weights_that_went_for_a_better_trial_are_not_missing(
    store: Store, other: Store, problem: NetworkProblem, found: StudyRecords
) -> None:
    """Who had read the study before looks for the files of what was the best then."""
    assert trial_without_weights(store, found, problem) == (found, None)
    better = complete_another(other, problem, Keeper(other, problem, 1), value=1e-6)
    records, missing = trial_without_weights(store, found, problem)
    assert missing is None
    assert records.best_trial == better


def test_weights_that_were_taken_away_are_missing(
    store: Store, problem: NetworkProblem, found: StudyRecords
) -> None:
    (weights,) = found.kept_artifacts("weights")
    store.artifacts.path(weights).unlink()
    _, missing = trial_without_weights(store, found, problem)
    assert missing == found.best_trial


def test_weights_are_missing_however_many_other_trials_end_meanwhile(
    store: Store,
    other: Store,
    problem: NetworkProblem,
    found: StudyRecords,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Another process tells a worse trial each time that this one reads the study again."""
    (weights,) = found.kept_artifacts("weights")
    store.artifacts.path(weights).unlink()
    theirs = optuna.load_study(study_name="iris", storage=other.optuna_storage)
    refreshed, n_told = store.refreshed, 0

    def refreshed_beside_another_process(records: StudyRecords) -> StudyRecords:
        nonlocal n_told
        n_told += 1
        assert n_told < 4, "it reads for as long as others train"
        trial = theirs.ask()
        problem.space.suggest(trial)
        theirs.tell(trial, 10.0)
        return refreshed(records)

    monkeypatch.setattr(store, "refreshed", refreshed_beside_another_process)
    records, missing = trial_without_weights(store, found, problem)
    assert missing == found.best_trial
    assert len(records.trials) == len(found.trials) + n_told


@pytest.mark.parametrize("is_taken_away", [True, False])
def test_weights_are_saved_again_only_of_the_best_and_only_where_they_are_missing(
    store: Store, other: Store, problem: NetworkProblem, found: StudyRecords, is_taken_away: bool
) -> None:
    keeper = Keeper(store, problem, 1)
    own = complete_another(store, problem, keeper, value=1e-6)
    (before,) = store.read_study("iris").kept_artifacts("weights")
    if is_taken_away:
        store.artifacts.path(before).unlink()
    keeper.restore()
    (after,) = store.read_study("iris").kept_artifacts("weights")
    assert (after.artifact_id != before.artifact_id) == is_taken_away
    assert kept(store) == [own.number]
    better = complete_another(other, problem, Keeper(other, problem, 1), value=1e-7)
    keeper.restore()
    assert kept(store) == [better.number]
