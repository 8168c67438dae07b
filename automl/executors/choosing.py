"""Which executor a search needs: this process where that suffices, else worker processes."""

from __future__ import annotations

from typing import Final, Literal

from automl.data.dataset import Dataset
from automl.executors.executor import Executor
from automl.executors.pool import Pool
from automl.executors.resources import needs_processes
from automl.executors.trainers import trainer_class
from automl.executors.workers.worker import TrainingSetup
from automl.system.import_paths import imported

ENGINES: Final = {
    "in_process": "automl.executors.workers.in_process:InProcessEngine",
    "processes": "automl.executors.workers.process:ProcessEngine",
}
"""Kinds of workers; another one is named by its import path."""


def make_executor(
    dataset: Dataset,
    *,
    workers: int | Literal["auto"] = "auto",
    engine: str | None = None,
    trainer: str = "stacked",
    device: str = "cpu",
    trial_timeout: float | None = None,
    memory_limit: int | None = None,
    model: bytes | None = None,
) -> Executor:
    """Make the executor of a search.

    Args:
        workers: how many; "auto" for one per core, or one per GPU.
        engine: what the workers are: a key of `ENGINES`, or the import path "package.module:Class"
            of an `Engine`. None: one worker is this process itself, unless a round that hangs or
            takes too much memory must be ended: only another process can be.
        trainer: "stacked", "plain", or the import path "package.module:Class" of a `Trainer`.
        trial_timeout: seconds that a trial may take.
        memory_limit: bytes that training may take in each worker, beyond what it has taken before
            the first round. Some 70 MB count that torch.optim loads with the plain trainer.
        model: who builds a person's own networks, as `BuilderReference.packed` gives it.

    Raises:
        ConfigError: an argument has a value that it cannot have here.
    """
    setup = TrainingSetup(
        dataset, workers, trainer, {}, (device,), trial_timeout, memory_limit, model
    )
    return executor_of(setup, engine)


def executor_of(setup: TrainingSetup, engine: str | None = None) -> Executor:
    """Make an executor of all that can be said of one; see `make_executor`.

    Raises:
        ConfigError: it has a value that it cannot have here.
    """
    trainer_class(setup.trainer)  # what cannot be is refused here, not in a worker
    name = engine or ("processes" if trains_in_processes(setup) else "in_process")
    return Pool(setup, imported(name, ENGINES, "engine")(setup))


def trains_in_processes(setup: TrainingSetup, engine: str | None = None) -> bool:
    """Whether others than this process train, so that all that they need must be sent."""
    is_limited = setup.trial_timeout is not None or setup.memory_limit is not None
    return engine not in (None, "in_process") or needs_processes(
        setup.n_workers, is_limited=is_limited
    )
