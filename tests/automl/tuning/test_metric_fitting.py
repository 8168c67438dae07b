"""Ways to choose by a metric, each worth what it scores on rows it has not seen."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import sklearn.metrics as reference

from automl.training.decisions import best_threshold
from automl.tuning.cross_fitting import Repeated
from automl.tuning.metric_errors import metric_errors
from automl.tuning.metric_fitting import (
    Chooseable,
    Judged,
    cross_fit_by_metric,
    select_by_metric,
)
from storage.records import Task

N, M = 600, 6


def judged(targets: np.ndarray, metric: str, task: Task = "binary") -> Judged:
    losses = {"binary": "binary_cross_entropy", "multiclass": "cross_entropy"}
    return Judged(targets, np.ones(len(targets)), task, losses.get(task, "mean_squared"), metric)


def rare_classes(noise: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """Networks that know a rare class, each with errors of its own, and are sure of little."""
    generator = np.random.default_rng(0)
    targets = (generator.random(N) < 0.12).astype(int)
    logits = -2.0 + 1.5 * targets + noise * generator.normal(size=(M, N))
    second = 1 / (1 + np.exp(-logits))
    return np.stack([1 - second, second], axis=2), targets


def among(predictions: np.ndarray) -> Chooseable:
    """Networks of one size, all of them finished."""
    n_networks = len(predictions)
    return Chooseable(predictions, [9] * n_networks, [True] * n_networks)


@pytest.mark.parametrize("metric", ["roc_auc", "balanced_accuracy", "f1", "accuracy"])
def test_an_ensemble_by_a_metric_is_better_in_it_than_its_networks(metric: str) -> None:
    predictions, targets = rare_classes()
    rows = np.arange(N)
    shares = select_by_metric(predictions, judged(targets, metric), rows, 0)
    assert shares.sum() == pytest.approx(1.0) and (shares > 0).sum() > 2
    together = np.tensordot(shares, predictions, 1)[None]
    alone = metric_errors(predictions, targets, metric, "binary")
    assert metric_errors(together, targets, metric, "binary")[0] < alone.min()


def test_what_an_ensemble_is_worth_is_told_in_the_metric() -> None:
    predictions, targets = rare_classes()
    ways = cross_fit_by_metric(among(predictions), judged(targets, "roc_auc"), 0)
    single, ensemble = ways["single"].metric, ways["ensemble"].metric
    assert single is not None and ensemble is not None and ensemble.gain is not None
    assert (ensemble.score, single.gain, ways["ensemble"].threshold) == ("roc_auc", None, None)
    assert ensemble.gain.is_better
    assert ensemble.gain.value == pytest.approx(ensemble.value - single.value)
    assert ensemble.low < ensemble.value < ensemble.high
    best = np.argmax([reference.roc_auc_score(targets, one[:, 1]) for one in predictions])
    loss = np.argmin([reference.log_loss(targets, one[:, 1]) for one in predictions])
    assert ways["single"].shares[[best, loss]].sum() >= 1


def test_what_the_loss_would_choose_stays_only_where_the_metric_is_no_better() -> None:
    """One network has the better order of rows, another the better probabilities."""
    generator = np.random.default_rng(4)
    targets = (generator.random(N) < 0.3).astype(int)
    logits = 2.5 * targets - 1.2 + generator.normal(size=(2, N)) * [[0.6], [1.6]]
    second = 1 / (1 + np.exp(-logits))
    second[0] = 0.9 + second[0] / 20  # all rows in their order, and no word true
    predictions = np.stack([1 - second, second], axis=2)
    for metric, chosen in (("roc_auc", 0), ("balanced_accuracy", 0)):
        ways = cross_fit_by_metric(among(predictions), judged(targets, metric), 0)
        assert ways["single"].shares[chosen] == 1
    same = np.stack([predictions[1], predictions[1]])  # equals: the metric gains nothing
    way = cross_fit_by_metric(among(same), judged(targets, "roc_auc"), 0)["single"]
    assert way.metric is not None and way.metric.gain is None


def test_what_the_loss_chooses_is_the_best_of_the_search_whatever_these_rows_say() -> None:
    """It is known by more rows; its threshold is its own, which a refit of it takes as well."""
    predictions, targets = rare_classes(0.7)
    shifted = predictions[0, :, 1] ** 0.5  # the same order of rows, and worse probabilities
    predictions = np.stack([predictions[0], np.stack([1 - shifted, shifted], axis=1)])
    by_f1 = judged(targets, "f1")
    ways = cross_fit_by_metric(replace(among(predictions), best=1), by_f1, 0)
    single, refit = ways["single"], ways["refit"]
    assert single.is_by_loss and single.shares.tolist() == refit.shares.tolist() == [0, 1]
    own = best_threshold(shifted, targets == 1, "f1")
    assert single.threshold == refit.threshold == own != 0.5
    together = replace(among(predictions), best=1, repeated=Repeated(1, predictions[1]))
    seeds = cross_fit_by_metric(together, by_f1, 0)["seeds"]
    assert seeds.is_by_loss and seeds.shares.tolist() == [0, 1]
    told = cross_fit_by_metric(among(predictions), by_f1, 0)["single"]
    assert told.shares.tolist() == [1, 0]


@pytest.mark.parametrize("metric", ["balanced_accuracy", "f1"])
def test_a_threshold_that_pays_is_kept_with_its_honest_gain(metric: str) -> None:
    predictions, targets = rare_classes(0.7)
    ways = cross_fit_by_metric(among(predictions), judged(targets, metric), 0)
    way = ways["ensemble"]
    assert way.threshold is not None and 0.05 < way.threshold < 0.45
    assert way.metric is not None and way.metric.threshold_gain is not None
    assert way.metric.threshold_gain.is_better
    score = {"f1": reference.f1_score, "balanced_accuracy": reference.balanced_accuracy_score}
    own = np.tensordot(way.shares, predictions, 1)[:, 1]
    seen = score[metric](targets, own > way.threshold)
    assert way.metric.value < seen  # what it was chosen by looks better than it is


def test_no_threshold_is_kept_where_none_gains() -> None:
    generator = np.random.default_rng(1)
    second = generator.random((1, N))
    targets = (generator.random(N) < second[0]).astype(int)  # true probabilities: 0.5 is best
    predictions = np.stack([1 - second, second], axis=2)
    way = cross_fit_by_metric(among(predictions), judged(targets, "accuracy"), 0)["single"]
    assert way.threshold is None and way.metric is not None
    assert way.metric.value == pytest.approx(np.mean((second[0] > 0.5) == targets))


def test_unfinished_networks_are_not_chosen_alone() -> None:
    predictions, targets = rare_classes()
    networks = replace(among(predictions), finished=[number == 3 for number in range(M)])
    ways = cross_fit_by_metric(networks, judged(targets, "roc_auc"), 0)
    assert ways["single"].shares[3] == 1


def test_a_repeated_network_is_worth_what_it_predicts_with_its_repetitions() -> None:
    """Where the loss chooses it: another one, which nobody has repeated, is scored alone."""
    predictions, targets = rare_classes()
    by_auc = judged(targets, "roc_auc")
    best = int(np.argmin([reference.log_loss(targets, one[:, 1]) for one in predictions]))
    mean = predictions.mean(axis=0)
    networks = replace(among(predictions), repeated=Repeated(best, mean))
    way = cross_fit_by_metric(networks, by_auc, 0)["seeds"]
    assert way.shares[best] == 1 and way.metric is not None and way.metric.gain is not None
    alone = cross_fit_by_metric(among(predictions), by_auc, 0)["single"].metric
    assert alone is not None
    assert alone.value < way.metric.value <= reference.roc_auc_score(targets, mean[:, 1]) + 1e-9
    assert "seeds" not in cross_fit_by_metric(among(predictions), by_auc, 0)


@pytest.mark.parametrize("metric", ["rmse", "mae", "r2"])
def test_quantities_are_chosen_in_their_own_unit(metric: str) -> None:
    generator = np.random.default_rng(2)
    targets = 1000 * generator.normal(size=N)
    predictions = targets + 300 * generator.normal(size=(M, N))
    by_metric = judged(targets, metric, "regression")
    ways = cross_fit_by_metric(among(predictions), by_metric, 0)
    worth, single = ways["ensemble"].metric, ways["single"].metric
    assert worth is not None and worth.gain is not None and worth.gain.is_better
    assert single is not None and worth.threshold_gain is None
    assert (worth.value > single.value) == (metric == "r2")
    if metric != "r2":
        assert 50 < worth.value < 300


def test_several_classes_have_no_threshold() -> None:
    generator = np.random.default_rng(3)
    targets = generator.integers(0, 3, N)
    logits = 1.5 * np.eye(3)[targets] + generator.normal(size=(M, N, 3))
    predictions = np.exp(logits) / np.exp(logits).sum(axis=2, keepdims=True)
    for metric in ("f1", "roc_auc"):
        way = cross_fit_by_metric(among(predictions), judged(targets, metric, "multiclass"), 0)[
            "ensemble"
        ]
        assert way.threshold is None and way.metric is not None
        assert way.metric.gain is not None and way.metric.gain.is_better


@pytest.mark.parametrize("only", [0, 1])
def test_rows_of_one_class_leave_the_worth_untold(only: int) -> None:
    predictions, _ = rare_classes()
    ways = cross_fit_by_metric(among(predictions), judged(np.full(N, only), "roc_auc"), 0)
    assert all(way.metric is None and way.threshold is None for way in ways.values())


def test_two_rows_are_enough() -> None:
    predictions, targets = rare_classes()
    two = [int(np.argmin(targets)), int(np.argmax(targets))]
    for metric in ("roc_auc", "f1"):
        by_metric = judged(targets[two], metric)
        ways = cross_fit_by_metric(among(predictions[:, two]), by_metric, 0)
        assert ways["ensemble"].shares.sum() == pytest.approx(1.0)
