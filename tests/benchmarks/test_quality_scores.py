"""Scores of predictions beside scikit-learn's, however a side writes its classes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import log_loss

from benchmarks.quality_scores import LEAST_PROBABILITY, Score, read_score
from benchmarks.quality_tables import Table


def table(known: object, task: str, **scale: float) -> Table:
    here = Path("unused")
    return Table("t", "y", task, here, here, np.asarray(known), **scale)


def written(folder: Path, columns: dict[str, list[float]]) -> Path:
    path = folder / "told.csv"
    pd.DataFrame(columns).to_csv(path, index=False)
    return path


def test_cross_entropy_and_error_are_scikit_learns(tmp_path: Path) -> None:
    told = {"a": [0.7, 0.2, 0.1], "b": [0.2, 0.5, 0.3], "c": [0.1, 0.3, 0.6]}
    known = ["a", "c", "c"]

    score = read_score(written(tmp_path, told), table(known, "multiclass"))

    shares = np.array(list(told.values())).T
    assert score.loss == pytest.approx(log_loss(known, shares, labels=["a", "b", "c"]))
    assert score.error == pytest.approx(1 / 3)


@pytest.mark.parametrize("names", [("0", "1"), ("0.0", "1.0")])
def test_a_class_is_the_same_however_it_is_written(names: tuple[str, str], tmp_path: Path) -> None:
    told = written(tmp_path, {names[0]: [0.9, 0.4], names[1]: [0.1, 0.6]})

    assert read_score(told, table([0, 1], "binary")).error == 0


def test_no_row_is_infinitely_bad(tmp_path: Path) -> None:
    told = written(tmp_path, {"a": [1.0, 1.0], "b": [0.0, 0.0]})

    score = read_score(told, table(["a", "b"], "binary"))

    assert score.loss == pytest.approx(-np.log(LEAST_PROBABILITY) / 2, rel=1e-3)
    unknown = read_score(told, table(["a", "new"], "binary"))
    assert unknown == Score(pytest.approx(score.loss, rel=1e-3), 0.5)


def test_a_quantity_is_told_in_the_width_of_the_train_rows(tmp_path: Path) -> None:
    told = written(tmp_path, {"prediction": [12.0, 6.0]})

    score = read_score(told, table([10.0, 10.0], "regression", mean=9.0, width=2.0))

    assert score.loss == pytest.approx((1 + 4) / 2)
    assert score.error == pytest.approx(np.sqrt(2.5))


@pytest.mark.parametrize("values", [[1.0], [1.0, float("nan")]])
def test_what_cannot_be_scored_is_said(values: list[float], tmp_path: Path) -> None:
    told = written(tmp_path, {"prediction": values})

    with pytest.raises(ValueError, match=r"rows|no numbers"):
        read_score(told, table([1.0, 2.0], "regression"))
