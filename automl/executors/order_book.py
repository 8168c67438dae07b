"""What one worker is to be told, what it was told, and how much of that it has taken.

A worker takes its orders between two rounds, and trains on meanwhile. So it may go on telling of
a run that was stopped until it has taken that order: its orders are counted, and every round
says how many of them came before it.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

from automl.executors.workers.worker import Orders
from automl.training.trainer import Start


class OrderBook:
    """The orders of one worker.

    Attributes:
        n_told, n_taken: how many it was sent, and how many it is known to have taken.
        deadline, is_held: what it was told last of when it may train.
    """

    def __init__(self) -> None:
        self.n_told = 0
        self.n_taken = 0
        self.deadline: float | None = None
        self.is_held = False
        self._to_stop: list[int] = []
        self._to_forget: list[int] = []
        self._limits: dict[int, int] = {}
        self._stopped_by: dict[int, int] = {}  # number of the order, by run

    @property
    def has_news(self) -> bool:
        """Whether there is something to tell."""
        return bool(self._to_stop or self._to_forget or self._limits)

    @property
    def is_answered(self) -> bool:
        """Whether it has taken all that it was told."""
        return self.n_taken >= self.n_told

    def allow(self, run_id: int, limit: int) -> None:
        """Let a run train to an epoch from now on."""
        self._limits[run_id] = limit

    def stop(self, run_id: int) -> None:
        """Do not train a run any more."""
        self._limits.pop(run_id, None)
        self._to_stop.append(run_id)
        self._stopped_by[run_id] = self.n_told + 1

    def forget(self, run_id: int) -> None:
        """Free what the worker keeps of an ended run."""
        self._to_forget.append(run_id)

    def take(
        self, starts: Sequence[Start], deadline: float | None, *, is_held: bool = False
    ) -> Orders:
        """All that is to be told now.

        Args:
            deadline: a `time.monotonic()` value.
            is_held: whether it shall not train until it is told something else.
        """
        orders = Orders(
            tuple(self._to_stop),
            tuple(self._to_forget),
            tuple(starts),
            None if deadline is None else max(0.0, deadline - time.monotonic()),
            self._limits,
            is_held,
        )
        self._to_stop, self._to_forget, self._limits = [], [], {}
        self.deadline, self.is_held = deadline, is_held
        self.n_told += 1
        return orders

    def acknowledge(self, n_orders: int) -> None:
        """It has taken so many of its orders."""
        self.n_taken = n_orders
        self._stopped_by = {
            run_id: number for run_id, number in self._stopped_by.items() if number > n_orders
        }

    def is_outdated(self, run_id: int, n_orders: int) -> bool:
        """Whether a round after so many orders tells of a run that had been stopped by then."""
        return n_orders < self._stopped_by.get(run_id, 0)
