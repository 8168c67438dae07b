"""The trials of a search that pause: their runs rest in their workers, as long as there is room.

Beyond a budget of bytes the worst give way. What has trained for long leaves its state as a
checkpoint; the rest is trained again if it ever goes on, in about the time that a file takes. So
is what a worker takes with it when it dies, and what an earlier call has left behind: to the same
curve.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from automl.executors.executor import Executor
from automl.executors.resources import total_memory
from automl.tuning.adoption import AdoptedTrial, adopt_resting_trial
from automl.tuning.checkpoints import Checkpoints
from automl.tuning.trial_in_training import TrialInTraining

BYTES_PER_PARAMETER = 16
"""Weights, those of the best epoch, and two moments of the optimizer, as 32-bit numbers."""

SHARE_OF_MEMORY = 0.1
"""Of what the machine has. Networks in training are planned within a half (`tuning/memory.py`)."""

LEAST_SECONDS = 0.2
"""Of training: below, a state is not worth its file, which takes some milliseconds twice."""

Paused = TrialInTraining | AdoptedTrial
"""A trial whose runs are held, or one of which there is what is stored."""


class PausedTrials(Mapping[int, Paused]):
    """The paused trials of one call, by number.

    Attributes:
        n_continued: how many times trials of the study have gone on after a pause.
    """

    def __init__(self, n_continued: int = 0, n_bytes: int | None = None) -> None:
        memory = total_memory()
        self.n_continued = n_continued
        self._budget = n_bytes or (None if memory is None else int(SHARE_OF_MEMORY * memory))
        self._trials: dict[int, Paused] = {}
        self._of_run: dict[int, TrialInTraining] = {}  # of those whose runs are held
        self._n_bytes = 0

    def __getitem__(self, number: int) -> Paused:
        return self._trials[number]

    def __iter__(self) -> Iterator[int]:
        return iter(self._trials)

    def __len__(self) -> int:
        return len(self._trials)

    @property
    def held(self) -> list[TrialInTraining]:
        """Those whose runs are held."""
        return [one for one in self._trials.values() if isinstance(one, TrialInTraining)]

    def add(self, trial: Paused) -> None:
        """A trial pauses from now on."""
        self._trials[trial.number] = trial
        if isinstance(trial, TrialInTraining):
            self._of_run.update(dict.fromkeys(trial.runs, trial))
            self._n_bytes += _n_bytes(trial)

    def take(self, number: int) -> Paused:
        """A trial goes on, or ends."""
        trial = self._trials.pop(number)
        if isinstance(trial, TrialInTraining):
            for run_id in trial.runs:
                del self._of_run[run_id]
            self._n_bytes -= _n_bytes(trial)
        return trial

    def lose_run(self, run_id: int, executor: Executor) -> TrialInTraining | None:
        """The worker has died that held a run: its trial is left as it is stored.

        Returns:
            The trial; None where the run is of none that pauses.
        """
        trial = self._of_run.get(run_id)
        if trial is not None:
            self._let_go(trial, executor)
        return trial

    def make_room(self, executor: Executor, checkpoints: Checkpoints) -> list[TrialInTraining]:
        """Let the worst give way until the rest is within the budget; those that did."""
        gone: list[TrialInTraining] = []
        if self._budget is None or self._n_bytes <= self._budget:
            return gone
        for trial in sorted(self.held, key=lambda one: one.value, reverse=True):
            if self._n_bytes <= self._budget:
                break
            if trial.seconds >= LEAST_SECONDS:
                checkpoints.save([trial], executor)
            self._let_go(trial, executor, checkpoints)
            gone.append(trial)
        return gone

    def _let_go(
        self, trial: TrialInTraining, executor: Executor, checkpoints: Checkpoints | None = None
    ) -> None:
        self.take(trial.number)
        executor.free(trial.runs)
        kept = () if checkpoints is None else checkpoints.of(trial.number)
        self.add(adopt_resting_trial(trial, kept))


def _n_bytes(trial: TrialInTraining) -> int:
    return sum(BYTES_PER_PARAMETER * (run.n_parameters or 0) for run in trial.runs.values())
