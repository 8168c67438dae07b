"""An Optuna storage over Optuna's own schema that does not wait for the disk at every call.

The trials that this process runs are held in memory; what they report is buffered and
written together (see `database.py` for when). Their parameters are in the file before
anything is reported about them, and a finished trial is in the file before `tell` returns.
Trials of other processes are read when SQLite says that something was committed: new ones
above a watermark, unfinished ones again. Any other Optuna storage may use the file meanwhile.
"""

from __future__ import annotations

import copy
import datetime
import json
import uuid
from collections.abc import Container, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import optuna
import sqlalchemy
from optuna.distributions import BaseDistribution
from optuna.storages import BaseStorage
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState
from sqlalchemy import Connection, Table, select
from sqlalchemy.exc import IntegrityError

from storage import optuna_schema as schema
from storage import study_rows, trial_rows
from storage.database import Database
from storage.engine import inserted_id
from storage.opening import open_database
from storage.processes import Claims
from storage.tables import CLAIMS, DELETIONS
from storage.trial_cache import StudyTrials, changed

_PLAIN = (str, int, float, bool, type(None))


def open_optuna_storage(url: str) -> OptunaStorage:
    """Open a database for Optuna, creating its tables where they are missing.

    Raises:
        StorageError: it cannot be opened, or its tables are not known here.
    """
    return OptunaStorage(open_database(url))


class OptunaStorage(BaseStorage):
    """Optuna's storage interface on a `Database`. Shared by threads; pickled by its URL."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.claims = Claims()
        self._writes = trial_rows.TrialWrites(database.dialect)
        self._studies: dict[int, StudyTrials] = {}
        self._study_of: dict[int, tuple[int, int]] = {}  # trial_id -> (study_id, number)
        self._own: set[int] = set()  # trials that only this process changes
        database.register(self)
        database.on_heartbeat = self._beat

    def __getstate__(self) -> dict[str, Any]:
        self.database.flush()
        return {"url": self.database.url}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(open_database(state["url"]))  # type: ignore[misc]

    # What waits to be written: `database.Pending`

    def __bool__(self) -> bool:
        return bool(self._writes)

    def write(self, connection: Connection) -> None:
        """Write what is buffered."""
        self._writes.write(connection)
        ended = self._writes.ended
        if ended:
            connection.execute(CLAIMS.delete().where(CLAIMS.c.trial_id.in_(ended)))

    def clear(self) -> None:
        """Forget what is buffered: it is committed."""
        self._own -= self._writes.ended
        self._writes.clear()

    def forget_deleted(self, connection: Connection) -> None:
        """Forget the studies that somebody has deleted, with what is buffered of them."""
        if not self._studies:
            return
        counts = _deletions(connection)
        for study_id, trials in list(self._studies.items()):
            if counts.get(study_id, 0) != trials.deletions:
                self._forget(study_id)

    def after_fork(self) -> None:
        """Know nothing: the trials that run are the parent's."""
        self._writes.clear()
        self._studies.clear()
        self._study_of.clear()
        self._own.clear()
        self.claims.after_fork()

    def _forget(self, study_id: int) -> None:
        trials = self._studies.pop(study_id)
        gone = {trial._trial_id for trial in trials.select(None)}
        self._own -= gone
        self._writes.drop(gone)
        for trial_id in gone:
            self._study_of.pop(trial_id, None)

    # Life

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Gather the writes of a block into one transaction at its end."""
        with self.database.transaction():
            yield

    def flush(self) -> None:
        """Write all that is buffered now."""
        self.database.flush()

    def close(self) -> None:
        """Write what is buffered, give up this process's trials, close the connection."""
        with self.database.lock:
            if self.claims.is_registered:
                with self.database.write() as connection:
                    self.claims.release(connection)
                self.claims.after_fork()
            self.database.close()
            self.after_fork()

    def remove_session(self) -> None:
        """Write what is buffered. The connection stays: all threads share it."""
        self.database.flush()

    def _beat(self) -> None:
        if self._own and self.claims.is_registered:
            with self.database.write() as connection:
                self.claims.beat(connection)

    # Studies

    def create_new_study(
        self, directions: Sequence[StudyDirection], study_name: str | None = None
    ) -> int:
        """Create a study; see `BaseStorage`."""
        name = f"{schema.DEFAULT_STUDY_NAME_PREFIX}{uuid.uuid4()}"
        name = name if study_name is None else study_name
        try:
            with self.database.write() as connection:
                return study_rows.create_study(connection, name, directions)
        except IntegrityError as error:
            raise optuna.exceptions.DuplicatedStudyError(
                f"The name of a study must be new, but {name!r} exists."
            ) from error

    def delete_study(self, study_id: int) -> None:
        """Delete a study with all that is stored of it; see `BaseStorage`."""
        with self.database.write() as connection:
            study_rows.delete_study(connection, study_id)
        with self.database.lock:
            if study_id in self._studies:
                self._forget(study_id)

    def set_study_user_attr(self, study_id: int, key: str, value: Any) -> None:
        """Set a user attribute of a study, in the file at once; see `BaseStorage`."""
        self._set_study_attribute(schema.STUDY_USER_ATTRIBUTES, study_id, key, value)

    def set_study_system_attr(self, study_id: int, key: str, value: Any) -> None:
        """Set a system attribute of a study, in the file at once; see `BaseStorage`."""
        self._set_study_attribute(schema.STUDY_SYSTEM_ATTRIBUTES, study_id, key, value)

    def delete_study_system_attr(self, study_id: int, key: str) -> None:
        """Remove a system attribute, which Optuna's interface cannot: of a removed artifact."""
        with self.database.write() as connection:
            study_rows.delete_attribute(connection, schema.STUDY_SYSTEM_ATTRIBUTES, study_id, key)

    def _set_study_attribute(self, table: Table, study_id: int, key: str, value: Any) -> None:
        with self.database.write() as connection:
            study_rows.set_attribute(connection, table, study_id, key, value)

    def get_study_id_from_name(self, study_name: str) -> int:
        """Id of a study; see `BaseStorage`."""
        with self.database.read() as connection:
            return study_rows.study_id_of(connection, study_name)

    def get_study_name_from_id(self, study_id: int) -> str:
        """Name of a study; see `BaseStorage`."""
        with self.database.read() as connection:
            return study_rows.require_study(connection, study_id)

    def get_study_directions(self, study_id: int) -> list[StudyDirection]:
        """Directions of a study; see `BaseStorage`."""
        with self.database.read() as connection:
            return study_rows.directions_of(connection, study_id)

    def get_study_user_attrs(self, study_id: int) -> dict[str, Any]:
        """User attributes of a study; see `BaseStorage`."""
        with self.database.read() as connection:
            return study_rows.attributes_of(connection, schema.STUDY_USER_ATTRIBUTES, study_id)

    def get_study_system_attrs(self, study_id: int) -> dict[str, Any]:
        """System attributes of a study; see `BaseStorage`."""
        with self.database.read() as connection:
            return study_rows.attributes_of(connection, schema.STUDY_SYSTEM_ATTRIBUTES, study_id)

    def get_all_studies(self) -> list[schema.FrozenStudy]:
        """All studies; see `BaseStorage`."""
        with self.database.read() as connection:
            return study_rows.all_studies(connection)

    # Making trials

    def create_new_trial(self, study_id: int, template_trial: FrozenTrial | None = None) -> int:
        """Create a trial, in the file at once and claimed by this process.

        The number is given under the write lock: the next one after the study's last trial.
        """
        with self.database.lock:
            trials = self._known(study_id)
            trial = _new_trial(template_trial)
            with self.database.write() as connection:
                study_rows.require_study(connection, study_id)
                self._insert(connection, study_id, trial)
            self.claims.registered()
            if trial.state is TrialState.RUNNING:
                self._own.add(trial._trial_id)
                self.database.start_heartbeat()
            if trial.number == len(trials):
                self._put(study_id, [trial])
            else:
                trials.seen_changes = -1  # others have made trials in between
                self._known(study_id)
            return trial._trial_id

    def _insert(self, connection: Connection, study_id: int, trial: FrozenTrial) -> None:
        trials = schema.TRIALS.c
        last = select(trials.number).where(trials.study_id == study_id)
        number: int | None = connection.scalar(last.order_by(trials.trial_id.desc()).limit(1))
        trial.number = 0 if number is None else number + 1
        result = connection.execute(
            schema.TRIALS.insert(),
            {
                "study_id": study_id,
                "number": trial.number,
                "state": trial.state,
                "datetime_start": schema.to_utc(trial.datetime_start),
                "datetime_complete": schema.to_utc(trial.datetime_complete),
            },
        )
        trial._trial_id = inserted_id(result)
        if trial.state is TrialState.RUNNING:
            self.claims.claim(connection, trial._trial_id)
        else:
            self.claims.register(connection)
        whole = trial_rows.TrialWrites(self.database.dialect)
        whole.add_whole(trial)
        if whole:
            whole.write(connection)

    # Changing trials

    def set_trial_param(
        self,
        trial_id: int,
        param_name: str,
        param_value_internal: float,
        distribution: BaseDistribution,
    ) -> None:
        """Set a parameter; see `BaseStorage`."""
        with self._updating(trial_id) as trial:
            trials = self._studies[self._study_of[trial_id][0]]
            trials.check_distribution(param_name, distribution)
            value = distribution.to_external_repr(param_value_internal)
            new = changed(
                trial,
                params={**trial.params, param_name: value},
                distributions={**trial.distributions, param_name: distribution},
            )
            trials.replace(new)
            self._writes.add_param(trial_id, param_name, param_value_internal, distribution)

    def set_trial_intermediate_value(
        self, trial_id: int, step: int, intermediate_value: float
    ) -> None:
        """Report a value at a step; see `BaseStorage`."""
        with self._updating(trial_id) as trial:
            value = float(intermediate_value)
            new = changed(trial, intermediate_values={**trial.intermediate_values, step: value})
            self._replace(new)
            self._writes.add_report(trial_id, step, value)

    def set_trial_user_attr(self, trial_id: int, key: str, value: Any) -> None:
        """Set a user attribute of a trial; see `BaseStorage`."""
        with self._updating(trial_id) as trial:
            text = json.dumps(value)
            kept = value if isinstance(value, _PLAIN) else json.loads(text)
            self._replace(changed(trial, user_attrs={**trial.user_attrs, key: kept}))
            self._writes.add_user_attribute(trial_id, key, text)

    def set_trial_system_attr(self, trial_id: int, key: str, value: Any) -> None:
        """Set a system attribute of a trial; see `BaseStorage`."""
        with self._updating(trial_id) as trial:
            text = json.dumps(value)
            kept = value if isinstance(value, _PLAIN) else json.loads(text)
            self._replace(changed(trial, system_attrs={**trial.system_attrs, key: kept}))
            self._writes.add_system_attribute(trial_id, key, text)

    def set_trial_state_values(
        self, trial_id: int, state: TrialState, values: Sequence[float] | None = None
    ) -> bool:
        """Start a waiting trial, or end one, in the file at once; see `BaseStorage`."""
        with self.database.lock:
            trial = self._current(trial_id)
            self.check_trial_is_updatable(trial_id, trial.state)
            if state is TrialState.RUNNING:
                return trial.state is TrialState.WAITING and self._start(trial)
            new = changed(trial, state=state)
            if values is not None:
                new.values = list(values)
                self._writes.add_values(trial_id, new.values)
            if state.is_finished():
                new.datetime_complete = datetime.datetime.now()
            self._end(new)
            return True

    def _start(self, trial: FrozenTrial) -> bool:
        """Take a waiting trial, unless another process has."""
        started = datetime.datetime.now()
        table = schema.TRIALS
        with self.database.write() as connection:
            result = connection.execute(
                table.update()
                .where(table.c.trial_id == trial._trial_id, table.c.state == TrialState.WAITING)
                .values(state=TrialState.RUNNING, datetime_start=schema.to_utc(started))
            )
            if result.rowcount == 1:
                self.claims.claim(connection, trial._trial_id)
        if result.rowcount != 1:
            return False
        self.claims.registered()
        self.database.start_heartbeat()
        self._own.add(trial._trial_id)
        self._replace(changed(trial, state=TrialState.RUNNING, datetime_start=started))
        return True

    def _end(self, trial: FrozenTrial) -> None:
        """Write the end of a trial, or buffer it inside a transaction."""
        trial_id = trial._trial_id
        if self.database.in_transaction:
            self._writes.add_end(trial)
            self._put(self._study_of[trial_id][0], [trial])
            return
        with self.database.write() as connection:
            if not trial_rows.end_trial(connection, trial):
                self._own.discard(trial_id)
                raise optuna.exceptions.UpdateFinishedTrialError(
                    f"Trial#{trial.number} has already finished and can not be updated."
                )
            connection.execute(CLAIMS.delete().where(CLAIMS.c.trial_id == trial_id))
        self._own.discard(trial_id)
        self._put(self._study_of[trial_id][0], [trial])

    @contextmanager
    def _updating(self, trial_id: int) -> Iterator[FrozenTrial]:
        """The trial as it is; afterwards its writes wait, or are written if it is shared."""
        with self.database.lock:
            trial = self._current(trial_id)
            self.check_trial_is_updatable(trial_id, trial.state)
            yield trial
            if trial_id in self._own or self.database.in_transaction:
                self.database.changed()
            else:
                self.database.flush()

    def _replace(self, trial: FrozenTrial) -> None:
        self._studies[self._study_of[trial._trial_id][0]].replace(trial)

    # Reading trials

    def get_trial(self, trial_id: int) -> FrozenTrial:
        """One trial; see `BaseStorage`."""
        with self.database.lock:
            return self._current(trial_id)

    def get_all_trials(
        self,
        study_id: int,
        deepcopy: bool = True,
        states: Container[TrialState] | None = None,
    ) -> list[FrozenTrial]:
        """The trials of a study, by number; see `BaseStorage`."""
        with self.database.lock:
            trials = self._known(study_id).select(states)
        return copy.deepcopy(trials) if deepcopy else trials

    def get_trial_id_from_study_id_trial_number(self, study_id: int, trial_number: int) -> int:
        """Id of a trial; see `BaseStorage`."""
        with self.database.lock:
            trials = self._known(study_id)
            if not 0 <= trial_number < len(trials):
                raise KeyError(f"There is no trial {trial_number} in study_id={study_id}.")
            return trials[trial_number]._trial_id

    def _current(self, trial_id: int) -> FrozenTrial:
        """The trial as the file has it, plus what this process has buffered."""
        place = self._study_of.get(trial_id)
        if place is None or not self._studies[place[0]][place[1]].state.is_finished():
            self._known(self._find(trial_id) if place is None else place[0])
            place = self._study_of.get(trial_id)
        if place is None:
            raise KeyError(f"There is no trial with trial_id={trial_id}.")
        return self._studies[place[0]][place[1]]

    def _find(self, trial_id: int) -> int:
        query = select(schema.TRIALS.c.study_id).where(schema.TRIALS.c.trial_id == trial_id)
        with self.database.read() as connection:
            study_id: int | None = connection.scalar(query)
        if study_id is None:
            raise KeyError(f"There is no trial with trial_id={trial_id}.")
        return study_id

    def _known(self, study_id: int) -> StudyTrials:
        """The study's trials, read again where another process has committed something."""
        trials = self._studies.get(study_id)
        if trials is not None and self.database.in_transaction:
            return trials
        if trials is not None and trials.seen_changes == self.database.poll():
            return trials
        self.database.flush()  # so that the file has all that this process knows
        with self.database.read() as connection:
            seen = self.database.poll()
            self.forget_deleted(connection)
            trials = self._studies.get(study_id)
            if trials is None:
                trials = self._first_look(connection, study_id)
            else:
                self._look_again(connection, trials)
            trials.seen_changes = seen
        return trials

    def _first_look(self, connection: Connection, study_id: int) -> StudyTrials:
        study_rows.require_study(connection, study_id)
        trials = StudyTrials(study_id, _deletions(connection).get(study_id, 0))
        self._studies[study_id] = trials
        self._put(study_id, trial_rows.read_trials(connection, study_id))
        return trials

    def _look_again(self, connection: Connection, trials: StudyTrials) -> None:
        own = self._own & trials.unfinished.keys()
        ended = _ended(connection, own)
        self._own -= ended
        again = (trials.unfinished.keys() - own) | ended
        above = trials.last_trial_id
        found = trial_rows.read_trials(connection, trials.study_id, above=above, ids=again)
        self._put(trials.study_id, found)

    def _put(self, study_id: int, trials: list[FrozenTrial]) -> None:
        self._studies[study_id].put(trials)
        for trial in trials:
            self._study_of[trial._trial_id] = (study_id, trial.number)

    # Adopting trials: see `adoption.py`

    def adopt(self, study_id: int, trial_ids: Sequence[int]) -> None:
        """Hold these running trials in memory from now on: this process has claimed them."""
        with self.database.lock:
            self._known(study_id)
            self.claims.registered()
            self._own.update(trial_ids)
            self.database.start_heartbeat()


def _new_trial(template: FrozenTrial | None) -> FrozenTrial:
    if template is not None:
        return copy.deepcopy(template)
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


def _deletions(connection: Connection) -> dict[int, int]:
    query = select(DELETIONS.c.study_id, DELETIONS.c.n_deletions)
    return {study_id: n_deletions for study_id, n_deletions in connection.execute(query)}


def _ended(connection: Connection, trial_ids: set[int]) -> set[int]:
    """Which of these trials another process has ended, for example the dashboard."""
    if not trial_ids:
        return set()
    query = select(schema.TRIALS.c.trial_id).where(
        schema.TRIALS.c.trial_id.in_(sqlalchemy.bindparam("ids", expanding=True)),
        schema.TRIALS.c.state.not_in([TrialState.RUNNING, TrialState.WAITING]),
    )
    return set(connection.scalars(query, {"ids": sorted(trial_ids)}))
