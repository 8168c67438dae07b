"""Training in this process: rounds of a trainer, and what to do when one of them raises.

A trainer whose round has raised is not trusted any more: its runs begin again from where
they were started, in fresh trainers. Since every random number is a function of seed and
step, they give the same epochs once more; those that were given before are left out. After
a crash the runs are parted in halves until the culprit stands alone; after memory ran out,
half as many runs train at once and the others wait. A round that hangs cannot be ended
here: that needs a worker process (`processes.py`).
"""

from __future__ import annotations

import gc
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from automl.data.dataset import Dataset
from automl.errors import TrainingError
from automl.executors.devices import check_device
from automl.executors.executor import Executor, RoundResult, RunFailure
from automl.executors.failures import failure_of, is_memory_error
from automl.executors.numerics import training_arithmetic
from automl.executors.trainers import kernels_for, make_trainer
from automl.training.config import RunConfig
from automl.training.trainer import Checkpoint, Trainer
from storage.records import EpochRecord


@dataclass(slots=True)
class _ActiveRun:
    """A run that was started and has not ended."""

    start: RunConfig | Checkpoint
    n_reported: int  # epochs given to the coordinator, which a repetition leaves out
    trainer: Trainer | None = None  # None while it waits for room
    began_at: float | None = None  # time.monotonic() of its first round

    @classmethod
    def of(cls, start: RunConfig | Checkpoint) -> _ActiveRun:
        if isinstance(start, Checkpoint):
            return cls(start, start.epoch)
        return cls(start, 0)


class InProcessExecutor(Executor):
    """Trains in this process, with one thread.

    Args:
        trainer: "stacked", "plain", or the import path "package.module:Class" of a Trainer.
        device: where to train: "cpu", "cuda:0", ...
        trial_timeout: seconds from a run's first round, checked between rounds.
        max_runs: how many runs train at once; further ones wait. None: all.
    """

    def __init__(
        self,
        dataset: Dataset,
        *,
        trainer: str = "stacked",
        device: str = "cpu",
        trial_timeout: float | None = None,
        max_runs: int | None = None,
    ) -> None:
        check_device(device)
        self._dataset = dataset
        self._trainer_name = trainer
        self._device = device
        self._trial_timeout = trial_timeout
        self._max_runs = max_runs
        self._room = max_runs
        self._pressed: set[int] = set()  # runs that were too many; `_room` lasts as they do
        self._runs: dict[int, _ActiveRun] = {}
        self._messages = tuple(filter(None, [kernels_for(trainer, [device]).note]))
        self._trainers: list[Trainer] = [make_trainer(trainer, dataset, device)]
        self._ended: dict[int, Trainer | Mapping[str, Tensor]] = {}  # who has the best weights
        self._failures: list[RunFailure] = []
        self._is_memory_short = False
        self._is_parted = False  # in several trainers, though the culprit is gone

    @property
    def active(self) -> tuple[int, ...]:
        """Ids of the runs in training, or waiting for room, in the order of their start."""
        return tuple(self._runs)

    @property
    def waiting(self) -> tuple[int, ...]:
        """Ids of the active runs that are in no trainer yet."""
        return tuple(run_id for run_id, run in self._runs.items() if run.trainer is None)

    def start(self, starts: Sequence[RunConfig | Checkpoint]) -> None:
        """Begin or continue runs; their training happens in `next_round`."""
        for start in starts:
            run_id = run_id_of(start)
            if run_id in self._runs:
                raise ValueError(f"a run is started once, but run {run_id} is active already")
            self.forget(run_id)
            self._runs[run_id] = _ActiveRun.of(start)

    def next_round(self, deadline: float | None = None) -> RoundResult:
        """Train one epoch of every active run for which there is room."""
        with training_arithmetic():
            self._end_timed_out()
            self._free_memory()
            self._reunite()
            self._admit()
            epochs = self._train_all(deadline)
        failures, self._failures = tuple(self._failures), []
        return RoundResult(tuple(epochs), failures)

    def finish_rounds(self, deadline: float | None = None) -> RoundResult:
        """Nothing is under way between rounds."""
        return RoundResult()

    def take_messages(self) -> tuple[str, ...]:
        """What a person should know of the compiled kernels."""
        messages, self._messages = self._messages, ()
        return messages

    def stop(self, run_id: int) -> None:
        """End a run; its best weights stay readable until `forget`. No-op if it has ended."""
        run = self._runs.pop(run_id, None)
        if run is not None and run.trainer is not None:
            if run_id in run.trainer.active:  # a trainer drops a diverged run by itself
                run.trainer.drop(run_id)
            self._ended[run_id] = run.trainer
        self._lift_limit(run_id)

    def checkpoint(self, run_id: int) -> Checkpoint:
        """The state of an active run; one that has not begun yet is where it was started."""
        run = self._runs.get(run_id)
        if run is not None and run.trainer is not None:
            return run.trainer.checkpoint(run_id)
        if run is not None and isinstance(run.start, Checkpoint):
            return run.start
        raise TrainingError(f"a checkpoint needs a run in training, but run {run_id} is not")

    def best_weights(self, run_id: int) -> Mapping[str, Tensor]:
        """The weights of the run's best epoch, of an active or ended run."""
        holder = self._runs[run_id].trainer if run_id in self._runs else self._ended.get(run_id)
        if holder is None:
            raise TrainingError(f"there are no weights of run {run_id}: no epoch was finished")
        return holder.best_weights(run_id) if isinstance(holder, Trainer) else holder

    def forget(self, run_id: int) -> None:
        """Free what is kept of an ended run."""
        holder = self._ended.pop(run_id, None)
        if isinstance(holder, Trainer):
            holder.forget(run_id)

    def close(self) -> None:
        """Free all runs and trainers."""
        self._runs.clear()
        self._ended.clear()
        self._trainers.clear()

    # A round

    def _end_timed_out(self) -> None:
        if self._trial_timeout is None:
            return
        now = time.monotonic()
        for run_id, run in tuple(self._runs.items()):
            if run.began_at is not None and now - run.began_at > self._trial_timeout:
                self.stop(run_id)
                self._failures.append(timed_out(run_id, self._trial_timeout))

    def _admit(self) -> None:
        """Give waiting runs to the first trainer, as far as there is room."""
        waiting = self.waiting
        if self._room is not None:
            waiting = waiting[: max(0, self._room - (len(self._runs) - len(waiting)))]
        if not waiting:
            return
        if not self._trainers:
            self._trainers.append(self._new_trainer())
        self._add(self._trainers[0], waiting)

    def _add(self, trainer: Trainer, run_ids: Sequence[int]) -> None:
        """Add runs to a trainer; where that raises, find out which of them it was."""
        before = trainer.active
        try:
            trainer.add([self._runs[run_id].start for run_id in run_ids])
        except Exception as error:
            if trainer.active != before:
                self._settle(trainer, [*before, *run_ids], error)
            elif is_memory_error(error) and len(before) + len(run_ids) > 1:
                self._shrink([*before, *run_ids])
            elif len(run_ids) == 1:
                self._fail(run_ids[0], error)
            else:
                for half in halves(run_ids):
                    self._add(trainer, half)
        else:
            self._note_begin(trainer, run_ids)

    def _note_begin(self, trainer: Trainer, run_ids: Sequence[int]) -> None:
        now = time.monotonic()
        for run_id in run_ids:
            run = self._runs[run_id]
            run.trainer = trainer
            run.began_at = now if run.began_at is None else run.began_at

    def _train_all(self, deadline: float | None) -> list[EpochRecord]:
        """One round of each trainer, those made while parting a crashed one included."""
        epochs: list[EpochRecord] = []
        done: list[Trainer] = []
        while to_train := [trainer for trainer in self._trainers if trainer not in done]:
            trainer = to_train[0]
            done.append(trainer)
            try:
                epochs += self._new_epochs(trainer.train_round(deadline))
            except Exception as error:
                run_ids = [run_id for run_id, run in self._runs.items() if run.trainer is trainer]
                self._settle(trainer, run_ids, error)
        return epochs

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
            if not epoch.is_finite:
                self.stop(epoch.run_id)
        return new

    # After an error

    def _settle(self, trainer: Trainer, run_ids: Sequence[int], error: Exception) -> None:
        """Give up a trainer that has raised; its runs begin again, or the culprit fails."""
        self._discard(trainer)
        if len(run_ids) <= 1:
            for run_id in run_ids:
                self._fail(run_id, error)
        elif is_memory_error(error):
            self._shrink(run_ids)
        else:
            for half in halves(run_ids):
                self._trainers.append(self._new_trainer())
                self._add(self._trainers[-1], half)

    def _discard(self, trainer: Trainer) -> None:
        """Forget a trainer, but keep the best weights of the runs that had ended in it."""
        self._trainers.remove(trainer)
        for run in self._runs.values():
            run.trainer = None if run.trainer is trainer else run.trainer
        for run_id, holder in tuple(self._ended.items()):
            if holder is trainer:
                try:
                    self._ended[run_id] = trainer.best_weights(run_id)
                except Exception:
                    del self._ended[run_id]  # `best_weights` says so when it is asked

    def _shrink(self, run_ids: Sequence[int]) -> None:
        """From the next round on train half as many runs at once, until these have ended.

        Not in this round: the error's frames still hold what did not fit.
        """
        self._room = max(1, len(run_ids) // 2)
        self._pressed.update(run_ids)
        self._is_memory_short = True

    def _free_memory(self) -> None:
        """Give back what trainers held that were given up for want of memory."""
        if not self._is_memory_short:
            return
        self._is_memory_short = False
        gc.collect()
        if self._device != "cpu":
            torch.cuda.empty_cache()

    def _fail(self, run_id: int, error: Exception) -> None:
        """The run that raised alone is the culprit: the others may be together again."""
        failure = failure_of(run_id, error)
        self._failures.append(failure)
        del self._runs[run_id]
        if failure.cause == "out_of_memory":
            self._pressed.clear()
        self._lift_limit(run_id)
        self._is_parted = len(self._trainers) > 1

    def _lift_limit(self, run_id: int) -> None:
        """Make room again when all runs are gone with which memory did not suffice."""
        self._pressed.discard(run_id)
        if not self._pressed:
            self._room = self._max_runs

    def _reunite(self) -> None:
        """Bring the runs of several trainers back into one, once a culprit is gone."""
        if not self._is_parted:
            return
        self._is_parted = False
        for trainer in self._trainers[1:]:
            for run_id in trainer.active:
                self._runs[run_id].start = trainer.checkpoint(run_id)
            self._discard(trainer)

    def _new_trainer(self) -> Trainer:
        return make_trainer(self._trainer_name, self._dataset, self._device)


def run_of(start: RunConfig | Checkpoint) -> RunConfig:
    """The run that a start begins or continues."""
    return start.run if isinstance(start, Checkpoint) else start


def run_id_of(start: RunConfig | Checkpoint) -> int:
    """Its id."""
    return run_of(start).run_id


def timed_out(run_id: int, trial_timeout: float) -> RunFailure:
    """The failure of a run whose time limit passed."""
    return RunFailure(run_id, "timed_out", f"it took more than {trial_timeout:g} seconds")


def halves(run_ids: Sequence[int]) -> tuple[Sequence[int], Sequence[int]]:
    """The runs in two parts, in their order."""
    middle = (len(run_ids) + 1) // 2
    return run_ids[:middle], run_ids[middle:]
