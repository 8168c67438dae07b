"""Where trainers run: the interface between the coordinator and the places of training.

The coordinator starts runs, takes the results of a round, and stops runs. A run is active from
`start` until it is stopped, fails, or its loss is not finite; an executor never ends because a
run does. It rests where it has come to the epoch that it was allowed, or where its curve has
ended: then it keeps its state and costs nothing. `choosing.py` makes an executor: a pool
(`pool.py`) of workers of some kind (`workers/`).
"""

from __future__ import annotations

import abc
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, Self

from torch import Tensor

from automl.training.trainer import Checkpoint, RunBegan, Start
from storage.records import EpochRecord


@dataclass(frozen=True, slots=True)
class RunFailure:
    """A run that ended by itself, by no fault of its loss; whole where the cause is "finished"."""

    run_id: int
    cause: str  # a key of storage.records.CAUSES; "lost" runs may be started again
    message: str
    traceback: str = field(default="", compare=False)  # of what a network has raised
    had_company: bool = False  # others trained in the process that died: nobody knows whose fault


@dataclass(frozen=True, slots=True)
class RoundResult:
    """What one round of training gave.

    Attributes:
        begun: what the worker learned of runs that had their first round there; nothing of runs
            whose trainer has nothing to say, and again of a run that began again.
        held: bytes that runs hold which had an epoch, by their ids, where they were measured.
    """

    epochs: tuple[EpochRecord, ...] = ()
    failures: tuple[RunFailure, ...] = ()
    begun: tuple[RunBegan, ...] = ()
    held: Mapping[int, int] = field(default_factory=dict)

    @classmethod
    def merged(cls, results: Sequence[RoundResult]) -> RoundResult:
        """Several results as one, in their order."""
        return cls(
            tuple(epoch for result in results for epoch in result.epochs),
            tuple(failure for result in results for failure in result.failures),
            tuple(began for result in results for began in result.begun),
            {run_id: held for result in results for run_id, held in result.held.items()},
        )

    def where(self, is_wanted: Callable[[int], bool]) -> RoundResult:
        """The part that concerns the runs whose id is wanted."""
        return RoundResult(
            tuple(epoch for epoch in self.epochs if is_wanted(epoch.run_id)),
            tuple(failure for failure in self.failures if is_wanted(failure.run_id)),
            tuple(began for began in self.begun if is_wanted(began.run_id)),
            {run_id: held for run_id, held in self.held.items() if is_wanted(run_id)},
        )


NO_LIMITS: Final[Mapping[int, int]] = MappingProxyType({})


class Executor(abc.ABC):
    """Trains runs somewhere, in rounds. A context manager that closes itself."""

    @property
    @abc.abstractmethod
    def active(self) -> tuple[int, ...]:
        """Ids of the runs in training, or waiting for room, in the order of their start."""

    @abc.abstractmethod
    def start(self, starts: Sequence[Start], limits: Mapping[int, int] = NO_LIMITS) -> None:
        """Begin or continue runs.

        Args:
            limits: the last epoch that a run may train for now, by its id; none: it trains until
                its curve has ended, as `training/ending.py` says.

        Raises:
            ValueError: a run of that id is active already.
        """

    @abc.abstractmethod
    def allow(self, limits: Mapping[int, int]) -> None:
        """Let runs train to these epochs from now on. No-op for those that are not active."""

    @abc.abstractmethod
    def next_round(self, deadline: float | None = None) -> RoundResult:
        """Wait for the next round that is done, here or in any worker.

        Not every active run has a record in every result: others may train in another
        worker, rest, wait for room after memory ran out, or catch up after a neighbour crashed.
        Where all of them rest it returns at once, without records.

        Args:
            deadline: a `time.monotonic()` value, by which to return even without records.
        """

    @abc.abstractmethod
    def finish_rounds(self, deadline: float | None = None) -> RoundResult:
        """Wait for the rounds that are under way, without beginning new ones.

        After this, checkpoints of active runs are of the last epoch that was given: take
        what it returns before you save them.

        Args:
            deadline: a `time.monotonic()` value; a worker whose round lasts longer, with some
                grace, is ended, and its runs are lost. None: a round may last, as long as its
                worker gives signs of life.
        """

    def interrupt(self) -> None:  # noqa: B027 - most have nothing to break off
        """Let the present `next_round` return soon, with or without records.

        It may be called from a signal handler.
        """

    @property
    def busyness(self) -> float | None:
        """Seconds that have lately passed for each second of work of its workers.

        None where nobody knows: none has trained yet.
        """
        return None

    def take_messages(self) -> tuple[str, ...]:
        """What a person should know of the place of training; each is given once."""
        return ()

    @abc.abstractmethod
    def stop(self, run_id: int) -> None:
        """End a run; its best weights stay readable until `forget`. No-op if it has ended.

        No result that is taken afterwards tells of it.
        """

    @abc.abstractmethod
    def checkpoint(self, run_id: int) -> Checkpoint:
        """The state of an active run.

        Raises:
            TrainingError: the run has not begun, or is gone with its worker.
        """

    @abc.abstractmethod
    def best_weights(self, run_id: int) -> Mapping[str, Tensor]:
        """The weights of the run's best epoch, of an active or ended run.

        Raises:
            TrainingError: the run never finished an epoch, or is gone with its worker.
        """

    @abc.abstractmethod
    def forget(self, run_id: int) -> None:
        """Free what is kept of an ended run."""

    def free(self, run_ids: Iterable[int]) -> None:
        """End runs, and free all that is kept of them."""
        for run_id in run_ids:
            self.stop(run_id)
            self.forget(run_id)

    @abc.abstractmethod
    def close(self) -> None:
        """End all workers and free what they hold. No-op if closed."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()
