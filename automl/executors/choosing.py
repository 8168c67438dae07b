"""Which executor a search needs: this process where that suffices, else worker processes."""

from __future__ import annotations

from typing import Literal

from automl.data.dataset import Dataset
from automl.executors.executor import Executor
from automl.executors.guarded_training import InProcessExecutor
from automl.executors.pool import ProcessExecutor
from automl.executors.resources import available_cores


def make_executor(
    dataset: Dataset,
    *,
    workers: int | Literal["auto"] = "auto",
    trainer: str = "stacked",
    device: str = "cpu",
    trial_timeout: float | None = None,
    memory_limit: int | None = None,
) -> Executor:
    """Make the executor of a search.

    One worker is this process itself, unless a round that hangs or takes too much memory
    must be ended: only another process can be.

    Args:
        workers: how many; "auto" for one per core, or one per GPU.
        trial_timeout: seconds that a trial may take.
        memory_limit: bytes that training may take in each worker.
    """
    n_workers = available_cores() if workers == "auto" else workers
    if n_workers == 1 and trial_timeout is None and memory_limit is None:
        return InProcessExecutor(dataset, trainer=trainer, device=device)
    return ProcessExecutor(
        dataset,
        n_workers=workers,
        trainer=trainer,
        devices=(device,),
        trial_timeout=trial_timeout,
        memory_limit=memory_limit,
    )
