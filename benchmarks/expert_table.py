"""A table as an expert prepares it: scaled and one-hot coded once, by scikit-learn, in memory.

Nothing of this project. Every scaling is learned from the train rows; categories without 1 % of
the rows, and those beyond the fiftieth, share a column.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    MinMaxScaler,
    OneHotEncoder,
    QuantileTransformer,
    RobustScaler,
    StandardScaler,
)
from torch import Tensor

from benchmarks.expert_loop import Arrays


def read_arrays(folder: Path, target: str, task: str) -> Arrays:
    """The rows of `train.csv` and `valid.csv`.

    Args:
        task: "binary", "multiclass" or "regression", whose values are standardized.
    """
    rows = [pd.read_csv(folder / f"{split}.csv", na_values=["?"]) for split in ("train", "valid")]
    return arrays_of(*rows, target=target, task=task)


def arrays_of(
    train: pd.DataFrame,
    valid: pd.DataFrame,
    test: pd.DataFrame | None = None,
    *,
    target: str,
    task: str,
) -> Arrays:
    """Rows to train and to validate on, and rows to predict, which have no target.

    Args:
        task: as of `read_arrays`.
    """
    targets = [frame[target] for frame in (train, valid)]
    rows = [frame.drop(columns=target) for frame in (train, valid)]
    x = _scaled(rows if test is None else [*rows, test])
    y, n_classes = _values(targets) if task == "regression" else _classes(targets)
    return Arrays(
        {scaling: splits[0] for scaling, splits in x.items()},
        {scaling: splits[1] for scaling, splits in x.items()},
        y[0],
        y[1],
        n_classes,
        {} if test is None else {scaling: splits[2] for scaling, splits in x.items()},
    )


def _scaled(rows: Sequence[pd.DataFrame]) -> Mapping[str, list[Tensor]]:
    """The rows of each split in each scaling, which is learned from the first."""
    numbers = list(rows[0].select_dtypes("number").columns)
    words = [name for name in rows[0].columns if name not in numbers]
    scalers = {
        "standard": StandardScaler(),
        "min_max": MinMaxScaler(),
        "robust": RobustScaler(),
        "quantile": QuantileTransformer(
            n_quantiles=min(1000, len(rows[0])), output_distribution="normal"
        ),
    }
    scaled: dict[str, list[Tensor]] = {}
    for name, scaler in scalers.items():
        coded = OneHotEncoder(
            min_frequency=0.01,
            max_categories=50,
            handle_unknown="infrequent_if_exist",
            sparse_output=False,
        )
        both = ColumnTransformer(
            [
                ("numbers", make_pipeline(SimpleImputer(strategy="median"), scaler), numbers),
                ("words", coded, words),
            ]
        ).fit(rows[0])
        scaled[name] = [torch.tensor(both.transform(frame)).float() for frame in rows]
    return scaled


def _classes(targets: Sequence[pd.Series[Any]]) -> tuple[list[Tensor], int]:
    names = np.unique(targets[0].astype(str))
    codes = [np.searchsorted(names, target.astype(str)) for target in targets]
    return [torch.tensor(one) for one in codes], len(names)


def _values(targets: Sequence[pd.Series[Any]]) -> tuple[list[Tensor], int]:
    mean, width = targets[0].mean(), targets[0].std(ddof=0)
    scaled = [(target.to_numpy(dtype=float) - mean) / width for target in targets]
    return [torch.tensor(one).float()[:, None] for one in scaled], 0
