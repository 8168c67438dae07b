from __future__ import annotations

import json

import pytest

from automl.data.table.columns import ColumnPlan, DateFormat, MissingMarks, column_name
from automl.data.table.number_formats import NumberFormat


def test_plan_survives_json() -> None:
    plan = ColumnPlan(
        "d",
        "date",
        numbers=NumberFormat(","),
        dates=DateFormat("ISO8601", ("days", "hour")),
        missing=MissingMarks(("-1",)),
    )
    assert ColumnPlan.from_dict(json.loads(json.dumps(plan.to_dict()))) == plan
    assert plan.outputs == ("d: days", "d: hour")
    dropped = ColumnPlan("x", "numeric", "constant")
    assert (dropped.described, dropped.outputs) == ("dropped: constant", ())


@pytest.mark.parametrize(("name", "text"), [(" a ", "a"), (3, "3"), (("a", 1), "a 1")])
def test_names_are_stripped_texts(name: object, text: str) -> None:
    assert column_name(name) == text
