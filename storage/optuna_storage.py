"""An Optuna storage over Optuna's own schema that does not wait for the disk at every call.

The trials that this process runs are held in memory; what they report is buffered and
written together (`database.py` says when). Their parameters are in the file before the run
begins, and a finished trial is in the file before `tell` returns. Trials of other processes
are read incrementally (`live_trials.py`). Any other Optuna storage, the dashboard's for
one, may use the file meanwhile.
"""

from __future__ import annotations

import copy
import datetime
import json
import uuid
from collections.abc import Container, Sequence
from typing import Any

import optuna
from optuna.distributions import BaseDistribution
from optuna.storages import BaseStorage
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState
from sqlalchemy import Table
from sqlalchemy.exc import IntegrityError

from storage import optuna_schema as schema
from storage import study_rows
from storage.database import Database
from storage.errors import NotStoredError
from storage.live_trials import LiveTrials
from storage.opening import open_database
from storage.trial_cache import changed

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
        self.trials = LiveTrials(database)

    def __getstate__(self) -> dict[str, Any]:
        self.database.flush()
        return {"url": self.database.connection.url}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(open_database(state["url"]))  # type: ignore[misc]

    # Life

    def close(self) -> None:
        """Write what is buffered, give up this process's trials, close the connection."""
        with self.database.lock:
            try:
                if self.database.claims.is_registered:
                    with self.database.write() as connection:
                        self.database.claims.release(connection)
            finally:
                self.database.close()
                self.database.claims.after_fork()
                self.trials.after_fork()

    def remove_session(self) -> None:
        """Write what is buffered. The connection stays: all threads share it."""
        self.database.flush()

    # Studies

    def create_new_study(
        self, directions: Sequence[StudyDirection], study_name: str | None = None
    ) -> int:
        """Create a study; see `BaseStorage`."""
        name = f"{schema.DEFAULT_STUDY_NAME_PREFIX}{uuid.uuid4()}"
        name = name if study_name is None else study_name
        try:
            with self.database.write() as connection:
                study_id = study_rows.create_study(connection, name, directions)
        except IntegrityError as error:
            raise optuna.exceptions.DuplicatedStudyError(
                f"The name of a study must be new, but {name!r} exists."
            ) from error
        self.database.study_names.asked_for(study_id)
        return study_id

    def delete_study(self, study_id: int) -> None:
        """Delete a study with all that is stored of it; see `BaseStorage`."""
        with self.database.write() as connection:
            study_rows.delete_study(connection, study_id)
            self.database.connection.outdate()
            self.database.forget_deleted(connection)
            self.database.study_names.forget(study_id)

    def set_study_user_attr(self, study_id: int, key: str, value: Any) -> None:
        """Set a user attribute of a study, in the file at once; see `BaseStorage`."""
        self._set_study_attribute(schema.STUDY_USER_ATTRIBUTES, study_id, key, value)

    def set_study_system_attr(self, study_id: int, key: str, value: Any) -> None:
        """Set a system attribute of a study, in the file at once; see `BaseStorage`."""
        self._set_study_attribute(schema.STUDY_SYSTEM_ATTRIBUTES, study_id, key, value)

    def _set_study_attribute(self, table: Table, study_id: int, key: str, value: Any) -> None:
        with self.database.write() as connection:
            study_rows.set_attribute(connection, table, study_id, key, value)

    def get_study_id_from_name(self, study_name: str) -> int:
        """Id of a study; see `BaseStorage`."""
        with self.database.read() as connection:
            study_id = study_rows.study_id_of(connection, study_name)
        self.database.study_names.asked_for(study_id)
        return study_id

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

    # Trials

    def create_new_trial(self, study_id: int, template_trial: FrozenTrial | None = None) -> int:
        """Create a trial, in the file at once and claimed by this process."""
        with self.database.lock:
            return self.trials.create(study_id, template_trial)

    def set_trial_param(
        self,
        trial_id: int,
        param_name: str,
        param_value_internal: float,
        distribution: BaseDistribution,
    ) -> None:
        """Set a parameter; see `BaseStorage`."""
        with self.database.lock:
            trial = self.trials.unfinished(trial_id)
            self.trials.known.study_of(trial_id).check_distribution(param_name, distribution)
            value = distribution.to_external_repr(param_value_internal)
            writes = self.trials.writes
            writes.add_param(trial_id, param_name, param_value_internal, distribution)
            self.trials.update(
                changed(
                    trial,
                    params={**trial.params, param_name: value},
                    distributions={**trial.distributions, param_name: distribution},
                )
            )

    def set_trial_intermediate_value(
        self, trial_id: int, step: int, intermediate_value: float
    ) -> None:
        """Report a value at a step; see `BaseStorage`."""
        value = float(intermediate_value)
        with self.database.lock:
            trial = self.trials.unfinished(trial_id)
            self.trials.writes.add_report(trial_id, step, value)
            values = {**trial.intermediate_values, step: value}
            self.trials.update(changed(trial, intermediate_values=values))

    def set_trial_user_attr(self, trial_id: int, key: str, value: Any) -> None:
        """Set a user attribute of a trial; see `BaseStorage`."""
        kept, text = _as_stored(value)
        with self.database.lock:
            trial = self.trials.unfinished(trial_id)
            self.trials.writes.add_user_attribute(trial_id, key, text)
            self.trials.update(changed(trial, user_attrs={**trial.user_attrs, key: kept}))

    def set_trial_system_attr(self, trial_id: int, key: str, value: Any) -> None:
        """Set a system attribute of a trial; see `BaseStorage`."""
        kept, text = _as_stored(value)
        with self.database.lock:
            trial = self.trials.unfinished(trial_id)
            self.trials.writes.add_system_attribute(trial_id, key, text)
            self.trials.update(changed(trial, system_attrs={**trial.system_attrs, key: kept}))

    def set_trial_state_values(
        self, trial_id: int, state: TrialState, values: Sequence[float] | None = None
    ) -> bool:
        """Start a waiting trial, or end one, in the file at once; see `BaseStorage`."""
        with self.database.lock:
            trial = self.trials.trial(trial_id)
            self.check_trial_is_updatable(trial_id, trial.state)
            if state is TrialState.RUNNING:
                return trial.state is TrialState.WAITING and self.trials.start(trial)
            new = changed(trial, state=state)
            if values is not None:
                new.values = list(values)
            if state.is_finished():
                new.datetime_complete = datetime.datetime.now()
            self.trials.end(new)
            return True

    def get_trial(self, trial_id: int) -> FrozenTrial:
        """One trial; see `BaseStorage`."""
        with self.database.lock:
            return self.trials.trial(trial_id)

    def get_all_trials(
        self,
        study_id: int,
        deepcopy: bool = True,
        states: Container[TrialState] | None = None,
    ) -> list[FrozenTrial]:
        """The trials of a study, by number; see `BaseStorage`."""
        with self.database.lock:
            trials = self.trials.study(study_id).select(states)
        return copy.deepcopy(trials) if deepcopy else trials

    def get_trials_changed_since(
        self, study_id: int, changes: int
    ) -> tuple[list[FrozenTrial], int]:
        """The trials that other processes have changed, by number, as they are by now.

        Args:
            changes: what was returned the last time.

        Returns:
            Also where the next time is to begin; from 0 on all are new.
        """
        with self.database.lock:
            trials = self.trials.study(study_id)
            return trials.read_since(changes), trials.seen_changes

    def get_trial_id_from_study_id_trial_number(self, study_id: int, trial_number: int) -> int:
        """Id of a trial; see `BaseStorage`."""
        with self.database.lock:
            trials = self.trials.study(study_id)
            if not 0 <= trial_number < len(trials):
                raise NotStoredError(
                    f"A trial must exist to be used, but the study with the id {study_id} has no "
                    f"trial {trial_number}, only {len(trials)}."
                )
            return trials[trial_number]._trial_id


def _as_stored(value: Any) -> tuple[Any, str]:
    """A value as it will be read from the file, not the caller's own object; and its JSON."""
    text = json.dumps(value)
    return (value if isinstance(value, _PLAIN) else json.loads(text)), text
