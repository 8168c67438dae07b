"""Models that predict without a search: networks at their first weights, for any table."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from automl.data import SplitOptions, load_dataset
from automl.data.choices import ColumnOptions
from automl.data.targets import class_values
from automl.models.mlp.config import MLPConfig
from automl.models.mlp.initialization import initialize_
from automl.models.mlp.network import mlp_for
from automl.training.config import RunConfig, TrainingConfig
from automl.training.predictions import TargetScale
from automl.training.trained_model import TrainedModel, TrainedNetwork, WeightedNetwork


def people(n_rows: int = 90) -> pd.DataFrame:
    """Columns of every kind, and targets of classes and of quantities."""
    generator = np.random.default_rng(0)
    income = generator.normal(30.0, 8.0, n_rows).round(2)
    return pd.DataFrame(
        {
            "age": generator.integers(18, 80, n_rows),
            "city": generator.choice(["Busan", "Köln", "서울"], n_rows),
            "member": generator.choice(["yes", "no"], n_rows),
            "since": pd.date_range("2021-03-01", periods=n_rows, freq="9D").strftime("%Y-%m-%d"),
            "income": income,
            "kind": np.where(income > 30, "rich", "poor"),
        }
    )


def untrained(
    table: pd.DataFrame,
    target: str,
    n_networks: int = 1,
    columns: ColumnOptions | None = None,
    **config: Any,
) -> TrainedModel:
    """A model of networks at their first weights."""
    splits = SplitOptions(folds=max(1, n_networks))
    data = load_dataset(table, target=target, columns=columns, splits=splits)
    networks = []
    for fold in range(n_networks):
        run = RunConfig(1, 0, "mlp", MLPConfig(**config), TrainingConfig(), seed=3, fold=fold)
        module = mlp_for(run.model, data.dataset.describe(fold))
        initialize_(module, fold)
        rows = data.dataset.folds[fold]
        networks.append(
            TrainedNetwork(
                run=run,
                weights=module.state_dict(),
                encoder=data.encoders[fold],
                n_train_rows=len(rows.train),
                target=TargetScale(rows.target_mean, rows.target_scale),
            )
        )
    classes = class_values(data.goal.class_names, data.goal.reading.class_type)
    members = tuple(WeightedNetwork(one, 1 / n_networks) for one in networks)
    return TrainedModel(data.goal.name, data.goal.task, data.goal.loss, classes, members)
