"""Predictions of networks that a person wrote, made where nothing of theirs can do harm.

Their code may hang or end its process, so a worker process calls it; one begins with the first
question and ends with `close`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Literal, TypeAlias, cast

from torch import Tensor

from automl.errors import TrainingError
from automl.executors.workers.process import ProcessEngine
from automl.executors.workers.process_worker import ProcessWorker
from automl.executors.workers.worker import TrainingSetup, WorkerLost
from automl.training.config import RunConfig

SplitName: TypeAlias = Literal["train", "valid", "test"]

Predict: TypeAlias = Callable[[RunConfig, Mapping[str, Tensor], SplitName], Tensor]
"""What a run's network predicts of a split with these weights, as `predictions.predict`."""

MOST_SECONDS = 600.0
"""After so long a prediction counts as hanging: each epoch of training predicted as many rows."""


class ProcessPredictor:
    """A `Predict` in a process of its own.

    Args:
        setup: the data, and who builds the networks.
    """

    def __init__(self, setup: TrainingSetup) -> None:
        self._setup = replace(setup, n_workers=1)
        self._engine: ProcessEngine | None = None
        self._worker: ProcessWorker | None = None

    def __call__(self, run: RunConfig, weights: Mapping[str, Tensor], split: SplitName) -> Tensor:
        """Ask the process.

        Raises:
            TrainingError: the network raised, took too long, or has ended the process.
        """
        try:
            worker = self._worker or self._begin()
            return worker.predict(run, weights, split, MOST_SECONDS)
        except WorkerLost as error:
            self.close()
            raise TrainingError(f"a prediction has failed: {error}") from error

    def close(self) -> None:
        """End the process, if there is one."""
        if self._engine is not None:
            self._engine.close()
        self._engine = self._worker = None

    def _begin(self) -> ProcessWorker:
        self._engine = ProcessEngine(self._setup)
        self._worker = cast(ProcessWorker, self._engine.launch(0))
        while not self._engine.wait([self._worker], 1.0):
            pass
        self._worker.replies()
        return self._worker
