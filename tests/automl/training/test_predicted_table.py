"""Predictions beside columns of the rows that they are of."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from automl.data.reading_notes import ReadingNotes
from automl.errors import ConfigError, DataError
from automl.training.predicted_table import PredictedTable
from tests.contracts.untrained_models import people, untrained


def test_a_frame_has_the_index_of_the_rows_and_joins_them() -> None:
    rows = people().set_axis([f"row {n}" for n in range(90)]).assign(id=range(1000, 1090))
    model = untrained(people(), "kind")
    frame = model.predict_table(rows).to_frame(keep=["id", "city"])
    assert list(frame) == ["id", "city", "kind", "probability of poor", "probability of rich"]
    assert frame.index.equals(rows.index)
    assert frame.id.equals(rows.id) and (frame.city == rows.city).all()
    assert (frame.kind == model.predict(rows)).all()
    assert (frame["probability of rich"] == model.predict_proba(rows)[:, 1]).all()
    joined = rows.drop(columns="kind").join(model.predict_table(rows).to_frame())
    assert joined.kind.tolist() == model.predict(rows).tolist()


def test_a_predicted_column_gives_way_to_a_kept_one() -> None:
    rows = people().head(4).assign(**{"kind (predicted)": "old"})
    frame = untrained(people(), "kind").predict_table(rows).to_frame(["kind", "kind (predicted)"])
    assert list(frame)[:3] == ["kind", "kind (predicted)", "kind (predicted) (2)"]
    assert frame.kind.tolist() == rows.kind.tolist()
    assert frame["kind (predicted)"].tolist() == ["old"] * 4


def test_one_row_is_a_frame_too() -> None:
    row = people().iloc[3].to_dict()
    frame = untrained(people(), "income").predict_table(row).to_frame(keep=["city"])
    assert frame.shape == (1, 2) and frame.city[0] == row["city"]
    assert list(frame.index) == [0]


def test_what_cannot_be_kept_is_said() -> None:
    predicted = untrained(people(), "kind").predict_table(people().head(3))
    with pytest.raises(
        DataError, match="keep= must name a column, but there is no 'citi'; did you"
    ):
        predicted.to_frame(keep=["citi"])
    with pytest.raises(ConfigError, match=r"keep must be a list of texts.*write \['city'\]"):
        predicted.to_frame(keep="city")
    of_arrays = PredictedTable({"y": np.zeros(2)}, np.zeros(2), ReadingNotes(2))
    with pytest.raises(DataError, match="these are arrays without columns"):
        of_arrays.to_frame(keep=["id"])
    assert of_arrays.to_frame().equals(pd.DataFrame({"y": [0.0, 0.0]}))
