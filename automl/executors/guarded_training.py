"""Rounds of a trainer, and what to do when one of them raises: all that trains does it here.

Where a trainer says whose error it was (`RunError`), that run fails and nothing else happens.
Otherwise a trainer whose round has raised is not trusted any more: its runs begin again from
where they were started, in fresh trainers. Since every random number is a function of seed and
step, they give the same epochs once more; those that were given before are left out. After
a crash the runs are parted in halves until the culprit stands alone; after memory ran out,
half as many runs train at once, and the others wait until those rest or end (`memory_room.py`).
A round that hangs cannot be ended from within: that needs a worker process
(`workers/process.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from torch import Tensor

from automl.errors import TrainingError
from automl.executors.active_runs import ActiveRuns
from automl.executors.executor import RoundResult, RunFailure
from automl.executors.failures import failure_of, is_memory_error
from automl.executors.first_look import judge_first_look, judge_size
from automl.executors.memory_room import MemoryRoom
from automl.executors.numerics import training_arithmetic
from automl.executors.time_limit import TimeLimit
from automl.executors.trainer_group import TrainerGroup
from automl.training.trainer import Checkpoint, RunBegan, RunError, Start, Trainer, run_of
from storage.records import CAUSES, EpochRecord


class GuardedTraining:
    """Trains runs in this thread; what raises ends no more than the run that did.

    Args:
        make_trainer: makes a trainer without runs.
        device: where it trains.
        trial_timeout: seconds that a run may train, checked between rounds.
        is_preflight: whether runs without hope fail before their first epoch.

    Attributes:
        runs: those that were started and have not ended.
    """

    def __init__(
        self,
        make_trainer: Callable[[], Trainer],
        *,
        device: str = "cpu",
        trial_timeout: float | None = None,
        is_preflight: bool = True,
    ) -> None:
        self.runs = ActiveRuns()
        self._trainers = TrainerGroup(make_trainer)
        self._room = MemoryRoom(device)
        self._limit = TimeLimit(trial_timeout)
        self._is_preflight = is_preflight
        self._failures: list[RunFailure] = []
        self._begun: list[RunBegan] = []
        self._held: dict[int, int] = {}
        self._is_parted = False  # in several trainers, though the culprit is gone
        self._n_rounds = 0

    @property
    def waiting(self) -> tuple[int, ...]:
        """Ids of the runs that are due and in no trainer yet."""
        return tuple(run_id for run_id in self.runs.due if not self._trainers.has(run_id))

    def start(self, starts: Sequence[Start]) -> None:
        """Begin or continue runs; their training happens in `train_round`."""
        for start in starts:
            self.forget(run_of(start).run_id)
            self.runs.start(start)

    def train_round(self, deadline: float | None = None) -> RoundResult:
        """Train one epoch of every run that is due and for which there is room."""
        with training_arithmetic():
            self._prepare()
            self._admit()
            epochs = self._train_all(deadline)
        self._limit.run_only(self._inside_due)
        failures, self._failures = tuple(self._failures), []
        begun, self._begun = tuple(self._begun), []
        held, self._held = self._held, {}
        return RoundResult(tuple(epochs), failures, begun, held)

    def stop(self, run_id: int) -> None:
        """End a run; its best weights stay readable until `forget`. No-op if it has ended."""
        self.runs.pop(run_id, None)
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
        run = self.runs.get(run_id)
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
        self._limit.run_only(self._inside_due)
        self._room.free()
        if self._is_parted:  # the culprit is gone: the others come back together
            self._is_parted = False
            for run_id, state in self._trainers.reunite().items():
                self.runs[run_id].go_on_from(state)

    def _admit(self) -> None:
        """Give waiting runs to the first trainer, as far as there is room.

        Where there is not, runs that rest give way: they are kept as their checkpoints.
        """
        waiting, n_inside = self.waiting, self._trainers.n_active
        n_lacking = len(waiting) - len(self._room.admitted(waiting, n_inside))
        if n_lacking:
            due = set(self.runs.due)
            resting = [one for one in self.runs if one not in due and self._trainers.has(one)]
            for run_id in resting[:n_lacking]:
                self.runs[run_id].go_on_from(self._trainers.give_way(run_id))
                n_inside -= 1
        if admitted := self._room.admitted(waiting, n_inside):
            self._add(self._trainers.first(), admitted)

    @property
    def _inside_due(self) -> list[int]:
        """Ids of the runs in trainers that are due; the others there rest."""
        return [run_id for run_id in self.runs.due if self._trainers.has(run_id)]

    def _add(self, trainer: Trainer, run_ids: Sequence[int]) -> None:
        """Add runs to a trainer; where that raises, find out which of them it was."""
        before = trainer.active
        try:
            trainer.add([self.runs[run_id].start for run_id in run_ids])
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
        for run_id in run_ids:
            self.runs[run_id].begin_again()
        self._limit.begin(run_ids)

    def _train_all(self, deadline: float | None) -> list[EpochRecord]:
        """One round of each trainer, those made while parting a crashed one included.

        Another one is the first each time, since time may be up before the others' turn.
        """
        epochs: list[EpochRecord] = []
        done: list[Trainer] = []
        trainers = self._trainers.trainers
        self._n_rounds += 1
        while to_train := [trainer for trainer in trainers if trainer not in done]:
            trainer = to_train[self._n_rounds % len(to_train)]
            done.append(trainer)
            try:
                self._look(trainer)
                if due := [one for one in self._inside_due if one in trainer.active]:
                    epochs += self._new_epochs(trainer.train_round(deadline, due))
            except RunError as error:
                epochs += self._new_epochs(error.epochs)
                self._blame(trainer, error)
            except Exception as error:
                self._blame(trainer, error)
            if (n_bytes := trainer.bytes_of_run()) is not None:
                self._held |= {one.run_id: n_bytes for one in epochs}
            for run_id in trainer.take_finished():
                if run_id in self.runs:
                    self._failures.append(RunFailure(run_id, "finished", CAUSES["finished"]))
                    self.stop(run_id)
        return epochs

    def _look(self, trainer: Trainer) -> None:
        """Take what became known of runs, but for those that begin once more; end the hopeless."""
        for began in trainer.take_begun():
            run = self.runs.get(began.run_id)
            if run is None or run.is_known:
                continue
            run.is_known = True
            self._begun.append(began)
            failure = judge_size(began, run_of(run.start))
            if failure is None and self._is_preflight:
                failure = judge_first_look(began, run_of(run.start))
            if failure is not None:
                self._failures.append(failure)
                self.stop(began.run_id)
                self.forget(began.run_id)

    def _new_epochs(self, epochs: Sequence[EpochRecord]) -> list[EpochRecord]:
        """The epochs that were not given before; a run whose loss is not finite has ended."""
        new = []
        for epoch in epochs:
            run = self.runs.get(epoch.run_id)
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

    def _blame(self, trainer: Trainer, error: Exception) -> None:
        """End the run whose fault it was, or find out whose it was."""
        run_ids = self._trainers.runs_of(trainer)
        is_room_lacking = is_memory_error(error) and len(run_ids) > 1
        if isinstance(error, RunError) and not is_room_lacking:
            self._fail(error.run_id, error)
        else:
            self._settle(trainer, run_ids, error)

    def _settle(self, trainer: Trainer, run_ids: Sequence[int], error: Exception) -> None:
        """Give up a trainer that has raised; its runs begin again, or the culprit fails."""
        self._trainers.discard(trainer)
        for run_id in run_ids:
            self.runs[run_id].begin_again()
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
