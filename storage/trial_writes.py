"""What running trials have reported and what waits for the next transaction, as rows.

The last value for a key wins, so a trial that sets an attribute a hundred times costs one
row. Statements are built once per dialect: building one costs more than running it.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Collection, Iterable
from typing import Any

import sqlalchemy
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    distribution_to_json,
)
from optuna.trial import FrozenTrial, TrialState
from sqlalchemy import Connection, bindparam

from storage import optuna_schema as schema
from storage.engine import upsert
from storage.tables import CLAIMS


@functools.cache
def _statements(dialect: str) -> dict[str, sqlalchemy.Executable]:
    attribute, value = ("trial_id", "key"), ("value_json",)
    kind = ("intermediate_value", "intermediate_value_type")
    both = ("param_value", "distribution_json")
    return {
        "params": upsert(schema.PARAMS, ("trial_id", "param_name"), both, dialect),
        "values": upsert(
            schema.VALUES, ("trial_id", "objective"), ("value", "value_type"), dialect
        ),
        "reports": upsert(schema.INTERMEDIATE_VALUES, ("trial_id", "step"), kind, dialect),
        "user": upsert(schema.USER_ATTRIBUTES, attribute, value, dialect),
        "system": upsert(schema.SYSTEM_ATTRIBUTES, attribute, value, dialect),
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


class TrialWrites:
    """What trials have reported since the last transaction. A `Pending` in part."""

    def __init__(self, dialect: str) -> None:
        self._params: dict[tuple[int, str], tuple[float, str]] = {}
        self._values: dict[tuple[int, int], float] = {}
        self._reports: dict[tuple[int, int], float] = {}
        self._user: dict[tuple[int, str], str] = {}
        self._system: dict[tuple[int, str], str] = {}
        self.ended: dict[int, FrozenTrial] = {}  # whose final state waits
        self._statements = _statements(dialect)

    def __bool__(self) -> bool:
        return any(self._all())

    def _all(self) -> tuple[dict[Any, Any], ...]:
        return (self._params, self._values, self._reports, self._user, self._system, self.ended)

    def add_param(
        self, trial_id: int, name: str, value: float, distribution: BaseDistribution
    ) -> None:
        """Take a parameter in its internal representation."""
        self._params[trial_id, name] = (value, _as_json(distribution))

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

    def drop(self, trial_ids: Collection[int]) -> None:
        """Forget what was taken of these trials."""
        parts: tuple[dict[Any, Any], ...] = self._all()[:-1]
        for part in parts:
            for key in [key for key in part if key[0] in trial_ids]:
                del part[key]
        for trial_id in trial_ids:
            self.ended.pop(trial_id, None)

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
        for trial in self.ended.values():
            end_trial(connection, trial)

    def _run(self, connection: Connection, name: str, rows: list[dict[str, Any]]) -> None:
        if rows:
            connection.execute(self._statements[name], rows)


_END = (
    schema.TRIALS.update()
    .where(
        schema.TRIALS.c.trial_id == bindparam("ended"),
        schema.TRIALS.c.state.in_([TrialState.RUNNING, TrialState.WAITING]),
    )
    .values(state=bindparam("state"), datetime_complete=bindparam("completed"))
)
_UNCLAIM = CLAIMS.delete().where(CLAIMS.c.trial_id == bindparam("ended"))


def end_trial(connection: Connection, trial: FrozenTrial) -> bool:
    """Write the final state, unless somebody else has ended the trial: then False."""
    ended = trial._trial_id
    completed = schema.to_utc(trial.datetime_complete)
    result = connection.execute(
        _END, {"ended": ended, "state": trial.state, "completed": completed}
    )
    connection.execute(_UNCLAIM, {"ended": ended})
    return result.rowcount == 1
