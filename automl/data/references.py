"""The references of a search: what its best network has to beat, fitted on the same rows.

Guessing, a linear model and boosted trees, on each fold's train rows. They come one after the
other, the cheap ones first, and the trees get better step by step, so that whoever iterates
decides when it is enough. They are a function of the data set alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TypeAlias

from automl.data.dataset import Dataset
from automl.data.guessing import Predictions, trivial_predictions
from storage.score_records import ReferenceName

MAX_TREE_COLUMNS = 1000
"""Of wider rows (images of 32 x 32 have 1,024 places) trees take longer than most searches, and
say little: a tree looks at one place at a time."""

FittedReferences: TypeAlias = Mapping[ReferenceName, Sequence[Predictions]]
"""What each reference predicts, fold by fold. Guessing is always among them."""


def possible_references(dataset: Dataset) -> frozenset[ReferenceName]:
    """The references that can be fitted to data of this width."""
    if dataset.folds[0].encoding.n_features > MAX_TREE_COLUMNS:
        return frozenset({"guessing", "linear_model"})
    return frozenset({"guessing", "linear_model", "boosted_trees"})


def improve_references(dataset: Dataset) -> Iterator[FittedReferences]:
    """Fit all references, and say after each step what there is by then.

    The last is all of them. The same object comes again where a step has changed nothing that
    could be shown. Whoever does not fit them does not wait for scikit-learn to be loaded.
    """
    from automl.data.baselines import linear_predictions
    from automl.data.boosted_trees import BoostedTrees

    folds = range(len(dataset.folds))
    fitted = guessing_alone(dataset)
    yield fitted
    linear = [linear_predictions(dataset, fold) for fold in folds]
    fitted = {**fitted, "linear_model": linear}
    yield fitted
    if "boosted_trees" not in possible_references(dataset):
        return
    trees = [BoostedTrees(dataset, fold) for fold in folds]
    while True:
        for of_fold in trees:
            of_fold.grow()
            yield fitted
        if all(of_fold.is_presentable for of_fold in trees):
            fitted = {**fitted, "boosted_trees": [of_fold.predictions for of_fold in trees]}
            yield fitted
        if all(of_fold.is_grown for of_fold in trees):
            return


def fit_references(dataset: Dataset) -> FittedReferences:
    """Fit all references to their ends."""
    *_, fitted = improve_references(dataset)
    return fitted


def guessing_alone(dataset: Dataset) -> FittedReferences:
    """The reference that costs nothing."""
    folds = range(len(dataset.folds))
    return {"guessing": [trivial_predictions(dataset, fold) for fold in folds]}
