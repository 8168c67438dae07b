"""From a file, table or arrays to what trainers train on.

`load_dataset` is the front door. Names are imported on first use, so that a worker process
which only needs `Dataset` loads neither pandas nor scikit-learn.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from automl.data.baselines import linear_predictions
    from automl.data.dataset import Dataset, Fold, Split
    from automl.data.encoders import Encoder
    from automl.data.guessing import Predictions, trivial_predictions
    from automl.data.kinds import load_dataset
    from automl.data.loaded import LoadedData
    from automl.data.table.inputs import InputScaling
    from automl.data.table.preprocessing import Preprocessor
    from automl.options.data_options import ColumnOptions, SplitOptions

_HOMES = {
    "InputScaling": "table.inputs",
    "ColumnOptions": "choices",
    "Dataset": "dataset",
    "Encoder": "encoders",
    "Fold": "dataset",
    "LoadedData": "loaded",
    "Predictions": "guessing",
    "Preprocessor": "table.preprocessing",
    "Split": "dataset",
    "SplitOptions": "choices",
    "linear_predictions": "baselines",
    "load_dataset": "kinds",
    "trivial_predictions": "guessing",
}

__all__ = [
    "ColumnOptions",
    "Dataset",
    "Encoder",
    "Fold",
    "InputScaling",
    "LoadedData",
    "Predictions",
    "Preprocessor",
    "Split",
    "SplitOptions",
    "linear_predictions",
    "load_dataset",
    "trivial_predictions",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
