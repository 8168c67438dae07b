"""A study's network, asked as people ask it: with their tables, for their own values."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import accuracy_score

import automl
from automl.errors import ConfigError
from automl.predictor import Predictor
from automl.result import SearchResult


def searched(frame: pd.DataFrame, folder: Path, **options: Any) -> Predictor:
    """The best model of a search of one trial, which learns the sign of `x` at once."""
    return automl.search(
        frame,
        target="y",
        n_trials=1,
        max_epochs=8,
        folds=1,
        workers=1,
        set=["optimizer=adam", "learning_rate=0.03", "batch_size=16", "dropout=0"],
        storage=f"sqlite:///{folder}/automl.db",
        **options,
    ).best_model()


def signs(y: Any) -> pd.DataFrame:
    """Rows of which the sign of x says the target: the first or the second of two values."""
    x = np.random.default_rng(0).normal(size=80)
    return pd.DataFrame({"x": x, "y": pd.Series(y)[(x > 0).astype(int)].to_numpy()})


@pytest.mark.parametrize("classes", [[0, 1], [False, True], [-1.5, 2.5], ["no", "yes"]])
def test_predictions_are_values_of_the_targets_own_column(classes: Any, tmp_path: Path) -> None:
    """The text "1" equals no number: an accuracy would silently be 0."""
    frame = signs(classes)
    model = searched(frame, tmp_path)
    assert model.classes_.tolist() == classes
    assert np.mean(model.predict(frame) == frame["y"]) > 0.8
    likely = model.predict_proba(frame)[:, 1] > 0.5
    assert np.mean(np.asarray(classes, dtype=object)[likely.astype(int)] == frame["y"]) > 0.8


def test_scikit_learn_takes_predictions_and_targets_as_one_kind(tmp_path: Path) -> None:
    frame = signs([0, 1])
    assert accuracy_score(frame["y"], searched(frame, tmp_path).predict(frame)) > 0.8


def test_arrays_have_their_columns_in_order(tmp_path: Path) -> None:
    frame = signs([0, 1])
    model = searched(frame, tmp_path)
    assert (model.predict(frame[["x"]].to_numpy()) == model.predict(frame)).all()


def test_a_regression_has_values_and_no_probabilities(tmp_path: Path) -> None:
    x = np.linspace(0, 1, 60)
    frame = pd.DataFrame({"x": x, "y": 1000 * x + 5000})
    model = searched(frame, tmp_path)
    assert abs(np.mean(model.predict(frame)) - 5500) < 200
    assert list(model.predict_columns(frame)) == ["y"]
    assert repr(model) == "Predictor(target='y', networks=1)"
    with pytest.raises(ConfigError, match="'y' is a quantity; use predict"):
        model.predict_proba(frame)


def test_it_is_shown_without_its_weights(finished: SearchResult) -> None:
    assert repr(finished.best_model()) == (
        "Predictor(target='target', networks=1, classes_=['setosa', 'versicolor', 'virginica'])"
    )
