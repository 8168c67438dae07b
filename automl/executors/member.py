"""One worker as its pool sees it: what it does, which runs it has, and how long it may take."""

from __future__ import annotations

import enum

from automl.executors.executor import RoundResult, RunFailure
from automl.executors.round_clock import RoundClock
from automl.executors.run_queue import RunQueue
from automl.executors.time_limit import TimeLimit
from automl.executors.workers.worker import Engine, RoundDone, Worker


class State(enum.Enum):
    """What a worker is doing."""

    STARTING = enum.auto()
    IDLE = enum.auto()  # it can be told to begin a round
    TRAINING = enum.auto()
    DONE = enum.auto()  # the coordinator has not seen the round's result yet


class Member:
    """A worker in its place, from its start to its end.

    Attributes:
        place: its number in the pool and in the engine.
        queue: its runs.
    """

    def __init__(
        self,
        worker: Worker,
        place: int = 0,
        trial_timeout: float | None = None,
        queue: RunQueue | None = None,
    ) -> None:
        self.worker = worker
        self.place = place
        self.queue = queue or RunQueue()
        self.state = State.STARTING
        self._clock = RoundClock()
        self._limit = TimeLimit(trial_timeout)

    @classmethod
    def launch(
        cls,
        engine: Engine,
        place: int,
        trial_timeout: float | None,
        queue: RunQueue | None = None,
    ) -> Member:
        """A member with a new worker, and the runs that this is to train."""
        return cls(engine.launch(place), place, trial_timeout, queue)

    @property
    def owes_reply(self) -> bool:
        """Whether it will have something to say."""
        return self.state in (State.STARTING, State.TRAINING)

    def begin_round(self, deadline: float | None) -> None:
        """Tell it what was decided, and to train all of its runs that there is room for.

        Raises:
            WorkerLost: it has ended.
        """
        orders = self.queue.take_orders(deadline)
        self._limit.keep_only(self.queue.in_training)
        self._limit.begin(self.queue.in_training)
        self._clock.begin()
        self.state = State.TRAINING
        self.worker.begin(orders)

    def end_round(self, done: RoundDone) -> RoundResult:
        """Its result without what concerns runs that were stopped while it was made."""
        self.state = State.DONE
        self._clock.end()
        self.queue.end_round()
        for run_id in done.waiting:  # its time begins when there is room for it
            self._limit.forget(run_id)
        return done.result.where(self.queue.in_training.__contains__)

    def hangs_at(self) -> float:
        """The `time.monotonic()` from which on it takes too long to load, or its round does."""
        if self.state is State.STARTING:
            return self._clock.ready_until
        if self.state is not State.TRAINING:
            return float("inf")
        return self._limit.first_end + self._clock.grace

    def hangs_with(self) -> str:
        """What has taken too long then."""
        what = "loading the libraries" if self.state is State.STARTING else "a round"
        return f"{what} in its worker process took too long"

    @property
    def ending_grace(self) -> float:
        """Seconds beyond the search's deadline in which the present round must end."""
        return self._clock.ending_grace

    def failures(self, message: str, place: str = "") -> list[RunFailure]:
        """What becomes of the runs in training when the worker is gone.

        Args:
            place: where it was when a run's time had passed.
        """
        passed = self._limit.passed()
        return [
            self._limit.failure(run_id, place)
            if run_id in passed
            else RunFailure(run_id, "lost", message)
            for run_id in sorted(self.queue.in_training)
        ]
