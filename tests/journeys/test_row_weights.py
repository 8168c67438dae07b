"""A search whose rows have weights: what it learns, what it scores, and that it goes on alike."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import automl
from automl.errors import AutoMLError
from automl.result import SearchResult

REGION, HEAVY = 1.0, 20.0
LINEAR = ["n_layers=0", "learning_rate=0.03", "batch_size=32", "numeric_encoding=none"]


def opposed(n_rows: int = 500) -> pd.DataFrame:
    """A slope that is turned round in a region of a quarter of the rows, which weigh much."""
    generator = np.random.default_rng(0)
    x = generator.uniform(-2, 2, (n_rows, 2))
    slope = np.where(x[:, 0] > REGION, -2.0, 2.0)
    y = slope * x[:, 1] + 0.2 * generator.normal(size=n_rows)
    weight = np.where(x[:, 0] > REGION, HEAVY, 1.0)
    return pd.DataFrame({"a": x[:, 0], "b": x[:, 1], "weight": weight, "y": y})


def search(folder: Path, frame: pd.DataFrame, **options: Any) -> SearchResult:
    few = {"n_trials": 2, "max_epochs": 8, "workers": 1, "slots": 2, "folds": 1, "set": LINEAR}
    few |= {"references": False, "portfolio": False, "study": "study"}
    storage = f"sqlite:///{folder}/automl.db"
    return automl.search(frame, target="y", storage=storage, **{**few, **options})


def curves(result: SearchResult) -> list[list[tuple[float, float]]]:
    epochs = result.records.epochs
    return [
        [(one.train_loss, one.valid_loss) for one in epochs[run_id]] for run_id in sorted(epochs)
    ]


@pytest.fixture(scope="module")
def weighted(tmp_path_factory: pytest.TempPathFactory) -> SearchResult:
    return search(tmp_path_factory.mktemp("weighted"), opposed(), weight="weight")


def test_a_region_that_weighs_much_is_learned_better(
    weighted: SearchResult, tmp_path: Path
) -> None:
    """By networks that are too small for both slopes."""
    plain = search(tmp_path, opposed(), drop=["weight"])
    rows = opposed(2_000)
    region = rows[rows["a"] > REGION]
    errors = [
        float(np.mean((one.best_model().predict(region) - region["y"]) ** 2))
        for one in (weighted, plain)
    ]
    assert errors[0] < 0.5 * errors[1]


def test_kernels_and_the_plain_loop_have_the_same_curves(
    weighted: SearchResult, tmp_path: Path
) -> None:
    plain = search(tmp_path, opposed(), weight="weight", trainer="plain")
    for mine, other in zip(curves(weighted), curves(plain), strict=True):
        assert np.array(mine) == pytest.approx(np.array(other), rel=1e-3)


def test_scores_are_those_of_the_weighted_test_rows(weighted: SearchResult) -> None:
    kept = weighted.predictions()
    assert kept is not None
    errors = (kept["test_predictions"] - kept["test_targets"]) ** 2
    weights = kept["test_weights"]
    assert set(np.round(weights / weights.min(), 4)) == {1.0, HEAVY}
    evaluation = weighted.evaluation
    assert evaluation is not None
    rmse = evaluation.scores["rmse"]
    assert rmse == pytest.approx(np.average(errors, weights=weights) ** 0.5, rel=1e-5)
    assert rmse != pytest.approx(errors.mean() ** 0.5, rel=0.05)


def test_rows_to_predict_need_no_weights_and_are_scored_by_them_if_they_have_any(
    weighted: SearchResult,
) -> None:
    model, rows = weighted.best_model(), opposed(50)
    assert (model.weight, len(model.predict(rows[["a", "b"]]))) == ("weight", 50)


def test_equal_weights_are_the_study_without(tmp_path: Path) -> None:
    frame = opposed().assign(weight=3.0)
    (tmp_path / "one").mkdir()
    mine = search(tmp_path / "one", frame, weight="weight", max_epochs=3)
    plain = search(tmp_path, frame, drop=["weight"], max_epochs=3)
    assert curves(mine) == curves(plain)
    assert mine.evaluation is not None and plain.evaluation is not None
    assert mine.evaluation.scores == plain.evaluation.scores


def test_a_study_goes_on_with_its_weights_and_no_others(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    opposed().assign(other=1.0).to_csv(path, index=False)
    given = {"weight": "weight", "drop": ["other"], "max_epochs": 2}
    search(tmp_path, path, n_trials=1, **given)  # type: ignore[arg-type]
    on = automl.resume("study", storage=f"sqlite:///{tmp_path}/automl.db", n_trials=2)
    assert len(on.records.trials) == 2
    with pytest.raises(AutoMLError, match="weight"):
        search(tmp_path, path, **{**given, "weight": None})  # type: ignore[arg-type]
