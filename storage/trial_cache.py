"""The trials of studies in memory, as the file has them plus what is still pending.

Trials are replaced, never modified, so that whoever was given one keeps what it saw. The
finished ones are also kept by state, because samplers and pruners ask for them at every
epoch, and walking through ten thousand trials each time would cost more than the epoch. What
others have changed is known by when it was read, for whoever follows what they do.
"""

from __future__ import annotations

import bisect
import itertools
from collections.abc import Container, Iterable, Sequence
from typing import Any

from optuna.distributions import BaseDistribution, check_distribution_compatibility
from optuna.trial import FrozenTrial, TrialState

from storage.errors import DamagedError, NotStoredError, gone

_ALL_STATES = tuple(TrialState)


class StudyTrials:
    """All trials of a study that this process knows, by number."""

    def __init__(self, study_id: int, deletions: int) -> None:
        self.study_id = study_id
        self.deletions = deletions  # how often this id had been deleted when it was read
        self.seen_changes = -1  # `GuardedConnection.changes` when the file was last read
        self.last_trial_id = -1  # watermark: every trial up to it is here
        self.last_reopening = -1  # watermark: every trial that went on until then was read since
        self.unfinished: dict[int, int] = {}  # trial_id -> number
        self._trials: list[FrozenTrial] = []  # position = number
        self._finished: dict[TrialState, list[FrozenTrial]] = {}
        self._news: dict[int, int] = {}  # number -> `seen_changes` then, in the order of reading
        self._distributions: dict[str, BaseDistribution] = {}

    def __len__(self) -> int:
        return len(self._trials)

    def __getitem__(self, number: int) -> FrozenTrial:
        return self._trials[number]

    def put(self, trials: Iterable[FrozenTrial]) -> None:
        """Add trials, or replace what is known of them. New ones come in order.

        Raises:
            DamagedError: their numbers are not 0, 1, 2, ...
        """
        for trial in trials:
            if trial.number == len(self._trials):
                self._trials.append(trial)
                self.last_trial_id = max(self.last_trial_id, trial._trial_id)
            else:
                self._check_known(trial)
                self._take_out(self._trials[trial.number])
                self._trials[trial.number] = trial
            for name, distribution in trial.distributions.items():
                self._distributions.setdefault(name, distribution)
            self._sort_in(trial)

    def news_in(self, trials: Iterable[FrozenTrial]) -> list[FrozenTrial]:
        """Those of the trials that are new, or not as they are known."""
        n_known = len(self._trials)
        return [
            trial
            for trial in trials
            if trial.number >= n_known or trial != self._trials[trial.number]
        ]

    def note_read(self, news: Iterable[FrozenTrial], changes: int) -> None:
        """The file was read at a number of changes, and others had changed these trials."""
        for trial in news:
            self._news.pop(trial.number, None)
            self._news[trial.number] = changes
        self.seen_changes = changes

    def read_since(self, changes: int) -> list[FrozenTrial]:
        """What others have changed and was read since a number of changes, by number."""
        last_first = reversed(self._news.items())
        numbers = [n for n, _ in itertools.takewhile(lambda one: one[1] > changes, last_first)]
        return [self._trials[number] for number in sorted(numbers)]

    def _check_known(self, trial: FrozenTrial) -> None:
        number, count = trial.number, len(self._trials)
        if number > count or self._trials[number]._trial_id != trial._trial_id:
            row, why = {"trial_id": trial._trial_id}, f"{count} was to follow, but it is {number}"
            raise DamagedError("trials", "number", row, why)

    def _sort_in(self, trial: FrozenTrial) -> None:
        if not trial.state.is_finished():
            self.unfinished[trial._trial_id] = trial.number
            return
        self.unfinished.pop(trial._trial_id, None)
        finished = self._finished.setdefault(trial.state, [])
        bisect.insort(finished, trial, key=_number)

    def _take_out(self, known: FrozenTrial) -> None:
        """A trial is replaced: one that was pruned while it paused may have gone on."""
        if known.state.is_finished():
            alike = self._finished[known.state]
            del alike[bisect.bisect_left(alike, known.number, key=_number)]

    def replace(self, trial: FrozenTrial) -> None:
        """Put a changed copy of an unfinished trial in its place."""
        self._trials[trial.number] = trial

    def check_distribution(self, name: str, distribution: BaseDistribution) -> None:
        """Refuse a distribution of another kind than the study has for this name.

        Raises:
            ValueError: as Optuna's storages do.
        """
        known = self._distributions.get(name)
        if known is None:
            self._distributions[name] = distribution
        elif known is not distribution:
            check_distribution_compatibility(known, distribution)

    def select(self, states: Container[TrialState] | None) -> list[FrozenTrial]:
        """The trials in one of the states, by number, in a new list."""
        if states is None:
            return self._trials.copy()
        wanted = [state for state in _ALL_STATES if state in states]
        if len(wanted) == 1 and wanted[0].is_finished():
            return self._finished.get(wanted[0], []).copy()
        if not any(state.is_finished() for state in wanted):
            numbers = sorted(self.unfinished.values())
            return [self._trials[n] for n in numbers if self._trials[n].state in wanted]
        return [trial for trial in self._trials if trial.state in wanted]


class KnownTrials:
    """The trials of all studies that this process has looked at, by their ids."""

    def __init__(self) -> None:
        self._studies: dict[int, StudyTrials] = {}
        self._places: dict[int, tuple[int, int]] = {}  # trial_id -> (study_id, number)
        self._names: dict[int, str] = {}  # of studies, also of those that are gone
        self._deleted: dict[int, str] = {}  # trial_id -> name of its study, which is gone

    def studies(self) -> list[StudyTrials]:
        """Those that are known."""
        return list(self._studies.values())

    def study(self, study_id: int) -> StudyTrials | None:
        """A study; None where it is not known."""
        return self._studies.get(study_id)

    def add_study(self, study_id: int, name: str, deletions: int) -> StudyTrials:
        """Know a study from now on, of which no trial is known yet."""
        self._names[study_id] = name
        self._studies[study_id] = StudyTrials(study_id, deletions)
        return self._studies[study_id]

    def name_of(self, study_id: int) -> str:
        """The name of a study that is or was known."""
        return self._names[study_id]

    def put(self, study_id: int, trials: Sequence[FrozenTrial]) -> None:
        """Add trials of a known study, or replace what is known of them."""
        self._studies[study_id].put(trials)
        for trial in trials:
            self._places[trial._trial_id] = (study_id, trial.number)

    def is_seen(self, trial_id: int, changes: int) -> bool:
        """Whether a trial is known as it was at this number of `GuardedConnection.changes`."""
        place = self._places.get(trial_id)
        return place is not None and self._studies[place[0]].seen_changes == changes

    def trial(self, trial_id: int) -> FrozenTrial:
        """A known trial.

        Raises:
            NotStoredError: it is not known, or was deleted with its study.
        """
        return self.study_of(trial_id)[self._places[trial_id][1]]

    def study_of(self, trial_id: int) -> StudyTrials:
        """The study of a known trial.

        Raises:
            NotStoredError: it is not known, or was deleted.
        """
        place = self._places.get(trial_id)
        if place is None:
            raise self.no_trial(trial_id)
        return self._studies[place[0]]

    def forget(self, study_id: int) -> set[int]:
        """Forget a study that was deleted; the ids of its trials."""
        gone = {trial._trial_id for trial in self._studies.pop(study_id).select(None)}
        for trial_id in gone:
            del self._places[trial_id]
        self._deleted.update(dict.fromkeys(gone, self._names[study_id]))
        return gone

    def clear(self) -> None:
        """Know nothing but what was deleted."""
        self._studies.clear()
        self._places.clear()

    def no_study(self, study_id: int) -> NotStoredError | None:
        """Why a study cannot be used that was known and is not in the file; None: it never was."""
        name = self._names.get(study_id)
        return None if name is None else gone(repr(name))

    def no_trial(self, trial_id: int) -> NotStoredError:
        """Why a trial cannot be used that is not in the file."""
        name = self._deleted.get(trial_id)
        return gone(f"that of the trial with the id {trial_id}" if name is None else repr(name))


def _number(trial: FrozenTrial) -> int:
    return trial.number


def changed(trial: FrozenTrial, **fields: Any) -> FrozenTrial:
    """A copy of a trial with some fields replaced."""
    new = FrozenTrial.__new__(FrozenTrial)  # five times faster than `copy.copy`
    new.__dict__.update(trial.__dict__)
    for name, value in fields.items():
        setattr(new, name, value)
    return new
