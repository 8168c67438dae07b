"""Optuna's trials as rows: many rows to `FrozenTrial`s at once, and buffered rows out.

Reading takes one query per table, whatever the number of trials; equal distributions are
parsed once and shared. `TrialWrites` gathers what running trials report until the next
transaction; the last value for a key wins.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any

import sqlalchemy
from optuna.distributions import BaseDistribution, distribution_to_json, json_to_distribution
from optuna.trial import FrozenTrial, TrialState
from sqlalchemy import ColumnElement, Connection, Select, String, Table, select, type_coerce

from storage import optuna_schema as schema
from storage.engine import upsert

_MANY = 5000  # ids in one query: SQLite takes 32,766, PostgreSQL 65,535

_STATES = {state.name: state for state in TrialState}


def read_trials(
    connection: Connection, study_id: int, *, above: int = -1, ids: Collection[int] = ()
) -> list[FrozenTrial]:
    """Read a study's trials with an id above a watermark, and those of the ids given.

    Returns:
        In the order of their ids, which is that of their numbers.
    """
    trials = schema.TRIALS.c
    known = sorted(one for one in ids if one <= above)
    found: list[FrozenTrial] = []
    for start in range(0, len(known), _MANY):
        part = known[start : start + _MANY]
        found += _read_where(connection, trials.trial_id.in_(part))
    found += _read_where(connection, (trials.study_id == study_id) & (trials.trial_id > above))
    return found


def _read_where(connection: Connection, condition: ColumnElement[bool]) -> list[FrozenTrial]:
    trials = schema.TRIALS.c
    rows = connection.execute(
        select(
            trials.trial_id,
            trials.number,
            type_coerce(trials.state, String),
            trials.datetime_start,
            trials.datetime_complete,
        )
        .where(condition)
        .order_by(trials.trial_id)
    ).all()
    if not rows:
        return []
    found = {row[0]: _bare_trial(row) for row in rows}
    _fill(connection, found, condition)
    return list(found.values())


def _bare_trial(row: Sequence[Any]) -> FrozenTrial:
    trial_id, number, state, started, completed = row
    return FrozenTrial(
        number=number,
        state=_STATES[state],
        value=None,
        datetime_start=schema.to_local(started),
        datetime_complete=schema.to_local(completed),
        params={},
        distributions={},
        user_attrs={},
        system_attrs={},
        intermediate_values={},
        trial_id=trial_id,
    )


def _fill(
    connection: Connection, found: dict[int, FrozenTrial], condition: ColumnElement[bool]
) -> None:
    """Add what the other tables know of the trials."""
    params, values = schema.PARAMS.c, schema.VALUES.c
    reports = schema.INTERMEDIATE_VALUES.c
    query = _children(
        schema.PARAMS, condition, params.param_name, params.param_value, params.distribution_json
    ).order_by(params.param_id)
    for trial_id, name, value, text in connection.execute(query):
        distribution = parse_distribution(text)
        trial = found[trial_id]
        trial.distributions[name] = distribution
        trial.params[name] = distribution.to_external_repr(value)
    for trial_id, pairs in _values(
        connection,
        _children(
            schema.VALUES,
            condition,
            values.objective,
            values.value,
            type_coerce(values.value_type, String),
        ),
    ):
        found[trial_id].values = [pairs[objective] for objective in sorted(pairs)]
    for trial_id, pairs in _values(
        connection,
        _children(
            schema.INTERMEDIATE_VALUES,
            condition,
            reports.step,
            reports.intermediate_value,
            type_coerce(reports.intermediate_value_type, String),
        ),
    ):
        found[trial_id].intermediate_values = pairs
    read_attributes(connection, found, condition)


def read_attributes(
    connection: Connection, found: dict[int, FrozenTrial], condition: ColumnElement[bool]
) -> None:
    """Add the user and system attributes of the trials."""
    for table in (schema.USER_ATTRIBUTES, schema.SYSTEM_ATTRIBUTES):
        query = _children(table, condition, table.c.key, table.c.value_json)
        for trial_id, key, text in connection.execute(query):
            trial = found[trial_id]
            attributes = (
                trial.user_attrs if table is schema.USER_ATTRIBUTES else trial.system_attrs
            )
            attributes[key] = json.loads(text)


def _children(
    table: Table, condition: ColumnElement[bool], *columns: ColumnElement[Any]
) -> Select[Any]:
    wanted = select(schema.TRIALS.c.trial_id).where(condition)
    return select(table.c.trial_id, *columns).where(table.c.trial_id.in_(wanted))


def _values(connection: Connection, query: Select[Any]) -> Iterator[tuple[int, dict[int, float]]]:
    """Group (trial_id, position, value, kind) rows by trial; decode infinities."""
    grouped: dict[int, dict[int, float]] = {}
    for trial_id, position, value, kind in connection.execute(query):
        if kind != schema.FINITE:
            value = schema.DECODED[kind]
        try:
            grouped[trial_id][position] = value
        except KeyError:
            grouped[trial_id] = {position: value}
    return iter(grouped.items())


@functools.lru_cache(maxsize=4096)
def parse_distribution(text: str) -> BaseDistribution:
    """Optuna's parser, once per distinct text. Distributions are never modified."""
    return json_to_distribution(text)


class TrialWrites:
    """What trials have reported since the last transaction. A `database.Pending` in part."""

    def __init__(self, dialect: str) -> None:
        self._params: dict[tuple[int, str], tuple[float, str]] = {}
        self._values: dict[tuple[int, int], float] = {}
        self._reports: dict[tuple[int, int], float] = {}
        self._user: dict[tuple[int, str], str] = {}
        self._system: dict[tuple[int, str], str] = {}
        self._ended: dict[int, FrozenTrial] = {}
        two = ("param_value", "distribution_json")
        self._statements = {
            "params": upsert(schema.PARAMS, ("trial_id", "param_name"), two, dialect),
            "values": upsert(
                schema.VALUES, ("trial_id", "objective"), ("value", "value_type"), dialect
            ),
            "reports": upsert(
                schema.INTERMEDIATE_VALUES,
                ("trial_id", "step"),
                ("intermediate_value", "intermediate_value_type"),
                dialect,
            ),
            "user": upsert(schema.USER_ATTRIBUTES, ("trial_id", "key"), ("value_json",), dialect),
            "system": upsert(
                schema.SYSTEM_ATTRIBUTES, ("trial_id", "key"), ("value_json",), dialect
            ),
        }

    def __bool__(self) -> bool:
        return any(self._all())

    def _all(self) -> tuple[dict[Any, Any], ...]:
        return (self._params, self._values, self._reports, self._user, self._system, self._ended)

    @property
    def ended(self) -> set[int]:
        """Ids of the trials whose final state waits."""
        return set(self._ended)

    def add_param(
        self, trial_id: int, name: str, value: float, distribution: BaseDistribution
    ) -> None:
        """Take a parameter in its internal representation."""
        self._params[trial_id, name] = (value, distribution_to_json(distribution))

    def add_report(self, trial_id: int, step: int, value: float) -> None:
        """Take an intermediate value."""
        self._reports[trial_id, step] = value

    def add_user_attribute(self, trial_id: int, key: str, text: str) -> None:
        """Take a user attribute as JSON."""
        self._user[trial_id, key] = text

    def add_system_attribute(self, trial_id: int, key: str, text: str) -> None:
        """Take a system attribute as JSON."""
        self._system[trial_id, key] = text

    def add_values(self, trial_id: int, values: Iterable[float]) -> None:
        """Take the objective's values."""
        for objective, value in enumerate(values):
            self._values[trial_id, objective] = value

    def add_end(self, trial: FrozenTrial) -> None:
        """Take the final state of a trial, with the time it was reached."""
        self._ended[trial._trial_id] = trial

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

    def drop(self, trial_ids: Collection[int]) -> None:
        """Forget what was taken of these trials."""
        parts: tuple[dict[Any, Any], ...] = self._all()[:-1]
        for part in parts:
            for key in [key for key in part if key[0] in trial_ids]:
                del part[key]
        for trial_id in trial_ids:
            self._ended.pop(trial_id, None)

    def clear(self) -> None:
        """Forget everything: it is committed."""
        for part in self._all():
            part.clear()

    def write(self, connection: Connection) -> None:
        """Write everything, and keep it until `clear`."""
        self._run(
            connection,
            "params",
            [
                {
                    "trial_id": trial_id,
                    "param_name": name,
                    "param_value": value,
                    "distribution_json": text,
                }
                for (trial_id, name), (value, text) in self._params.items()
            ],
        )
        self._run(
            connection,
            "values",
            [
                {"trial_id": trial_id, "objective": objective, "value": stored, "value_type": kind}
                for (trial_id, objective), value in self._values.items()
                for stored, kind in [schema.encode(value)]
            ],
        )
        self._run(
            connection,
            "reports",
            [
                {
                    "trial_id": trial_id,
                    "step": step,
                    "intermediate_value": stored,
                    "intermediate_value_type": kind,
                }
                for (trial_id, step), value in self._reports.items()
                for stored, kind in [schema.encode(value)]
            ],
        )
        for kind, attributes in (("user", self._user), ("system", self._system)):
            self._run(
                connection,
                kind,
                [
                    {"trial_id": trial_id, "key": key, "value_json": text}
                    for (trial_id, key), text in attributes.items()
                ],
            )
        for trial in self._ended.values():
            end_trial(connection, trial)

    def _run(self, connection: Connection, name: str, rows: list[dict[str, Any]]) -> None:
        if rows:
            connection.execute(self._statements[name], rows)


_END = (
    schema.TRIALS.update()
    .where(
        schema.TRIALS.c.trial_id == sqlalchemy.bindparam("ended"),
        schema.TRIALS.c.state.in_([TrialState.RUNNING, TrialState.WAITING]),
    )
    .values(
        state=sqlalchemy.bindparam("state"), datetime_complete=sqlalchemy.bindparam("completed")
    )
)


def end_trial(connection: Connection, trial: FrozenTrial) -> bool:
    """Write the final state, unless somebody else has ended the trial: then False."""
    result = connection.execute(
        _END,
        {
            "ended": trial._trial_id,
            "state": trial.state,
            "completed": schema.to_utc(trial.datetime_complete),
        },
    )
    return result.rowcount == 1
