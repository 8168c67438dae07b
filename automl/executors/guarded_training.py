"""Rounds of a trainer, and what to do when one of them raises: all that trains does it here.

Where a trainer says whose error it was (`RunError`), that run fails and nothing else happens.
Otherwise a trainer whose round has raised is not trusted any more: its runs begin again from
where they were started, in fresh trainers. Since every random number is a function of seed and
step, they give the same epochs once more; those that were given before are left out. After
a crash the runs are parted in halves until the culprit stands alone; after memory ran out,
half as many runs train at once and the others wait (`memory_room.py`). A round that hangs
cannot be ended from within: that needs a worker process (`workers/process.py`).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from torch import Tensor

from automl.errors import TrainingError
from automl.executors.executor import RoundResult, RunFailure
from automl.executors.failures import failure_of, is_memory_error
from automl.executors.memory_room import MemoryRoom
from automl.executors.numerics import training_arithmetic
from automl.executors.run_progress import RunProgress
from automl.executors.time_limit import TimeLimit
from automl.executors.trainer_group import TrainerGroup
from automl.executors.workers.worker import Orders, RoundDone
from automl.training.trainer import Checkpoint, RunBegan, RunError, Start, Trainer, run_of
from storage.records import EpochRecord


@dataclass(slots=True)
class _ActiveRun:
    """A run that was started and has not ended."""

    start: Start
    n_reported: int  # epochs given to the coordinator, which a repetition leaves out
    progress: RunProgress  # of what it trains now, a repetition too
    is_known: bool = False  # whether it was told how it began


class GuardedTraining:
    """Trains runs in this thread; what raises ends no more than the run that did.

    Args:
        make_trainer: makes a trainer without runs.
        device: where it trains.
        trial_timeout: seconds from a run's first round, checked between rounds.
    """

    def __init__(
        self,
        make_trainer: Callable[[], Trainer],
        *,
        device: str = "cpu",
        trial_timeout: float | None = None,
    ) -> None:
        self._runs: dict[int, _ActiveRun] = {}
        self._trainers = TrainerGroup(make_trainer)
        self._room = MemoryRoom(device)
        self._limit = TimeLimit(trial_timeout)
        self._failures: list[RunFailure] = []
        self._is_parted = False  # in several trainers, though the culprit is gone

    @property
    def waiting(self) -> tuple[int, ...]:
        """Ids of the active runs that are in no trainer yet."""
        return tuple(run_id for run_id in self._runs if not self._trainers.has(run_id))

    def carry_out(self, orders: Orders) -> RoundDone:
        """End, forget and begin runs, then train one epoch of those due that have room."""
        for run_id in orders.stop:
            self.stop(run_id)
        for run_id in orders.forget:
            self.forget(run_id)
        self.start(orders.start)
        for run_id, limit in orders.limits.items():
            if run_id in self._runs:
                self._runs[run_id].progress.limit = limit
        seconds = orders.seconds
        result = self.train_round(None if seconds is None else time.monotonic() + seconds)
        return RoundDone(result, self.waiting)

    def start(self, starts: Sequence[Start]) -> None:
        """Begin or continue runs; their training happens in `train_round`."""
        for start in starts:
            run_id = run_of(start).run_id
            self.forget(run_id)
            n_epochs = start.epoch if isinstance(start, Checkpoint) else 0
            self._runs[run_id] = _ActiveRun(start, n_epochs, RunProgress.of(start))

    def train_round(self, deadline: float | None = None) -> RoundResult:
        """Train one epoch of every run that is due and for which there is room."""
        with training_arithmetic():
            self._prepare()
            self._admit()
            begun = self._take_begun()
            epochs = self._train_all(deadline)
            begun += self._take_begun()
        failures, self._failures = tuple(self._failures), []
        return RoundResult(tuple(epochs), failures, tuple(begun))

    def stop(self, run_id: int) -> None:
        """End a run; its best weights stay readable until `forget`. No-op if it has ended."""
        self._runs.pop(run_id, None)
        self._trainers.end(run_id)
        self._limit.forget(run_id)
        self._room.leave(run_id)

    def checkpoint(self, run_id: int) -> Checkpoint:
        """The state of an active run; one that has not begun yet is where it was started.

        Raises:
            TrainingError: the run is not active, or has no state yet.
        """
        if self._trainers.has(run_id):
            return self._trainers.checkpoint(run_id)
        run = self._runs.get(run_id)
        if run is not None and isinstance(run.start, Checkpoint):
            return run.start
        raise TrainingError(f"a checkpoint needs a run in training, but run {run_id} is not")

    def best_weights(self, run_id: int) -> Mapping[str, Tensor]:
        """The weights of the run's best epoch, of an active or ended run.

        Raises:
            TrainingError: the run never finished an epoch.
        """
        return self._trainers.best_weights(run_id)

    def forget(self, run_id: int) -> None:
        """Free what is kept of an ended run."""
        self._trainers.forget(run_id)

    # A round

    def _prepare(self) -> None:
        """Do what had to wait for the end of the last round."""
        for run_id in self._limit.passed():
            self._failures.append(self._limit.failure(run_id))
            self.stop(run_id)
        self._room.free()
        if self._is_parted:  # the culprit is gone: the others come back together
            self._is_parted = False
            for state in self._trainers.reunite():
                self._runs[state.run.run_id].start = state

    def _admit(self) -> None:
        """Give waiting runs to the first trainer, as far as there is room."""
        waiting = self.waiting
        if admitted := self._room.admitted(waiting, len(self._runs) - len(waiting)):
            self._add(self._trainers.first(), admitted)

    def _add(self, trainer: Trainer, run_ids: Sequence[int]) -> None:
        """Add runs to a trainer; where that raises, find out which of them it was."""
        before = trainer.active
        try:
            trainer.add([self._runs[run_id].start for run_id in run_ids])
        except RunError as error:
            self._add_without(trainer, run_ids, error)
        except Exception as error:
            if trainer.active != before:
                self._settle(trainer, [*before, *run_ids], error)
            elif is_memory_error(error) and len(before) + len(run_ids) > 1:
                self._room.halve([*before, *run_ids])
            elif len(run_ids) == 1:
                self._fail(run_ids[0], error)
            else:
                for half in halves(run_ids):
                    self._add(trainer, half)
        else:
            self._note_begin(trainer, run_ids)

    def _add_without(self, trainer: Trainer, run_ids: Sequence[int], error: RunError) -> None:
        """Go on after one of the runs to add has raised: those before it have begun."""
        place = run_ids.index(error.run_id)
        self._note_begin(trainer, run_ids[:place])
        if is_memory_error(error) and len(trainer.active) + len(run_ids[place:]) > 1:
            self._room.halve([*trainer.active, *run_ids[place:]])
            return
        self._fail(error.run_id, error)
        if rest := run_ids[place + 1 :]:
            self._add(trainer, rest)

    def _note_begin(self, trainer: Trainer, run_ids: Sequence[int]) -> None:
        self._trainers.place(run_ids, trainer)
        for run_id in run_ids:  # it may begin again from where it was started
            run = self._runs[run_id]
            run.progress = RunProgress.of(run.start, run.progress.limit)
        self._limit.begin(run_ids)

    def _take_begun(self) -> list[RunBegan]:
        """What became known of runs, but for those that begin once more."""
        begun = []
        for trainer in self._trainers.trainers:
            for began in trainer.take_begun():
                run = self._runs.get(began.run_id)
                if run is not None and not run.is_known:
                    run.is_known = True
                    begun.append(began)
        return begun

    def _train_all(self, deadline: float | None) -> list[EpochRecord]:
        """One round of each trainer, those made while parting a crashed one included."""
        epochs: list[EpochRecord] = []
        done: list[Trainer] = []
        trainers = self._trainers.trainers
        while to_train := [trainer for trainer in trainers if trainer not in done]:
            done.append(to_train[0])
            epochs += self._train(to_train[0], deadline)
        return epochs

    def _train(self, trainer: Trainer, deadline: float | None) -> list[EpochRecord]:
        due = [one for one in self._trainers.runs_of(trainer) if self._runs[one].progress.is_due]
        try:
            return self._new_epochs(trainer.train_round(deadline, due)) if due else []
        except RunError as error:
            epochs = self._new_epochs(error.epochs)
            run_ids = self._trainers.runs_of(trainer)
            if is_memory_error(error) and len(run_ids) > 1:
                self._settle(trainer, run_ids, error)
            else:
                self._fail(error.run_id, error)
            return epochs
        except Exception as error:
            self._settle(trainer, self._trainers.runs_of(trainer), error)
            return []

    def _new_epochs(self, epochs: Sequence[EpochRecord]) -> list[EpochRecord]:
        """The epochs that were not given before; a run whose loss is not finite has ended."""
        new = []
        for epoch in epochs:
            run = self._runs.get(epoch.run_id)
            if run is None:
                continue
            if epoch.epoch > run.n_reported:
                run.n_reported = epoch.epoch
                new.append(epoch)
            elif not epoch.is_finite:
                message = f"epoch {epoch.epoch} was finite once, but not when repeated"
                self._failures.append(RunFailure(epoch.run_id, "diverged", message))
            if epoch.is_finite:
                run.progress.advance(epoch)
            else:
                self.stop(epoch.run_id)
        return new

    # After an error

    def _settle(self, trainer: Trainer, run_ids: Sequence[int], error: Exception) -> None:
        """Give up a trainer that has raised; its runs begin again, or the culprit fails."""
        self._trainers.discard(trainer)
        if len(run_ids) <= 1:
            for run_id in run_ids:
                self._fail(run_id, error)
        elif is_memory_error(error):
            self._room.halve(run_ids)
        else:
            for half in halves(run_ids):
                self._add(self._trainers.another(), half)

    def _fail(self, run_id: int, error: Exception) -> None:
        """The run that raised alone is the culprit: the others may be together again."""
        failure = failure_of(run_id, error)
        self._failures.append(failure)
        if failure.cause == "out_of_memory":
            self._room.lift()
        self.stop(run_id)
        self.forget(run_id)
        self._is_parted = len(self._trainers.trainers) > 1


def halves(run_ids: Sequence[int]) -> tuple[Sequence[int], Sequence[int]]:
    """The runs in two parts, in their order."""
    middle = (len(run_ids) + 1) // 2
    return run_ids[:middle], run_ids[middle:]
