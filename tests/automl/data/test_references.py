"""Each reference predicts each fold's rows; they come one after the other."""

from __future__ import annotations

import pytest

from automl.data.boosted_trees import tree_predictions
from automl.data.references import (
    fit_in_steps,
    fit_references,
    guessing_alone,
    possible_references,
)
from tests.contracts.tiny_datasets import TASKS, tiny_dataset

ALL = ["guessing", "linear_model", "boosted_trees"]


@pytest.mark.parametrize("loss", TASKS)
def test_references_predict_every_fold(loss: str) -> None:
    dataset = tiny_dataset(loss, n_folds=3)
    fitted = fit_references(dataset)
    assert list(fitted) == ALL
    for by_fold in fitted.values():
        assert [len(one.valid) for one in by_fold] == [len(f.valid) for f in dataset.folds]
        assert [len(one.test) for one in by_fold] == [len(f.test) for f in dataset.folds]


def test_they_come_one_after_the_other_and_those_that_are_wanted_only() -> None:
    dataset = tiny_dataset("mean_squared", n_folds=2)
    steps = list(fit_in_steps(dataset, possible_references(dataset)))
    assert [list(step) for step in steps] == [ALL[:1], ALL[:2], ALL]
    for fold, of_fold in enumerate(steps[-1]["boosted_trees"]):
        assert of_fold.test.equal(tree_predictions(dataset, fold).test)
    *_, without_trees = fit_in_steps(dataset, {"linear_model"})
    assert list(without_trees) == ALL[:2]


def test_guessing_costs_nothing() -> None:
    assert list(guessing_alone(tiny_dataset())) == ["guessing"]
