"""One name and one rounding for each score."""

from __future__ import annotations

import math

import pytest

from automl.score_names import readable, score_name


@pytest.mark.parametrize(
    ("metric", "name"),
    [("rmse", "RMSE"), ("r2", "R²"), ("balanced_accuracy", "balanced accuracy"), ("loss", "loss")],
)
def test_scores_have_the_names_that_people_know(metric: str, name: str) -> None:
    assert score_name(metric) == name


def test_a_score_of_zero_is_not_a_rounding_error() -> None:
    assert str(readable("r2", -3.479e-06)) == "0.0"
    assert readable("r2", 0.57314) == 0.57314
    assert readable("rmse", 3.479e-06) == 3.479e-06  # in the target's own unit
    assert math.isnan(readable("r2", math.nan))
