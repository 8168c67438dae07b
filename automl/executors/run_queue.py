"""What one worker is to be told before its next round: runs to begin, to end, to forget."""

from __future__ import annotations

import time

from automl.executors.workers.worker import Orders
from automl.training.trainer import Start, run_of

CALM_ROUNDS = 20
"""After so many rounds without a death a worker may have twice as many runs again. A guess:
most runs that are pruned are so within 20 epochs, so these are other runs."""


class RunQueue:
    """The runs of one worker.

    Attributes:
        waiting: the starts that it has not been told yet, by run.
        in_training: the runs that it has been told, and that are still wanted.
        alone: runs that must not train beside others.
        max_runs: how many may train at once; None: all.
    """

    def __init__(self, max_runs: int | None = None) -> None:
        self.waiting: dict[int, Start] = {}
        self.in_training: set[int] = set()
        self.alone: set[int] = set()
        self.max_runs = max_runs
        self._to_stop: list[int] = []
        self._to_forget: list[int] = []
        self._n_rounds = 0
        self._limits: dict[int, int] = {}  # to tell

    @property
    def runs(self) -> tuple[int, ...]:
        """Ids of all of them."""
        return (*self.in_training, *self.waiting)

    def start(self, start: Start, *, alone: bool = False) -> None:
        """Begin or continue a run with one of the next rounds."""
        run_id = run_of(start).run_id
        self.waiting[run_id] = start
        if alone:
            self.alone.add(run_id)

    def allow(self, run_id: int, limit: int) -> None:
        """Let a run train to an epoch from now on."""
        self._limits[run_id] = limit

    def stop(self, run_id: int) -> None:
        """Do not train a run any more."""
        self._limits.pop(run_id, None)
        if self.waiting.pop(run_id, None) is None:
            self.in_training.discard(run_id)
            self._to_stop.append(run_id)

    def forget(self, run_id: int) -> None:
        """Free what the worker keeps of an ended run."""
        self._to_forget.append(run_id)

    def take_orders(self, deadline: float | None) -> Orders:
        """What was decided since the last round; the runs that may join are in training now."""
        starts = tuple(self.waiting.pop(run_id) for run_id in self._next_starts())
        self.in_training.update(run_of(start).run_id for start in starts)
        seconds = None if deadline is None else max(0.0, deadline - time.monotonic())
        limits = {
            run_id: self._limits.pop(run_id)
            for run_id in tuple(self._limits)
            if run_id in self.in_training
        }
        orders = Orders(tuple(self._to_stop), tuple(self._to_forget), starts, seconds, limits)
        self._to_stop, self._to_forget = [], []
        return orders

    def end_round(self) -> None:
        """Take note that a round went well."""
        self._n_rounds += 1

    def successor(self) -> RunQueue:
        """The runs that had not been told, for a worker in this one's place.

        It may have died for want of memory, so the new one begins with half as many runs.
        """
        new = RunQueue(max(1, len(self.in_training) // 2))
        new.waiting.update(self.waiting)
        new.alone.update(self.alone)
        new._limits.update(self._limits)
        return new

    def _next_starts(self) -> tuple[int, ...]:
        """The waiting runs that may join: all, as many as there is room for, or one alone."""
        if self.in_training & self.alone:
            return ()
        if alone := [run_id for run_id in self.waiting if run_id in self.alone]:
            return () if self.in_training else (alone[0],)
        if self.max_runs is None:
            return tuple(self.waiting)
        room = self.max_runs * 2 ** (self._n_rounds // CALM_ROUNDS) - len(self.in_training)
        return tuple(self.waiting)[: max(0, room)]
