"""Predictions are scored where the target is among the columns, by the rows that have one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from automl.training.target_scores import ScoredRows, TargetScorer
from automl.training.trained_model import TrainedModel
from tests.contracts.untrained_models import people, untrained


def scored(model: TrainedModel, table: pd.DataFrame, metric: str | None = None) -> ScoredRows:
    scorer = TargetScorer(model, metric)
    for piece in (table.iloc[:30], table.iloc[30:]):
        scorer.add(model.predict_table(piece))
    found = scorer.scored()
    assert found is not None
    return found


@pytest.mark.parametrize("labels", [["poor", "rich"], [0, 1], [False, True], [1.5, 2.0]])
def test_classes_of_any_type_are_scored(labels: list[object]) -> None:
    table = people()
    table["kind"] = [labels[int(rich)] for rich in table["kind"] == "rich"]
    model = untrained(table, "kind")
    found = scored(model, table)
    assert found == ScoredRows(
        "accuracy", pytest.approx(np.mean(model.predict(table) == table["kind"])), 90
    )
    assert scored(model, table, "roc_auc").metric == "roc_auc"


def test_rows_without_a_known_target_are_left_out() -> None:
    table = people()
    model = untrained(table, "kind")
    right = model.predict(table) == table["kind"]
    table.loc[:9, "kind"] = None
    table.loc[10:19, "kind"] = "famous"
    assert scored(model, table) == ScoredRows("accuracy", pytest.approx(np.mean(right[20:])), 70)


def test_quantities_are_read_as_their_table_writes_them() -> None:
    table = people()
    model = untrained(table, "income")
    error = np.sqrt(np.mean((model.predict(table) - table["income"]) ** 2))
    table["income"] = [f"{value:.2f}".replace(".", ",") for value in table["income"]]
    assert scored(model, table) == ScoredRows("rmse", pytest.approx(error), 90)


def test_there_is_no_score_without_targets() -> None:
    table = people()
    model = untrained(table, "kind")
    for rows in (table.drop(columns="kind"), table.assign(kind=None)):
        scorer = TargetScorer(model)
        scorer.add(model.predict_table(rows))
        assert scorer.scored() is None


def test_rows_are_scored_by_their_weights_where_the_search_had_any() -> None:
    table = people().assign(heft=np.arange(90.0) % 5)
    model = replace(untrained(people(), "kind"), weight="heft")
    right = model.predict(table) == table["kind"]
    table["heft"] = table["heft"].astype(str).where(np.arange(90) > 3, "unknown")
    weights = pd.to_numeric(table["heft"], errors="coerce").fillna(0.0)
    wanted = ScoredRows(
        "accuracy",
        pytest.approx(np.average(right, weights=weights)),
        int((weights > 0).sum()),
        "heft",
    )
    assert scored(model, table) == wanted
    assert scored(model, table.drop(columns="heft")).weight is None
    assert scored(replace(model, weight=None), table).n_rows == 90
