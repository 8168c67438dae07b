"""The trials of all studies: held in memory, kept in the file, the same in both.

A trial that this process began or adopted is its own: memory is ahead of the file by what
is buffered, and it is not read again. Everything else is read when the file has changed:
new trials above a watermark, unfinished ones again, and finished ones that another process has
let go on. Whether it has changed, SQLite tells in two microseconds (`GuardedConnection.poll`),
so an unchanged file costs no query at all.
"""

from __future__ import annotations

import copy
import datetime
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager

from optuna.exceptions import UpdateFinishedTrialError
from optuna.trial import FrozenTrial, TrialState
from sqlalchemy import Connection, bindparam, select

from storage import optuna_schema as schema
from storage import study_rows
from storage.database import Database
from storage.errors import NotStoredError, StudyIsFull
from storage.prepared import Prepared
from storage.tables import DELETIONS, REOPENINGS
from storage.trial_cache import KnownTrials, StudyTrials, changed
from storage.trial_reading import read_trials
from storage.trial_writes import TrialWrites, end_trial


class LiveTrials:
    """The trials that a process knows and runs. A `Pending`; guarded by its lock."""

    def __init__(self, database: Database) -> None:
        self.writes = self._before = TrialWrites(database.connection.dialect)
        self._at_most: int | None = None  # trials that a study may have, for now
        self._database = database
        self.known = KnownTrials()
        database.buffer.register(self)

    # What waits to be written: `pending.Pending`

    def __bool__(self) -> bool:
        return bool(self.writes)

    def write(self, connection: Connection) -> None:
        """Write what is buffered."""
        self.writes.write(connection)

    def clear(self) -> None:
        """Forget what is buffered: it is committed."""
        self._database.claims.held -= self.writes.ended.keys()
        self.writes.clear()

    def begin(self) -> None:
        """Remember what is buffered."""
        self._before = self.writes.copy()

    def undo(self) -> None:
        """Forget all trials: the file, with what was buffered before, has them as they were."""
        self.writes = self._before
        self.known.clear()

    def after_fork(self) -> None:
        """Forget all trials, and what is buffered."""
        self.writes.clear()
        self.known.clear()

    def forget_deleted(self, connection: Connection) -> None:
        """Forget the studies that somebody has deleted, with what is buffered of them."""
        studies = self.known.studies()
        if not studies:
            return
        counts = _deletions(connection)
        for trials in studies:
            if counts.get(trials.study_id, 0) != trials.deletions:
                gone = self.known.forget(trials.study_id)
                self._database.claims.held -= gone
                self.writes.drop(gone)

    # Reading

    def study(self, study_id: int) -> StudyTrials:
        """A study's trials, read again where another process has committed something.

        Raises:
            NotStoredError: there is no such study.
        """
        trials = self.known.study(study_id)
        if trials is not None and trials.seen_changes == self._database.changes:
            return trials
        return self._read(study_id)

    def _read(self, study_id: int) -> StudyTrials:
        self._database.flush()  # so that the file has all that this process knows
        with self._database.read() as connection:
            seen = self._database.changes
            self.forget_deleted(connection)
            trials = self.known.study(study_id)
            if trials is None:
                trials, news = self._first_look(connection, study_id)
            else:
                news = self._look_again(connection, trials)
            trials.note_read(news, seen)
        return trials

    def trial(self, trial_id: int) -> FrozenTrial:
        """A trial as the file has it, plus what is buffered.

        Raises:
            NotStoredError: there is no such trial.
        """
        if not self.known.is_seen(trial_id, self._database.changes):
            with self._database.read() as connection:  # the id may have been given out again
                study_id = connection.scalar(_STUDY_OF, {"trial_id": trial_id})
                if study_id is None:
                    self.forget_deleted(connection)
                    raise self.known.no_trial(trial_id)
            self.study(study_id)
        return self.known.trial(trial_id)

    def _first_look(
        self, connection: Connection, study_id: int
    ) -> tuple[StudyTrials, Sequence[FrozenTrial]]:
        try:
            name = study_rows.require_study(connection, study_id)
        except NotStoredError as error:
            raise self.known.no_study(study_id) or error from None
        trials = self.known.add_study(study_id, name, _deletions(connection).get(study_id, 0))
        _reopened(connection, trials)
        found = read_trials(connection, study_id)
        self.known.put(study_id, found)
        return trials, found

    def _look_again(self, connection: Connection, trials: StudyTrials) -> Sequence[FrozenTrial]:
        """Take over what others have changed; those trials."""
        claims = self._database.claims
        own = claims.held & trials.unfinished.keys()
        ended = _ended(connection, own)
        claims.held -= ended
        again = (trials.unfinished.keys() - own) | ended | _reopened(connection, trials)
        above = trials.last_trial_id
        found = read_trials(connection, trials.study_id, above=above, ids=again)
        news = trials.news_in(found)
        self.known.put(trials.study_id, news)
        return news

    # Beginning and ending

    @contextmanager
    def at_most(self, n_trials: int | None) -> Iterator[None]:
        """Let no trial be made beyond a study's total, whoever makes trials meanwhile.

        Args:
            n_trials: the total; None: there is none.

        Raises:
            StudyIsFull: one was to be made.
        """
        with self._database.lock:
            self._at_most = n_trials
            try:
                yield
            finally:
                self._at_most = None

    def create(self, study_id: int, template: FrozenTrial | None) -> int:
        """Insert a trial and claim it; its number is the next one under the write lock.

        Raises:
            NotStoredError: there is no such study, or another one has taken its place.
            StudyIsFull: it has as many trials as `at_most` lets it have.
        """
        trials = self.study(study_id)
        trial = _new_trial() if template is None else _copied(template)
        claims, is_part = self._database.claims, self._database.in_transaction
        with self._database.write() as connection:
            name = self.known.name_of(study_id)
            self._database.study_names.check_id(connection, study_id, name)
            _insert(connection, study_id, trial, self._at_most)
            # In a block in one go with those of its other trials.
            writes = self.writes if is_part else TrialWrites(connection.dialect.name)
            writes.add_whole(trial)
            if trial.state is TrialState.RUNNING:
                claims.register(connection)
                writes.add_claim(trial._trial_id, claims.key)
            if not is_part:
                writes.write(connection)
        if trial.state is TrialState.RUNNING:
            self._database.hold([trial._trial_id])
        if trial.number == len(trials):
            self.known.put(study_id, [trial])
        else:
            self._read(study_id)  # others have made trials in between
        return trial._trial_id

    def start(self, trial: FrozenTrial) -> bool:
        """Take a waiting trial; False if another process has."""
        started = datetime.datetime.now()
        with self._database.write() as connection:
            result = connection.execute(
                _START, {"waiting": trial._trial_id, "started": schema.to_utc(started)}
            )
            if result.rowcount == 1:
                self._database.claims.claim(connection, trial._trial_id)
        if result.rowcount != 1:
            return False
        self._database.hold([trial._trial_id])
        self.update(changed(trial, state=TrialState.RUNNING, datetime_start=started))
        return True

    def end(self, trial: FrozenTrial) -> None:
        """Write the final state at once; inside a transaction, with the rest of it.

        Raises:
            UpdateFinishedTrialError: another process has ended the trial before.
        """
        trial_id = trial._trial_id
        self.writes.add_values(trial_id, trial.values or ())
        if self._database.in_transaction:
            self.writes.add_end(trial)
        else:
            with self._database.write() as connection:
                if not end_trial(connection, trial):
                    self._database.claims.held.discard(trial_id)
                    raise UpdateFinishedTrialError(
                        f"A trial ends once, but trial {trial.number} has been ended elsewhere."
                    )
            self._database.claims.held.discard(trial_id)
        self.known.put(self.known.study_of(trial_id).study_id, [trial])

    def adopt(self, study_id: int, trial_ids: Sequence[int]) -> None:
        """Hold running trials from now on, which this process has just claimed."""
        with self._database.lock:
            self.study(study_id)
            self._database.hold(trial_ids)

    # Changing

    def unfinished(self, trial_id: int) -> FrozenTrial:
        """A trial that is to be changed: see `update`.

        Raises:
            NotStoredError: there is no such trial.
            UpdateFinishedTrialError: it has ended.
        """
        trial = self.trial(trial_id)
        if trial.state.is_finished():
            raise UpdateFinishedTrialError(
                f"A finished trial never changes, but trial {trial.number} was to be changed."
            )
        return trial

    def update(self, trial: FrozenTrial) -> None:
        """Put a changed copy in a trial's place, once what has changed is buffered.

        What is written to a trial of another process is in the file afterwards.
        """
        self.known.study_of(trial._trial_id).replace(trial)
        if trial._trial_id in self._database.claims.held or self._database.in_transaction:
            self._database.changed()
        else:
            self._database.flush()


_STUDY_OF = select(schema.TRIALS.c.study_id).where(
    schema.TRIALS.c.trial_id == bindparam("trial_id")
)
_LAST_NUMBER = Prepared(  # no row where there is no study, NULL where it has no trials
    select(
        select(schema.TRIALS.c.number)
        .where(schema.TRIALS.c.study_id == bindparam("study_id"))
        .order_by(schema.TRIALS.c.trial_id.desc())
        .limit(1)
        .scalar_subquery()
    )
    .where(schema.STUDIES.c.study_id == bindparam("study_id"))
    .with_for_update(),  # one creator at a time; SQLite's write lock does it alone
    ("study_id",),
)
_INSERT = Prepared(
    schema.TRIALS.insert(),
    ("study_id", "number", "state", "datetime_start", "datetime_complete"),
)
_START = (
    schema.TRIALS.update()
    .where(
        schema.TRIALS.c.trial_id == bindparam("waiting"),
        schema.TRIALS.c.state == TrialState.WAITING,
    )
    .values(state=TrialState.RUNNING, datetime_start=bindparam("started"))
)
_ENDED = select(schema.TRIALS.c.trial_id).where(
    schema.TRIALS.c.trial_id.in_(bindparam("ids", expanding=True)),
    schema.TRIALS.c.state.not_in([TrialState.RUNNING, TrialState.WAITING]),
)
_REOPENED = Prepared(
    select(REOPENINGS.c.reopening_id, REOPENINGS.c.trial_id).where(
        REOPENINGS.c.study_id == bindparam("study_id"),
        REOPENINGS.c.reopening_id > bindparam("above"),
    ),
    ("study_id", "above"),
)
_DELETIONS = select(DELETIONS.c.study_id, DELETIONS.c.n_deletions)


def _new_trial() -> FrozenTrial:
    return FrozenTrial(
        number=-1,
        state=TrialState.RUNNING,
        value=None,
        datetime_start=datetime.datetime.now(),
        datetime_complete=None,
        params={},
        distributions={},
        user_attrs={},
        system_attrs={},
        intermediate_values={},
        trial_id=-1,
    )


def _copied(template: FrozenTrial) -> FrozenTrial:
    """A copy that shares nothing that can change; params and distributions cannot."""
    return changed(
        template,
        params=dict(template.params),
        distributions=dict(template.distributions),
        intermediate_values=dict(template.intermediate_values),
        user_attrs=copy.deepcopy(template.user_attrs),
        system_attrs=copy.deepcopy(template.system_attrs),
    )


def _insert(
    connection: Connection, study_id: int, trial: FrozenTrial, at_most: int | None
) -> None:
    """Insert the trial's row, and give the trial its number and id.

    Raises:
        NotStoredError: there is no such study.
        StudyIsFull: the study has `at_most` trials.
    """
    row = _LAST_NUMBER.first(connection, study_id)
    if row is None:
        study_rows.require_study(connection, study_id)
    last = None if row is None else row[0]
    trial.number = 0 if last is None else last + 1
    if at_most is not None and trial.number >= at_most:
        raise StudyIsFull(f"A study has at most {at_most} trials now, and it has them all.")
    started = schema.to_utc(trial.datetime_start)
    completed = schema.to_utc(trial.datetime_complete)
    trial._trial_id = _INSERT.insert(
        connection, study_id, trial.number, trial.state, started, completed
    )


def _deletions(connection: Connection) -> dict[int, int]:
    return {study_id: n_deletions for study_id, n_deletions in connection.execute(_DELETIONS)}


def _reopened(connection: Connection, trials: StudyTrials) -> set[int]:
    """The trials that others have let go on since the last look, whatever they are by now."""
    rows = _REOPENED.all(connection, trials.study_id, trials.last_reopening)
    for reopening_id, _ in rows:
        trials.last_reopening = max(trials.last_reopening, reopening_id)
    return {trial_id for _, trial_id in rows}


def _ended(connection: Connection, trial_ids: Collection[int]) -> set[int]:
    """Which of these trials another process has ended, for example the dashboard."""
    if not trial_ids:
        return set()
    return set(connection.scalars(_ENDED, {"ids": sorted(trial_ids)}))
