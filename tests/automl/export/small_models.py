"""Small models on tables of every kind of column, their networks drawn and not trained."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import pandas as pd

from automl.data import LoadedData, SplitOptions, load_dataset
from automl.data.targets import class_values
from automl.models.mlp.config import MLPConfig
from automl.models.mlp.initialization import initialize_
from automl.models.mlp.network import mlp_for
from automl.training.config import RunConfig, TrainingConfig
from automl.training.predictions import TargetScale
from automl.training.readout import Readout
from automl.training.trained_model import TrainedModel, TrainedNetwork, WeightedNetwork

TARGETS: dict[str, Any] = {
    "regression": lambda generator, n: generator.lognormal(3.0, 1.0, n),
    "binary": lambda generator, n: generator.choice(["no", "yes"], n),
    "multiclass": lambda generator, n: generator.integers(0, 3, n),
}


def every_kind(task: str = "regression", n_rows: int = 160) -> pd.DataFrame:
    """Texts, as in a CSV file: numbers, money, times, dates, truth values, codes, categories."""
    generator = np.random.default_rng(0)
    days = pd.Timestamp("2021-01-05 07:00") + pd.to_timedelta(
        generator.integers(0, 20_000, n_rows), unit="h"
    )
    table = pd.DataFrame(
        {
            "size": generator.normal(size=n_rows).round(4).astype(str),
            "price": [f"${value:,.2f}" for value in generator.lognormal(7, 1, n_rows)],
            "share": [f"{value:.1f} %" for value in generator.uniform(0, 100, n_rows)],
            "took": [f"{n // 60}:{n % 60:02}:30" for n in generator.integers(1, 600, n_rows)],
            "sold": days.strftime("%d.%m.%Y %H:%M"),
            "seen": days[::-1].strftime("%Y-%m-%d"),
            "is_new": generator.choice(["yes", "no"], n_rows),
            "flag": generator.choice(["0", "1"], n_rows, p=[0.7, 0.3]),
            "colour": generator.choice(["red", "green", "blue", "NA"], n_rows),
            "zip": generator.choice(["02116", "10001", "94110"], n_rows),
            "town": [f"town {n}" for n in generator.integers(0, 40, n_rows)],
            "constant": "1",
        }
    )
    for name in ("size", "price", "sold", "is_new", "flag", "colour"):
        table.loc[generator.random(n_rows) < 0.1, name] = ""
    return table.assign(target=TARGETS[task](generator, n_rows).astype(str))


@functools.cache
def data_of(task: str = "regression", folds: int = 1) -> LoadedData:
    """A small table as a search loads it."""
    return load_dataset(every_kind(task), target="target", splits=SplitOptions(folds=folds))


def network(
    data: LoadedData, fold: int = 0, readout: Readout | None = None, **values: Any
) -> TrainedNetwork:
    """A drawn network with batch statistics that are not those of the beginning."""
    config = MLPConfig(**{"hidden_size": 8, **values})
    run = RunConfig(1 + fold, 0, "mlp", config, TrainingConfig(max_epochs=2), seed=3, fold=fold)
    module = mlp_for(config, data.dataset.describe(fold))
    initialize_(module, fold)
    generator = np.random.default_rng(fold)
    for name, values_of in module.state_dict().items():
        if "running_var" in name:
            drawn = generator.uniform(0.5, 2.0, tuple(values_of.shape))
            values_of.copy_(values_of.new_tensor(drawn))
        elif values_of.is_floating_point() and "input_" not in name:
            noise = generator.normal(size=tuple(values_of.shape)) * 0.2
            values_of.add_(values_of.new_tensor(noise))
    rows = data.dataset.folds[fold]
    return TrainedNetwork(
        run=run,
        weights=module.state_dict(),
        encoder=data.encoders[fold],
        n_train_rows=len(rows.train),
        target=TargetScale(rows.target_mean, rows.target_scale, readout or Readout()),
    )


def model_of(
    data: LoadedData, *networks: TrainedNetwork, threshold: float | None = None
) -> TrainedModel:
    """Networks that predict together, the first with twice the share of each other."""
    classes = class_values(data.goal.class_names, data.goal.reading.class_type)
    shares = np.array([2.0, *[1.0] * (len(networks) - 1)])
    members = tuple(
        WeightedNetwork(one, float(share))
        for one, share in zip(networks, shares / shares.sum(), strict=True)
    )
    goal = data.goal
    return TrainedModel(goal.name, goal.task, goal.loss, classes, members, threshold)
