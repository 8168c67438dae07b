"""The best trial is trained again where its weights are gone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import automl
from automl.result import SearchResult
from automl.studies import load_study
from storage import open_store

STUDY = "iris-species"


def weights_of_best(storage: str) -> list[dict[str, np.ndarray]]:
    result = load_study(STUDY, storage)
    with open_store(storage) as store:
        return [
            store.artifacts.load_weights(one)
            for one in result.records.kept_artifacts("weights")
            if one.trial_number == result.best.number
        ]


def go_on(storage: str) -> SearchResult:
    """The same call again, which has all the trials that it wants."""
    return automl.search(
        "sklearn:iris", set=["batch_size=16,32"], n_trials=6, storage=storage, study=STUDY,
        folds=1, max_epochs=6, workers=1, slots=3,
        references=False, portfolio=False,
    )  # fmt: skip


@pytest.mark.parametrize("leave_rows", [True, False])
def test_same_call_again_trains_the_same_network(
    finished: SearchResult, finished_copy: str, tmp_path: Path, leave_rows: bool
) -> None:
    before = weights_of_best(finished_copy)
    with open_store(finished_copy) as store:
        for one in store.read_study(STUDY).kept_artifacts("weights"):
            if leave_rows:
                store.artifacts.path(one).unlink()
            else:
                store.artifacts.remove(one)
    n_runs = len(finished.records.runs)
    result = go_on(finished_copy)
    after = weights_of_best(finished_copy)
    assert len(result.records.runs) == n_runs
    assert len(before) == len(after) == 1
    for name, array in before[0].items():
        np.testing.assert_allclose(after[0][name], array, rtol=1e-3, atol=1e-4)
    assert result.best_model().members


def test_whole_weights_are_left_alone(finished: SearchResult, finished_copy: str) -> None:
    go_on(finished_copy)
    kept = [one.artifact_id for one in finished.records.kept_artifacts("weights")]
    again = load_study(STUDY, finished_copy).records.kept_artifacts("weights")
    assert set(kept) <= {one.artifact_id for one in again}
