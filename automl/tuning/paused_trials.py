"""The trials of a search that pause: their runs rest in their workers, as long as there is room.

Beyond a budget of bytes the worst give way. What a network takes follows from its parameters, what
a person's own loop holds is measured (`objectives/memory.py`). What has trained for long leaves
its state as a checkpoint; the rest is trained again if it ever goes on, in about the time that a
file takes, and so is a loop without a state, however long it takes. So is what a worker takes with
it when it dies, and what an earlier call has left behind: to the same curve.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from automl.executors.executor import Executor
from automl.executors.resources import total_memory
from automl.tuning.adoption import AdoptedTrial, adopt_resting_trial
from automl.tuning.checkpoints import Checkpoints
from automl.tuning.run_in_training import RunInTraining
from automl.tuning.trial_in_training import TrialInTraining

BYTES_PER_PARAMETER = 16
"""Weights, those of the best epoch, and two moments of the optimizer, as 32-bit numbers."""

MOST_OF_UNKNOWN_SIZE = 100
"""Loops that rest where nobody can measure what they hold. A guess: a few rungs of trials."""

SHARE_OF_MEMORY = 0.1
"""Of what the machine has. Networks in training are planned within a half (`tuning/memory.py`)."""

ANY_SIZE = 2**62  # where nobody knows what the machine has, only loops of unknown size are few

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
        self.n_continued = n_continued
        self._budget = n_bytes or int(SHARE_OF_MEMORY * (total_memory() or ANY_SIZE))
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
            self._n_bytes += self._bytes_of(trial)

    def take(self, number: int) -> Paused:
        """A trial goes on, or ends."""
        trial = self._trials.pop(number)
        if isinstance(trial, TrialInTraining):
            for run_id in trial.runs:
                del self._of_run[run_id]
            self._n_bytes -= self._bytes_of(trial)
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
        if self._n_bytes <= self._budget:
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

    def _bytes_of(self, trial: TrialInTraining) -> int:
        """What its runs hold; they do not train while it pauses, so that it stays the same."""
        return sum(map(self._bytes_of_run, trial.runs.values()))

    def _bytes_of_run(self, run: RunInTraining) -> int:
        if run.n_bytes is not None:
            return run.n_bytes
        if run.n_parameters is not None:
            return BYTES_PER_PARAMETER * run.n_parameters
        return self._budget // MOST_OF_UNKNOWN_SIZE
