"""Adopting the trials of a process that died: same number, parameters and seed.

A trial stays RUNNING in Optuna when its process dies. The next process that opens the study
claims it, under the write lock, so that two never adopt the same one; the runs it was in
end as lost. How often that has happened is kept with the claim. The runs of a trial that pauses
end as interrupted: it did not train, and cannot be why its process died.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from dataclasses import dataclass

import optuna
from optuna.exceptions import UpdateFinishedTrialError
from optuna.trial import TrialState
from sqlalchemy import Connection, Select, select

from storage import optuna_schema as schema
from storage.optuna_storage import OptunaStorage
from storage.processes import Process, dead_processes, forget_dead, living_processes
from storage.records import PAUSED, StudyRecords, StudySettings
from storage.study_access import id_of, reading, writing
from storage.study_reading import read_trials
from storage.tables import CLAIMS, PROCESSES, RUNS
from storage.trial_cache import changed
from storage.trial_writes import reopen_trial


@dataclass(frozen=True, slots=True)
class ClaimedTrial:
    """A trial that this process has taken over."""

    number: int
    lost_attempts: int  # processes that died with it, at least 1


@dataclass(frozen=True, slots=True)
class DeadTrial:
    """A trial that is running in the file but in no living process."""

    trial_id: int
    number: int
    lost_attempts: int  # before this one
    was_killed: bool = True  # False: its process stopped in good order, and gave it up


def dead_trials(connection: Connection, study_id: int) -> list[DeadTrial]:
    """The trials of a study whose process died, by number.

    Trials without a claim were begun by another program through Optuna itself; nothing is
    known of their process, and they are left alone.
    """
    dead = dead_processes(connection)
    if not dead:
        return []
    left_behind = set(connection.scalars(select(PROCESSES.c.process)))
    trials = schema.TRIALS.c
    query = (
        select(trials.trial_id, trials.number, CLAIMS.c.lost_attempts, CLAIMS.c.process)
        .join(CLAIMS, CLAIMS.c.trial_id == trials.trial_id)
        .where(trials.study_id == study_id, trials.state == TrialState.RUNNING)
        .order_by(trials.number)
    )
    return [
        DeadTrial(trial_id, number, lost, process in left_behind)
        for trial_id, number, lost, process in connection.execute(query)
        if process in dead
    ]


def living_claimants(
    connection: Connection, study_id: int, *, other_than: str
) -> Iterator[Process]:
    """Processes that live and hold running trials of a study, but for one, by its key."""
    trials = schema.TRIALS.c
    query = (
        select(CLAIMS.c.process)
        .join(schema.TRIALS, CLAIMS.c.trial_id == trials.trial_id)
        .where(trials.study_id == study_id, trials.state == TrialState.RUNNING)
        .distinct()
    )
    holders = set(connection.scalars(query)) - {other_than}
    yield from living_processes(connection, holders).values()


class Adoption:
    """The trials of an opened store whose process died."""

    def __init__(self, storage: OptunaStorage) -> None:
        self._storage = storage
        self._database = storage.database

    def dead(self, study_name: str) -> tuple[int, ...]:
        """Numbers of the trials that run in the file but in no living process."""
        with reading(self._database, study_name) as (connection, study_id):
            return tuple(one.number for one in dead_trials(connection, study_id))

    def others(self, study_name: str) -> tuple[Process, ...]:
        """Other processes that live and have trials of a study in training."""
        with reading(self._database, study_name) as (connection, study_id):
            own = self._database.claims.key
            return tuple(living_claimants(connection, study_id, other_than=own))

    def claim(self, study_name: str) -> tuple[ClaimedTrial, ...]:
        """Take over all trials whose process died, and end the runs they were in."""
        with writing(self._database, study_name) as (connection, study_id):
            dead = dead_trials(connection, study_id)
            _end_lost_runs(connection, study_id)
            forget_dead(connection)
            for trial in dead:
                self._database.claims.claim(connection, trial.trial_id, trial.lost_attempts + 1)
        if dead:
            self._storage.trials.adopt(study_id, [trial.trial_id for trial in dead])
        return tuple(ClaimedTrial(trial.number, trial.lost_attempts + 1) for trial in dead)

    def records(self, settings: StudySettings, numbers: Collection[int]) -> StudyRecords:
        """What is left of trials, to go on with them: runs, curves and artifacts, of no others."""
        with self._database.lock:
            self._database.flush()
            with reading(self._database, settings.study_name) as (connection, study_id):
                return read_trials(connection, study_id, settings, numbers)

    def open_again(self, study: optuna.Study, trial_number: int) -> optuna.trial.Trial:
        """Open a running trial again, to report and tell: no random number is drawn."""
        return optuna.trial.Trial(study, self._id_of(study, trial_number))

    def reopen(self, study: optuna.Study, trial_number: int) -> optuna.trial.Trial:
        """Let a trial that was told as pruned while it paused run again, in this process.

        Raises:
            UpdateFinishedTrialError: it has ended otherwise, or does not pause.
        """
        with self._database.lock:
            with self._database.write() as connection:  # what is read is so until it is acted upon
                trial_id = self._id_of(study, trial_number)
                trial = self._storage.trials.trial(trial_id)
                is_paused = trial.user_attrs.get(PAUSED) is not None
                if trial.state is not TrialState.PRUNED or not is_paused:
                    raise UpdateFinishedTrialError(
                        f"Only a trial that was pruned while it paused goes on, but trial "
                        f"{trial_number} is {trial.state.name}."
                    )
                known = self._storage.trials.known.study_of(trial_id)
                self._database.claims.register(connection)
                reopening_id = reopen_trial(connection, known.study_id, trial_id)
                self._database.claims.claim(connection, trial_id)
            known.last_reopening = reopening_id
            self._database.hold([trial_id])
            running = changed(trial, state=TrialState.RUNNING, datetime_complete=None)
            running.values = None
            self._storage.trials.known.put(known.study_id, [running])
        return optuna.trial.Trial(study, trial_id)

    def _id_of(self, study: optuna.Study, trial_number: int) -> int:
        return self._storage.get_trial_id_from_study_id_trial_number(
            id_of(self._database, study.study_name), trial_number
        )


def _end_lost_runs(connection: Connection, study_id: int) -> None:
    """End the runs of dead processes: those of trials that paused were not what a process died of.

    So they do not count against their trials, which may rest while many a process dies.
    """
    running = (RUNS.c.study_id == study_id) & (RUNS.c.state == "running")
    holders = set(connection.scalars(select(RUNS.c.process).where(running).distinct()))
    lost = holders & dead_processes(connection, holders)
    if not lost:
        return
    dead = running & RUNS.c.process.in_(lost)
    pauses = (RUNS.c.purpose == "search") & RUNS.c.trial_number.in_(_paused_in(study_id))
    for those, cause in ((dead & pauses, "interrupted"), (dead, "lost")):
        connection.execute(RUNS.update().where(those).values(state="failed", cause=cause))


def _paused_in(study_id: int) -> Select[tuple[int]]:
    """The numbers of a study's trials that pause."""
    trials, attributes = schema.TRIALS.c, schema.USER_ATTRIBUTES.c
    return (
        select(trials.number)
        .join(schema.USER_ATTRIBUTES, attributes.trial_id == trials.trial_id)
        .where(
            trials.study_id == study_id,
            attributes.key == PAUSED,
            attributes.value_json != json.dumps(None),
        )
    )
