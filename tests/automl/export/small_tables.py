"""Tables of many kinds, each with a small model: what every format of an export must express."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from automl.data import LoadedData, SplitOptions, load_dataset
from automl.training.readout import Readout
from automl.training.target_transform import TargetCurve
from automl.training.trained_model import TrainedModel
from tests.automl.export.small_models import data_of, every_kind, model_of, network

BENT = Readout(TargetCurve((-1.0, 0.0, 0.5), (-2.0, 0.0, 3.0)), (-0.5, 0.75))


def columns(task: str, *names: str) -> LoadedData:
    """Some columns of the table of every kind, with the target."""
    table = every_kind(task)[[*names, "target"]]
    return load_dataset(table, target="target", splits=SplitOptions(folds=1))


def numbers() -> TrainedModel:
    """Numbers alone, without gaps."""
    draws = np.random.default_rng(1)
    table = pd.DataFrame(draws.normal(size=(120, 4)).round(3), columns=list("abcd"))
    table = table.assign(target=draws.normal(size=120).round(3)).astype(str)
    data = load_dataset(table, target="target", splits=SplitOptions(folds=1))
    return model_of(data, network(data, scaling="robust_clip"))


def numbers_with_gaps() -> TrainedModel:
    data = columns("regression", "size", "price")
    one = network(data, readout=BENT, scaling="quantile", numeric_encoding="piecewise_linear")
    return model_of(data, one)


def written_numbers() -> TrainedModel:
    """Money, percentages and times."""
    data = columns("multiclass", "price", "share", "took")
    return model_of(data, network(data, numeric_encoding="periodic"))


def dates() -> TrainedModel:
    data = columns("binary", "sold", "seen")
    return model_of(data, network(data), threshold=0.45)


def truth_values() -> TrainedModel:
    """In words and as 0 and 1, with gaps."""
    data = columns("multiclass", "is_new", "flag", "size")
    return model_of(data, network(data))


def categories() -> TrainedModel:
    """As columns of 0 and 1, without any number."""
    data = columns("binary", "colour", "zip")
    return model_of(data, network(data))


def embedded_categories() -> TrainedModel:
    data = columns("regression", "town", "size")
    return model_of(data, network(data, input_scaling="learned"))


def classes_of_numbers() -> TrainedModel:
    """Whose values are numbers."""
    data = columns("binary", "size", "colour")
    return replace(model_of(data, network(data)), classes_=np.asarray([-1.5, 2.5]))


def folds() -> TrainedModel:
    """An ensemble of networks on two folds, one of which has members."""
    data = data_of("multiclass", folds=2)
    members = network(data, 0, n_members=3, normalization="layer_norm", residual="every_layer")
    other = network(data, 1, normalization="batch_norm", n_layers=1, scaling="quantile")
    return model_of(data, members, other, network(data, 0, n_layers=0))


def members() -> TrainedModel:
    """TabM-mini beside a table of every kind."""
    data = data_of("binary")
    return model_of(data, network(data, n_members=4, numeric_encoding="piecewise_linear"))


MODELS: dict[str, Callable[[], TrainedModel]] = {
    one.__name__: one
    for one in (
        *(numbers, numbers_with_gaps, written_numbers, dates, truth_values),
        *(categories, embedded_categories, classes_of_numbers, folds, members),
    )
}


def odd_rows(model: TrainedModel, n_rows: int = 40) -> Any:
    """Rows of a model's own columns, some cells empty, some categories never seen."""
    names: Any = model.feature_names_in_.tolist()
    rows = every_kind(n_rows=n_rows)
    if not set(names) <= set(rows.columns):  # numbers alone
        draws = np.random.default_rng(2)
        rows = pd.DataFrame(draws.normal(size=(n_rows, len(names))), columns=names).astype(str)
    rows = rows[names].copy()
    for place, name in enumerate(names):
        rows.loc[place % n_rows, name] = ""
        if name in ("colour", "zip", "town"):
            rows.loc[n_rows - 1 - place % 5, name] = "never seen"
    return rows
