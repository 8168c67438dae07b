"""Rows as JSON: read by JSON's own rules, with what is wrong said by row and column."""

from __future__ import annotations

import json
from typing import Any

import pandas as pd
import pytest

from automl.data.choices import ColumnOptions
from automl.data.table.columns import ColumnPlan, DateFormat
from automl.data.table.written_cells import written_date
from automl.errors import ConfigError
from automl.serving.rows_as_json import (
    MOST_ROWS,
    MOST_TOLD,
    Refused,
    answer,
    parse_rows,
    read_cells,
    refuse_unread,
    row_schema,
    table_encoder,
    used_plans,
)
from automl.training.trained_model import TrainedModel
from tests.contracts.untrained_models import people, untrained


@pytest.fixture(scope="module")
def model() -> TrainedModel:
    return untrained(people(), "kind")


ROW = {"age": 31, "city": "서울", "member": "yes", "since": "2022-05-01", "income": 29.5}


def test_rows_are_a_list_or_a_single_one() -> None:
    assert parse_rows(json.dumps(ROW).encode()) == [ROW]
    assert parse_rows(json.dumps([ROW, ROW], ensure_ascii=False).encode()) == [ROW, ROW]


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"", "must be JSON"),
        (b"{", "must be JSON"),
        (b"\xff\xfe\x00", "must be JSON"),
        (b"[" * 100_000, "must be JSON"),
        (b'{"age": NaN}', "NaN is no JSON; write null"),
        (b'[{"age": -Infinity}]', "-Infinity is no JSON"),
        (b'{"age": 1e999}', "larger than any number"),
        (b'{"age": 1, "age": 2}', "'age' is there more than once"),
        (b"[]", "must have rows"),
        (b"3", "must be an object"),
        (b"[{}, 3]", "must be an object"),
        (b"[" + b"{}," * MOST_ROWS + b"{}]", "at most 10,000 rows, but has 10,001"),
    ],
)
def test_what_are_no_rows_is_refused(body: bytes, told: str) -> None:
    with pytest.raises(Refused, match=told):
        parse_rows(body)


def faults(model: TrainedModel, *rows: dict[str, Any]) -> list[tuple[Any, Any, str]]:
    with pytest.raises(Refused) as refused:
        read_cells(rows, used_plans(table_encoder(model)))
    return [(one.row, one.column, one.message) for one in refused.value.faults]


def test_all_faults_are_told_with_row_and_column(model: TrainedModel) -> None:
    odd = {**ROW, "age": [1], "income": 1e39, "city": "\ud800"}
    short = {name: ROW[name] for name in ("age", "city", "member")}
    found = faults(model, ROW, odd, short)
    assert [(row, column) for row, column, _ in found] == [
        (1, "age"),
        (1, "city"),
        (1, "income"),
        (2, "since"),
        (2, "income"),
    ]
    told = [message for *_, message in found]
    assert "nested" in told[0] and "surrogate" in told[1] and "3.4e+38" in told[2]
    assert "is missing" in told[3]
    assert faults(model, {**ROW, "age": 10**400})[0][:2] == (0, "age")
    assert len(faults(model, *[{}] * 1000)) == MOST_TOLD


def test_cells_that_cannot_be_read_are_refused_alone_as_among_others(model: TrainedModel) -> None:
    for rows in ([{**ROW, "age": "old"}], [ROW, ROW, {**ROW, "age": "old"}]):
        cells = read_cells(rows, used_plans(table_encoder(model)))
        notes = next(iter(model.predict_pieces(cells))).notes
        with pytest.raises(Refused, match=r"readable as a number .*, but is 'old'") as one:
            refuse_unread(notes, cells)
        assert [(fault.row, fault.column) for fault in one.value.faults] == [
            (len(rows) - 1, "age")
        ]


def test_an_answer_has_the_predictions_and_what_was_noticed(model: TrainedModel) -> None:
    rows = [{**ROW, "city": "Ulm"}, ROW]
    predicted = model.predict_table(rows)
    found = json.loads(json.dumps(answer(model, predicted), allow_nan=False))
    assert found["target"] == "kind"
    assert [one["prediction"] for one in found["predictions"]] == predicted.columns[
        "kind"
    ].tolist()
    assert [one["probabilities"]["rich"] for one in found["predictions"]] == (
        predicted.predicted[:, 1].tolist()
    )
    assert "such as 'Ulm' in row 1" in found["notes"][0]
    of_quantities = untrained(people(), "income")
    row = {**ROW, "kind": "poor"}
    (one,) = answer(of_quantities, of_quantities.predict_table(row))["predictions"]
    assert one == {"prediction": of_quantities.predict(row)[0]}


def test_a_schema_describes_rows_that_can_be_predicted(model: TrainedModel) -> None:
    schema = row_schema(model)
    assert schema["required"] == ["age", "city", "member", "since", "income"]
    assert schema["properties"]["city"]["examples"] == ["Busan", "Köln", "서울"]
    assert schema["properties"]["age"]["type"] == ["number", "null"]
    assert model.predict(schema["example"]).shape == (1,)


@pytest.mark.parametrize(
    ("pattern", "types"),
    [
        ("seconds since 1970", ["number", "string", "null"]),
        ("%Y%m%d", ["number", "string", "null"]),
        ("%Y-%m-%d %H:%M:%S %z", ["string", "null"]),
    ],
)
def test_an_example_of_dates_is_one_that_is_read(pattern: str, types: list[str]) -> None:
    table = people()
    moments = pd.date_range("2021-03-01 06:30", periods=len(table), freq="207h", tz="UTC")
    plan = ColumnPlan("since", "date", dates=DateFormat(pattern))
    table["since"] = [written_date(one.tz_localize(None), plan) for one in moments]
    model = untrained(table, "kind", columns=ColumnOptions(date=["since"]))
    schema = row_schema(model)
    assert schema["properties"]["since"]["type"] == types
    predicted = model.predict_table(schema["example"])
    refuse_unread(predicted.notes, [schema["example"]])
    assert predicted.messages == ()


def test_an_empty_cell_is_no_category_that_a_schema_names() -> None:
    table = people().astype({"city": object})
    table.loc[table.index % 4 != 0, "city"] = None
    schema = row_schema(untrained(table, "kind"))
    assert schema["properties"]["city"]["examples"] == ["Busan", "Köln", "서울"]
    assert schema["example"]["city"] in schema["properties"]["city"]["examples"]


def test_only_models_of_tables_have_rows_of_objects() -> None:
    class Other:
        kind = "array"

    class Network:
        encoder = Other()

    class Member:
        network = Network()

    class Model:
        members = (Member(),)

    with pytest.raises(ConfigError, match="reads data of the kind 'array'"):
        table_encoder(Model())  # type: ignore[arg-type]
