"""The running counts of a study: how its trials ended, and which is the best.

Counting again from the database at every round would cost more than the round; so the
counts are read once when the study is opened and kept from there on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import optuna
from optuna.trial import TrialState

from automl.tuning.trial_in_training import TrialInTraining
from storage.records import BY_MACHINE, OVER_LIMIT, PAUSED, ParameterValue


@dataclass(frozen=True, slots=True)
class BestTrial:
    """The complete trial of the lowest value."""

    number: int
    value: float
    params: Mapping[str, ParameterValue] = field(default_factory=dict)


@dataclass(slots=True)
class Tally:
    """Counts of one study, kept up to date by the search."""

    n_asked: int = 0  # trials that have begun; what waits, since a person enqueued it, has not
    n_complete: int = 0
    n_pruned: int = 0
    n_paused: int = 0  # told as pruned at the end of a call; others pause in this one
    n_failed: int = 0
    n_refused: int = 0  # their networks were over a limit
    n_epochs: int = 0  # of this call
    n_ended_before: int = 0  # trials that had ended when this call began
    best: BestTrial | None = None
    has_machine_decided: bool = False  # its speed or memory, what is proposed from now on

    @classmethod
    def of(cls, study: optuna.Study) -> Tally:
        """Count a stored study."""
        trials = study.get_trials(deepcopy=False)
        tally = cls(n_asked=sum(trial.state != TrialState.WAITING for trial in trials))
        for trial in trials:
            tally._count(trial)
        tally.n_ended_before = tally.n_ended
        tally.has_machine_decided = any(BY_MACHINE in trial.user_attrs for trial in trials)
        return tally

    def _count(self, trial: optuna.trial.FrozenTrial) -> None:
        if trial.state == TrialState.FAIL or "cause" in trial.user_attrs:
            self.count_failed(trial.user_attrs.get("cause"))
        elif trial.state == TrialState.PRUNED:
            if trial.user_attrs.get(PAUSED) is None:
                self.n_pruned += 1
            else:
                self.n_paused += 1
        elif trial.state == TrialState.COMPLETE:
            self.n_complete += 1
            self._note_best(trial.number, trial.value, trial.params)

    @property
    def best_value(self) -> float | None:
        """The lowest value of a complete trial; None where none has completed."""
        return None if self.best is None else self.best.value

    @property
    def has_trained(self) -> bool:
        """Whether a trial has ended that did not fail."""
        return self._n_trained > 0

    @property
    def _n_trained(self) -> int:
        return self.n_complete + self.n_pruned + self.n_paused

    @property
    def n_ended(self) -> int:
        """Trials that have come to an end, of whatever kind, or were told to have."""
        return self._n_trained + self.n_failed + self.n_refused

    def has_all(self, n_trials: int | None) -> bool:
        """Whether so many trials have been asked for, and all have come to an end.

        Args:
            n_trials: None: as many as fit, which are never all.
        """
        is_asked = n_trials is not None and self.n_asked >= n_trials
        return is_asked and self.n_ended == self.n_asked

    def count_failed(self, cause: str | None) -> None:
        """Count a trial that has ended without a value, by its cause."""
        if cause == OVER_LIMIT:
            self.n_refused += 1
        else:
            self.n_failed += 1

    def count_complete(self, trial: TrialInTraining) -> bool:
        """Count a completed trial; True if it is the best so far."""
        self.n_complete += 1
        return self._note_best(trial.number, trial.value, trial.params)

    def _note_best(
        self, number: int, value: float | None, params: Mapping[str, ParameterValue]
    ) -> bool:
        if value is None or (self.best is not None and value >= self.best.value):
            return False
        self.best = BestTrial(number, value, params)
        return True
