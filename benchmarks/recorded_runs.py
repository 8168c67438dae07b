"""Configurations trained to their ends on real tables, and kept in a file: what others learn from.

Two processes take one table after the other, read it as a search would, and train all that is
asked for by the stacked trainer, each with patience. A run is kept with its best validation loss
and its processor time; what a file has is not trained again.
"""

from __future__ import annotations

import json
import math
import multiprocessing
import os
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import get_args

from automl.data.dataset import Dataset
from automl.executors.numerics import training_arithmetic
from automl.options.data_options import DataOptions
from automl.options.loading import load_data
from automl.options.search_options import SearchOptions
from automl.stacked.trainer import StackedTrainer
from automl.training.config import RunConfig, configure
from automl.training.trainer import RunError
from automl.tuning.seeds import derive_seed
from benchmarks.quality_tables import make_table
from search_spaces.hyperparameters import hyperparameter
from storage.records import ParameterValue, Task

Params = Mapping[str, ParameterValue]

EPOCH_STEPS = 256
"""The most updates of an epoch, as a search has them by default."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """One configuration on one table.

    Attributes:
        loss: the lowest validation loss; infinite if it never had a finite one.
        seconds: of a processor.
    """

    table: str
    task: str
    seed: int
    params: Params
    loss: float
    n_epochs: int
    seconds: float
    max_epochs: int = 50  # files of earlier versions do not say it

    @property
    def key(self) -> tuple[str, int, str, int]:
        """What was trained."""
        return self.table, self.seed, written(self.params), self.max_epochs


def written(params: Params) -> str:
    """Params as one text, whatever their order."""
    return json.dumps(dict(sorted(params.items())))


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be trained on one table."""

    folder: Path
    table: str  # NAME or NAME:TARGET
    seed: int
    params: Sequence[Params]
    max_epochs: int


def record(asked: Iterable[Asked], file: Path) -> list[Recorded]:
    """Train what the file has not yet, and return all that was asked for."""
    wanted = list(asked)
    known = {one.key: one for one in read_recorded(file)}
    missing = [one for one in (_missing(each, known) for each in wanted) if one.params]
    spawned = multiprocessing.get_context("spawn")
    with spawned.Pool(len(os.sched_getaffinity(0))) as pool, file.open("a") as out:
        for found in pool.imap_unordered(train, missing):
            for one in found:
                known[one.key] = one
                out.write(json.dumps(asdict(one)) + "\n")
            out.flush()
    return [
        known[_name(each.table), each.seed, written(params), each.max_epochs]
        for each in wanted
        for params in each.params
    ]


def read_recorded(file: Path) -> Iterator[Recorded]:
    """The runs that a file has."""
    if file.exists():
        yield from (Recorded(**json.loads(line)) for line in file.read_text().splitlines())


def train(asked: Asked) -> list[Recorded]:
    """Train all that is asked for on a table, in this process."""
    dataset = _dataset(asked)
    with training_arithmetic():
        return [_train_one(params, dataset, asked) for params in asked.params]


def _train_one(params: Params, dataset: Dataset, asked: Asked) -> Recorded:
    model, training = configure(
        {name: value for name, value in params.items() if dataset.task in _tasks_of(name)},
        family="mlp",
        max_epochs=asked.max_epochs,
        patience=SearchOptions().patience,
        epoch_steps=EPOCH_STEPS,
    )
    run = RunConfig(0, 0, "mlp", model, training, seed=derive_seed(asked.seed, "recorded"))
    trainer, began = StackedTrainer(dataset), time.process_time()
    best, best_epoch, epoch = math.inf, 0, 0
    try:
        trainer.add([run])
        while epoch < asked.max_epochs and epoch - best_epoch < run.training.patience:
            (told,) = trainer.train_round()
            epoch = told.epoch
            if not told.is_finite:
                break
            if told.valid_loss < best:
                best, best_epoch = told.valid_loss, epoch
    except RunError:
        best = math.inf
    seconds = time.process_time() - began
    name = _name(asked.table)
    max_epochs = asked.max_epochs
    return Recorded(name, dataset.task, asked.seed, params, best, epoch, seconds, max_epochs)


def _tasks_of(name: str) -> Sequence[Task]:
    return hyperparameter(name).tasks or get_args(Task)


def _dataset(asked: Asked) -> Dataset:
    """The train rows of `benchmarks.quality`, divided once: its test rows stay unseen."""
    with tempfile.TemporaryDirectory() as place:
        table = make_table(asked.folder, asked.table, asked.seed, Path(place))
        options = DataOptions(target=table.target, task=table.task, folds=1)
        return load_data(str(table.train), options).dataset


def _missing(asked: Asked, known: Mapping[tuple[str, int, str, int], Recorded]) -> Asked:
    name = _name(asked.table)
    left = [
        one
        for one in asked.params
        if (name, asked.seed, written(one), asked.max_epochs) not in known
    ]
    return Asked(asked.folder, asked.table, asked.seed, left, asked.max_epochs)


def _name(table: str) -> str:
    return table.partition(":")[0]
