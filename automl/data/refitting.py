"""A data set whose validation rows are train rows too: for networks that are not chosen any more.

Nothing is left to choose by then, so what an epoch is measured on was trained on. Rows are encoded
as they were, by what was learned of the fold's own train rows: so the encoder that is kept with a
study reads later rows for a refitted network as well.
"""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from automl.data.dataset import Dataset, Fold, Split
from automl.data.folds import class_weights
from automl.data.weight_scales import pooled_weights


def fold_to_refit(dataset: Dataset) -> int:
    """The fold of the most train and validation rows together, the first of equals.

    Folds divide the same rows; only of folds by time does the last one have more than others.
    """
    sizes = [len(fold.train) + len(fold.valid) for fold in dataset.folds]
    return sizes.index(max(sizes))


def with_valid_rows_to_train(dataset: Dataset) -> Dataset:
    """The same folds, with the validation rows of `fold_to_refit` behind its train rows.

    Raises:
        ConfigError: its kind of inputs cannot be joined.
    """
    number = fold_to_refit(dataset)
    folds = list(dataset.folds)
    folds[number] = _joined(folds[number], dataset.n_classes)
    return replace(dataset, folds=tuple(folds))


def _joined(fold: Fold, n_classes: int) -> Fold:
    train, valid = fold.train, fold.valid
    targets = torch.cat([train.targets, valid.targets])
    rows = _joined_weights(train, valid)
    classes = fold.class_weights
    if classes is not None:
        held = None if rows is None else rows.double().cpu().numpy()
        classes = class_weights(targets.cpu().numpy(), n_classes, held).to(classes.device)
    both = Split(train.inputs.followed_by(valid.inputs), targets, rows)
    return replace(fold, train=both, class_weights=classes)


def _joined_weights(train: Split, valid: Split) -> Tensor | None:
    """Those of both, of mean 1 over all of them."""
    joined = pooled_weights((train, valid))
    return None if joined is None else torch.from_numpy(joined).float().to(train.targets.device)
