"""The executor: workers of one kind, and who trains what.

Workers train by themselves what they were told, each run to its limit; `next_round` takes what
they have done, tells them what was decided meanwhile, and gives work to those that soon have
none (`distribution.py`). So nobody waits for anybody, and what was decided reaches a worker
between two of its rounds. A worker that is lost takes only the runs with it that it had taken
on: they come back as "lost", to be started again, and another worker takes its place. How workers
are started, spoken to and waited for is their engine's affair (`workers/worker.py`).
"""

from __future__ import annotations

import contextlib
import math
import time
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TypeVar

from torch import Tensor

from automl.errors import TrainingError
from automl.executors.distribution import giving_way, shared_out
from automl.executors.executor import NO_LIMITS, Executor, RoundResult
from automl.executors.losses import Losses
from automl.executors.member import Member
from automl.executors.pending_results import PendingResults
from automl.executors.pool_runs import PoolRun, PoolRuns
from automl.executors.run_progress import RunProgress
from automl.executors.trainers import trainer_class
from automl.executors.workers.worker import (
    Engine,
    Ready,
    TrainingSetup,
    Worker,
    WorkerLost,
)
from automl.system.interruption import interrupt_held
from automl.training.trainer import Checkpoint, Start, run_of

_Answer = TypeVar("_Answer")

NOT_NOW = -math.inf
"""The deadline while no round may begin."""

LISTEN_SECONDS = 0.5
"""After so long without news it is looked whether the search shall end, or a worker is late."""


class Pool(Executor):
    """Trains runs in the workers of an engine, each in one that has little to do.

    Args:
        setup: what the engine was made of.
    """

    def __init__(self, setup: TrainingSetup, engine: Engine) -> None:
        self._setup = setup
        self._engine = engine
        self._runs = PoolRuns()
        self._results = PendingResults()
        self._losses = Losses()
        self._messages = {engine.note: False} if engine.note else {}  # whether given
        self._is_interrupted = False
        self._deadline: float | None = NOT_NOW  # until which workers may train
        self._end = weakref.finalize(self, engine.close)
        limit = setup.trial_timeout
        self._members = [Member.launch(engine, n, limit) for n in range(engine.n_workers)]

    @property
    def active(self) -> tuple[int, ...]:
        """Ids of the runs that have not ended, in the order of their start."""
        return self._runs.active

    def start(self, starts: Sequence[Start], limits: Mapping[int, int] = NO_LIMITS) -> None:
        """Begin or continue runs; a worker is told of them when it needs some, by `allow`."""
        for start in starts:
            if self._runs.active_run(run_of(start).run_id) is not None:
                raise ValueError(
                    f"a run is started once, but run {run_of(start).run_id} is active already"
                )
        trainer = trainer_class(self._setup.trainer)
        for start in starts:
            run = run_of(start)
            self.forget(run.run_id)
            cost = trainer.cost(run, self._setup.dataset)
            alone = self._losses.must_be_alone(run.trial_number)
            self._runs.add(PoolRun(start, cost, RunProgress.of(start), alone))
        self.allow(limits)

    def allow(self, limits: Mapping[int, int]) -> None:
        """Let runs train to these epochs from now on. No-op for those that are not active.

        A worker that has nothing to do does not wait for the next round until it is told.
        """
        for run_id, limit in limits.items():
            if (run := self._runs.active_run(run_id)) is not None:
                run.progress.allow(limit)
                if run.place is not None:
                    self._members[run.place].orders.allow(run_id, limit)
        is_time = self._deadline is None or time.monotonic() < self._deadline
        if is_time and not all(each.owes_reply for each in self._members):
            self._tell(self._deadline)

    def next_round(self, deadline: float | None = None) -> RoundResult:
        """Wait until a worker has finished a round, and take all that have by then."""
        self._engine.hurry(False)
        self._deadline = deadline
        while self._runs.active or self._results:
            if self._is_interrupted:
                self._is_interrupted = False
                break
            is_time = deadline is None or time.monotonic() < deadline
            if is_time:
                self._tell(deadline)
            if self._results:
                return self._results.take_all()
            if not is_time or not any(each.owes_reply for each in self._members):
                break  # or all runs rest
            n_messages = len(self._messages)
            self._listen(deadline)
            if len(self._messages) > n_messages:
                break  # a person is to hear it now
        return RoundResult()

    def finish_rounds(self, deadline: float | None = None) -> RoundResult:
        """Wait for the rounds that are under way in any worker, and let no others begin."""
        self._engine.hurry(True)
        self._deadline = NOT_NOW
        for member in tuple(self._members):
            if member.is_training:
                with self._talk(member):
                    member.hold()
        while training := [each for each in self._members if each.is_training]:
            for member in training:
                if how := member.hangs_beyond(deadline):
                    self._replace(member, how)
            self._listen(None)
        return self._results.take_all()

    def interrupt(self) -> None:
        """Let the present `next_round` return soon, whatever a worker is in."""
        self._engine.hurry(True)
        self._deadline = NOT_NOW
        self._is_interrupted = True

    @property
    def busyness(self) -> float | None:
        """Seconds that have lately passed for each second of work of its workers."""
        of_late = [member.of_late for member in self._members]
        seconds, work = (sum(each) for each in zip(*of_late, strict=True)) if of_late else (0, 0)
        return seconds / work if work > 0.0 else None

    def take_messages(self) -> tuple[str, ...]:
        """What a person should know of the kernels and the workers; each is given once."""
        new = tuple(message for message, is_given in self._messages.items() if not is_given)
        self._messages = dict.fromkeys(self._messages, True)
        return new

    def stop(self, run_id: int) -> None:
        """End a run; its best weights stay readable until `forget`. No-op if it has ended."""
        if (run := self._runs.active_run(run_id)) is not None:
            self._runs.end(run)
            if run.place is not None:
                self._members[run.place].release(run)
        self._results.drop(run_id)

    def checkpoint(self, run_id: int) -> Checkpoint:
        """The state of an active run; waits for the round it is in."""
        run = self._runs.active_run(run_id)
        if run is None:
            raise TrainingError(f"a checkpoint needs a run in training, but run {run_id} is not")
        if run.place is None and isinstance(run.start, Checkpoint):
            return run.start
        return self._asked(run_id, lambda worker, seconds: worker.checkpoint(run_id, seconds))

    def best_weights(self, run_id: int) -> Mapping[str, Tensor]:
        """The weights of the run's best epoch; waits for the round that its worker is in."""
        run = self._runs.get(run_id)
        if run is not None and (weights := run.weights_here) is not None:
            return weights
        return self._asked(run_id, lambda worker, seconds: worker.best_weights(run_id, seconds))

    def forget(self, run_id: int) -> None:
        """Free what is kept of an ended run."""
        run = self._runs.get(run_id)
        if run is not None and not run.is_active:
            self._runs.remove(run)
            if run.place is not None:
                self._members[run.place].orders.forget(run_id)

    def close(self) -> None:
        """End all workers. What was not fetched from them is gone."""
        self._runs.clear()
        self._results.clear()
        self._members.clear()
        self._end()

    # Talking with workers

    def _tell(self, deadline: float | None) -> None:
        """Tell workers what was decided, and of runs where they need some."""
        for run in giving_way(self._members, self._runs.waiting):
            with contextlib.suppress(TrainingError):  # it has not begun, or is lost
                run.start = self.checkpoint(run.run_id)
            if run.progress.is_due:  # it trained until now: hear all epochs that it has had
                self._listen(time.monotonic())
            if run.is_active and run.place is not None:
                member = self._members[run.place]
                member.release(run)
                member.orders.forget(run.run_id)
                run.place = None
        shares = shared_out(self._members, self._runs.waiting)
        for member in tuple(self._members):
            starts = shares.get(member, ())
            if starts or member.must_hear(deadline):
                with self._talk(member):
                    member.tell(starts, deadline)

    def _listen(self, deadline: float | None) -> None:
        """Wait until a worker says something, ends, hangs, or some time has passed."""
        speakers = {each.worker: each for each in self._members if each.owes_reply}
        until = min((each.hangs_at() for each in self._members), default=float("inf"))
        if deadline is not None:
            until = min(until, deadline)
        wait = min(LISTEN_SECONDS, max(0.0, until - time.monotonic()))
        heard = [speakers[worker] for worker in self._engine.wait(tuple(speakers), wait)]
        for member in heard:
            with interrupt_held(), self._talk(member):
                self._hear(member)
        for member in tuple(self._members):
            if member not in heard and member.hangs_at() <= time.monotonic():
                self._replace(member, member.hangs_with())
            elif said := member.long_round():
                self._messages.setdefault(said, False)

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
        """Take what a worker says: what is of runs that have ended is not kept as active."""
        for reply in member.worker.replies():
            if isinstance(reply, Ready):
                member.is_ready = True
                self._losses.note_start()
                continue
            result = member.end_round(reply)
            ended = [failure.run_id for failure in result.failures]
            ended += [epoch.run_id for epoch in result.epochs if not epoch.is_finite]
            for run_id in ended:
                if (run := member.runs.pop(run_id, None)) is not None:
                    self._runs.end(run)
            self._results.add(result)

    def _asked(self, run_id: int, ask: Callable[[Worker, float | None], _Answer]) -> _Answer:
        """Ask the worker that has a run, which answers between two rounds.

        It is told first what was decided before.
        """
        run = self._runs.get(run_id)
        if run is None or run.place is None:
            raise TrainingError(
                f"there are no weights of run {run_id}: it never trained, or is gone"
            )
        member = self._members[run.place]
        with self._talk(member):
            if member.is_training and member.orders.has_news:
                member.tell([], member.orders.deadline, is_held=member.orders.is_held)
            return ask(member.worker, member.answers_within())
        raise TrainingError(f"run {run_id} is gone with its worker process")

    def _replace(self, member: Member, message: str, note: str = "") -> None:
        """Put a new worker in a lost or hanging one's place; the runs that it took are lost.

        It may have died for want of memory, so the new one begins with half as many runs.

        Raises:
            TrainingError: workers are lost again and again before they can train.
        """
        if self._members[member.place] is not member:
            return
        if note:
            self._messages.setdefault(note, False)
        if not member.is_ready and member.worker.has_begun:
            self._losses.note_failed_start(message)
        place = member.worker.place() if member.hangs_at() <= time.monotonic() else ""
        member.worker.end()
        member.take_back()  # what it took is known only now
        failures = member.failures(message, place)
        self._results.add(RoundResult(failures=tuple(failures)))
        lost = [member.runs[each.run_id] for each in failures if each.cause == "lost"]
        self._losses.note_lost(run.trial_number for run in lost)
        for run in self._runs.at(member.place):
            if run.sent is not None:
                run.place = None
            else:
                self._runs.remove(run)
        limit, n_runs = self._setup.trial_timeout, len(member.runs)
        max_runs = max(1, n_runs // 2) if n_runs else member.room.max_runs
        self._members[member.place] = Member.launch(self._engine, member.place, limit, max_runs)
