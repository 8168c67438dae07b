"""Training in this process: one worker, which trains a round when its replies are asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

from torch import Tensor

from automl.errors import ConfigError, TrainingError
from automl.executors.devices import check_device
from automl.executors.free_rounds import FreeRounds
from automl.executors.guarded_training import GuardedTraining
from automl.executors.trainers import kernels_for, make_trainer
from automl.executors.workers.worker import (
    Engine,
    Orders,
    Ready,
    Reply,
    TrainingSetup,
    Worker,
    WorkerLost,
)
from automl.system.own_code import describe
from automl.training.trainer import Checkpoint


class InProcessWorker(Worker):
    """This thread. A round that was broken off has left its runs somewhere in an epoch."""

    def __init__(self, setup: TrainingSetup) -> None:
        self._setup = setup
        self._rounds: FreeRounds | None = None
        self._is_lost = False
        self._n_orders = 0

    def tell(self, orders: Orders) -> None:
        """Take orders: no round is under way."""
        rounds = self._trained()
        self._n_orders += 1
        rounds.take(orders)

    def has_taken(self, n_orders: int) -> bool:
        """Whether it was there to be told of so many orders."""
        return self._n_orders >= n_orders

    def replies(self) -> Sequence[Reply]:
        """Train a round, here and now."""
        if self._rounds is None and not self._is_lost:
            self._rounds = FreeRounds(guarded_training(self._setup, self._setup.devices[0]))
            return [Ready()]
        return [self._trained().train()]

    def checkpoint(self, run_id: int, seconds: float | None = None) -> Checkpoint:
        """The state of an active run."""
        return self._trained().training.checkpoint(run_id)

    def best_weights(self, run_id: int, seconds: float | None = None) -> Mapping[str, Tensor]:
        """The weights of the run's best epoch."""
        return self._trained().training.best_weights(run_id)

    def abandon(self) -> None:
        """Do not go on from the middle of an epoch."""
        self._is_lost = True

    def end(self) -> None:
        """Free all runs and trainers."""
        self._is_lost = True
        self._rounds = None

    def _trained(self) -> FreeRounds:
        if self._is_lost or self._rounds is None:
            raise WorkerLost("the training in this process was broken off")
        return self._rounds


class InProcessEngine(Engine):
    """One worker, without a process or thread of its own.

    A round that hangs, or takes too much memory, cannot be ended: that needs a process.
    """

    def __init__(self, setup: TrainingSetup) -> None:
        if setup.memory_limit is not None or setup.n_workers not in (1, "auto"):
            raise ConfigError(
                f"this process is one worker without a memory limit, but got n_workers="
                f"{setup.n_workers}, memory_limit={setup.memory_limit}: train in processes"
            )
        check_device(setup.devices[0])
        self._setup = setup
        self._worker = InProcessWorker(setup)
        self._note = kernels_for(setup.trainer, setup.devices).note

    @property
    def n_workers(self) -> int:
        """One."""
        return 1

    @property
    def note(self) -> str:
        """What a person should know of the compiled kernels."""
        return self._note

    def launch(self, place: int) -> Worker:
        """A worker without runs."""
        self._worker = InProcessWorker(self._setup)
        return self._worker

    def wait(self, workers: Sequence[Worker], seconds: float) -> Sequence[Worker]:
        """No time passes: whoever is asked for its reply trains."""
        return workers

    def close(self) -> None:
        """Free what the worker has."""
        self._worker.end()


def guarded_training(setup: TrainingSetup, device: str) -> GuardedTraining:
    """What a worker on this device trains with.

    Raises:
        TrainingError: its trainer cannot be made.
    """
    make = partial(make_trainer, setup.trainer, setup.dataset, device, setup.arithmetic)
    try:
        return GuardedTraining(
            make,
            device=device,
            trial_timeout=setup.trial_timeout,
            is_preflight=setup.is_preflight,
        )
    except Exception as error:
        raise TrainingError(f"a worker cannot train: {describe(error)}") from error
