"""Small networks on points in the plane: the numbers of the teaching page.

Noise in the labels, depth, regularization and activation are varied together, every choice
with every other; the rest one hyperparameter at a time. All runs of one noise train as one
stacked run, from the same seed, so that nothing but what was chosen differs. What is drawn is
the network after its last epoch: the one of the best epoch would hide overfitting.
`automl/playground/page.py` makes a page of what is returned.
"""

from __future__ import annotations

import itertools
import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from automl.data.dataset import Dataset
from automl.data.table.inputs import table_inputs
from automl.errors import ConfigError, TrainingError
from automl.executors.choosing import executor_of
from automl.executors.workers.worker import TrainingSetup
from automl.playground.toy_data import GRID, toy_dataset
from automl.training.config import RunConfig, configure
from automl.training.predictions import predict
from automl.tuning.planned_runs import EndedRun, PlannedRun
from automl.tuning.planned_training import train_runs
from automl.wording.counts import count
from automl.wording.numbers import percent
from storage.records import ParameterValue, best_epoch

LOG = logging.getLogger("automl")

N_EPOCHS: Final = 200
"""Enough for the base network to learn the spirals, the hardest of the problems."""

N_ROWS: Final = 150
"""Train rows: few enough that a network of 32 units a layer can learn wrong labels by heart."""

Setting = Mapping[str, ParameterValue]

BASE: Final[Setting] = {
    "noise": 0.0,
    "n_layers": 2,
    "regularization": "none",
    "activation": "relu",
    "learning_rate": 0.01,
    "batch_size": 32,
    "optimizer": "adam",
    "hidden_size": 32,
    "initialization": "he",
}
"""A network that solves every problem here, so that each choice shows what spoils it."""

REGULARIZATIONS: Final[Mapping[str, Setting]] = {
    "none": {},
    "weight_decay 0.01": {"weight_decay": 0.01},
    "dropout 0.2": {"dropout": 0.2},
}
"""Strong enough to keep a network of four layers from 30 % wrong labels, on most problems."""

TOGETHER: Final[Mapping[str, tuple[ParameterValue, ...]]] = {
    "noise": (0.0, 0.15, 0.3),
    "n_layers": (1, 2, 4),
    "regularization": tuple(REGULARIZATIONS),
    "activation": ("sigmoid", "tanh", "relu", "maxout"),
}
"""What depends on each other most: what noise spoils, depth worsens and regularization mends."""

ALONE: Final[Mapping[str, tuple[ParameterValue, ...]]] = {
    "learning_rate": (0.0001, 0.001, 0.01, 0.1, 1.0),
    "initialization": ("zeros", "normal", "xavier", "he", "orthogonal"),
    "weight_decay": (0.0, 0.0001, 0.001, 0.01, 0.1),
    "batch_size": (16, 32, 64, 128, "full"),
    "optimizer": ("sgd", "momentum", "adagrad", "rmsprop", "adam"),
}
"""From too little to too much, with the base value among them."""

NAMES: Final = (*TOGETHER, *ALONE)


@dataclass(frozen=True, slots=True, eq=False)
class PlayedRun:
    """One network: its curves and its decision surface after the last epoch.

    Shape:
        train_loss, valid_loss: (T,), shorter than the others' where it diverged;
        surface: (GRID, GRID) probability of the second class, rows from below; of the best
        epoch where it diverged.
    """

    setting: Setting
    train_loss: NDArray[np.float64]
    valid_loss: NDArray[np.float64]
    train_error: float  # share of train rows wrong after the last epoch
    valid_error: float
    surface: NDArray[np.float64]

    @property
    def is_diverged(self) -> bool:
        """Whether its loss became infinite, which ended it."""
        return not bool(np.isfinite(self.valid_loss[-1]))

    @property
    def best_epoch(self) -> int:
        """The last epoch of the lowest validation loss, from 1; 1 if there is none."""
        finite = np.isfinite(self.valid_loss)
        lowest = np.min(self.valid_loss, where=finite, initial=np.inf)
        return int(np.flatnonzero(self.valid_loss == lowest)[-1]) + 1 if finite.any() else 1

    @property
    def best_loss(self) -> float:
        """The lowest validation loss; infinite where there is none."""
        loss = float(self.valid_loss[self.best_epoch - 1])
        return loss if np.isfinite(loss) else float("inf")


@dataclass(frozen=True, slots=True, eq=False)
class PlayedGrid:
    """All combinations of the values of one or more hyperparameters, the last one fastest."""

    choices: Mapping[str, tuple[ParameterValue, ...]]
    runs: tuple[PlayedRun, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Playground:
    """A toy problem and what the grids made of it.

    Shape:
        points: (N, 2); targets: (N,) 0 or 1, by noise; x, y: (GRID,) coordinates of the
        surfaces.
    """

    data: str
    base: Setting
    n_epochs: int
    points: NDArray[np.float64]
    targets: Mapping[float, NDArray[np.int64]]
    x: NDArray[np.float64]
    y: NDArray[np.float64]
    grids: tuple[PlayedGrid, ...]


def play(
    data: str = "spirals",
    vary: Sequence[str] = NAMES,
    *,
    n_epochs: int = N_EPOCHS,
    seed: int = 0,
) -> Playground:
    """Train every combination of the grids on a toy problem, those of one noise at once.

    Args:
        data: spirals, moons, circles, and, or, nand or xor.
        vary: hyperparameters of `NAMES`; those of `TOGETHER` share one grid, others have their
            own.

    Raises:
        ConfigError: a name is unknown.
    """
    unknown = [name for name in vary if name not in NAMES]
    if unknown:
        raise ConfigError(f"vary must be among {', '.join(NAMES)}, but got {unknown[0]!r}.")
    choices = grids_of(vary)
    settings = {_key(setting): setting for grid in choices for setting in combinations(grid)}
    datasets = {
        noise: toy_dataset(data, seed=seed, n_rows=N_ROWS, noise=noise)
        for noise in dict.fromkeys(_noise(setting) for setting in settings.values())
    }
    played: dict[Key, PlayedRun] = {}
    for noise, dataset in datasets.items():
        alike = [setting for setting in settings.values() if _noise(setting) == noise]
        kind = f"{percent(noise)} of wrong labels" if noise else "no wrong labels"
        LOG.info("training %s on %s with %s", count(len(alike), "network"), data, kind)
        played |= _train(dataset, alike, n_epochs, seed)
    first = next(iter(datasets.values())).folds[0]  # the points are the same in all
    plane = (
        table_inputs(first.test.inputs).numeric.reshape(GRID, GRID, 2).numpy().astype(np.float64)
    )
    return Playground(
        data=data,
        base=BASE,
        n_epochs=n_epochs,
        points=table_inputs(first.train.inputs).numeric.numpy().astype(np.float64),
        targets={
            noise: dataset.folds[0].train.targets.numpy().astype(np.int64)
            for noise, dataset in datasets.items()
        },
        x=plane[0, :, 0],
        y=plane[:, 0, 1],
        grids=tuple(
            PlayedGrid(grid, tuple(played[_key(setting)] for setting in combinations(grid)))
            for grid in choices
        ),
    )


def grids_of(vary: Iterable[str]) -> list[Mapping[str, tuple[ParameterValue, ...]]]:
    """The values of each grid: one of all that are varied together, then one for each other."""
    names = tuple(dict.fromkeys(vary))
    together = {name: values for name, values in TOGETHER.items() if name in names}
    alone = [{name: ALONE[name]} for name in names if name in ALONE]
    return [*([together] if together else []), *alone]


def combinations(choices: Mapping[str, tuple[ParameterValue, ...]]) -> list[Setting]:
    """Every combination of a grid's values, the base value for all else; the last one fastest."""
    return [
        {**BASE, **dict(zip(choices, values, strict=True))}
        for values in itertools.product(*choices.values())
    ]


Key = tuple[tuple[str, ParameterValue], ...]


def _key(setting: Setting) -> Key:
    """The base run is part of every grid, but trained once."""
    return tuple(sorted(setting.items()))


def _noise(setting: Setting) -> float:
    return float(setting["noise"] or 0)


def run_config(setting: Setting, number: int, n_epochs: int, seed: int) -> RunConfig:
    """What trains one setting; all with the same seed, so that they start and shuffle alike."""
    params = {n: v for n, v in setting.items() if n not in ("noise", "regularization")}
    params = {**REGULARIZATIONS[str(setting["regularization"])], **params}
    model, training = configure(params, family="mlp", max_epochs=n_epochs, patience=n_epochs)
    return RunConfig(number, number, "mlp", model, training, seed)


def _train(
    dataset: Dataset, settings: Sequence[Setting], n_epochs: int, seed: int
) -> dict[Key, PlayedRun]:
    """Train settings of the same noise as one stacked run."""
    runs = [run_config(setting, i, n_epochs, seed) for i, setting in enumerate(settings)]
    planned = [PlannedRun("search", "", run) for run in runs]
    # Networks without hope are looked at here too.
    setup = TrainingSetup(dataset, n_workers=1, is_preflight=False)
    with executor_of(setup) as executor:
        ended = train_runs(executor, planned, keep="last")
    return {
        _key(setting): _played(setting, run, dataset)
        for setting, run in zip(settings, ended, strict=True)
    }


def _played(setting: Setting, run: EndedRun, dataset: Dataset) -> PlayedRun:
    """What came of a setting.

    Raises:
        TrainingError: it could not be trained at all.
    """
    if not run.curve or run.weights is None:
        raise TrainingError(f"a network of the playground could not be trained: {run.message}")
    shown = run.curve[-1]
    if not run.is_evidence:  # it diverged: what is left is its best epoch
        shown = best_epoch(run.curve) or run.curve[0]
    surface: Any = predict(run.planned.config, run.weights, dataset, "test")[:, 1]
    return PlayedRun(
        setting=setting,
        train_loss=np.array([record.train_loss for record in run.curve]),
        valid_loss=np.array([record.valid_loss for record in run.curve]),
        train_error=shown.train_metric,
        valid_error=shown.valid_metric,
        surface=surface.reshape(GRID, GRID).numpy().astype(np.float64),
    )
