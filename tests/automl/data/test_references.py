"""Each reference predicts each fold's rows; they come one after the other."""

from __future__ import annotations

import pytest
import torch

from automl.data.boosted_trees import BoostedTrees
from automl.data.references import fit_references, guessing_alone, improve_references
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


def test_they_come_the_cheap_ones_first_and_the_last_is_the_best() -> None:
    dataset = tiny_dataset("mean_squared", n_folds=2)
    steps = list(improve_references(dataset))
    assert [list(steps[n]) for n in (0, 1, -1)] == [ALL[:1], ALL[:2], ALL]
    trees = [BoostedTrees(dataset, fold) for fold in range(2)]
    for of_fold in trees:
        while not of_fold.is_grown:
            of_fold.grow()
    for by_step, of_fold in zip(steps[-1]["boosted_trees"], trees, strict=True):
        torch.testing.assert_close(by_step.test, of_fold.predictions.test)


def test_guessing_costs_nothing() -> None:
    assert list(guessing_alone(tiny_dataset())) == ["guessing"]
