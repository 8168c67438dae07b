"""Networks from their files."""

from __future__ import annotations

import sqlite3

import pytest

from automl.errors import StudyError
from automl.result import SearchResult
from automl.tuning.kept_models import kept_networks
from storage import StorageError, open_store
from storage.answers import single_answer
from storage.errors import DamagedError


def test_networks_come_back_with_preprocessing(finished: SearchResult) -> None:
    with open_store(finished.storage) as store:
        (member,) = kept_networks(store, finished.records, finished.answer)
    network = member.network
    assert member.weight == 1.0
    assert network.run.trial_number == finished.best.number
    assert network.run.training.learning_rate == finished.best.params["learning_rate"]
    assert network.weights["output.weight"].shape[0] == 3
    assert len(network.encoder.feature_names) == 4


def test_paused_trials_have_no_model(finished: SearchResult) -> None:
    paused = next(trial for trial in finished.trials if trial.outcome == "paused")
    with open_store(finished.storage) as store, pytest.raises(StudyError, match="not kept"):
        kept_networks(store, finished.records, single_answer(finished.records, paused.number))


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
            kept_networks(store, records, finished.answer)


@pytest.mark.parametrize(
    "change",
    [
        "'$.run', 7",
        "'$.run.seed', 'x'",
        "'$.run.fold', json('[]')",
        "'$.run.model', json('[]')",
        "'$.run.model.hidden_size', '64'",
        "'$.run.training.batch_size', json('{}')",
        "'$.target_mean', json('[]')",
        "'$.target_curve', json('[]')",
        "'$.target_curve', json('{\"learned\": [0.0, 0.0], \"values\": [0.0, 1.0]}')",
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
        kept_networks(store, store.read_study("iris-species"), finished.answer)
