from __future__ import annotations

from pathlib import Path

import numpy as np
import optuna
import pytest

from storage.errors import StorageError
from storage.records import ArtifactRecord
from storage.store import Store
from tests.contracts.store_contract import make_study

WEIGHTS = {"layers.0.weight": np.ones((3, 2), np.float32), "layers.0.bias": np.zeros(3)}


@pytest.fixture
def study(store: Store) -> optuna.Study:
    study = make_study(store)
    for number in range(4):
        study.tell(study.ask(), float(number))
    return study


def save(store: Store, trial_number: int) -> ArtifactRecord:
    details = {"task": "binary", "epoch": 7}
    return store.artifacts.save_weights("study", trial_number, 1, WEIGHTS, details)


def test_weights_come_back(store: Store, study: optuna.Study, tmp_path: Path) -> None:
    record = save(store, 3)
    weights = store.artifacts.load_weights(record)
    assert weights.keys() == WEIGHTS.keys()
    np.testing.assert_array_equal(weights["layers.0.weight"], WEIGHTS["layers.0.weight"])
    assert (record.kind, record.trial_number, record.run_id) == ("weights", 3, 1)
    assert record.details == {"task": "binary", "epoch": 7}
    assert store.artifacts.path(record).parent == tmp_path / "automl.artifacts"
    assert store.artifacts.path(record).stat().st_size == record.n_bytes
    assert store.read_study("study").artifacts == (record,)


def test_preprocessing_predictions_and_checkpoints_come_back(
    store: Store, study: optuna.Study
) -> None:
    artifacts = store.artifacts
    learned, state = artifacts.load_preprocessing(
        artifacts.save_preprocessing("study", {"means": np.array([2.0])}, {"kind": "k"}, fold=2)
    )
    assert learned["means"].tolist() == [2.0]
    assert state == {"kind": "k"}
    arrays = artifacts.load_predictions(
        artifacts.save_predictions("study", 1, {"valid": np.eye(2)})
    )
    np.testing.assert_array_equal(arrays["valid"], np.eye(2))
    tensors, kept = artifacts.load_checkpoint(
        artifacts.save_checkpoint("study", 1, 4, WEIGHTS, {"epoch": 9, "step": 90})
    )
    assert tensors.keys() == WEIGHTS.keys()
    assert kept == {"epoch": 9, "step": 90}


def test_optuna_lists_artifacts_but_no_checkpoints(store: Store, study: optuna.Study) -> None:
    record = store.artifacts.save_preprocessing("study", {}, {})
    save(store, 0)
    store.artifacts.save_checkpoint("study", 0, 1, WEIGHTS, {})
    (meta,) = optuna.artifacts.get_all_artifact_meta(study)
    assert (meta.artifact_id, meta.filename) == (
        record.artifact_id,
        "preprocessing-fold-0.safetensors",
    )
    folder = optuna.artifacts.FileSystemArtifactStore(store.artifacts.folder.path)
    with folder.open_reader(meta.artifact_id) as file:
        assert len(file.read()) == record.n_bytes


def test_the_dashboard_lists_the_artifacts_of_a_trial_with_it(
    store: Store, study: optuna.Study
) -> None:
    backend = pytest.importorskip("optuna_dashboard.artifact._backend")
    records = [save(store, number) for number in (0, 1)]

    def listed(number: int) -> list[str]:
        trial = study.get_trials()[number]
        attributes = study._storage.get_study_system_attrs(study._study_id)
        return [one["artifact_id"] for one in backend.list_trial_artifacts(attributes, {}, trial)]

    assert [listed(number) for number in (0, 1)] == [[one.artifact_id] for one in records]
    store.artifacts.remove(records[0])
    assert [listed(number) for number in (0, 1)] == [[], [records[1].artifact_id]]


def test_later_checkpoint_replaces_the_earlier(store: Store, study: optuna.Study) -> None:
    for epoch in (1, 2, 3):
        last = store.artifacts.save_checkpoint("study", 0, 1, WEIGHTS, {"epoch": epoch})
    other = store.artifacts.save_checkpoint("study", 0, 2, WEIGHTS, {"epoch": 1})
    assert store.artifacts.list("study") == (last, other)
    assert store.artifacts.folder.names() == {last.artifact_id, other.artifact_id}


def test_removed_artifact_keeps_its_row_and_says_why(store: Store, study: optuna.Study) -> None:
    record = store.artifacts.remove(save(store, 0))
    assert record.removed_at is not None
    assert store.artifacts.list("study") == ()
    assert store.read_study("study").artifacts == (record,)
    assert optuna.artifacts.get_all_artifact_meta(study) == []
    assert store.artifacts.folder.names() == set()
    with pytest.raises(StorageError, match=r"was removed to save space.*keep_models"):
        store.artifacts.load_weights(record)


def test_best_trials_are_kept(store: Store, study: optuna.Study) -> None:
    for number in range(4):
        save(store, number)
        store.artifacts.save_checkpoint("study", number, number, WEIGHTS, {})
    preprocessing = store.artifacts.save_preprocessing("study", {}, {})
    removed = store.artifacts.enforce("study", keep=2, byte_budget=None, ranking=[2, 0, 3])
    assert {one.trial_number for one in removed} == {3}
    kept = store.artifacts.list("study")
    assert {one.trial_number for one in kept} == {0, 1, 2, None}  # 1 is not ranked
    assert preprocessing in kept


def test_the_trials_of_the_answer_are_kept_too(store: Store, study: optuna.Study) -> None:
    for number in range(4):
        store.artifacts.save_weights("study", number, 10 + number, WEIGHTS, {})
    removed = store.artifacts.enforce(
        "study", keep=1, byte_budget=None, ranking=[0, 1, 2, 3], spared={10, 12}
    )
    assert [one.trial_number for one in removed] == [3, 1]


def test_budget_takes_the_worst_but_never_the_best(store: Store, study: optuna.Study) -> None:
    records = {number: save(store, number) for number in range(3)}
    n_bytes = records[0].n_bytes
    enforce = store.artifacts.enforce
    assert enforce("study", keep=5, byte_budget=3 * n_bytes, ranking=[1, 0, 2]) == ()
    removed = enforce("study", keep=5, byte_budget=2 * n_bytes, ranking=[1, 0, 2])
    assert [one.trial_number for one in removed] == [2]
    removed = enforce("study", keep=5, byte_budget=1, ranking=[1, 0, 2])
    assert [one.trial_number for one in removed] == [0]
    assert store.artifacts.list("study") == (records[1],)


def test_what_was_trained_for_the_answer_counts_to_the_budget_and_is_its_trials(
    store: Store, study: optuna.Study
) -> None:
    n_bytes = [save(store, number).n_bytes for number in range(3)]
    for run_id in (11, 12):
        store.artifacts.save_weights("study", 1, run_id, WEIGHTS, {}, "answer_weights")
    budget = sum(one.n_bytes for one in store.artifacts.list("study"))
    enforce = store.artifacts.enforce
    assert enforce("study", keep=5, byte_budget=budget, ranking=[1, 0, 2]) == ()
    removed = enforce("study", keep=5, byte_budget=budget - n_bytes[2], ranking=[1, 0, 2])
    assert [one.trial_number for one in removed] == [2]
    removed = enforce("study", keep=5, byte_budget=1, ranking=[1, 0])
    assert [one.trial_number for one in removed] == [0]
    assert [one.kind for one in store.artifacts.list("study")] == [
        "weights",
        "answer_weights",
        "answer_weights",
    ]


def test_one_kind_is_not_read_as_another(store: Store, study: optuna.Study) -> None:
    with pytest.raises(StorageError, match="must be predictions"):
        store.artifacts.load_predictions(save(store, 0))


def test_deleted_study_takes_its_files_along(store: Store, study: optuna.Study) -> None:
    save(store, 0)
    store.artifacts.save_checkpoint("study", 0, 1, WEIGHTS, {})
    store.delete_study("study")
    assert store.artifacts.folder.names() == set()
