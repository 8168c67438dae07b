"""What is kept of trials beyond numbers."""

from __future__ import annotations

import pytest

from automl.errors import StudyError
from automl.result import SearchResult
from automl.tuning.keeping import kept_networks
from storage import StorageError, open_store


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
