"""What is predicted to choose an answer by, of a real search's kept networks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import automl
from automl.options.loading import load_again
from automl.training.metrics import value_losses
from automl.tuning import answer_library, cross_fitting
from automl.tuning.answer_library import Reading, _n_operations
from automl.tuning.candidates import Candidate, find_candidates
from automl.tuning.network_problem import NetworkProblem
from storage import open_store


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder: Path = tmp_path_factory.mktemp("library")
    storage = f"sqlite:///{folder}/automl.db"
    small = {"folds": 2, "max_epochs": 3, "workers": 1, "slots": 4, "references": False}
    automl.search("sklearn:wine", n_trials=5, storage=storage, study="wine", **small)
    return storage


@pytest.fixture
def reading(url: str) -> Iterator[Reading]:
    with open_store(url) as store:
        records = store.read_study("wine")
        problem = NetworkProblem(records.settings, load_again(records.settings).dataset)
        with problem.predicting() as predict:
            yield Reading(store, problem.dataset, records, predict)


def candidates(reading: Reading) -> list[Candidate]:
    return list(find_candidates(reading.records, 32))


def test_losses_are_those_of_the_trials_by_rows_they_were_not_trained_on(reading: Reading) -> None:
    library, is_cut = reading.library(candidates(reading), 60.0)
    best = reading.records.best_trial
    assert len(library) > 1 and not is_cut and best is not None
    sizes = [len(fold.valid) for fold in reading.dataset.folds]
    for candidate, values in library.items():
        assert values.shape == (sum(sizes),)
        losses = value_losses(values, reading.dataset.loss)
        of_folds = [part.mean() for part in np.split(losses, sizes[:-1])]
        if candidate.trial.number == best.number:
            assert np.mean(of_folds) == pytest.approx(best.value, rel=1e-3)


def test_the_best_trial_is_there_whatever_the_time_and_the_room(
    reading: Reading, monkeypatch: pytest.MonkeyPatch
) -> None:
    best = reading.records.best_trial
    assert best is not None
    library, is_cut = reading.library(candidates(reading), 0.0)
    assert is_cut and [one.trial.number for one in library] == [best.number]
    monkeypatch.setattr(answer_library, "MOST_OPERATIONS", 1.0)
    library, is_cut = reading.library(candidates(reading), 60.0)
    assert not is_cut and [one.trial.number for one in library] == [best.number]


def test_of_many_rows_some_are_chosen_by_and_always_the_same(
    reading: Reading, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cross_fitting, "MOST_ROWS", 20)
    assert len(reading.rows) == len(set(reading.rows)) == 20
    library, _ = reading.library(candidates(reading), 60.0)
    assert all(values.shape == (20,) for values in library.values())
    again = Reading(reading.store, reading.dataset, reading.records, reading.predict)
    assert np.array_equal(again.rows, reading.rows)


def test_of_many_classes_a_metric_is_chosen_by_fewer_rows(
    reading: Reading, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All classes' probabilities are kept; of a loss one number of each row."""
    monkeypatch.setattr(cross_fitting, "MOST_KEPT", 60)
    settings = replace(reading.records.settings, metric="f1")
    by_metric = replace(reading, records=replace(reading.records, settings=settings))
    library, _ = by_metric.library(candidates(by_metric), 60.0)
    assert {values.shape for values in library.values()} == {(20, 3)}
    assert len(set(by_metric.rows)) == 20 and len(by_metric.judged("f1").targets) == 20
    assert np.array_equal(replace(by_metric).rows, by_metric.rows)
    assert len(reading.rows) == 60


def test_members_count_as_so_many_networks(reading: Reading) -> None:
    (one, *_) = reading.records.kept_artifacts("weights")
    run = one.details["run"]
    members = replace(
        one, details={**one.details, "run": {**run, "model": {**run["model"], "n_members": 4}}}
    )
    assert _n_operations(one, 10) == one.n_bytes / 4 * 10
    assert _n_operations(members, 10) == 4 * _n_operations(one, 10)


def test_what_has_no_further_seeds_is_not_repeated(reading: Reading) -> None:
    library, _ = reading.library(candidates(reading), 60.0)
    assert reading.repeated(library, []) is None
