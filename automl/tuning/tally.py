"""The running counts of a study: what its trials have come to, and which is the best.

Counting again from the database at every round would cost more than the round; so the
counts are read once when the study is opened. From there on the search notes what becomes of its
own trials, and takes over those that other coordinators have changed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

import optuna
from optuna.trial import FrozenTrial, TrialState

from automl.tuning.study_view import is_paused
from automl.tuning.trial_in_training import TrialInTraining
from storage.records import BY_MACHINE, OVER_LIMIT, ParameterValue

Kind = Literal["training", "paused", "left", "complete", "pruned", "failed", "refused"]
"""What a trial counts as. One that pauses when a call ends is left: told as pruned, and may go on.
One is refused whose network was over a limit."""

ENDED: frozenset[Kind] = frozenset({"left", "complete", "pruned", "failed", "refused"})


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
    n_epochs: int = 0  # of this call
    n_told: int = 0  # trials that this call has ended
    best: BestTrial | None = None
    has_machine_decided: bool = False  # its speed or memory, what is proposed from now on
    seen_changes: int = 0  # of the database, when others were last looked at
    _kinds: dict[int, Kind] = field(default_factory=dict)
    _counts: Counter[Kind] = field(default_factory=Counter)

    @classmethod
    def of(cls, study: optuna.Study) -> Tally:
        """Count a stored study."""
        trials = study.get_trials(deepcopy=False)
        tally = cls()
        tally.take_over(trials)
        tally.n_asked = sum(trial.state != TrialState.WAITING for trial in trials)
        return tally

    # What happens

    def take_over(self, trials: Iterable[FrozenTrial]) -> None:
        """Count trials as they are stored: of others, or of an earlier call."""
        for trial in trials:
            if trial.state is TrialState.WAITING:
                continue
            self.n_asked = max(self.n_asked, trial.number + 1)
            self._set(trial.number, kind := _kind(trial))
            if kind == "complete":
                self._note_best(trial.number, trial.value, trial.params)
            if BY_MACHINE in trial.user_attrs:
                self.has_machine_decided = True

    def note(self, number: int, kind: Kind) -> None:
        """A trial of this call counts as another kind from now on."""
        self._set(number, kind)
        self.n_told += kind in ENDED

    def note_failed(self, number: int, cause: str) -> None:
        """A trial of this call has ended without a value."""
        self.note(number, _failed(cause))

    def note_complete(self, trial: TrialInTraining) -> bool:
        """A trial of this call has completed; True if it is the best so far."""
        self.note(trial.number, "complete")
        return self._note_best(trial.number, trial.value, trial.params)

    def _set(self, number: int, kind: Kind) -> None:
        if (before := self._kinds.get(number)) is not None:
            self._counts[before] -= 1
        self._kinds[number] = kind
        self._counts[kind] += 1

    def _note_best(
        self, number: int, value: float | None, params: Mapping[str, ParameterValue]
    ) -> bool:
        if value is None or (self.best is not None and value >= self.best.value):
            return False
        self.best = BestTrial(number, value, params)
        return True

    # What it comes to

    @property
    def n_complete(self) -> int:
        """Trials that have been trained to their ends."""
        return self._counts["complete"]

    @property
    def n_pruned(self) -> int:
        """Trials that were stopped for good."""
        return self._counts["pruned"]

    @property
    def n_paused(self) -> int:
        """Trials that may go on: they pause now, or did when their call ended."""
        return self._counts["paused"] + self._counts["left"]

    @property
    def n_failed(self) -> int:
        """Trials that have ended without a value, but for those refused."""
        return self._counts["failed"]

    @property
    def n_refused(self) -> int:
        """Trials whose networks were over a limit."""
        return self._counts["refused"]

    @property
    def n_ended(self) -> int:
        """Trials that have come to an end, of whatever kind, or were told to have."""
        return sum(self._counts[kind] for kind in ENDED)

    @property
    def n_settled(self) -> int:
        """Trials that are not in training now: they have ended, or pause."""
        return self.n_ended + self._counts["paused"]

    @property
    def best_value(self) -> float | None:
        """The lowest value of a complete trial; None where none has completed."""
        return None if self.best is None else self.best.value

    @property
    def has_trained(self) -> bool:
        """Whether a trial has ended that did not fail, or pauses."""
        return self.n_complete + self.n_pruned + self.n_paused > 0

    def has_all(self, n_trials: int | None) -> bool:
        """Whether so many trials have been asked for, and all have come to an end.

        Args:
            n_trials: None: as many as fit, which are never all.
        """
        is_asked = n_trials is not None and self.n_asked >= n_trials
        return is_asked and self.n_ended == self.n_asked


def _kind(trial: FrozenTrial) -> Kind:
    cause = trial.user_attrs.get("cause")
    if trial.state is TrialState.FAIL or cause is not None:
        return _failed(cause)
    if trial.state is TrialState.COMPLETE:
        return "complete"
    is_running = trial.state is TrialState.RUNNING
    if is_paused(trial):
        return "paused" if is_running else "left"
    return "training" if is_running else "pruned"


def _failed(cause: str | None) -> Kind:
    return "refused" if cause == OVER_LIMIT else "failed"
