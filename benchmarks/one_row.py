"""What it takes to predict one row: `python -m benchmarks.one_row [--calls 200]`.

The rows are single ones, none of them twice, of two tables: digits, whose 64 columns are numbers,
and people made up, whose 15 columns are of every kind. They come as dicts, as frames of one row,
and as arrays. The network is one at its first weights, since what it has learned takes no time.
Beside the call are its parts, of dicts: reading the cells, encoding them, and the network itself;
and the first call, which builds the network and knows no cell yet. Times are of the processor,
in one thread: the median, and the least in brackets. They scale with the machine, which is said
by what the interpreter takes for a sum of a million numbers.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import torch

from automl.data import SplitOptions, load_dataset
from automl.data.targets import class_values
from automl.models.mlp.config import MLPConfig
from automl.models.mlp.initialization import initialize_
from automl.models.mlp.network import mlp_for
from automl.training.config import RunConfig, TrainingConfig
from automl.training.predictions import TargetScale
from automl.training.trained_model import TrainedModel, TrainedNetwork, WeightedNetwork


def digits() -> tuple[pd.DataFrame, str]:
    """8 x 8 pixels, and the digit."""
    from sklearn.datasets import load_digits

    return load_digits(as_frame=True).frame, "target"


def people(n_rows: int = 2000) -> tuple[pd.DataFrame, str]:
    """Columns as of a census: six of numbers, eight of categories and a date."""
    generator = np.random.default_rng(0)
    numbers = {
        "age": 80,
        "weight": 200_000,
        "years": 17,
        "gain": 99_999,
        "loss": 4000,
        "hours": 99,
    }
    kinds = {
        "workclass": 8,
        "education": 16,
        "marital": 7,
        "occupation": 14,
        "relation": 6,
        "race": 5,
        "sex": 2,
        "country": 41,
    }
    columns: dict[str, Any] = {
        name: generator.integers(0, most, n_rows) for name, most in numbers.items()
    }
    for name, n_kinds in kinds.items():
        columns[name] = [f"{name} {n}" for n in generator.integers(0, n_kinds, n_rows)]
    columns["since"] = pd.date_range("2020-01-01", periods=n_rows).strftime("%Y-%m-%d")
    columns["income"] = generator.choice(["high", "low"], n_rows)
    return pd.DataFrame(columns), "income"


def model_of(table: pd.DataFrame, target: str) -> TrainedModel:
    """A network at its first weights: two layers of 64 units."""
    data = load_dataset(table, target=target, splits=SplitOptions(folds=1))
    run = RunConfig(1, 0, "mlp", MLPConfig(n_layers=2, hidden_size=64), TrainingConfig(), seed=0)
    module = mlp_for(run.model, data.dataset.describe(0))
    initialize_(module, 0)
    rows = data.dataset.folds[0]
    scale = TargetScale(rows.target_mean, rows.target_scale)
    network = TrainedNetwork(run, module.state_dict(), data.encoders[0], len(rows.train), scale)
    classes = class_values(data.goal.class_names, data.goal.reading.class_type)
    members = (WeightedNetwork(network, 1.0),)
    return TrainedModel(target, data.goal.task, data.goal.loss, classes, members)


def measured(calls: Sequence[Callable[[], object]]) -> tuple[float, float]:
    """The median and the least of the processor's milliseconds."""
    times = []
    for call in calls:
        began = time.process_time()
        call()
        times.append(1e3 * (time.process_time() - began))
    return statistics.median(times), min(times)


def print_parts(name: str, table: pd.DataFrame, target: str, n_calls: int) -> None:
    """What the call takes for rows in each form, and each of its parts; each row is a new one."""
    model = model_of(table, target)
    encoder, predictor = model.members[0].network.encoder, model._predictors[0]
    features = table.drop(columns=target)
    forms = [features.iloc[place * n_calls : (place + 1) * n_calls] for place in range(4)]
    dicts, further = forms[0].to_dict("records"), forms[3].to_dict("records")
    frames = [forms[1].iloc[place : place + 1] for place in range(n_calls)]
    arrays = [forms[2].iloc[place : place + 1].to_numpy() for place in range(n_calls)]
    first, _ = measured([partial(model.predict, dicts[0])])
    whole = {
        form: measured([partial(model.predict, row) for row in rows])
        for form, rows in (("a dict", dicts), ("a frame", frames), ("an array", arrays))
    }
    reading = measured([partial(encoder.read, row) for row in further])
    read = [encoder.read(row).rows for row in further]
    encoding = measured([partial(encoder.inputs, rows) for rows in read])
    computing = measured([partial(predictor.predict, encoder.inputs(rows)) for rows in read])
    parts = {"reading": reading, "encoding": encoding, "network": computing}
    print(f"{name}: {features.shape[1]} columns, {encoder.encoding.n_features} inputs")
    print(f"  first call {first:8.2f} ms")
    for part, (median, least) in {**whole, **parts}.items():
        print(f"  {part:10s} {median:8.2f} ms ({least:.2f})")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--calls", type=int, default=200)
    n_calls = parser.parse_args().calls
    torch.set_num_threads(1)
    median, least = measured([lambda: sum(range(10**6))] * 20)
    print(f"a sum of a million numbers in Python takes {median:.1f} ms ({least:.1f})")
    print_parts("digits", *digits(), n_calls)
    print_parts("people", *people(), n_calls)


if __name__ == "__main__":
    main()
