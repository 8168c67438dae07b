"""What a pool asks of its workers: the interface that another engine implements in one file.

    pool                                       worker
    engine.launch(place)                   ->
                                           <-  reply: Ready
    tell(Orders)                           ->  (between two rounds: stops, forgets, starts, limits)
                                           <-  reply: RoundDone, and so on while a run is due
    checkpoint, best_weights               <-> (answered between two rounds)
    end

A worker does not wait for its pool: it begins the next round by itself as long as a run is due
(`free_rounds.py`), takes orders between rounds, and answers each by a round, if only an empty one.
A pool says nothing to a worker that is not ready yet, and takes replies when `Engine.wait`
has named the worker. Whatever makes a worker useless is `WorkerLost` where that is noticed;
the pool then has another one launched in its place, and starts the runs anew. All workers train
by `GuardedTraining`, wherever they are. `tests/contracts/worker_contract.py` says the rest.
"""

from __future__ import annotations

import abc
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from torch import Tensor

from automl.data.dataset import Dataset
from automl.executors.executor import RoundResult
from automl.training.trainer import Checkpoint, Start


@dataclass(frozen=True, slots=True)
class TrainingSetup:
    """On what, how and where to train: what every engine is made of.

    Attributes:
        n_workers: how many, or "auto": one per physical core, or per GPU.
        dataset: on what; `NO_DATA` for objectives.
        trainer: "stacked", "plain", "objective", or the import path "package.module:Class" of one.
        arithmetic: keywords of the trainer beside its device, such as amp; none: its defaults.
        devices: where the workers train, in turn: ("cpu",), ("cuda:0", "cuda:1"), ...
        trial_timeout: seconds from a run's first round.
        memory_limit: bytes that trainings may take in each worker, beyond interpreter and
            libraries as they are before the first round; on a GPU, of its memory.
        model: who builds a person's own networks, or their objective, packed for workers; None:
            nobody need.
        is_preflight: whether runs without hope fail before their first epoch.
    """

    dataset: Dataset
    n_workers: int | Literal["auto"] = "auto"
    trainer: str = "stacked"
    arithmetic: Mapping[str, bool] = field(default_factory=dict)
    devices: tuple[str, ...] = ("cpu",)
    trial_timeout: float | None = None
    memory_limit: int | None = None
    model: bytes | None = None
    is_preflight: bool = True


@dataclass(frozen=True, slots=True)
class Orders:
    """End, forget and begin runs, then train those that are due, round after round."""

    stop: tuple[int, ...] = ()
    forget: tuple[int, ...] = ()
    start: tuple[Start, ...] = ()
    seconds: float | None = None  # until the deadline: clocks of workers may differ
    limits: Mapping[int, int] = field(default_factory=dict)  # last epoch for now, by run
    is_held: bool = False  # begin no round until the next orders


@dataclass(frozen=True, slots=True)
class Ready:
    """The worker can train: its first reply."""


@dataclass(frozen=True, slots=True)
class RoundDone:
    """What a round gave.

    Attributes:
        waiting: the due runs for which there was no room in it.
        n_orders: how many orders the worker had taken before it.
        goes_on: whether it begins another one without being told.
        seconds: what it took; 0 where nothing was to be trained.
        weights: the best ones of runs that have come to their ends by themselves in it, but for
            large ones: so nobody has to wait for them, and they outlive the worker.
        work: seconds of a processor in it; fewer than `seconds` where others had it, or a GPU.
    """

    result: RoundResult
    waiting: tuple[int, ...] = ()
    n_orders: int = 0
    goes_on: bool = False
    seconds: float = 0.0
    weights: Mapping[int, Mapping[str, Tensor]] = field(default_factory=dict)
    work: float = 0.0


Reply: TypeAlias = Ready | RoundDone


class WorkerLost(Exception):
    """A worker has ended, or cannot be understood any more; the message says how.

    Attributes:
        note: what a person should know of it beside that; "" for nothing.
    """

    def __init__(self, message: str, note: str = "") -> None:
        super().__init__(message)
        self.note = note


class Worker(abc.ABC):
    """One place of training."""

    @property
    def has_begun(self) -> bool:
        """Whether it was there at all; one that never was is started in another way."""
        return True

    @abc.abstractmethod
    def tell(self, orders: Orders) -> None:
        """Send it orders, in the middle of a round too; it takes them when that is done.

        Raises:
            WorkerLost: it has ended.
        """

    @abc.abstractmethod
    def has_taken(self, n_orders: int) -> bool:
        """Whether it has taken so many orders; of one that has ended, whether it had."""

    @abc.abstractmethod
    def replies(self) -> Sequence[Reply]:
        """Take all that a worker has said which `Engine.wait` has named: one reply at least.

        Raises:
            WorkerLost: it has ended instead.
            TrainingError: instead of `Ready`: it cannot train, and no other could.
        """

    @abc.abstractmethod
    def checkpoint(self, run_id: int, seconds: float | None = None) -> Checkpoint:
        """The state of an active run, between two rounds; what these gave is said by `replies`.

        Args:
            seconds: after which a worker that has not answered counts as hanging; None: never.

        Raises:
            TrainingError: it has none.
            WorkerLost: it has ended, or hangs.
        """

    @abc.abstractmethod
    def best_weights(self, run_id: int, seconds: float | None = None) -> Mapping[str, Tensor]:
        """The weights of the run's best epoch, of an active or ended run; as above.

        Raises:
            TrainingError: it has none.
            WorkerLost: it has ended, or hangs.
        """

    def place(self) -> str:
        """Where it is, as `own_code.place_of`: a line of a person's own; "" if nobody knows."""
        return ""

    @abc.abstractmethod
    def abandon(self) -> None:
        """Something was broken off in the middle of a call: it counts as lost from now on."""

    @abc.abstractmethod
    def end(self) -> None:
        """End it at once, whatever it does. No-op if it has ended."""


class Engine(abc.ABC):
    """Makes workers of one kind, and waits for them. Made of a `TrainingSetup` alone.

    Raises:
        ConfigError: the setup has a value that it cannot have here.
    """

    @property
    @abc.abstractmethod
    def n_workers(self) -> int:
        """How many places for workers there are."""

    @abc.abstractmethod
    def launch(self, place: int) -> Worker:
        """A new worker in a place, from 0; the one that was there before has been ended."""

    @abc.abstractmethod
    def wait(self, workers: Sequence[Worker], seconds: float) -> Sequence[Worker]:
        """Wait until some worker has something to say or has ended: these.

        Args:
            seconds: after which to return even without any.
        """

    def hurry(self, is_ending: bool) -> None:  # noqa: B027 - most have nothing that hangs
        """A person waits for the end (or not any more): have less patience with what hangs.

        It may be called from a signal handler.
        """

    @property
    def note(self) -> str:
        """What a person should know of the place of training; "" for nothing."""
        return ""

    @abc.abstractmethod
    def close(self) -> None:
        """End all workers and free what they share. No-op if closed."""
