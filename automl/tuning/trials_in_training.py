"""The trials that a search has in training, by number, and the virtual order they are judged in.

A trial is here from its start until it has ended, pauses, or is left to the next call. One that
begins again, since its worker died, takes its own place with new runs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from automl.tuning.order import VirtualOrder
from automl.tuning.paused_trials import PausedTrials
from automl.tuning.progress import RunningTrial
from automl.tuning.trial_in_training import TrialInTraining


class TrialsInTraining(Mapping[int, TrialInTraining]):
    """The trials in training by number, in the sequence of their turns.

    Attributes:
        paused: those that have not ended either.
    """

    def __init__(self, order: VirtualOrder, paused: PausedTrials | None = None) -> None:
        self.order = order
        self.paused = PausedTrials() if paused is None else paused
        self._trials: dict[int, TrialInTraining] = {}
        self._of_run: dict[int, TrialInTraining] = {}
        self._snapshots: dict[int, RunningTrial] = {}

    def __getitem__(self, number: int) -> TrialInTraining:
        return self._trials[number]

    def __iter__(self) -> Iterator[int]:
        return iter(self._trials)

    def __len__(self) -> int:
        return len(self._trials)

    def add(self, trial: TrialInTraining) -> None:
        """Take a trial in: a new one, one of an earlier call, or the next attempt of one."""
        if trial.number not in self.order:
            self.order.enter(trial.number, trial.n_reported)
        self._trials[trial.number] = trial
        self._of_run.update(dict.fromkeys(trial.runs, trial))
        self.look_at(trial)

    def look_at(self, trial: TrialInTraining) -> None:
        """Tell the order, and people, how far a trial is."""
        has_failed = trial.failure is not None
        self.order.come(trial.number, trial.epochs_for_order, has_failed=has_failed)
        self._snapshots[trial.number] = trial.snapshot()

    @property
    def snapshots(self) -> tuple[RunningTrial, ...]:
        """The trials as they were when they were last looked at, in the sequence of starts."""
        return tuple(self._snapshots.values())

    def lose(self, trial: TrialInTraining) -> None:
        """Give up an attempt: its runs are gone, its place in the order stays."""
        self._take_out(trial)
        self.order.begin_again(trial.number)

    def remove(self, trial: TrialInTraining) -> None:
        """A trial has ended, pauses, or is left to the next call."""
        self._take_out(trial)
        self.order.leave(trial.number)

    def of_run(self, run_id: int) -> TrialInTraining | None:
        """The trial that a run belongs to; None where it has just ended."""
        return self._of_run.get(run_id)

    def _take_out(self, trial: TrialInTraining) -> None:
        del self._trials[trial.number], self._snapshots[trial.number]
        for run_id in trial.runs:
            del self._of_run[run_id]
