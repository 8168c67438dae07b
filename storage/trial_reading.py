"""Optuna's trials from rows to `FrozenTrial`s, many at once.

Reading takes one query per table, whatever the number of trials; equal distributions are
parsed once and shared. Writing is in `trial_writes.py`.
"""

from __future__ import annotations

import functools
from collections.abc import Collection, Iterator, Sequence
from typing import Any

from optuna.distributions import BaseDistribution, json_to_distribution
from optuna.trial import FrozenTrial, TrialState
from sqlalchemy import ColumnElement, Connection, Select, String, Table, select, type_coerce

from storage import optuna_schema as schema
from storage.errors import DamagedError
from storage.records import ParameterValue
from storage.stored_values import PARSE_ERRORS, attribute

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
        state=trial_state(trial_id, state),
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
    params, values = schema.PARAMS.c, schema.VALUES.c
    reports = schema.INTERMEDIATE_VALUES.c
    query = _children(
        schema.PARAMS, condition, params.param_name, params.param_value, params.distribution_json
    ).order_by(params.param_id)
    for trial_id, name, value, text in connection.execute(query):
        trial = found[trial_id]
        trial.distributions[name], trial.params[name] = parameter(trial_id, name, value, text)
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
            attributes[key] = attribute(table.name, "trial_id", trial_id, key, text)


def _children(
    table: Table, condition: ColumnElement[bool], *columns: ColumnElement[Any]
) -> Select[Any]:
    wanted = select(schema.TRIALS.c.trial_id).where(condition)
    return select(table.c.trial_id, *columns).where(table.c.trial_id.in_(wanted))


def _values(connection: Connection, query: Select[Any]) -> Iterator[tuple[int, dict[int, float]]]:
    """Group (trial_id, position, value, kind) rows by trial; decode infinities."""
    grouped: dict[int, dict[int, float]] = {}
    for trial_id, position, value, kind in connection.execute(query):
        if kind != schema.FINITE or not isinstance(value, float):
            value = _decoded(trial_id, value, kind)
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
        distribution = parse_distribution(text)
        return distribution, distribution.to_external_repr(value)
    except PARSE_ERRORS as error:
        row = {"trial_id": trial_id, "param_name": name}
        why = f"{value!r} is no value of the distribution {text!r:.60} ({error!r})"
        raise DamagedError("trial_params", "distribution_json", row, why) from error


def _decoded(trial_id: int, value: Any, kind: str) -> float:
    if kind in schema.DECODED:
        return schema.DECODED[kind]
    if kind == schema.FINITE and isinstance(value, int):
        return float(value)
    why = f"{value!r} of the kind {kind!r} is no number"
    raise DamagedError("trial_values or intermediate values", "value", {"trial_id": trial_id}, why)


@functools.lru_cache(maxsize=4096)
def parse_distribution(text: str) -> BaseDistribution:
    """Optuna's parser, once per distinct text. Distributions are never modified."""
    return json_to_distribution(text)
