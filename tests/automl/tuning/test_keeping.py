"""What is kept of trials beyond numbers."""

from __future__ import annotations

import sqlite3

import pytest

from automl.data import load_dataset
from automl.errors import StudyError
from automl.result import SearchResult
from automl.training.config import RunConfig, configure
from automl.training.trainer import Checkpoint
from automl.tuning.adoption import AdoptedTrial
from automl.tuning.keeping import Keeper, kept_networks
from automl.tuning.problem import Problem
from automl.tuning.study import open_study
from automl.tuning.trial_in_training import RunInTraining, TrialInTraining
from storage import StorageError, open_store
from storage.errors import DamagedError


def test_networks_come_back_with_preprocessing(finished: SearchResult) -> None:
    with open_store(finished.storage) as store:
        (network,) = kept_networks(store, finished.records, finished.best.number)
    assert network.run.trial_number == finished.best.number
    assert network.run.training.learning_rate == finished.best.params["learning_rate"]
    assert network.weights["output.weight"].shape[0] == 3
    assert len(network.preprocessor.feature_names) == 4


def test_pruned_trials_have_no_model(finished: SearchResult) -> None:
    pruned = next(trial for trial in finished.trials if trial.outcome == "pruned")
    with open_store(finished.storage) as store, pytest.raises(StudyError, match="not kept"):
        kept_networks(store, finished.records, pruned.number)


def test_altered_weights_are_refused(finished: SearchResult, finished_copy: str) -> None:
    with open_store(finished_copy) as store:
        records = store.read_study("iris-species")
        artifact = next(
            one
            for one in records.artifacts
            if one.kind == "weights" and one.trial_number == finished.best.number
        )
        path = store.artifacts.path(artifact)
        content = bytearray(path.read_bytes())
        content[-1] ^= 1
        path.write_bytes(content)
        with pytest.raises(StorageError):
            kept_networks(store, records, finished.best.number)


@pytest.mark.parametrize(
    "change",
    [
        "'$.run', 7",
        "'$.run.seed', 'x'",
        "'$.run.fold', json('[]')",
        "'$.run.model', json('[]')",
        "'$.run.model.hidden_size', '64'",
        "'$.run.training.batch_size', json('{}')",
        "'$.cardinalities', 'x'",
        "'$.target_mean', json('[]')",
    ],
)
def test_details_of_another_type_are_damage(
    finished: SearchResult, finished_copy: str, change: str
) -> None:
    with sqlite3.connect(finished_copy.removeprefix("sqlite:///")) as connection:
        connection.execute(
            f"UPDATE automl_artifacts SET details = json_set(details, {change}) "
            "WHERE kind = 'weights'"
        )
    connection.close()
    with open_store(finished_copy) as store, pytest.raises(DamagedError, match="details in"):
        kept_networks(store, store.read_study("iris-species"), finished.best.number)


def test_a_state_that_is_ahead_of_the_stored_curve_is_not_gone_on_from(
    finished: SearchResult, finished_copy: str
) -> None:
    """A fold in another worker may be saved before its last epoch is told, and killed then."""
    number = next(t.number for t in finished.trials if t.outcome == "pruned")
    (before,) = finished.records.search_runs(number)
    epochs = finished.records.epochs[before.run_id]
    checkpoints = tuple(
        one for one in finished.records.kept_artifacts("checkpoint") if one.trial_number == number
    )
    assert checkpoints
    model, training = configure({}, max_epochs=6, patience=6)
    run = RunConfig(99, number, model, training, before.seed)
    problem = Problem(finished.records.settings, load_dataset("sklearn:iris").dataset)
    with open_store(finished_copy) as store:
        keeper = Keeper(store, problem, 1)
        for known, is_continued in ((epochs, True), (epochs[:-1], False)):
            handle = store.reopen_trial(open_study(store, finished.records.settings), number)
            trial = TrialInTraining(handle, {}, {99: RunInTraining(run)})
            adopted = AdoptedTrial(handle, 1, 0, 0, (before,), {before.run_id: known}, checkpoints)
            (start,) = keeper.continuations(trial, adopted)
            assert isinstance(start, Checkpoint) is is_continued
            assert len(trial.runs[99].curve) == (len(epochs) if is_continued else 0)
