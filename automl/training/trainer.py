"""The interface of the trainers: runs go in, one epoch record per active run comes out.

`PlainTrainer` (plain.py) is the textbook loop and the truth, for networks of any family; what a
family has beside it (stacked/trainer.py) trains many runs faster and agrees with it. A trainer
knows neither Optuna nor the database, and does not decide when a run ends: `ending.py` says so
from the curve.
"""

from __future__ import annotations

import abc
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, TypeAlias

import torch
from numpy.typing import NDArray
from torch import Tensor

from automl.data.dataset import Dataset
from automl.errors import TrainingError
from automl.training.best_epoch import BestEpoch
from automl.training.config import RunConfig
from automl.training.costs import RunCost, bytes_alone, cost_alone
from storage.records import EpochRecord, LayerGradientRecord


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """All that a run needs to go on, in either trainer, on any device.

    Randomness needs no state: masks and shuffles are functions of (seed, step, ...).
    Tensors are on the CPU and keyed by the plain module's `state_dict` names; the
    optimizer's by "<moment>.<name>", where a moment is `first_moment` or `second_moment`.
    """

    run: RunConfig
    epoch: int
    step: int
    weights: Mapping[str, Tensor]
    optimizer: Mapping[str, Tensor]
    best: BestEpoch
    best_weights: Mapping[str, Tensor]
    averaged_weights: Mapping[str, Tensor] = field(default_factory=dict)  # of weight_averaging

    @property
    def averages(self) -> Mapping[str, Tensor]:
        """Where averages go on: the weights themselves in a state that was kept without any."""
        return self.averaged_weights or self.weights

    def to_arrays(self) -> tuple[dict[str, NDArray[Any]], dict[str, float]]:
        """Tensors as arrays under "<part>/<name>", and the numbers: what is written to disk."""
        arrays = {
            f"{part}/{name}": tensor.cpu().numpy()
            for part in _TENSOR_PARTS
            for name, tensor in getattr(self, part).items()
        }
        numbers = {
            "epoch": self.epoch,
            "step": self.step,
            "best_epoch": self.best.epoch,
            "best_since": self.best.since,
            "best_valid_loss": self.best.valid_loss,
        }
        return arrays, numbers

    @classmethod
    def from_arrays(
        cls, run: RunConfig, arrays: Mapping[str, NDArray[Any]], numbers: Mapping[str, Any]
    ) -> Checkpoint:
        """Read back `to_arrays`, for a run that continues the one that was saved."""
        parts: dict[str, dict[str, Tensor]] = {part: {} for part in _TENSOR_PARTS}
        for key, array in arrays.items():
            part, _, name = key.partition("/")
            parts[part][name] = torch.from_numpy(array.copy())
        epoch = int(numbers["best_epoch"])
        since = int(numbers.get("best_since", epoch))  # the same in states that have none yet
        return cls(
            run=run,
            epoch=int(numbers["epoch"]),
            step=int(numbers["step"]),
            best=BestEpoch(epoch, since, float(numbers["best_valid_loss"])),
            **parts,
        )


Start: TypeAlias = RunConfig | Checkpoint
"""Where a run begins, or goes on."""


def run_of(start: Start) -> RunConfig:
    """The run that a start begins or continues."""
    return start.run if isinstance(start, Checkpoint) else start


_TENSOR_PARTS = ("weights", "optimizer", "best_weights", "averaged_weights")


@dataclass(frozen=True, slots=True)
class RunBegan:
    """What only the place of training knows of a run: its network is built there alone."""

    run_id: int
    n_parameters: int
    layers: tuple[LayerGradientRecord, ...] = ()  # of the first look; () where there was none
    latency: float | None = None  # seconds of one call; None: it was not measured


class RunError(TrainingError):
    """One run raised, by its own fault and without harm to others; the `__cause__` is its error.

    Attributes:
        run_id: the run, which the trainer keeps until it is dropped if it was active.
        epochs: of the other runs in this round, before it was broken off.
    """

    def __init__(self, run_id: int, epochs: Sequence[EpochRecord] = ()) -> None:
        super().__init__(f"run {run_id} raised an error")
        self.run_id = run_id
        self.epochs = tuple(epochs)


class Trainer(abc.ABC):
    """Trains one or more runs, in rounds of one epoch.

    Where training raises something else than `RunError`, nobody can say whose fault it was, and
    the trainer is not used any more.

    Attributes:
        uses_kernels: whether the compiled kernels are of use to it.
        knows_weights: whether it trains and measures by the weights of rows (`Split.weights`).
    """

    uses_kernels: ClassVar[bool] = False
    knows_weights: ClassVar[bool] = False

    @classmethod
    def cost(cls, run: RunConfig, dataset: Dataset) -> RunCost:
        """What a run adds to a round."""
        return cost_alone(run, dataset)

    @classmethod
    def most_bytes(
        cls, runs: Sequence[RunConfig], dataset: Dataset, *, n_trials: int, n_trainers: int
    ) -> int | None:
        """What trials hold at most, if none is larger than these runs; None where nobody knows.

        Args:
            runs: of one trial that has the most of everything, on each fold and in each reading.
            n_trials: how many train at once, over all trainers.
        """
        of_fold = {run.fold: run for run in runs}
        alone = bytes_alone(list(of_fold.values()), dataset)
        return None if alone is None else n_trials * alone

    @classmethod
    def n_bytes(cls, runs: Sequence[RunConfig], dataset: Dataset) -> int | None:
        """What these runs hold at once, beside the data set; None where nobody knows."""
        return bytes_alone(runs, dataset)

    @property
    @abc.abstractmethod
    def active(self) -> tuple[int, ...]:
        """Ids of the runs in training, in the order they were added."""

    @abc.abstractmethod
    def add(self, starts: Sequence[Start]) -> None:
        """Begin or continue runs, while others go on.

        Raises:
            RunError: a run cannot begin. Those before it have begun, those behind it have not.
        """

    def take_begun(self) -> tuple[RunBegan, ...]:
        """What became known of runs as they began, before their first epoch; each is given once.

        Where a look at the first batch raises something else than `RunError`, or it is the fault
        of many, nobody can say whose fault it was.
        """
        return ()

    def take_finished(self) -> tuple[int, ...]:
        """Active runs that were found to have no further epoch, by themselves; each once.

        Networks have none: their curves end as `ending.py` says.
        """
        return ()

    def bytes_of_run(self) -> int | None:
        """What each of its runs holds, as it was measured; None where that is not.

        Of networks it follows from their parameters.
        """
        return None

    @abc.abstractmethod
    def train_round(
        self, deadline: float | None = None, run_ids: Collection[int] | None = None
    ) -> list[EpochRecord]:
        """Train one epoch of active runs; return early at the deadline.

        Args:
            deadline: a `time.monotonic()` value, checked between epochs of runs; runs not
                reached by then get no record in this round and come first in the next.
            run_ids: whose turn it is; the others rest as they are. None: all active runs.

        A run whose loss is not finite gives a record that is not finite and is dropped.

        Raises:
            RunError: a run raised; the runs behind it come first in the next round.
        """

    @abc.abstractmethod
    def drop(self, run_id: int) -> None:
        """End a run. Its best weights stay readable until `forget`."""

    @abc.abstractmethod
    def checkpoint(self, run_id: int) -> Checkpoint:
        """The state of an active run.

        Raises:
            TrainingError: it has none, so that it can only begin again.
        """

    @abc.abstractmethod
    def best_weights(self, run_id: int) -> Mapping[str, Tensor]:
        """`state_dict` of the run's best epoch so far, of an active or dropped run.

        Raises:
            DivergedError: no epoch of the run had finite losses.
        """

    @abc.abstractmethod
    def forget(self, run_id: int) -> None:
        """Free what is kept of a dropped run."""
