"""From probabilities to classes."""

from __future__ import annotations

import numpy as np
import pytest
import sklearn.metrics as reference

from automl.training.decisions import OF_DECISIONS, best_threshold, decide

SCORES = {
    "accuracy": reference.accuracy_score,
    "balanced_accuracy": reference.balanced_accuracy_score,
    "f1": reference.f1_score,
}


def rows(seed: int, n: int = 120, share: float = 0.2) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities of the second class with ties, and which rows are of it."""
    generator = np.random.default_rng(seed)
    is_second = generator.random(n) < share
    logits = generator.normal(size=n) + 1.2 * is_second - 1.5
    return (1 / (1 + np.exp(-logits))).round(2), is_second


@pytest.mark.parametrize("metric", sorted(OF_DECISIONS))
@pytest.mark.parametrize("seed", range(4))
def test_no_threshold_is_better_by_scikit_learn(metric: str, seed: int) -> None:
    probabilities, is_second = rows(seed)
    tried = np.concatenate([[-0.1], np.unique(probabilities)])
    best = max(SCORES[metric](is_second, probabilities > one) for one in tried)
    threshold = best_threshold(probabilities, is_second, metric)
    assert SCORES[metric](is_second, probabilities > threshold) == pytest.approx(best)


def test_rare_classes_want_a_low_threshold() -> None:
    probabilities, is_second = rows(0, 2000, 0.1)
    balanced = best_threshold(probabilities, is_second, "balanced_accuracy")
    assert balanced < 0.4 < 0.5 <= best_threshold(probabilities, is_second, "accuracy")


def test_it_stays_in_the_middle_where_that_is_as_good() -> None:
    probabilities, is_second = np.array([0.1, 0.45, 0.55, 0.9]), np.array([0, 0, 1, 1]) > 0
    assert best_threshold(probabilities, is_second, "accuracy") == 0.5
    assert best_threshold(probabilities - 0.3, is_second, "f1") == pytest.approx(0.2)
    for only in (np.zeros(4, bool), np.ones(4, bool)):
        for metric in OF_DECISIONS:
            assert 0 <= best_threshold(probabilities, only, metric) <= 1


@pytest.mark.parametrize("constant", [0.0, 0.3, 0.5, 0.8, 1.0])
def test_a_constant_probability_is_decided_as_the_metric_wants(constant: float) -> None:
    is_second = np.array([0, 0, 0, 1]) > 0
    probabilities = np.full(4, constant)
    assert not (probabilities > best_threshold(probabilities, is_second, "accuracy")).any()
    assert (probabilities > best_threshold(probabilities, is_second, "f1")).all()


def test_classes_are_the_most_probable_ones_or_those_above_the_threshold() -> None:
    several = np.array([[0.2, 0.5, 0.3], [0.6, 0.2, 0.2]])
    assert decide(several).tolist() == [1, 0]
    two = np.array([[0.5, 0.5], [0.4, 0.6], [0.8, 0.2]])
    assert decide(two).tolist() == decide(two, 0.5).tolist() == [0, 1, 0]
    assert decide(two, np.array([0.1, 0.9, 0.1])).tolist() == [1, 0, 1]


def test_other_metrics_have_no_threshold() -> None:
    with pytest.raises(ValueError, match="one of accuracy, balanced_accuracy, f1"):
        best_threshold(np.array([0.2, 0.8]), np.array([False, True]), "roc_auc")


@pytest.mark.parametrize("metric", sorted(OF_DECISIONS))
def test_the_threshold_of_weighted_rows_is_that_of_rows_so_often(metric: str) -> None:
    is_moved = False
    for seed in range(5):
        probabilities, is_second = rows(seed)
        weights = np.random.default_rng(seed).integers(1, 9, len(is_second))
        found = best_threshold(probabilities, is_second, metric, weights.astype(float))
        often = best_threshold(probabilities.repeat(weights), is_second.repeat(weights), metric)
        assert found == pytest.approx(often)
        is_moved |= found != best_threshold(probabilities, is_second, metric)
    assert is_moved
