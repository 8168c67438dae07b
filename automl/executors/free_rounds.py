"""The rounds of one worker, which go on without anybody's asking as long as a run is due.

What the coordinator decides reaches the worker as `Orders` between two rounds. A round is short:
where one epoch of all runs would take long it ends in between, and the runs that were not reached
come first in the next. So orders are taken soon, and results told soon, however large the table.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping

from torch import Tensor

from automl.executors.executor import RoundResult
from automl.executors.guarded_training import GuardedTraining
from automl.executors.workers.worker import Orders, RoundDone

ROUND_SECONDS = 0.1
"""A round begins no further epoch after so long. A guess: soon for whoever waits for the orders or
the results, and long beside the telling."""

MOST_BYTES = 4_000_000
"""Weights up to so many bytes are sent unasked. A guess: a million parameters are quickly sent."""


class FreeRounds:
    """What a worker does, wherever it is.

    Args:
        training: trains its runs.
    """

    def __init__(self, training: GuardedTraining) -> None:
        self.training = training
        self._deadline = math.inf
        self._is_held = False
        self._n_orders = 0
        self._is_answer_due = False

    @property
    def owes_round(self) -> bool:
        """Whether `train` is to be called now: a run is due, or orders are to be answered."""
        return self._is_answer_due or self._may_train

    def take(self, orders: Orders) -> None:
        """End, forget and begin runs, and let them train to their limits."""
        for run_id in orders.stop:
            self.training.stop(run_id)
        for run_id in orders.forget:
            self.training.forget(run_id)
        self.training.start(orders.start)
        self.training.runs.allow(orders.limits)
        self._is_held = orders.is_held
        seconds = orders.seconds
        self._deadline = math.inf if seconds is None else time.monotonic() + seconds
        self._n_orders += 1
        self._is_answer_due = True

    def train(self) -> RoundDone:
        """Train one epoch of each run that is due, as far as there is time."""
        self._is_answer_due = False
        result, began, work = RoundResult(), time.monotonic(), time.process_time()
        if self._may_train:
            result = self.training.train_round(min(self._deadline, began + ROUND_SECONDS))
        seconds = time.monotonic() - began if result.epochs else 0.0
        work = time.process_time() - work if result.epochs else 0.0
        weights = self._weights_of_ended(result)
        waiting, goes_on = self.training.waiting, self._may_train
        return RoundDone(result, waiting, self._n_orders, goes_on, seconds, weights, work)

    def _weights_of_ended(self, result: RoundResult) -> dict[int, Mapping[str, Tensor]]:
        """The best weights of runs that have come to their ends in a round, if not large."""
        ended = {one.run_id for one in result.failures if one.cause == "finished"}
        for epoch in result.epochs:
            run = self.training.runs.get(epoch.run_id)
            if run is not None and run.progress.has_ended:
                ended.add(epoch.run_id)
        found = {run_id: self.training.best_weights(run_id) for run_id in ended}
        return {
            run_id: weights
            for run_id, weights in found.items()
            if sum(each.nbytes for each in weights.values()) <= MOST_BYTES
        }

    @property
    def _may_train(self) -> bool:
        is_time = not self._is_held and time.monotonic() < self._deadline
        return is_time and bool(self.training.runs.due)
