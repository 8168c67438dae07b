"""schema.json: what each column of the rows is, for people, for servers and for model.py.

Of each column: its name, kind, unit or categories, what a missing value means, and how its cells
are written. What is in it says the encoder (`Preprocessor`, `ArrayEncoder`); nothing else does.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from automl.data.array.encoder import ArrayEncoder
from automl.data.encoders import Encoder
from automl.data.files.prediction_files import prediction_names
from automl.data.table.cells import MISSING_CATEGORIES, MISSING_MARKS
from automl.data.table.columns import TRUE_FALSE, ColumnPlan
from automl.data.table.date_formats import ONLY_ASKED
from automl.data.table.number_formats import NumberFormat, is_currency
from automl.data.table.preprocessing import Preprocessor
from automl.errors import ConfigError
from automl.training.trained_model import TrainedModel
from automl.wording.numbers import number
from storage.records import Json

_ABOUT_RARE = (
    "a category that is not listed, or that few train rows had, counts as one of the rare ones"
)


def input_schema(model: TrainedModel) -> dict[str, Json]:
    """The rows that a model reads, and what it predicts of them, as plain values.

    Raises:
        ConfigError: its data are of a kind that an export does not know.
    """
    encoders = [member.network.encoder for member in model.members]
    return {**_inputs(encoders), "target": _target(model)}


def _inputs(encoders: Sequence[Encoder]) -> dict[str, Json]:
    tables = [one for one in encoders if isinstance(one, Preprocessor)]
    if len(tables) == len(encoders):
        return {
            "kind": "table",
            "columns": [column_schema(plan, tables) for plan in tables[0].plans],
            "missing_marks": {
                "numbers": sorted(MISSING_MARKS),
                "categories": sorted(MISSING_CATEGORIES),
            },
        }
    first = encoders[0]
    if isinstance(first, ArrayEncoder):
        encoding = first.array_encoding
        return {
            "kind": "array",
            "shape": list(encoding.shape),
            "dtype": "int64" if encoding.is_whole else "float32",
        }
    raise ConfigError(
        f"tables and arrays can be exported, but the data of this study are {first.kind!r}"
    )


def _target(model: TrainedModel) -> dict[str, Json]:
    classes: list[Json] = [
        value.item() if hasattr(value, "item") else value for value in model.classes_
    ]
    return {
        "name": model.target,
        "task": model.task,
        "classes": classes,
        "truth_values": _truth_values() if model.classes_.dtype == bool else None,
        "threshold": model.threshold,  # the second class is predicted above it; null: 0.5
        "columns": list(prediction_names(model.target, model.classes_)),  # of predictions
    }


def column_schema(plan: ColumnPlan, tables: Sequence[Preprocessor]) -> Json:
    """One column, as plain values.

    Args:
        tables: the preprocessing of each network.
    """
    used = not plan.dropped
    said: dict[str, Json] = {
        "name": plan.name,
        "kind": plan.kind,
        "used": used,
        "unit": _unit(plan),
        "missing": {
            "means": _meaning_of_missing(plan, tables) if used else "the column is not read",
            "named": list(plan.missing.named),
            "strays": list(plan.missing.strays),
        },
        "written": _written(plan),
    }
    if plan.dropped:
        return {**said, "why_not_used": plan.dropped}
    if plan.kind == "categorical":
        known = {name for one in tables for name in one.named_categories(plan.name)}
        return {**said, "categories": sorted(known), "others": _ABOUT_RARE}
    if plan.kind == "date":
        parts = dict(zip(plan.outputs, plan.dates.parts, strict=True))
        return {**said, "outputs": parts}
    if plan.kind == "numeric":
        return {**said, "train_range": _range(plan.name, tables[0])}
    return said


def _unit(plan: ColumnPlan) -> str:
    """Of the numbers as the network has them: times are seconds, however they are written."""
    if plan.kind != "numeric":
        return ""
    return "s" if plan.numbers.is_duration else plan.numbers.unit


def _range(name: str, table: Preprocessor) -> list[Json]:
    """The least and the largest number of a column, as its quantiles know them; [] if they do not.

    Quantiles are standardized, float32, so that the ends are rounded to six digits, and what is
    next to nothing beside the deviation is 0.
    """
    place, numbers = table.number_names.index(name), table.numbers
    if not len(numbers.levels):
        return []
    ends = numbers.levels[[0, -1], place].astype(np.float64)
    deviation = float(numbers.deviations[place])
    values = (float(end) * deviation + float(numbers.means[place]) for end in ends)
    return [float(f"{one:.6g}") if abs(one) > 1e-6 * deviation else 0.0 for one in values]


def _meaning_of_missing(plan: ColumnPlan, tables: Sequence[Preprocessor]) -> str:
    if plan.kind == "categorical":
        return "a category of its own"
    flag = "; the network is told" if plan.outputs[0] in tables[0].flagged else ""
    if plan.kind == "date":
        return f"counts as the medians of its parts in the train rows{flag}"
    if plan.kind == "boolean":
        usual = {f"{one.booleans[plan.name]:g}" for one in tables}
        return f"counts as {' or '.join(sorted(usual))}, the commoner one of train rows{flag}"
    places = [one.number_names.index(plan.name) for one in tables]
    fills = {number(one.numbers.fills[place]) for one, place in zip(tables, places, strict=True)}
    shown = f", {fills.pop()}" if len(fills) == 1 else " of each fold"
    return f"counts as the median of the train rows{shown}{flag}"


def _written(plan: ColumnPlan) -> dict[str, Json]:
    """How the cells are written, as `standalone/table_rows.py` reads them."""
    pattern = plan.dates.pattern
    categories = plan.categories
    return {
        "numbers": number_format(plan.numbers),
        "file_decimal": plan.decimal,  # of the file that was learned from; null: it was none
        "truth_values": _truth_values() if plan.is_true_false else None,
        "dates": {"pattern": pattern, "shape": ONLY_ASKED.get(pattern or "")},
        "categories": {
            "is_coded": categories.is_coded,
            "has_points": categories.has_points,
            "code_width": categories.code_width,
        },
    }


def _truth_values() -> dict[str, Json]:
    return {**dict.fromkeys(TRUE_FALSE, 1.0), **dict.fromkeys(TRUE_FALSE.values(), 0.0)}


def number_format(written: NumberFormat) -> dict[str, Json]:
    """How numbers are written, as plain values."""
    return {
        "decimal": written.decimal,
        "thousands": written.thousands,
        "unit": written.unit,
        "needs_unit": written.needs_unit,
        "unit_may_lead": is_currency(written.unit) if written.unit else False,
        "is_duration": written.is_duration,
        "has_signs": written.has_signs,
    }
