"""What the answer may be made of: who counts, whose weights there are, what is trained again."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
import pytest

from automl.data import LoadedData
from automl.executors.choosing import executor_of
from automl.executors.workers.worker import TrainingSetup
from automl.training.metrics import row_losses
from automl.training.predictions import predict
from automl.training.trained_model import run_from_details, to_tensors
from automl.tuning.candidates import (
    _best_epoch,
    find_candidates,
    missing_candidates,
    missing_weights,
    train_missing,
    with_weights,
)
from automl.tuning.keeping import Keeper
from automl.tuning.network_problem import NetworkProblem
from automl.tuning.weight_files import Collected
from storage import Store
from storage.records import StudyRecords
from storage.score_records import AnswerMember, AnswerRecord
from tests.automl.tuning.searches import make_search, run, settings_for

HOW = {"policy": "promotion", "n_trials": 8, "n_slots": 4}


@pytest.fixture
def problem(iris: LoadedData) -> NetworkProblem:
    """Learning rates at which no probability comes to 0, of which a loss is not known."""
    settings = settings_for(iris, "learning_rate=1e-4..1e-2", max_epochs=9)
    return NetworkProblem(settings, iris.dataset)


@pytest.fixture
def found(store: Store, iris: LoadedData, problem: NetworkProblem) -> StudyRecords:
    """A study of which some trials pause."""
    records = run(store, iris, problem.settings, **HOW)
    assert {trial.outcome for trial in records.trials} == {"complete", "paused"}
    return records


def test_paused_trials_have_weights_that_give_what_they_are_worth(
    store: Store, iris: LoadedData, found: StudyRecords
) -> None:
    candidates = find_candidates(found, 32)
    assert len(candidates) == 8
    assert [one.value for one in candidates] == sorted(one.value for one in candidates)
    assert with_weights(store, found, candidates) == list(candidates)
    weights = {one.run_id: one for one in found.kept_artifacts("weights")}
    for candidate in candidates:
        (own,) = (weights[run.run_id] for run in candidate.runs)
        arrays = to_tensors(store.artifacts.load_weights(own))
        predicted = predict(run_from_details(own.details), arrays, iris.dataset, "valid")
        targets = iris.dataset.folds[0].original_targets("valid").numpy()
        losses = row_losses(predicted.double().numpy(), targets, loss="cross_entropy")
        assert losses.mean() == pytest.approx(candidate.value, rel=1e-4)


@pytest.mark.parametrize("pruner", ["none", "successive_halving"])
def test_pruned_trials_have_weights_too(
    store: Store, iris: LoadedData, problem: NetworkProblem, pruner: str
) -> None:
    how = {"policy": "optuna", "pruner": pruner, "n_trials": 9, "n_slots": 3}
    records = run(store, iris, problem.settings, **how)
    outcomes = {trial.outcome for trial in records.trials}
    assert outcomes == ({"complete"} if pruner == "none" else {"complete", "pruned"})
    assert not missing_candidates(store, records, 32)
    assert len(find_candidates(records, 32)) == 9


def test_nothing_is_kept_of_unfinished_trials_where_the_best_one_is_wanted(
    store: Store, iris: LoadedData, problem: NetworkProblem
) -> None:
    records = run(store, iris, problem.settings, **HOW, answer="single")
    kept = {one.trial_number for one in records.kept_artifacts("weights")}
    assert {records.trials[number or 0].outcome for number in kept} == {"complete"}


def test_what_is_missing_is_trained_again_to_the_same_network(
    store: Store, iris: LoadedData, problem: NetworkProblem, found: StudyRecords
) -> None:
    """As after a kill, or where a worker has died."""
    paused = [one for one in find_candidates(found, 32) if one.trial.outcome == "paused"]
    gone = {run_id for one in paused[:2] for run_id in one.run_ids}
    before = {}
    for artifact in found.kept_artifacts("weights"):
        if artifact.run_id in gone:
            before[artifact.run_id] = store.artifacts.load_weights(artifact)
            store.artifacts.remove(artifact)
    records = store.read_study("iris")
    keeper = Keeper(store, problem, 32, is_choice=True)
    missing = missing_candidates(store, records, keeper.n_candidates)
    assert [one.trial.number for one in missing] == [one.trial.number for one in paused[:2]]

    setup = TrainingSetup(iris.dataset, n_workers=1, trainer="plain")
    with executor_of(setup) as executor:
        late = train_missing(store, records, executor, problem, keeper, deadline=time.monotonic())
        assert late == ()
        again = train_missing(store, records, executor, problem, keeper)
    assert set(again) == {one.trial.number for one in paused[:2]}
    records = store.read_study("iris")
    assert not missing_candidates(store, records, 32)
    kept = {one.run_id: one for one in records.kept_artifacts("weights")}
    for run_id, arrays in before.items():
        found_again = store.artifacts.load_weights(kept[run_id])
        assert all((found_again[name] == array).all() for name, array in arrays.items())
    assert len(records.epochs) == len(found.epochs)


@pytest.mark.parametrize("has_budget", [True, False])
def test_what_the_budget_lets_go_is_not_trained_again(
    store: Store,
    problem: NetworkProblem,
    found: StudyRecords,
    has_budget: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    n_bytes = [one.n_bytes for one in found.kept_artifacts("weights")]
    assert len(n_bytes) == 8
    monkeypatch.setattr("automl.tuning.weight_files.MOST_BYTES", 1)
    budget = sum(n_bytes) // 2 if has_budget else None
    keeper = Keeper(store, problem, 32, budget, is_choice=True)
    keeper.prune()
    records = store.read_study("iris")
    assert len(missing_candidates(store, records, 32)) >= 3
    assert missing_weights(store, records, keeper) == []

    # One of those that it holds is missing, as after a kill.
    there = with_weights(store, records, find_candidates(records, 32))
    gone = there[0]
    (artifact,) = keeper.files.of(gone.trial.number)
    store.artifacts.remove(artifact)
    missing = missing_weights(store, store.read_study("iris"), keeper)
    assert [one.trial.number for one in missing] == [gone.trial.number]


def test_networks_of_the_answer_are_missed_whatever_the_budget(
    store: Store, problem: NetworkProblem, found: StudyRecords
) -> None:
    worst, best = find_candidates(found, 32)[-1], found.best_trial
    assert best is not None and worst.trial.number != best.number
    members = tuple(AnswerMember(run_id, 1.0) for run_id in worst.run_ids)
    store.add_answer("iris", AnswerRecord("ensemble", members, best.number))
    (artifact,) = (one for one in found.kept_artifacts("weights") if one.run_id in worst.run_ids)
    keeper = Keeper(store, problem, 32, 1, is_choice=True)
    store.artifacts.remove(artifact)
    records = store.read_study("iris")
    missing = missing_weights(store, records, keeper)
    assert [one.trial.number for one in missing] == [worst.trial.number]


def test_of_weights_that_were_never_written_the_budget_goes_by_their_number(
    store: Store, problem: NetworkProblem, found: StudyRecords
) -> None:
    best = found.best_trial
    assert best is not None
    keeper = Keeper(store, problem, 32, 1, is_choice=True)
    missing = missing_weights(store, replace(found, artifacts=()), keeper)
    first = find_candidates(found, 32)[0].trial.number  # of unfinished ones the first is held too
    assert best.number in {one.trial.number for one in missing} <= {best.number, first}


def test_weights_of_before_a_trial_got_better_are_made_anew(
    store: Store, iris: LoadedData, problem: NetworkProblem, found: StudyRecords
) -> None:
    """As after a kill between a trial's last epoch and the writing of its weights."""
    (one, *_) = (one for one in find_candidates(found, 32) if one.trial.outcome == "paused")
    (run_id,) = one.run_ids
    (now,) = (kept for kept in found.kept_artifacts("weights") if kept.run_id == run_id)
    arrays = store.artifacts.load_weights(now)
    config = run_from_details(now.details)
    earlier = {name: np.zeros_like(array) for name, array in arrays.items()}
    keeper = Keeper(store, problem, 32, is_choice=True)
    place = (1.01 * one.value, one.trial.number)
    keeper.save_unfinished([Collected(place, (replace(config, run_id=run_id),), (earlier,))])
    records = store.read_study("iris")
    assert one.trial not in [each.trial for each in with_weights(store, records, [one])]
    missing = missing_candidates(store, records, 32)
    assert [each.trial.number for each in missing] == [one.trial.number]

    setup = TrainingSetup(iris.dataset, n_workers=1, trainer="plain")
    with executor_of(setup) as executor:
        train_missing(store, records, executor, problem, keeper)
    records = store.read_study("iris")
    (again,) = (kept for kept in records.kept_artifacts("weights") if kept.run_id == run_id)
    found_again = store.artifacts.load_weights(again)
    assert all((found_again[name] == array).all() for name, array in arrays.items())
    assert not missing_candidates(store, records, 32)


def test_weights_of_an_earlier_epoch_as_good_are_outdated(
    store: Store, problem: NetworkProblem, found: StudyRecords
) -> None:
    """The last of equal epochs counts, so weights may change where the loss does not."""
    (one, *_) = (one for one in find_candidates(found, 32) if one.trial.outcome == "paused")
    (run_id,) = one.run_ids
    (now,) = (kept for kept in found.kept_artifacts("weights") if kept.run_id == run_id)
    assert now.details["best_epoch"] == _best_epoch(found, run_id) > 0
    curve = found.epochs[run_id]
    last = replace(curve[now.details["best_epoch"] - 1], epoch=len(curve) + 1)
    longer = replace(found, epochs={**found.epochs, run_id: (*curve, last)})
    (same,) = (each for each in find_candidates(longer, 32) if each.trial == one.trial)
    assert same.value == one.value
    assert with_weights(store, found, [one]) == [one]
    assert not with_weights(store, longer, [same])


def test_unfinished_weights_are_kept_again_where_another_epoch_is_as_good(
    store: Store, iris: LoadedData, problem: NetworkProblem
) -> None:
    search = make_search(store, iris, problem.settings, n_trials=1)
    keeper, executor = search.state.keeper, search.state.executor
    search._decide()
    (trial,) = search.state.trials.values()
    while not trial.is_resting:
        search._take(executor.next_round(None))
    keeper.keep_unfinished([trial], executor)
    (first,) = keeper.files.of(trial.number)
    keeper.keep_unfinished([trial], executor)
    assert keeper.files.of(trial.number) == [first]
    (run,) = trial.runs.values()
    assert run.best is not None
    run.curve.append(replace(run.best, epoch=len(run.curve) + 1))
    keeper.keep_unfinished([trial], executor)
    (then,) = keeper.files.of(trial.number)
    assert then.details["valid_loss"] == first.details["valid_loss"]
    assert then.details["best_epoch"] == len(run.curve)


def test_the_best_complete_trial_is_a_candidate_however_many_are_ahead(
    found: StudyRecords,
) -> None:
    best = found.best_trial
    assert best is not None
    worse = replace(
        found,
        trials=tuple(
            replace(one, value=9.0 + (one.number != best.number))
            if one.outcome == "complete"
            else one
            for one in found.trials
        ),
    )
    paused = [one.number for one in found.trials if one.outcome == "paused"]
    assert len(paused) >= 2
    first, last = find_candidates(worse, 2)
    assert first.trial.number in paused and last.trial.number == best.number
    assert [one.trial.number for one in find_candidates(worse, 1)] == [best.number]
    assert find_candidates(worse, 0) == ()


def test_another_network_is_not_kept_in_the_place_of_the_one_that_is_missing(
    store: Store, iris: LoadedData, problem: NetworkProblem, found: StudyRecords
) -> None:
    (one, *_) = (one for one in find_candidates(found, 32) if one.trial.outcome == "paused")
    (run_id,) = one.run_ids
    for artifact in found.kept_artifacts("weights"):
        if artifact.run_id == run_id:
            store.artifacts.remove(artifact)
    other = tuple(
        replace(epoch, valid_loss=2 * epoch.valid_loss) for epoch in found.epochs[run_id]
    )
    records = replace(store.read_study("iris"), epochs={**found.epochs, run_id: other})
    keeper = Keeper(store, problem, 32, is_choice=True)
    setup = TrainingSetup(iris.dataset, n_workers=1, trainer="plain")
    with executor_of(setup) as executor:
        assert train_missing(store, records, executor, problem, keeper) == ()


def test_trials_that_time_has_cut_off_count_and_those_in_training_do_not(
    store: Store, iris: LoadedData
) -> None:
    settings = settings_for(iris, max_epochs=100_000)
    records = run(store, iris, settings, n_trials=9, n_slots=3, timeout=2.0)
    running = [one for one in records.trials if one.outcome == "unfinished"]
    assert len(running) == 3
    candidates = {one.trial.number for one in find_candidates(records, 32)}
    assert candidates > {one.number for one in running}
    gone = replace(records, artifacts=())
    assert not {one.number for one in running} & {
        one.trial.number for one in find_candidates(gone, 32)
    }
    numbers = {one.trial.number for one in missing_candidates(store, gone, 32)}
    assert not numbers & {one.number for one in running}


def test_a_search_that_is_stopped_keeps_what_it_has(
    store: Store, iris: LoadedData, problem: NetworkProblem
) -> None:
    search = make_search(store, iris, problem.settings, **{**HOW, "n_trials": 40})
    for progress in search:
        if progress.n_paused >= 4:
            search.stop()
    records = store.read_study("iris")
    kept = {one.trial_number for one in records.kept_artifacts("weights")}
    paused = {one.number for one in records.trials if one.outcome == "paused"}
    assert len(paused) >= 4 and kept >= paused


def test_only_trials_with_finite_losses_count(found: StudyRecords) -> None:
    first, second, *_ = find_candidates(found, 32)
    (run_id,) = first.run_ids
    nan = tuple(replace(one, valid_loss=np.nan) for one in found.epochs[run_id])
    without = replace(found, epochs={**found.epochs, run_id: nan})
    assert find_candidates(without, 1)[0].trial == second.trial
