"""Rows as JSON: what a row of a model looks like, and what is wrong with one that does not.

A row is an object with a value for each column that the model was trained on; null is a missing
one, and further columns do no harm. What is wrong is said of all rows at once, each with its
column and the row's index from 0; a value that a column cannot be read from is wrong too:
whoever sends single rows would never see that it counts as missing.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import pandas as pd

from automl.data.reading_notes import ReadingNotes
from automl.data.table.column_reading import LARGEST
from automl.data.table.columns import ColumnPlan
from automl.data.table.odd_cells import UnreadCells
from automl.data.table.preprocessing import Preprocessor
from automl.data.table.written_cells import is_written_in_digits, written_date, written_number
from automl.errors import ConfigError
from automl.training.predicted_table import PredictedTable
from automl.training.trained_model import TrainedModel

MOST_ROWS: Final = 10_000
"""Of one request."""

MOST_TOLD: Final = 100
"""Faults of one request that are told."""

MOST_EXAMPLES: Final = 20
"""Categories of a column that are named in its schema."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a request, or with a cell of one of its rows."""

    message: str
    row: int | None = None  # from 0
    column: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Without what it is not about."""
        return {name: value for name, value in asdict(self).items() if value is not None}


class Refused(Exception):
    """A request that is answered with its faults."""

    def __init__(self, *faults: Fault) -> None:
        super().__init__("; ".join(fault.message for fault in faults))
        self.faults = faults[:MOST_TOLD]


def table_encoder(model: TrainedModel) -> Preprocessor:
    """What reads the rows of a model.

    Raises:
        ConfigError: it is none of tables.
    """
    encoder = model.members[0].network.encoder
    if not isinstance(encoder, Preprocessor):
        raise ConfigError(
            "a model that is served must be one of tables, whose rows are objects, but this one "
            f"reads data of the kind {encoder.kind!r}; predict with it in Python"
        )
    return encoder


def used_plans(encoder: Preprocessor) -> list[ColumnPlan]:
    """The columns that a row must have."""
    return [plan for plan in encoder.plans if not plan.dropped]


def parse_rows(body: bytes) -> list[dict[str, Any]]:
    """The rows of a request: a list of objects, or a single one.

    Raises:
        Refused: it is no JSON (which has no NaN), no rows, or too many.
    """
    try:
        found = json.loads(
            body,
            object_pairs_hook=_without_repeated_keys,
            parse_constant=_refuse_constant,
            parse_float=_finite,
        )
    except (ValueError, RecursionError) as error:
        raise Refused(Fault(f"a request must be JSON, but: {str(error)[:200]}")) from None
    rows = found if isinstance(found, list) else [found]
    if not rows:
        raise Refused(Fault("a request must have rows, but the list is empty"))
    if len(rows) > MOST_ROWS:
        raise Refused(
            Fault(f"a request must have at most {MOST_ROWS:,} rows, but has {len(rows):,}")
        )
    wrong = [place for place, row in enumerate(rows) if not isinstance(row, dict)]
    if wrong:
        message = 'a row must be an object, {"column": value, ...}'
        raise Refused(*(Fault(message, row=place) for place in wrong))
    return rows


def _without_repeated_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    row = dict(pairs)
    if len(row) < len(pairs):
        keys = [key for key, _ in pairs]
        repeated = next(key for key in keys if keys.count(key) > 1)
        raise ValueError(f"the key {repeated[:100]!r} is there more than once in one object")
    return row


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is no JSON; write null for a missing value")


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise ValueError(f"{digits[:40]} is larger than any number that can be computed with")
    return number


def read_cells(
    rows: Sequence[dict[str, Any]], plans: Sequence[ColumnPlan]
) -> list[dict[str, Any]]:
    """The cells of the columns that are used.

    Raises:
        Refused: a row lacks a column, or a cell is no single value that a table can hold.
    """
    faults = []
    for place, row in enumerate(rows):
        for plan in plans:
            if plan.name not in row:
                faults.append(Fault("is missing; write null for no value", place, plan.name))
            elif reason := _why_not(row[plan.name], plan):
                faults.append(Fault(reason, place, plan.name))
        if len(faults) >= MOST_TOLD:
            break
    if faults:
        raise Refused(*faults)
    return [{plan.name: row[plan.name] for plan in plans} for row in rows]


def _why_not(cell: Any, plan: ColumnPlan) -> str | None:
    if isinstance(cell, (dict, list)):
        return "must be a single value, but is nested"
    if isinstance(cell, str):
        try:
            cell.encode()
        except UnicodeEncodeError:
            return "must be a text of whole characters, but holds half of a surrogate pair"
        return None
    is_number = isinstance(cell, (int, float)) and not isinstance(cell, bool)
    if is_number and plan.kind != "categorical" and abs(cell) > LARGEST:
        return f"must be at most {LARGEST:.2g} in size, which is what networks compute with"
    return None


def refuse_unread(notes: ReadingNotes, rows: Sequence[dict[str, Any]]) -> None:
    """Refuse rows of which a cell is none of its column's kind.

    Raises:
        Refused: with one cell of each such column.
    """
    unread = [one for one in notes.odd_cells if isinstance(one, UnreadCells)]
    if unread:
        raise Refused(
            *(
                Fault(
                    f"must be readable as a {one.noun}{one.in_unit} as in training, "
                    f"but is {one.example[:40]!r}; write null for a missing value",
                    None if one.row is None else one.row - 1,
                    one.column,
                )
                for one in unread
            )
        )


def answer(model: TrainedModel, predicted: PredictedTable) -> dict[str, Any]:
    """Predictions as JSON."""
    values = predicted.columns[model.target].tolist()
    rows: list[dict[str, Any]] = [{"prediction": value} for value in values]
    if model.task != "regression":
        names = [str(name) for name in model.classes_.tolist()]
        for row, shares in zip(rows, predicted.predicted.tolist(), strict=True):
            row["probabilities"] = dict(zip(names, shares, strict=True))
    return {"target": model.target, "predictions": rows, "notes": list(predicted.messages)}


def row_schema(model: TrainedModel) -> dict[str, Any]:
    """What a row looks like, as JSON Schema, with an example."""
    encoder = table_encoder(model)
    plans = used_plans(encoder)
    return {
        "type": "object",
        "properties": {plan.name: _column_schema(plan, encoder) for plan in plans},
        "required": [plan.name for plan in plans],
        "example": {plan.name: _example(plan, encoder) for plan in plans},
    }


def _column_schema(plan: ColumnPlan, encoder: Preprocessor) -> dict[str, Any]:
    described = plan.numbers.described
    match plan.kind:
        case "numeric":
            types = ["number", "null"] if plan.numbers.is_plain else ["number", "string", "null"]
        case "boolean":
            types = ["boolean", "number", "string", "null"]
        case "date":
            types, described = ["string", "null"], plan.dates.pattern or ""
            if is_written_in_digits(plan):
                types = ["number", *types]
        case "categorical":
            types = ["string", "number", "boolean", "null"]
    schema: dict[str, Any] = {"type": types, "description": plan.kind}
    if described:
        schema["description"] += f", {described}"
    if plan.kind == "categorical":
        schema["examples"] = sorted(encoder.named_categories(plan.name))[:MOST_EXAMPLES]
    return schema


def _example(plan: ColumnPlan, encoder: Preprocessor) -> Any:
    """A usual value of a column; null where what is kept does not say one."""
    if plan.kind == "categorical":
        encoding = encoder.one_hot.get(plan.name) or encoder.embedded[plan.name]
        named = encoder.named_categories(plan.name)
        return next((one for one in (*encoding.frequent, *encoding.rare) if one in named), None)
    if plan.kind == "boolean":
        usual = encoder.booleans[plan.name]
        return bool(usual) if plan.is_true_false else int(usual)
    fills = dict(zip(encoder.number_names, encoder.numbers.fills.tolist(), strict=True))
    if plan.kind == "date":
        return _date(plan, fills)
    if plan.numbers.needs_unit:
        return written_number(fills[plan.name], plan.numbers)
    return fills[plan.name]


def _date(plan: ColumnPlan, fills: Mapping[str, float]) -> str | None:
    """The middle one of training, where days are among the parts that count."""
    names = dict(zip(plan.dates.parts, plan.outputs, strict=True))
    if "days" not in names:
        return None
    days = fills[names["days"]] if "hour" in names else round(fills[names["days"]])
    moment = pd.Timestamp(round(days * 86_400), unit="s")
    return written_date(moment, plan)
