"""The references of a search: what its best network has to beat, fitted on the same rows.

Guessing, a linear model and boosted trees, on each fold's train rows, one after the other, the
cheap ones first. They are a function of the data set and of an effort alone: whoever fits them,
where and beside what, gets the same.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import TypeAlias

from automl.data.dataset import Dataset
from automl.data.guessing import Predictions, trivial_predictions
from automl.data.tree_growth import FULL_EFFORT
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


def fit_in_steps(
    dataset: Dataset, names: Collection[ReferenceName], effort: int = FULL_EFFORT
) -> Iterator[FittedReferences]:
    """Fit references, and say after each of them what there is by then.

    Whoever does not fit them does not wait for scikit-learn to be loaded.

    Args:
        names: of those that are wanted beside guessing.
        effort: of boosted trees, in cells.
    """
    from automl.data.baselines import linear_predictions
    from automl.data.boosted_trees import tree_predictions

    folds = range(len(dataset.folds))
    fitted = guessing_alone(dataset)
    yield fitted
    if "linear_model" in names:
        linear = [linear_predictions(dataset, fold) for fold in folds]
        fitted = {**fitted, "linear_model": linear}
        yield fitted
    if "boosted_trees" in names:
        trees = [tree_predictions(dataset, fold, effort) for fold in folds]
        yield {**fitted, "boosted_trees": trees}


def fit_references(dataset: Dataset) -> FittedReferences:
    """Fit all that are possible."""
    *_, fitted = fit_in_steps(dataset, possible_references(dataset))
    return fitted


def guessing_alone(dataset: Dataset) -> FittedReferences:
    """The reference that costs nothing."""
    folds = range(len(dataset.folds))
    return {"guessing": [trivial_predictions(dataset, fold) for fold in folds]}
