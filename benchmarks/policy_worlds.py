"""Recorded and modelled learning curves as worlds in which a policy can be tried without training.

A world has a space, says the validation loss and the seconds after each epoch of any params, and
how its regret is counted: 0 is the lowest loss that 1,000 random configurations have at full
length, 1 the third quartile of these losses.

LCBench is the surrogate of `curve_surrogate.py`. TaskSet is a table of 1,000 runs: what a policy
proposes is the recorded configuration that is nearest in the unit cube and has not been taken.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from automl.tuning.gaussian_process.unit_cube import UnitCube
from benchmarks.curve_surrogate import SPACE, LearningCurves
from search_spaces import FloatParameter, SearchSpace
from storage.records import ParameterValue

Floats = NDArray[np.floating]
Params = Mapping[str, ParameterValue]

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


@dataclass(eq=False)
class World:
    """A task whose curves are known.

    Attributes:
        random_losses: at full length, of 1,000 random configurations.
    """

    name: str
    space: SearchSpace
    random_losses: Floats

    def regret(self, loss: float) -> float:
        """Normalised, of a validation loss."""
        best, third_quartile = np.quantile(self.random_losses, (0.0, 0.75))
        return float((loss - best) / (third_quartile - best))

    def begin(self, params: Params, taken: set[int]) -> tuple[Params, Floats, Floats]:
        """Train what is nearest to these params.

        Args:
            taken: which runs of a table have been begun before; one more afterwards.

        Returns:
            Its params, and the validation losses and seconds so far after each epoch.
        """
        raise NotImplementedError


class Surrogate(World):
    """A table of LCBench: any configuration, 51 epochs."""

    def __init__(self, folder: Path, table: str) -> None:
        self._curves = LearningCurves(folder, table)
        with np.load(folder / "lcbench_surrogate_20x1000.npz") as file:
            place = file["task_ids"].astype(str).tolist().index(table)
            final = file["val_cross_entropy"][place, :, -1].astype(np.float64)
        super().__init__(f"lcbench_{table}", SPACE, final)

    def begin(self, params: Params, taken: set[int]) -> tuple[Params, Floats, Floats]:
        """Any params can be trained."""
        return (params, *self._curves(params))


class Table(World):
    """A task of TaskSet: 1,000 recorded runs of 50 epochs, diverged ones NaN from there on."""

    def __init__(self, folder: Path, place: int) -> None:
        with np.load(folder / "taskset_rnn_text_7x1000.npz") as file:
            name, configs = str(file["tasks"][place]), file["configs"][place].astype(np.float64)
            self._losses = file["valid_loss"][place, :, 1:].astype(np.float64)
        configs[:, 1:3] = 1.0 - configs[:, 1:3]
        names = list(TASKSET_SPACE.parameters)
        self._params = [dict(zip(names, row, strict=True)) for row in configs.tolist()]
        self._cube = UnitCube(TASKSET_SPACE)
        self._points = np.array([self._cube.place(params) for params in self._params])
        final = np.where(np.isfinite(self._losses[:, -1]), self._losses[:, -1], np.inf)
        super().__init__(f"taskset_{name}", TASKSET_SPACE, final)

    def begin(self, params: Params, taken: set[int]) -> tuple[Params, Floats, Floats]:
        """The nearest recorded run that has not been taken."""
        squares = ((self._points - self._cube.place(params)) ** 2).sum(1)
        squares[list(taken)] = np.inf
        run = int(np.argmin(squares))
        taken.add(run)
        losses = self._losses[run]
        return self._params[run], losses, np.arange(1.0, len(losses) + 1)


def worlds_of(folder: Path) -> dict[str, list[World]]:
    """All tasks: 20 of LCBench, 7 of TaskSet."""
    tables = json.loads((folder / "encoding.json").read_text(encoding="utf-8"))
    return {
        "lcbench": [Surrogate(folder, table) for table in tables],
        "taskset": [Table(folder, place) for place in range(7)],
    }
