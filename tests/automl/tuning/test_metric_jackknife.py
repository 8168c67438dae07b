"""How surely a metric is better by some predictions than by others."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from automl.data.dataset import Dataset
from automl.tuning.metric_jackknife import N_GROUPS, MetricJackknife

BINARY = Dataset("binary", "binary_cross_entropy", 2, ())
REGRESSION = Dataset("regression", "mean_squared", 1, ())


def two_classes(
    n_rows: int, strength: float, seed: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Targets, probabilities that know of them, and others that know nothing."""
    random = np.random.default_rng(seed)
    targets = (random.random(n_rows) < 0.3).astype(np.int64)
    logits = strength * (targets - 0.5) + random.normal(size=n_rows)
    told, idle = 1 / (1 + np.exp(-logits)), random.random(n_rows)
    return targets, np.stack([1 - told, told], axis=1), np.stack([1 - idle, idle], axis=1)


def test_the_gain_is_the_difference_of_the_metric() -> None:
    targets, told, idle = two_classes(400, 2.0, 0)
    jackknife = MetricJackknife("roc_auc", BINARY, targets, np.ones(400), None, seed=0)
    scores = jackknife.scores(told)
    assert scores[0] == pytest.approx(roc_auc_score(targets, told[:, 1]))
    gain = jackknife.gain(scores, [jackknife.scores(idle), jackknife.scores(told)])
    assert gain is not None and gain.is_better
    without = roc_auc_score(targets, idle[:, 1])
    assert gain.value == pytest.approx((scores[0] - without) / 2)
    same = jackknife.gain(scores, [scores, scores])
    assert same is not None and (same.value, same.standard_error) == (0.0, 0.0)


@pytest.mark.parametrize("metric", ["roc_auc", "f1", "balanced_accuracy"])
def test_its_error_is_that_of_other_rows(metric: str) -> None:
    """The spread of the gain over 60 sets of rows, beside what each of them says of itself."""
    gains = []
    for seed in range(60):
        targets, told, idle = two_classes(300, 1.0, seed)
        jackknife = MetricJackknife(metric, BINARY, targets, np.ones(300), 0.4, seed=seed)
        gain = jackknife.gain(jackknife.scores(told), [jackknife.scores(idle)])
        assert gain is not None
        gains.append(gain)
    spread = np.std([one.value for one in gains], ddof=1)
    said = np.mean([one.standard_error for one in gains])
    assert said == pytest.approx(spread, rel=0.25)
    truth = np.mean([one.value for one in gains])
    covered = np.mean([one.low <= truth <= one.high for one in gains])
    assert covered >= 0.87  # 95 % of 60, and three standard errors


def test_lower_errors_are_a_gain_too() -> None:
    targets = np.arange(50.0)
    jackknife = MetricJackknife("rmse", REGRESSION, targets, np.ones(50), None, seed=0)
    gain = jackknife.gain(jackknife.scores(targets + 1), [jackknife.scores(targets - 3)])
    assert gain is not None and gain.value == pytest.approx(2.0)


def test_what_rows_do_not_define_has_no_gain() -> None:
    """All are of one class."""
    targets, told, _ = two_classes(N_GROUPS, 1.0, 0)
    jackknife = MetricJackknife(
        "roc_auc", BINARY, np.zeros_like(targets), np.ones(N_GROUPS), None, 0
    )
    scores = jackknife.scores(told)
    assert np.isnan(scores).all() and jackknife.gain(scores, [scores]) is None
