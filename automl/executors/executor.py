"""Where trainers run: the interface between the coordinator and the place of training.

`InProcessExecutor` trains here, `ProcessExecutor` in worker processes that share the data
set's memory. The coordinator starts runs, takes the results of a round, and stops runs.
"""

from __future__ import annotations

import abc
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from torch import Tensor

from automl.training.config import RunConfig
from automl.training.trainer import Checkpoint
from storage.records import EpochRecord, LayerGradientRecord


@dataclass(frozen=True, slots=True)
class RunFailure:
    """A run that ended by itself, by no fault of its loss."""

    run_id: int
    cause: str  # a key of storage.records.CAUSES
    message: str


@dataclass(frozen=True, slots=True)
class RoundResult:
    """What one round of training gave."""

    epochs: tuple[EpochRecord, ...] = ()
    failures: tuple[RunFailure, ...] = ()
    initial_layers: Mapping[int, tuple[LayerGradientRecord, ...]] | None = None  # of new runs


class Executor(abc.ABC):
    """Trains runs somewhere, in rounds."""

    @property
    @abc.abstractmethod
    def active(self) -> tuple[int, ...]:
        """Ids of the runs in training."""

    @abc.abstractmethod
    def start(self, starts: Sequence[RunConfig | Checkpoint]) -> None:
        """Begin or continue runs."""

    @abc.abstractmethod
    def next_round(self, deadline: float | None = None) -> RoundResult:
        """Wait for the next round that is done, here or in any worker."""

    @abc.abstractmethod
    def stop(self, run_id: int) -> None:
        """End a run; its best weights stay readable until `forget`."""

    @abc.abstractmethod
    def checkpoint(self, run_id: int) -> Checkpoint:
        """The state of an active run."""

    @abc.abstractmethod
    def best_weights(self, run_id: int) -> Mapping[str, Tensor]:
        """The weights of the run's best epoch."""

    @abc.abstractmethod
    def forget(self, run_id: int) -> None:
        """Free what is kept of an ended run."""

    @abc.abstractmethod
    def close(self) -> None:
        """End all workers."""
