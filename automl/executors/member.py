"""One worker as its pool sees it: which runs it has, whether it trains, how long it may take."""

from __future__ import annotations

import functools
import math
import time
from collections.abc import Sequence
from dataclasses import replace

from automl.executors.executor import RoundResult, RunFailure
from automl.executors.order_book import OrderBook
from automl.executors.pace import Pace
from automl.executors.pool_runs import PoolRun
from automl.executors.room import Room
from automl.executors.round_clock import RoundClock
from automl.executors.time_limit import TimeLimit
from automl.executors.workers.worker import Engine, RoundDone, Worker
from automl.wording.counts import agree, listing
from automl.wording.numbers import duration
from automl.wording.option_names import named


class Member:
    """A worker in its place, from its start to its end.

    Attributes:
        place: its number in the pool and in the engine.
        runs: the active runs that it was told of, by their ids.
        orders: what it is to be told.
        pace: how fast it trains.
        room: how many runs it may have at once.
        is_ready: whether it has loaded its libraries.
    """

    def __init__(
        self,
        worker: Worker,
        place: int = 0,
        trial_timeout: float | None = None,
        max_runs: int | None = None,
    ) -> None:
        self.worker = worker
        self.place = place
        self.runs: dict[int, PoolRun] = {}
        self.orders = OrderBook()
        self.pace = Pace()
        self.room = Room(max_runs)
        self.is_ready = False
        self._goes_on = False
        self._clock = RoundClock()
        self._limit = TimeLimit(trial_timeout)

    @classmethod
    def launch(
        cls,
        engine: Engine,
        place: int,
        trial_timeout: float | None,
        max_runs: int | None = None,
    ) -> Member:
        """A member with a new worker."""
        return cls(engine.launch(place), place, trial_timeout, max_runs)

    @property
    def is_training(self) -> bool:
        """Whether it is in a round, or will be when it takes its orders."""
        return self.is_ready and (self._goes_on or not self.orders.is_answered)

    @property
    def owes_reply(self) -> bool:
        """Whether it will have something to say."""
        return not self.is_ready or self.is_training

    @property
    def due(self) -> list[PoolRun]:
        """Its runs that are to train another epoch."""
        return [run for run in self.runs.values() if run.progress.is_due]

    def must_hear(self, deadline: float | None) -> bool:
        """Whether there is something to tell it, beside runs to begin."""
        if self.is_training:
            told = self.orders.deadline, self.orders.is_held
            return self.orders.has_news or told != (deadline, False)
        return self.is_ready and bool(self.due)

    def tell(
        self, starts: Sequence[PoolRun], deadline: float | None, *, is_held: bool = False
    ) -> None:
        """Tell it what was decided, and which runs to begin; it goes on with all that is due.

        Raises:
            WorkerLost: it has ended.
        """
        for run in starts:
            run.place, run.order = self.place, self.orders.n_told + 1
            self.runs[run.run_id] = run
            if run.progress.limit is not None:
                self.orders.allow(run.run_id, run.progress.limit)
        orders = self.orders.take([run.start for run in starts], deadline, is_held=is_held)
        self._limit.run_only([run.run_id for run in self.due])
        if not self._goes_on:
            self._clock.begin()
        self.worker.tell(orders)

    def hold(self) -> None:
        """Let it begin no round any more, until it is told something else.

        Raises:
            WorkerLost: it has ended.
        """
        if not self.orders.is_held:
            self.tell([], self.orders.deadline, is_held=True)

    def release(self, run: PoolRun) -> None:
        """A run has ended, or is to go on elsewhere."""
        if self.runs.pop(run.run_id, None) is not None:
            self.orders.stop(run.run_id)

    def take_back(self) -> None:
        """Let runs wait again that the worker had not taken when it ended: no loss of theirs.

        Once in each place, as all workers may have been killed together. A run whose workers go
        on dying before they take it may be why: it may be more than they can receive.
        """
        missed = [
            run
            for run in self.runs.values()
            if not self.worker.has_taken(run.order) and self.place not in run.missed
        ]
        for run in missed:
            run.missed.add(self.place)
            run.place = None
            del self.runs[run.run_id]

    def end_round(self, done: RoundDone) -> RoundResult:
        """Its result without what concerns runs that were stopped while it was made.

        Nor what was told of before: a run that was moved without a state begins once more.
        """
        self._goes_on = done.goes_on
        self._clock.begin()
        result = self._new(done.result.where(functools.partial(self._is_wanted, done.n_orders)))
        self.orders.acknowledge(done.n_orders)
        for epoch in result.epochs:
            run = self.runs[epoch.run_id]
            run.progress.advance(epoch)
            run.sent = done.weights.get(epoch.run_id)
        for failure in result.failures:  # one that has no further epoch had its last one before
            self.runs[failure.run_id].sent = done.weights.get(failure.run_id)
        if done.seconds:
            self._clock.note(done.seconds, done.work)
            self.room.note_round()
            costs = (self.runs[epoch.run_id].cost for epoch in result.epochs)
            self.pace.note(done.seconds, sum(cost.own + cost.shared for cost in costs))
        self._limit.run_only([run.run_id for run in self.due])
        for run_id in done.waiting:  # its time begins when there is room for it
            self._limit.forget(run_id)
        return result

    def _is_wanted(self, n_orders: int, run_id: int) -> bool:
        return run_id in self.runs and not self.orders.is_outdated(run_id, n_orders)

    def _new(self, result: RoundResult) -> RoundResult:
        """A result without the epochs that a run had had, but for one that ends it."""
        epochs = [
            epoch
            for epoch in result.epochs
            if epoch.epoch > self.runs[epoch.run_id].progress.epoch or not epoch.is_finite
        ]
        return replace(result, epochs=tuple(epochs))

    def hangs_at(self) -> float:
        """The `time.monotonic()` from which on it takes too long to load, or its round does."""
        if not self.is_ready:
            return self._clock.ready_until
        return self._limit.first_end + self._clock.grace if self.is_training else float("inf")

    def hangs_with(self) -> str:
        """What has taken too long then."""
        what = "a round" if self.is_ready else "loading the libraries"
        return f"{what} in its worker process took too long"

    def hangs_beyond(self, deadline: float | None) -> str:
        """How it hangs if its round has not ended long after the search's deadline; else ""."""
        if deadline is None or time.monotonic() <= deadline + self._clock.ending_grace:
            return ""
        place = self.worker.place()
        what = f"it hung in {place}" if place else "it hung"
        return f"{what}: its round had not ended long after the end"

    @property
    def of_late(self) -> tuple[float, float]:
        """Seconds of its last rounds, and seconds of a processor in them."""
        return self._clock.seconds, self._clock.work

    def long_round(self) -> str:
        """That its round lasts very long, whenever it is to be said and nobody will end it."""
        if not self.is_training or self._limit.seconds is not None:
            return ""
        if (seconds := self._clock.long_round()) is None:
            return ""
        numbers = [str(number) for number in sorted({run.trial_number for run in self.due})]
        trials = f"{agree(len(numbers), 'trial', 'trials')} {listing(numbers)}"
        return (
            f"worker {self.place + 1} has not ended an epoch of {trials} for {duration(seconds)}; "
            f"if it hangs, {named('trial_timeout')} ends such a trial"
        )

    def answers_within(self) -> float | None:
        """Seconds in which it answers a question unless it hangs; None: nobody can say."""
        until = self.hangs_at()
        if self.orders.deadline is not None:
            until = min(until, self.orders.deadline + self._clock.ending_grace)
        return None if math.isinf(until) else max(0.0, until - time.monotonic())

    def failures(self, message: str, place: str = "") -> list[RunFailure]:
        """What becomes of its runs when the worker is gone, but for those whose weights are here.

        Args:
            place: where it was when a run's time had passed.
        """
        passed = self._limit.passed()
        trained = {run.trial_number for run in self.due}
        return [
            self._limit.failure(run_id, place)
            if run_id in passed
            else RunFailure(
                run_id, "lost", message, had_company=bool(trained - {run.trial_number})
            )
            for run_id, run in sorted(self.runs.items())
            if run.sent is None
        ]
