"""One name and one rounding for each score."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from automl.wording.scores import (
    difference_text,
    error,
    gain_text,
    interval_text,
    read_score,
    readable,
    score_and_interval,
    score_name,
    score_text,
    scores_in_order,
)
from storage.records import Task
from storage.score_records import PairedDifference
from tests.contracts import store_contract


@pytest.mark.parametrize(
    ("metric", "name"),
    [("rmse", "RMSE"), ("r2", "R²"), ("balanced_accuracy", "balanced accuracy"), ("loss", "loss")],
)
def test_scores_have_the_names_that_people_know(metric: str, name: str) -> None:
    assert score_name(metric) == name


def test_a_score_of_zero_is_not_a_rounding_error() -> None:
    assert str(readable("r2", -3.479e-06)) == "0.0"
    assert readable("r2", 0.57314) == 0.5731
    assert readable("rmse", 3.479e-06) == 3.479e-06  # in the target's own unit
    assert math.isnan(readable("r2", math.nan))


@pytest.mark.parametrize(
    ("metric", "value", "text"),
    [
        ("rmse", 22063.7, "22,064"),  # money is no power of ten
        ("mae", 12_345_678.9, "12,345,679"),
        ("rmse", 999.96, "1,000"),
        ("rmse", 4.5, "4.500"),
        ("loss", 0.09799, "0.09799"),
        ("loss", 6.2e-05, "6.2e-05"),
        ("loss", 0.0, "0"),
        ("accuracy", 0.97214, "97.2 %"),
        ("roc_auc", 0.99940001, "0.9994"),
        ("r2", -3.479e-06, "0"),
        ("r2", -8.2e-05, "-0.0001"),
        ("r2", -1_794_185_123.0, "-1.79e+09"),
        ("rmse", 3.2e13, "3.2e+13"),
        ("r2", math.nan, "–"),
        ("rmse", None, "–"),
    ],
)
def test_a_score_has_the_digits_that_matter(metric: str, value: float | None, text: str) -> None:
    assert score_text(metric, value) == text


@pytest.mark.parametrize(
    ("task", "score"), [("regression", "rmse"), ("binary", "accuracy"), ("multiclass", "accuracy")]
)
def test_people_read_one_score_first(task: Task, score: str) -> None:
    settings = replace(store_contract.settings(), task=task)
    assert read_score(settings) == score
    assert read_score(replace(settings, metric="log_loss")) == "loss"


def test_the_score_of_the_metric_comes_first() -> None:
    settings, names = store_contract.settings(), ("loss", "accuracy", "roc_auc")
    assert scores_in_order(names, settings) == names
    by_metric = scores_in_order(names, replace(settings, metric="roc_auc"))
    assert by_metric == ("roc_auc", "loss", "accuracy")


@pytest.mark.parametrize(
    ("metric", "value", "text"),
    [
        ("accuracy", -0.0114, "-1.1 points"),
        ("loss", -0.0114, "-0.0114"),
        ("loss", 0.06, "0.06"),
        ("rmse", 22063.7, "22,064"),
    ],
)
def test_a_difference_needs_fewer_digits(metric: str, value: float, text: str) -> None:
    assert difference_text(metric, value) == text


@pytest.mark.parametrize(
    ("metric", "gain", "text"),
    [
        ("loss", (0.04, 0.01, 0.07), "lower by 0.04, 95 % interval 0.01 to 0.07"),
        ("loss", (-0.04, -0.07, -0.01), "higher by 0.04, 95 % interval 0.01 to 0.07"),
        ("loss", (-0.01, -0.03, 0.02), "higher by 0.01, 95 % interval 0.03 higher to 0.02 lower"),
        (
            "balanced_accuracy",
            (-0.04, -0.07, -0.01),
            "lower by 4.0 points, 95 % interval 1.0 points to 7.0 points",
        ),
    ],
)
def test_which_way_a_difference_goes_is_said_in_words(
    metric: str, gain: tuple[float, float, float], text: str
) -> None:
    value, low, high = gain
    assert gain_text(metric, PairedDifference(value, 0.015, low, high)) == text


def test_errors_are_rates_or_rmse() -> None:
    assert error(0.061, "error_rate") == "6.1 % of rows wrong"
    assert error(12.5, "rmse") == "RMSE 12.5"


def test_a_score_has_its_interval_behind_it() -> None:
    assert interval_text("accuracy", (0.956, 0.989)) == "95.6 % to 98.9 %"
    assert interval_text("rmse", ()) == ""
    assert score_and_interval("rmse", 12.5, (11.0, 13.75)) == "12.50 (11.00 to 13.75)"
    assert score_and_interval("rmse", 12.5, None) == "12.50"
