"""Recorded and modelled learning curves as worlds in which a policy can be tried without training.

A world has a space, says the validation loss and the seconds after each epoch of any params, and
how its regret is counted: 0 is the lowest loss that 1,000 random configurations have at full
length, 1 the third quartile of these losses.

LCBench is the surrogate of `curve_surrogate.py`. TaskSet is a table of 1,000 runs: what a policy
proposes is the recorded configuration that is nearest in the unit cube and has not been taken.
"""

from __future__ import annotations

import abc
import functools
import json
import statistics
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from automl.tuning.gaussian_process.unit_cube import UnitCube
from benchmarks.curve_surrogate import N_EPOCHS, SPACE, LearningCurves
from search_spaces import FloatParameter, SearchSpace
from storage.records import ParameterValue

Floats = NDArray[np.floating]
Params = Mapping[str, ParameterValue]

LCBENCH_SPACE = SearchSpace.of(
    "lcbench",
    [
        FloatParameter("weight_decay", 1e-5, 1e-1) if name == "weight_decay" else parameter
        for name, parameter in SPACE.parameters.items()
    ],
)
"""As its 1,000 random configurations were drawn, by which regret is counted: weight decay is
uniform there, on which half of them are spoilt."""

TASKSET_SPACE = SearchSpace.of(
    "taskset",
    [
        FloatParameter("learning_rate", 1e-8, 10.0, log=True),
        FloatParameter("one_less_beta1", 1e-4, 1.0, log=True, meaning="1 - beta1 of Adam"),
        FloatParameter("one_less_beta2", 1e-6, 1.0, log=True, meaning="1 - beta2 of Adam"),
        FloatParameter("epsilon", 1e-10, 1e3, log=True, meaning="epsilon of Adam"),
        FloatParameter("l1_penalty", 1e-8, 10.0, log=True, meaning="L1 penalty"),
        FloatParameter("l2_penalty", 1e-8, 10.0, log=True, meaning="L2 penalty"),
        FloatParameter("linear_decay", 1e-7, 1e-4, log=True, meaning="linear decay of the rate"),
        FloatParameter(
            "exponential_decay", 1e-6, 1e-3, log=True, meaning="exponential decay of the rate"
        ),
    ],
    family="own",
)
"""In the order of the table's columns."""


class World(abc.ABC):
    """A task whose curves are known.

    Args:
        random_losses: at full length, of 1,000 random configurations.
        n_trials: how many there can be.
    """

    def __init__(
        self, space: SearchSpace, random_losses: Floats, max_epochs: int, n_trials: int
    ) -> None:
        self.space, self.max_epochs, self.n_trials = space, max_epochs, n_trials
        self._cube = UnitCube(space)
        self._best = float(np.min(random_losses))
        self._quartile = float(np.quantile(random_losses, 0.75))

    @abc.abstractmethod
    def begin(self, params: Params, taken: set[int]) -> tuple[Params, Floats, Floats]:
        """Train what is nearest to these params.

        Args:
            taken: which runs of a table have been begun before; one more afterwards.

        Returns:
            Its params, and the validation losses and seconds so far after each epoch.
        """

    def regret(self, loss: float) -> float:
        """Normalised, of a validation loss."""
        return (loss - self._best) / (self._quartile - self._best)

    def drawn(self, random: np.random.Generator) -> Params:
        """Params of a random trial."""
        return self._cube.params(self._cube.draws(random.random((1, self._cube.n_parameters)))[0])

    def seconds_of_epoch(self, params: Params | None = None) -> float:
        """What an epoch takes; of no params, in the mean over 100 random ones."""
        if params is None:
            random = np.random.default_rng(0)
            return statistics.fmean(self.seconds_of_epoch(self.drawn(random)) for _ in range(100))
        seconds = self.begin(params, set())[2]
        return float(seconds[-1]) / len(seconds)


class Surrogate(World):
    """A table of LCBench: any configuration, 51 epochs."""

    def __init__(self, folder: Path, table: str) -> None:
        self._curves = LearningCurves(folder, table)
        with np.load(folder / "lcbench_surrogate_20x1000.npz") as file:
            place = file["task_ids"].astype(str).tolist().index(table)
            final = file["val_cross_entropy"][place, :, -1].astype(np.float64)
        super().__init__(LCBENCH_SPACE, final, N_EPOCHS, 100_000)

    def begin(self, params: Params, taken: set[int]) -> tuple[Params, Floats, Floats]:
        """Any params can be trained."""
        losses, seconds = self._curves(params)
        return params, losses, seconds


class Table(World):
    """A task of TaskSet: 1,000 recorded runs of 50 epochs, diverged ones NaN from there on."""

    def __init__(self, folder: Path, place: int) -> None:
        with np.load(folder / "taskset_rnn_text_7x1000.npz") as file:
            configs = file["configs"][place].astype(np.float64)
            self._losses = file["valid_loss"][place, :, 1:].astype(np.float64)
        configs[:, 1:3] = 1.0 - configs[:, 1:3]
        final = np.where(np.isfinite(self._losses[:, -1]), self._losses[:, -1], np.inf)
        super().__init__(TASKSET_SPACE, final, self._losses.shape[1], len(final))
        names = list(TASKSET_SPACE.parameters)
        self._params = [dict(zip(names, row, strict=True)) for row in configs.tolist()]
        self._points = np.array([self._cube.place(params) for params in self._params])

    def begin(self, params: Params, taken: set[int]) -> tuple[Params, Floats, Floats]:
        """The nearest recorded run that has not been taken."""
        squares = ((self._points - self._cube.place(params)) ** 2).sum(1)
        squares[list(taken)] = np.inf
        run = int(np.argmin(squares))
        taken.add(run)
        losses = self._losses[run]
        return self._params[run], losses, np.arange(1.0, len(losses) + 1)


@functools.cache
def worlds_of(folder: Path, family: str) -> tuple[World, ...]:
    """All tasks of "lcbench", 20, or of "taskset", 7."""
    if family == "lcbench":
        tables = json.loads((folder / "encoding.json").read_text(encoding="utf-8"))
        return tuple(Surrogate(folder, table) for table in tables)
    return tuple(Table(folder, place) for place in range(7))
