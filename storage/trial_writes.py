"""What running trials have reported and what waits for the next transaction, as rows.

The last value for a key wins, so a trial that sets an attribute a hundred times costs one
row. Statements are built once per dialect: building one costs more than running it.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Collection, Iterable
from typing import Any

from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    distribution_to_json,
)
from optuna.trial import FrozenTrial, TrialState
from sqlalchemy import Connection, bindparam, or_

from storage import optuna_schema as schema
from storage.prepared import Prepared, Row
from storage.tables import CLAIMS, REOPENINGS

_TABLES = {  # kind of row -> its table, key and values
    "params": (schema.PARAMS, ("trial_id", "param_name"), ("param_value", "distribution_json")),
    "values": (schema.VALUES, ("trial_id", "objective"), ("value", "value_type")),
    "reports": (
        schema.INTERMEDIATE_VALUES,
        ("trial_id", "step"),
        ("intermediate_value", "intermediate_value_type"),
    ),
    "user": (schema.USER_ATTRIBUTES, ("trial_id", "key"), ("value_json",)),
    "system": (schema.SYSTEM_ATTRIBUTES, ("trial_id", "key"), ("value_json",)),
    "claims": (CLAIMS, ("trial_id",), ("process", "lost_attempts")),
}


@functools.cache
def _statements(dialect: str) -> dict[str, Prepared]:
    return {
        kind: Prepared.upsert(table, keys, values, dialect)
        for kind, (table, keys, values) in _TABLES.items()
    }


def _as_json(distribution: BaseDistribution) -> str:
    if isinstance(distribution, CategoricalDistribution):
        return _choices_as_json(distribution.choices, tuple(map(type, distribution.choices)))
    return _range_as_json(distribution)


_range_as_json = functools.lru_cache(maxsize=4096)(distribution_to_json)


@functools.lru_cache(maxsize=4096)
def _choices_as_json(choices: tuple[Any, ...], types: tuple[type, ...]) -> str:
    """Of a categorical distribution. The types tell (True, False) from (1, 0), its equal."""
    return distribution_to_json(CategoricalDistribution(choices))


Rows = dict[Row, Row]  # key -> values; a key begins with the trial's id


class TrialWrites:
    """What trials have reported since the last transaction. A `Pending` in part."""

    def __init__(self, dialect: str) -> None:
        self._rows: dict[str, Rows] = {kind: {} for kind in _TABLES}
        self.ended: dict[int, FrozenTrial] = {}  # whose final state waits
        self._dialect = dialect
        self._statements = _statements(dialect)

    def __bool__(self) -> bool:
        return bool(self.ended) or any(self._rows.values())

    def add_param(
        self, trial_id: int, name: str, value: float, distribution: BaseDistribution
    ) -> None:
        """Take a parameter in its internal representation."""
        self._rows["params"][trial_id, name] = (value, _as_json(distribution))

    def add_report(self, trial_id: int, step: int, value: float) -> None:
        """Take an intermediate value."""
        self._rows["reports"][trial_id, step] = schema.encode(value)

    def add_user_attribute(self, trial_id: int, key: str, text: str) -> None:
        """Take a user attribute as JSON."""
        self._rows["user"][trial_id, key] = (text,)

    def add_system_attribute(self, trial_id: int, key: str, text: str) -> None:
        """Take a system attribute as JSON."""
        self._rows["system"][trial_id, key] = (text,)

    def add_values(self, trial_id: int, values: Iterable[float]) -> None:
        """Take the objective's values."""
        for objective, value in enumerate(values):
            self._rows["values"][trial_id, objective] = schema.encode(value)

    def add_claim(self, trial_id: int, process: str) -> None:
        """Take that a process works on a trial, which nobody has lost."""
        self._rows["claims"][trial_id,] = (process, 0)

    def add_end(self, trial: FrozenTrial) -> None:
        """Take the final state of a trial, with the time it was reached."""
        self.ended[trial._trial_id] = trial

    def add_whole(self, trial: FrozenTrial) -> None:
        """Take all of a trial that was made from a template."""
        trial_id = trial._trial_id
        for name, value in trial.params.items():
            distribution = trial.distributions[name]
            self.add_param(trial_id, name, distribution.to_internal_repr(value), distribution)
        self.add_values(trial_id, trial.values or ())
        for key, value in trial.user_attrs.items():
            self.add_user_attribute(trial_id, key, json.dumps(value))
        for key, value in trial.system_attrs.items():
            self.add_system_attribute(trial_id, key, json.dumps(value))
        for step, value in trial.intermediate_values.items():
            self.add_report(trial_id, step, value)

    def copy(self) -> TrialWrites:
        """What waits now, whatever becomes of this."""
        copied = TrialWrites(self._dialect)
        copied._rows = {kind: rows.copy() for kind, rows in self._rows.items()}
        copied.ended = self.ended.copy()
        return copied

    def drop(self, trial_ids: Collection[int]) -> None:
        """Forget what was taken of these trials."""
        for rows in self._rows.values():
            for key in [key for key in rows if key[0] in trial_ids]:
                del rows[key]
        for trial_id in trial_ids:
            self.ended.pop(trial_id, None)

    def clear(self) -> None:
        """Forget everything: it is committed."""
        for rows in self._rows.values():
            rows.clear()
        self.ended.clear()

    def write(self, connection: Connection) -> None:
        """Write everything, and keep it until `clear`."""
        for kind, rows in self._rows.items():
            whole = [key + values for key, values in rows.items()]
            self._statements[kind].run(connection, whole)
        _END.run(connection, [_end_row(trial) for trial in self.ended.values()])
        _UNCLAIM.run(connection, [(ended,) for ended in self.ended])


_END = Prepared(
    schema.TRIALS.update()
    .where(
        schema.TRIALS.c.trial_id == bindparam("ended"),
        or_(  # not IN, of which SQLAlchemy makes no statement for many rows
            schema.TRIALS.c.state == TrialState.RUNNING,
            schema.TRIALS.c.state == TrialState.WAITING,
        ),
    )
    .values(state=bindparam("state"), datetime_complete=bindparam("completed")),
    ("ended", "state", "completed"),
)
_UNCLAIM = Prepared(CLAIMS.delete().where(CLAIMS.c.trial_id == bindparam("ended")), ("ended",))


def _end_row(trial: FrozenTrial) -> Row:
    return (trial._trial_id, trial.state, schema.to_utc(trial.datetime_complete))


def end_trial(connection: Connection, trial: FrozenTrial) -> bool:
    """Write the final state, unless somebody else has ended the trial: then False."""
    n_ended = _END.change(connection, *_end_row(trial))
    _UNCLAIM.change(connection, trial._trial_id)
    return n_ended == 1


def reopen_trial(connection: Connection, study_id: int, trial_id: int) -> int:
    """Let a pruned trial run again; the id of its row in `REOPENINGS`."""
    _REOPEN.change(connection, trial_id)
    _FORGET_VALUES.change(connection, trial_id)
    return _NOTE_REOPENING.insert(connection, study_id, trial_id)


_REOPEN = Prepared(
    schema.TRIALS.update()
    .where(schema.TRIALS.c.trial_id == bindparam("pruned"))
    .values(state=TrialState.RUNNING, datetime_complete=None),
    ("pruned",),
)
_NOTE_REOPENING = Prepared(REOPENINGS.insert(), ("study_id", "trial_id"))
_FORGET_VALUES = Prepared(
    schema.VALUES.delete().where(schema.VALUES.c.trial_id == bindparam("pruned")), ("pruned",)
)
