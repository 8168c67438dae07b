"""Optuna's trials from rows to `FrozenTrial`s, many at once.

Reading takes one query per table, whatever the number of trials; equal distributions are
parsed once and shared. Writing is in `trial_writes.py`.
"""

from __future__ import annotations

import datetime
import functools
import math
from collections.abc import Collection, Iterator
from typing import Any

from optuna.distributions import BaseDistribution, json_to_distribution
from optuna.trial import FrozenTrial, TrialState
from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Select,
    String,
    Table,
    select,
    type_coerce,
)
from sqlalchemy.types import NullType

from storage import optuna_schema as schema
from storage.errors import DamagedError
from storage.records import ParameterValue
from storage.stored_values import PARSE_ERRORS, UnfitError, attribute, damaged_in

_MANY = 5000  # ids in one query: SQLite takes 32,766, PostgreSQL 65,535

_STATES = {state.name: state for state in TrialState}

BARE = (
    schema.TRIALS.c.trial_id,
    schema.TRIALS.c.number,
    type_coerce(schema.TRIALS.c.state, String),
    type_coerce(schema.TRIALS.c.datetime_start, NullType()),
    type_coerce(schema.TRIALS.c.datetime_complete, NullType()),
)
"""The columns of `bare_trial`, as they are stored."""


def read_trials(
    connection: Connection, study_id: int, *, above: int = -1, ids: Collection[int] = ()
) -> list[FrozenTrial]:
    """Read a study's trials with an id above a watermark, and those of the ids given.

    Returns:
        In the order of their ids, which is that of their numbers.

    Raises:
        DamagedError: a value is none that this program wrote.
    """
    with damaged_in(schema.TRIALS.name):
        return _read_trials(connection, study_id, above, ids)


def _read_trials(
    connection: Connection, study_id: int, above: int, ids: Collection[int]
) -> list[FrozenTrial]:
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
    rows = connection.execute(select(*BARE).where(condition).order_by(trials.trial_id)).all()
    if not rows:
        return []
    found = {row[0]: bare_trial(*row) for row in rows}
    _fill(connection, found, condition)
    return list(found.values())


def bare_trial(
    trial_id: int, number: Any, state: str, started: Any, completed: Any
) -> FrozenTrial:
    """A trial without what the other tables know of it, from its row: the columns `BARE`.

    Raises:
        DamagedError: a value is of no trial.
    """
    if type(number) is not int or number < 0:
        raise DamagedError("trials", "number", {"trial_id": trial_id}, f"it is {number!r:.40}")
    return FrozenTrial(
        number=number,
        state=trial_state(trial_id, state),
        value=None,
        datetime_start=_moment(trial_id, "datetime_start", started),
        datetime_complete=_moment(trial_id, "datetime_complete", completed),
        params={},
        distributions={},
        user_attrs={},
        system_attrs={},
        intermediate_values={},
        trial_id=trial_id,
    )


def _moment(trial_id: int, column: str, stored: Any) -> datetime.datetime | None:
    """A naive local time from naive UTC: SQLite keeps texts, servers have a type of it."""
    if stored is None:
        return None
    with damaged_in("trials", column, trial_id=trial_id):
        moment = datetime.datetime.fromisoformat(stored) if isinstance(stored, str) else stored
        is_moment = isinstance(moment, datetime.datetime) and moment.tzinfo is None
        if not is_moment or not 1970 <= moment.year < 9999:
            raise UnfitError(f"no trial has begun or ended at {stored!r:.40}")
        return schema.to_local(moment)


def trial_state(trial_id: int, name: str) -> TrialState:
    """The state of a trial by its stored name.

    Raises:
        DamagedError: it is none.
    """
    if name not in _STATES:
        row, why = {"trial_id": trial_id}, f"no trial can be {name!r}"
        raise DamagedError("trials", "state", row, why)
    return _STATES[name]


def _fill(
    connection: Connection, found: dict[int, FrozenTrial], condition: ColumnElement[bool]
) -> None:
    """Add what the other tables know of the trials."""
    params = schema.PARAMS.c
    query = _children(
        schema.PARAMS, condition, params.param_name, params.param_value, params.distribution_json
    ).order_by(params.param_id)
    for trial_id, name, value, text in connection.execute(query):
        trial = found[trial_id]
        trial.distributions[name], trial.params[name] = parameter(trial_id, name, value, text)
    for trial_id, pairs in _values(connection, schema.VALUES, condition):
        found[trial_id].values = [pairs[objective] for objective in sorted(pairs)]
    for trial_id, pairs in _values(connection, schema.INTERMEDIATE_VALUES, condition):
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
            attributes[key] = attribute(table.name, "trial_id", trial_id, key, text)


def _children(
    table: Table, condition: ColumnElement[bool], *columns: ColumnElement[Any]
) -> Select[Any]:
    wanted = select(schema.TRIALS.c.trial_id).where(condition)
    return select(table.c.trial_id, *columns).where(table.c.trial_id.in_(wanted))


NUMBERS: dict[str, tuple[Column[Any], Column[Any], ColumnElement[str]]] = {
    schema.VALUES.name: (
        schema.VALUES.c.objective,
        schema.VALUES.c.value,
        type_coerce(schema.VALUES.c.value_type, String),
    ),
    schema.INTERMEDIATE_VALUES.name: (
        schema.INTERMEDIATE_VALUES.c.step,
        schema.INTERMEDIATE_VALUES.c.intermediate_value,
        type_coerce(schema.INTERMEDIATE_VALUES.c.intermediate_value_type, String),
    ),
}
"""Position, value and kind of number, of the two tables that hold numbers of trials."""


def _values(
    connection: Connection, table: Table, condition: ColumnElement[bool]
) -> Iterator[tuple[int, dict[int, float]]]:
    """Group the numbers in one of the tables `NUMBERS` by trial and position."""
    query = _children(table, condition, *NUMBERS[table.name])
    grouped: dict[int, dict[int, float]] = {}
    for trial_id, position, value, kind in connection.execute(query):
        value = number(table.name, trial_id, position, value, kind)
        try:
            grouped[trial_id][position] = value
        except KeyError:
            grouped[trial_id] = {position: value}
    return iter(grouped.items())


def parameter(
    trial_id: int, name: str, value: float, text: str
) -> tuple[BaseDistribution, ParameterValue]:
    """A parameter's distribution, and its value as people know it.

    Raises:
        DamagedError: they are none.
    """
    try:
        if not math.isfinite(value):
            raise UnfitError("it is not finite")
        distribution = parse_distribution(text)
        return distribution, distribution.to_external_repr(value)
    except PARSE_ERRORS as error:
        row = {"trial_id": trial_id, "param_name": name}
        why = f"{value!r} is no value of the distribution {text!r:.60} ({error!r})"
        raise DamagedError("trial_params", "distribution_json or param_value", row, why) from error


def number(table: str, trial_id: int, position: Any, value: Any, kind: str) -> float:
    """A number of a trial as people know it, from a row of one of the tables `NUMBERS`.

    Raises:
        DamagedError: it is none.
    """
    if type(position) is int:
        if kind == schema.FINITE:
            if isinstance(value, float | int) and math.isfinite(value):
                return float(value)
        elif kind in schema.DECODED:
            return schema.DECODED[kind]
    place, name = (column.name for column in NUMBERS[table][:2])
    why = f"{value!r:.40} of the kind {kind!r:.40} is no number"
    raise DamagedError(table, name, {"trial_id": trial_id, place: position}, why)


@functools.lru_cache(maxsize=4096)
def parse_distribution(text: str) -> BaseDistribution:
    """Optuna's parser, once per distinct text. Distributions are never modified."""
    return json_to_distribution(text)
