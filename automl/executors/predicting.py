"""What predicts with kept weights: networks that a person wrote, and each network once.

A person's code may hang or end its process, so a worker process calls it; one begins with the
first question and ends with `close`. The networks of an answer predict validation rows when it is
chosen and again when it is scored: what they said is remembered.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TypeAlias, cast

from torch import Tensor

from automl.errors import TrainingError
from automl.executors.workers.process import ProcessEngine
from automl.executors.workers.process_worker import ProcessWorker
from automl.executors.workers.worker import TrainingSetup, WorkerLost
from automl.training.config import RunConfig
from automl.training.predictions import PredictedRows

Predict: TypeAlias = Callable[[RunConfig, Mapping[str, Tensor], PredictedRows], Tensor]
"""What a run's network predicts of rows with these weights, as `predictions.predict`."""

MOST_SECONDS = 600.0
"""After so long a prediction counts as hanging: each epoch of training predicted as many rows."""


MOST_NUMBERS = 2**25
"""That are remembered at most, 128 MB: 32 networks' predictions of 200,000 rows of 5 classes."""


class RememberedPredictions:
    """A `Predict` that asks another one for a run's predictions of validation rows once.

    Args:
        predict: what is asked. The weights of a run must be the same whenever it is.
        most_numbers: beyond which nothing more is remembered.
    """

    def __init__(self, predict: Predict, most_numbers: int = MOST_NUMBERS) -> None:
        self._predict = predict
        self._n_left = most_numbers
        self._known: dict[int, Tensor] = {}  # by the run's id

    def __call__(
        self, run: RunConfig, weights: Mapping[str, Tensor], split: PredictedRows
    ) -> Tensor:
        """What was said before, or is said now."""
        if split != "valid":
            return self._predict(run, weights, split)
        known = self._known.get(run.run_id)
        if known is None:
            known = self._predict(run, weights, split)
            if known.numel() <= self._n_left:
                self._known[run.run_id] = known
                self._n_left -= known.numel()
        return known


class ProcessPredictor:
    """A `Predict` in a process of its own.

    Args:
        setup: the data, and who builds the networks.
    """

    def __init__(self, setup: TrainingSetup) -> None:
        self._setup = replace(setup, n_workers=1)
        self._engine: ProcessEngine | None = None
        self._worker: ProcessWorker | None = None

    def __call__(
        self, run: RunConfig, weights: Mapping[str, Tensor], split: PredictedRows
    ) -> Tensor:
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
