"""One hyperparameter at a time on points in the plane: the numbers of the teaching page.

All runs of all grids train as one stacked run, from the same seed, so that nothing but the
one hyperparameter differs. `automl/report/playground.py` makes a page of what is returned.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from automl.data.dataset import Dataset
from automl.errors import ConfigError
from automl.training.config import RunConfig, configure
from automl.training.predictions import predict
from automl.training.stacked import StackedTrainer
from automl.tuning.toy_data import GRID, toy_dataset
from storage.records import EpochRecord, ParameterValue, best_epoch

N_EPOCHS: Final = 150
"""Enough for the base network to learn the spirals, the hardest of the problems."""

BASE: Final[Mapping[str, ParameterValue]] = {
    "learning_rate": 0.01,
    "batch_size": 32,
    "optimizer": "adam",
    "n_layers": 2,
    "hidden_size": 16,
    "activation": "relu",
    "initialization": "he",
}
"""A network that solves every problem here, so that each grid shows what spoils it."""

GRIDS: Final[Mapping[str, tuple[ParameterValue, ...]]] = {
    "learning_rate": (0.0001, 0.001, 0.01, 0.1, 1.0),
    "activation": ("sigmoid", "tanh", "relu", "gelu", "maxout"),
    "n_layers": (1, 2, 3, 4, 5),
    "initialization": ("zeros", "normal", "xavier", "he", "orthogonal"),
    "weight_decay": (0.0, 0.0001, 0.001, 0.01, 0.1),
    "batch_size": (16, 32, 64, 128, "full"),
    "optimizer": ("sgd", "momentum", "adagrad", "rmsprop", "adam"),
}
"""From too little to too much, with the base value among them."""


@dataclass(frozen=True, slots=True, eq=False)
class PlayedRun:
    """One value of the grid: its curves and its decision surface.

    Shape:
        train_loss, valid_loss: (T,), shorter than the others' where it diverged;
        surface: (GRID, GRID) probability of the second class, rows from below.
    """

    value: ParameterValue
    train_loss: NDArray[np.float64]
    valid_loss: NDArray[np.float64]
    valid_error: float  # share of validation rows wrong at the best epoch
    surface: NDArray[np.float64]

    @property
    def best_loss(self) -> float:
        """The lowest validation loss; infinite where there is none."""
        finite = self.valid_loss[np.isfinite(self.valid_loss)]
        return float(finite.min()) if len(finite) else float("inf")


@dataclass(frozen=True, slots=True, eq=False)
class PlayedGrid:
    """One hyperparameter over its grid."""

    parameter: str
    runs: tuple[PlayedRun, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Playground:
    """A toy problem and what the grids made of it.

    Shape:
        points: (N, 2); targets: (N,) 0 or 1; x, y: (GRID,) coordinates of the surfaces.
    """

    data: str
    base: Mapping[str, ParameterValue]
    n_epochs: int
    points: NDArray[np.float64]
    targets: NDArray[np.int64]
    x: NDArray[np.float64]
    y: NDArray[np.float64]
    grids: tuple[PlayedGrid, ...]


def play(
    data: str = "spirals",
    vary: Sequence[str] = tuple(GRIDS),
    *,
    n_epochs: int = N_EPOCHS,
    seed: int = 0,
) -> Playground:
    """Train every value of the grids on a toy problem, all at once.

    Args:
        data: spirals, moons, circles, and, or, nand or xor.
        vary: hyperparameters of `GRIDS`, one grid each.

    Raises:
        ConfigError: a name is unknown.
    """
    unknown = [name for name in vary if name not in GRIDS]
    if unknown:
        raise ConfigError(f"vary must be among {', '.join(GRIDS)}, but got {unknown[0]!r}.")
    dataset = toy_dataset(data, seed=seed)
    runs = _runs(vary, n_epochs, seed)
    trainer = StackedTrainer(dataset)
    curves = _train(trainer, list(runs.values()), n_epochs)
    played = {
        key: _played(key[1], run, curves[run.run_id], trainer, dataset)
        for key, run in runs.items()
    }
    fold = dataset.folds[0]
    plane = fold.test.numeric.reshape(GRID, GRID, 2).numpy().astype(np.float64)
    return Playground(
        data=data,
        base=BASE,
        n_epochs=n_epochs,
        points=fold.train.numeric.numpy().astype(np.float64),
        targets=fold.train.targets.numpy().astype(np.int64),
        x=plane[0, :, 0],
        y=plane[:, 0, 1],
        grids=tuple(
            PlayedGrid(name, tuple(played[name, value] for value in GRIDS[name])) for name in vary
        ),
    )


Key = tuple[str, ParameterValue]


def _runs(vary: Sequence[str], n_epochs: int, seed: int) -> dict[Key, RunConfig]:
    """One run per value; all with the same seed, so that they start and shuffle alike."""
    runs: dict[Key, RunConfig] = {}
    for name in vary:
        for value in GRIDS[name]:
            model, training = configure(
                {**BASE, name: value}, max_epochs=n_epochs, patience=n_epochs
            )
            number = len(runs)
            runs[name, value] = RunConfig(number, number, model, training, seed)
    return runs


def _train(
    trainer: StackedTrainer, runs: Sequence[RunConfig], n_epochs: int
) -> dict[int, list[EpochRecord]]:
    curves: dict[int, list[EpochRecord]] = {run.run_id: [] for run in runs}
    trainer.add(runs)
    for _ in range(n_epochs):
        for record in trainer.train_round():
            curves[record.run_id].append(record)
    return curves


def _played(
    value: ParameterValue,
    run: RunConfig,
    curve: Sequence[EpochRecord],
    trainer: StackedTrainer,
    dataset: Dataset,
) -> PlayedRun:
    surface: Any = predict(run, trainer.best_weights(run.run_id), dataset, "test")[:, 1]
    best = best_epoch(curve) or curve[0]
    return PlayedRun(
        value=value,
        train_loss=np.array([record.train_loss for record in curve]),
        valid_loss=np.array([record.valid_loss for record in curve]),
        valid_error=best.valid_metric,
        surface=surface.reshape(GRID, GRID).numpy().astype(np.float64),
    )
