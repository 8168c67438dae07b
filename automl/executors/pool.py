"""The executor: workers of one kind, and who trains what.

Workers are asynchronous: `next_round` returns the first finished round of any of them, and
a worker begins its next round only in the `next_round` after the one that gave its last
result, so with what the coordinator has decided upon it. A worker that is lost takes only the
runs it was training: they come back as "lost", to be started again, and another worker takes
its place and the runs it had not begun. How workers are started, spoken to and waited for is
their engine's affair (`workers/worker.py`).
"""

from __future__ import annotations

import contextlib
import time
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from torch import Tensor

from automl.errors import TrainingError
from automl.executors.executor import NO_LIMITS, Executor, RoundResult
from automl.executors.losses import Losses
from automl.executors.member import Member, State
from automl.executors.pending_results import PendingResults
from automl.executors.placement import place
from automl.executors.run_progress import RunProgress
from automl.executors.trainers import trainer_class
from automl.executors.workers.worker import (
    Engine,
    Ready,
    TrainingSetup,
    Worker,
    WorkerLost,
)
from automl.training.costs import RunCost
from automl.training.trainer import Checkpoint, Start, run_of

_Answer = TypeVar("_Answer")

LISTEN_SECONDS = 0.5
"""After so long without news it is looked whether the search shall end, or a worker is late."""


@dataclass(slots=True)
class _PlacedRun:
    """A run that was given to a worker; it stays there until it is forgotten."""

    member: Member
    trial_number: int
    cost: RunCost
    progress: RunProgress
    is_active: bool = True


class Pool(Executor):
    """Trains runs in the workers of an engine, each in the one that has least to do.

    Args:
        setup: what the engine was made of.
    """

    def __init__(self, setup: TrainingSetup, engine: Engine) -> None:
        self._setup = setup
        self._engine = engine
        self._runs: dict[int, _PlacedRun] = {}  # in the order of their start
        self._results = PendingResults()
        self._losses = Losses()
        self._messages = {engine.note: False} if engine.note else {}  # whether given
        self._is_interrupted = False
        self._end = weakref.finalize(self, engine.close)
        limit = setup.trial_timeout
        self._members = [Member.launch(engine, n, limit) for n in range(engine.n_workers)]

    @property
    def n_workers(self) -> int:
        """How many workers train."""
        return len(self._members)

    @property
    def active(self) -> tuple[int, ...]:
        """Ids of the runs in training, or waiting for room, in the order of their start."""
        return tuple(run_id for run_id, run in self._runs.items() if run.is_active)

    def start(self, starts: Sequence[Start], limits: Mapping[int, int] = NO_LIMITS) -> None:
        """Give each run to a worker; it begins there with the worker's next round."""
        for start in starts:
            if _is_active(self._runs, run_of(start).run_id):
                raise ValueError(
                    f"a run is started once, but run {run_of(start).run_id} is active already"
                )
        for start in starts:
            self.forget(run_of(start).run_id)
        trainer = trainer_class(self._setup.trainer)
        costs = [trainer.cost(run_of(start), self._setup.dataset) for start in starts]
        placed = [
            [self._runs[run_id].cost for run_id in member.queue.runs] for member in self._members
        ]
        for start, cost, number in zip(starts, costs, place(costs, placed), strict=True):
            run, member = run_of(start), self._members[number]
            member.queue.start(start, alone=self._losses.must_be_alone(run.trial_number))
            progress = RunProgress.of(start)
            self._runs[run.run_id] = _PlacedRun(member, run.trial_number, cost, progress)
        self.allow(limits)

    def allow(self, limits: Mapping[int, int]) -> None:
        """Let runs train to these epochs from now on. No-op for those that are not active."""
        for run_id, limit in limits.items():
            if (run := self._runs.get(run_id)) is not None and run.is_active:
                run.progress.limit = limit
                run.member.queue.allow(run_id, limit)

    def next_round(self, deadline: float | None = None) -> RoundResult:
        """Wait for the first round that any worker finishes; the others go on."""
        self._engine.hurry(False)
        while self.active or self._results:
            if self._is_interrupted:
                self._is_interrupted = False
                break
            if deadline is None or time.monotonic() < deadline:
                self._begin_rounds(deadline)
            if self._results:
                return self._results.take()
            if deadline is not None and time.monotonic() >= deadline:
                break
            if all(each.state is State.IDLE for each in self._members):
                break  # all runs rest
            self._listen(deadline)
        return RoundResult()

    def finish_rounds(self, deadline: float | None = None) -> RoundResult:
        """Wait for the rounds that are under way in any worker, without beginning new ones."""
        self._engine.hurry(True)
        while training := [each for each in self._members if each.state is State.TRAINING]:
            for member in training:
                if deadline is not None and time.monotonic() > deadline + member.ending_grace:
                    place = member.worker.place()
                    what = f"it hung in {place}" if place else "it hung"
                    self._replace(member, f"{what}: its round had not ended long after the end")
            self._listen(None)
        return self._results.take_all()

    def interrupt(self) -> None:
        """Let the present `next_round` return soon, whatever a worker is in."""
        self._engine.hurry(True)
        self._is_interrupted = True

    def take_messages(self) -> tuple[str, ...]:
        """What a person should know of the kernels and the workers; each is given once."""
        new = tuple(message for message, is_given in self._messages.items() if not is_given)
        self._messages = dict.fromkeys(self._messages, True)
        return new

    def stop(self, run_id: int) -> None:
        """End a run; its best weights stay readable until `forget`. No-op if it has ended."""
        if _is_active(self._runs, run_id):
            run = self._runs[run_id]
            run.is_active = False
            run.member.queue.stop(run_id)
        self._results.drop(run_id)

    def checkpoint(self, run_id: int) -> Checkpoint:
        """The state of an active run; waits for the round it is in."""
        if not _is_active(self._runs, run_id):
            raise TrainingError(f"a checkpoint needs a run in training, but run {run_id} is not")
        start = self._runs[run_id].member.queue.waiting.get(run_id)
        if isinstance(start, Checkpoint):
            return start
        return self._asked(run_id, lambda worker: worker.checkpoint(run_id))

    def best_weights(self, run_id: int) -> Mapping[str, Tensor]:
        """The weights of the run's best epoch; waits for the round that its worker is in."""
        return self._asked(run_id, lambda worker: worker.best_weights(run_id))

    def forget(self, run_id: int) -> None:
        """Free what is kept of an ended run."""
        if run_id in self._runs and not _is_active(self._runs, run_id):
            self._runs.pop(run_id).member.queue.forget(run_id)

    def close(self) -> None:
        """End all workers. What was not fetched from them is gone."""
        self._runs.clear()
        self._results.clear()
        self._members.clear()
        self._end()

    # Talking with workers

    def _begin_rounds(self, deadline: float | None) -> None:
        """Let each worker that has runs, and whose last result was handled, train them."""
        for member in tuple(self._members):
            is_due = any(self._runs[run_id].progress.is_due for run_id in member.queue.runs)
            if member.state is State.IDLE and is_due:
                with self._talk(member):
                    member.begin_round(deadline)

    def _listen(self, deadline: float | None) -> None:
        """Wait until a worker says something, ends, hangs, or some time has passed."""
        speakers = {each.worker: each for each in self._members if each.owes_reply}
        until = min((each.hangs_at() for each in self._members), default=float("inf"))
        if deadline is not None:
            until = min(until, deadline)
        wait = min(LISTEN_SECONDS, max(0.0, until - time.monotonic()))
        for worker in self._engine.wait(tuple(speakers), wait):
            with self._talk(speakers[worker]):
                self._hear(speakers[worker])
        for member in tuple(self._members):
            if member.hangs_at() <= time.monotonic():
                self._replace(member, member.hangs_with())

    @contextlib.contextmanager
    def _talk(self, member: Member) -> Iterator[None]:
        """Replace a worker that is found lost, and give up one in whose middle we are broken off.

        Ctrl-C may come between any two lines: what was half said makes no sense any more.
        """
        try:
            yield
        except WorkerLost as lost:
            self._replace(member, str(lost), lost.note)
        except KeyboardInterrupt:
            member.worker.abandon()
            raise

    def _hear(self, member: Member) -> None:
        """Take a reply: what is of runs that have ended is not kept as active."""
        reply = member.worker.reply()
        if isinstance(reply, Ready):
            member.state = State.IDLE
            self._losses.note_start()
            return
        result = member.end_round(reply)
        ended = [failure.run_id for failure in result.failures]
        ended += [epoch.run_id for epoch in result.epochs if not epoch.is_finite]
        for epoch in result.epochs:
            self._runs[epoch.run_id].progress.advance(epoch)
        for run_id in ended:
            member.queue.in_training.discard(run_id)
            self._runs[run_id].is_active = False
        self._results.add(member, result)

    def _asked(self, run_id: int, ask: Callable[[Worker], _Answer]) -> _Answer:
        """Ask the worker that has a run, once it listens."""
        run = self._runs.get(run_id)
        if run is None or run_id in run.member.queue.waiting:
            raise TrainingError(
                f"there are no weights of run {run_id}: it never trained, or is gone"
            )
        member = run.member
        while member.state is State.TRAINING and member in self._members:
            self._listen(None)
        answers = []
        with self._talk(member):
            answers.append(ask(member.worker))
        if not answers:
            raise TrainingError(f"run {run_id} is gone with its worker process")
        return answers[0]

    def _replace(self, member: Member, message: str, note: str = "") -> None:
        """Put a new worker in a lost or hanging one's place; its runs in training are lost.

        Raises:
            TrainingError: workers are lost again and again before they can train.
        """
        if self._members[member.place] is not member:
            return
        if note:
            self._messages.setdefault(note, False)
        if member.state is State.STARTING and member.worker.has_begun:
            self._losses.note_failed_start(message)
        place = member.worker.place() if member.hangs_at() <= time.monotonic() else ""
        member.worker.end()
        failures = member.failures(message, place)
        self._results.fail(failures)
        lost = [failure.run_id for failure in failures if failure.cause == "lost"]
        self._losses.note_lost(self._runs[run_id].trial_number for run_id in lost)
        queue = member.queue.successor()
        successor = Member.launch(self._engine, member.place, self._setup.trial_timeout, queue)
        self._members[member.place] = successor
        for run_id in [run_id for run_id, run in self._runs.items() if run.member is member]:
            if run_id in queue.waiting:
                self._runs[run_id].member = successor
            else:
                del self._runs[run_id]


def _is_active(runs: Mapping[int, _PlacedRun], run_id: int) -> bool:
    return run_id in runs and runs[run_id].is_active
