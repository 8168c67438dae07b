from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import sklearn.metrics as reference
import torch
from threadpoolctl import threadpool_info, threadpool_limits
from torch.nn import functional

from automl.training.decisions import Decided
from automl.training.metrics import Weighted, resample, row_losses, score, without_each

N = 200


@pytest.fixture
def generator() -> np.random.Generator:
    return np.random.default_rng(0)


def classes(generator: np.random.Generator, n_classes: int) -> tuple[np.ndarray, np.ndarray]:
    targets = generator.integers(0, n_classes, N)
    logits = generator.normal(size=(N, n_classes)) + 1.5 * np.eye(n_classes)[targets]
    probabilities = np.exp(logits)
    return probabilities / probabilities.sum(axis=1, keepdims=True), targets


def test_binary_scores_agree_with_scikit_learn(generator: np.random.Generator) -> None:
    probabilities, targets = classes(generator, 2)
    probabilities = probabilities.round(1) * 0.98 + 0.01  # with ties
    found = score(probabilities, targets, task="binary", loss="binary_cross_entropy")
    predicted = probabilities.argmax(axis=1)
    assert found == pytest.approx(
        {
            "loss": reference.log_loss(targets, probabilities),
            "accuracy": reference.accuracy_score(targets, predicted),
            "balanced_accuracy": reference.balanced_accuracy_score(targets, predicted),
            "roc_auc": reference.roc_auc_score(targets, probabilities[:, 1]),
        }
    )


def test_multiclass_scores_agree_with_scikit_learn(generator: np.random.Generator) -> None:
    probabilities, targets = classes(generator, 4)
    found = score(probabilities, targets, task="multiclass", loss="cross_entropy")
    predicted = probabilities.argmax(axis=1)
    assert found == pytest.approx(
        {
            "loss": reference.log_loss(targets, probabilities),
            "accuracy": reference.accuracy_score(targets, predicted),
            "balanced_accuracy": reference.balanced_accuracy_score(targets, predicted),
            "roc_auc": reference.roc_auc_score(targets, probabilities, multi_class="ovr"),
        }
    )


@pytest.mark.parametrize("loss", ["mean_squared", "mean_absolute", "huber"])
def test_regression_scores_agree_with_scikit_learn_and_torch(
    generator: np.random.Generator, loss: str
) -> None:
    targets = generator.normal(1e4, 30, N)
    predictions = targets + generator.normal(0, 40, N)
    found = score(predictions, targets, task="regression", loss=loss, target_scale=30.0)
    standardized = [torch.tensor(values / 30.0) for values in (predictions, targets)]
    plain = {
        "mean_squared": functional.mse_loss,
        "mean_absolute": functional.l1_loss,
        "huber": functional.huber_loss,
    }
    assert found == pytest.approx(
        {
            "loss": plain[loss](*standardized).item(),
            "rmse": reference.root_mean_squared_error(targets, predictions),
            "mae": reference.mean_absolute_error(targets, predictions),
            "r2": reference.r2_score(targets, predictions),
        },
        rel=1e-6,
    )


def test_tensors_are_taken_as_arrays_are(generator: np.random.Generator) -> None:
    probabilities, targets = classes(generator, 3)
    as_tensors = score(
        torch.from_numpy(probabilities),
        torch.from_numpy(targets),
        task="multiclass",
        loss="cross_entropy",
    )
    assert as_tensors == score(probabilities, targets, task="multiclass", loss="cross_entropy")


def test_a_probability_of_zero_gives_a_large_but_finite_loss() -> None:
    losses = row_losses([[1.0, 0.0]], [1], loss="binary_cross_entropy")
    assert losses[0] == pytest.approx(87.3, abs=0.1)


def test_unknown_loss_is_refused() -> None:
    with pytest.raises(ValueError, match="no such loss"):
        row_losses([0.0], [0.0], loss="hinge")


def test_what_rows_do_not_define_is_left_out() -> None:
    one_class = score([[0.9, 0.1], [0.2, 0.8]], [1, 1], task="binary", loss="binary_cross_entropy")
    assert set(one_class) == {"loss", "accuracy", "balanced_accuracy"}
    constant = score([1.0, 2.0], [5.0, 5.0], task="regression", loss="mean_squared")
    assert set(constant) == {"loss", "rmse", "mae"}


def test_a_class_that_does_not_occur_counts_for_nothing(generator: np.random.Generator) -> None:
    """A rare class may have no test rows."""
    probabilities, targets = classes(generator, 3)
    rows = targets != 2
    found = score(probabilities[rows], targets[rows], task="multiclass", loss="cross_entropy")
    areas = [reference.roc_auc_score(targets[rows] == c, probabilities[rows, c]) for c in (0, 1)]
    assert found["roc_auc"] == pytest.approx(np.mean(areas))


def intervals_of(
    predictions: object, targets: object, **options: Any
) -> dict[str, tuple[float, float]]:
    return resample({"network": predictions}, targets, **options)["network"].intervals  # type: ignore[dict-item, arg-type]


def resampled(score_of: object, n_rows: int, seed: int) -> tuple[float, float]:
    """The slow way: draw rows, score them, take percentiles."""
    generator = np.random.default_rng(seed)
    values = [score_of(generator.integers(0, n_rows, n_rows)) for _ in range(200)]  # type: ignore[operator]
    low, high = np.percentile(values, (2.5, 97.5))
    return float(low), float(high)


def test_intervals_are_those_of_plain_resampling(generator: np.random.Generator) -> None:
    probabilities, targets = classes(generator, 2)
    intervals = intervals_of(
        probabilities, targets, task="binary", loss="binary_cross_entropy", n_resamples=2000
    )
    for name, plain in (
        ("roc_auc", lambda r: reference.roc_auc_score(targets[r], probabilities[r, 1])),
        ("loss", lambda r: reference.log_loss(targets[r], probabilities[r])),
    ):
        assert intervals[name] == pytest.approx(resampled(plain, N, seed=1), abs=0.03)


def test_regression_intervals_are_those_of_plain_resampling(
    generator: np.random.Generator,
) -> None:
    targets = generator.normal(size=N)
    predictions = targets + generator.normal(0, 0.5, N)
    intervals = intervals_of(
        predictions, targets, task="regression", loss="mean_squared", n_resamples=2000
    )
    plain = resampled(lambda r: reference.r2_score(targets[r], predictions[r]), N, seed=1)
    assert intervals["r2"] == pytest.approx(plain, abs=0.02)


@pytest.mark.parametrize("n_classes", [2, 5])
def test_every_interval_holds_its_score(generator: np.random.Generator, n_classes: int) -> None:
    probabilities, targets = classes(generator, n_classes)
    task = "binary" if n_classes == 2 else "multiclass"
    found = score(probabilities, targets, task=task, loss="cross_entropy")
    intervals = intervals_of(probabilities, targets, task=task, loss="cross_entropy")
    assert set(intervals) == set(found)
    for name, (low, high) in intervals.items():
        assert low < found[name] < high


def test_the_seed_decides_and_repeats(generator: np.random.Generator) -> None:
    probabilities, targets = classes(generator, 2)
    first, same, other = (
        intervals_of(probabilities, targets, task="binary", loss="cross_entropy", seed=seed)
        for seed in (1, 1, 2)
    )
    assert first == same != other


def test_resamples_that_lack_a_class_are_no_error() -> None:
    """One positive row in ten: a third of all resamples have none."""
    probabilities = np.column_stack([np.linspace(0.9, 0.1, 10), np.linspace(0.1, 0.9, 10)])
    targets = np.array([0] * 9 + [1])
    intervals = intervals_of(
        probabilities, targets, task="binary", loss="binary_cross_entropy", n_resamples=300
    )
    assert intervals["roc_auc"] == (1.0, 1.0)
    assert np.isfinite(list(intervals.values())).all()


def test_one_row_has_no_interval() -> None:
    assert intervals_of([1.0], [2.0], task="regression", loss="mean_squared") == {}


def test_gains_are_taken_row_by_row() -> None:
    """Both lose as much on the far row: one is better by 1 on each row, whatever the losses."""
    targets = np.array([0.0, 0.0, 0.0, 0.0])
    both = {"near": np.array([1.0, 2.0, 3.0, 1000.0]), "far": np.array([2.0, 3.0, 4.0, 1001.0])}

    found = resample(both, targets, task="regression", loss="mean_absolute", seed=3)
    gain = found["near"].gains(found["far"])["loss"]

    assert (gain.value, gain.low, gain.high) == pytest.approx((1.0, 1.0, 1.0))
    assert gain.standard_error == pytest.approx(0.0, abs=1e-9)
    assert found["far"].gains(found["near"])["loss"].is_worse
    low, high = found["near"].intervals["loss"]
    assert high - low > 100


def test_the_error_of_a_gain_is_that_of_a_mean_difference(generator: np.random.Generator) -> None:
    targets = generator.normal(size=400)
    errors = generator.normal(size=(2, 400))
    predicted = {"first": targets + errors[0], "second": targets + 1.1 * errors[1]}

    found = resample(predicted, targets, task="regression", loss="mean_squared")
    gain = found["first"].gains(found["second"])["loss"]

    by_row = (1.1 * errors[1]) ** 2 - errors[0] ** 2
    assert gain.value == pytest.approx(by_row.mean())
    assert gain.standard_error == pytest.approx(by_row.std() / 20, rel=0.1)


def test_resamples_count_in_one_thread() -> None:
    """Whoever asks for them: a product that threads share may differ in its last bit."""
    n_threads: set[int] = set()

    class Watched:
        def __array__(self, *options: object, **more: object) -> np.ndarray:
            of_blas = (one for one in threadpool_info() if one["user_api"] == "blas")
            n_threads.update(one["num_threads"] for one in of_blas)
            return np.arange(5.0)

    with threadpool_limits(2, "blas"):
        resample({"one": Watched()}, np.ones(5), task="regression", loss="mean_squared")
    assert n_threads == {1}


def test_a_higher_score_is_a_gain_where_higher_is_better() -> None:
    targets = np.array([0, 1] * 20)
    right = np.column_stack([1.0 - targets, targets]) * 0.8 + 0.1

    found = resample(
        {"right": right, "wrong": right[:, ::-1]},
        targets,
        task="binary",
        loss="binary_cross_entropy",
    )

    gains = found["right"].gains(found["wrong"])
    assert gains["accuracy"].value == gains["roc_auc"].value == 1.0
    assert gains["loss"].is_better
    assert (
        resample({"a": [1.0], "b": [2.0]}, [2.0], task="regression", loss="mean_squared")[
            "a"
        ].intervals
        == {}
    )


def test_f1_agrees_with_scikit_learn_where_it_is_asked_for(
    generator: np.random.Generator,
) -> None:
    probabilities, targets = classes(generator, 2)
    decided = Decided(probabilities, 0.3)
    found = score(decided, targets, task="binary", loss="binary_cross_entropy", metric="f1")
    predicted = probabilities[:, 1] > 0.3
    assert found["f1"] == pytest.approx(reference.f1_score(targets, predicted))
    assert found["accuracy"] == pytest.approx(reference.accuracy_score(targets, predicted))
    assert found["balanced_accuracy"] == pytest.approx(
        reference.balanced_accuracy_score(targets, predicted)
    )
    probabilities, targets = classes(generator, 4)
    targets[targets == 2] = 1  # one that is predicted and does not occur
    found = score(probabilities, targets, task="multiclass", loss="cross_entropy", metric="f1")
    assert found["f1"] == pytest.approx(
        reference.f1_score(targets, probabilities.argmax(axis=1), average="macro")
    )


def test_f1_is_left_out_where_rows_do_not_define_it() -> None:
    targets = np.zeros(4, dtype=np.int64)
    kind = {"task": "binary", "loss": "binary_cross_entropy", "metric": "f1"}
    never: Any = score(np.tile([0.9, 0.1], (4, 1)), targets, **kind)  # type: ignore[arg-type]
    assert "f1" not in never and never["accuracy"] == 1
    always: Any = score(np.tile([0.1, 0.9], (4, 1)), targets, **kind)  # type: ignore[arg-type]
    assert always["f1"] == 0


def test_thresholds_decide_resamples_too(generator: np.random.Generator) -> None:
    probabilities, targets = classes(generator, 2)
    thresholds = np.where(np.arange(N) % 2, 0.2, 0.8)
    moved = np.stack([1 - probabilities[:, 1], probabilities[:, 1] - thresholds + 0.5], axis=1)
    moved[:, 0] = 1 - moved[:, 1]
    found = resample(
        {"thresholds": Decided(probabilities, thresholds), "moved": moved},
        targets,
        task="binary",
        loss="binary_cross_entropy",
        metric="f1",
        n_resamples=20,
    )
    for name in ("accuracy", "balanced_accuracy", "f1"):
        np.testing.assert_allclose(found["thresholds"].draws[name], found["moved"].draws[name])


@pytest.mark.parametrize("metric", ["roc_auc", "f1", "accuracy", "balanced_accuracy"])
def test_a_metric_without_some_rows_is_that_of_the_others(metric: str) -> None:
    random = np.random.default_rng(0)
    targets = random.integers(0, 3, 90)
    predicted = random.dirichlet(np.ones(3), 90)
    groups = random.permutation(90) % 4
    words: Any = {"task": "multiclass", "loss": "cross_entropy", "metric": metric}
    found = without_each(Decided(predicted, None), targets, groups, **words)
    wanted = [score(predicted, targets, **words)[metric]]
    for group in range(4):
        left = groups != group
        wanted.append(score(predicted[left], targets[left], **words)[metric])
    assert found == pytest.approx(wanted)


@pytest.mark.parametrize("n_rows", [N, 2_500])  # of many rows areas are taken otherwise
@pytest.mark.parametrize("n_classes", [2, 4])
def test_weighted_scores_of_classes_agree_with_scikit_learn(n_classes: int, n_rows: int) -> None:
    generator = np.random.default_rng(1)
    targets = generator.integers(0, n_classes, n_rows)
    values = np.exp(generator.normal(size=(n_rows, n_classes)) + 1.5 * np.eye(n_classes)[targets])
    probabilities = values / values.sum(axis=1, keepdims=True)
    weights = generator.uniform(0.1, 9, n_rows)
    task = "binary" if n_classes == 2 else "multiclass"
    loss = "binary_cross_entropy" if n_classes == 2 else "cross_entropy"
    found = score(probabilities, Weighted(targets, weights), task=task, loss=loss, metric="f1")
    predicted, own = probabilities.argmax(axis=1), {"sample_weight": weights}
    two = n_classes == 2
    assert found == pytest.approx(
        {
            "loss": reference.log_loss(targets, probabilities, **own),
            "accuracy": reference.accuracy_score(targets, predicted, **own),
            "balanced_accuracy": reference.balanced_accuracy_score(targets, predicted, **own),
            "roc_auc": reference.roc_auc_score(
                targets, probabilities[:, 1] if two else probabilities, multi_class="ovr", **own
            )
            if two
            else np.mean(
                [
                    reference.roc_auc_score(targets == c, probabilities[:, c], **own)
                    for c in range(n_classes)
                ]
            ),
            "f1": reference.f1_score(
                targets, predicted, average="binary" if two else "macro", **own
            ),
        }
    )


def test_weighted_scores_of_quantities_agree_with_scikit_learn(
    generator: np.random.Generator,
) -> None:
    targets = generator.normal(5, 3, N)
    predicted, weights = targets + generator.normal(size=N), generator.uniform(0.1, 9, N)
    found = score(predicted, Weighted(targets, weights), task="regression", loss="mean_squared")
    own = {"sample_weight": weights}
    squared = reference.mean_squared_error(targets, predicted, **own)
    assert found == pytest.approx(
        {
            "loss": squared,
            "rmse": squared**0.5,
            "mae": reference.mean_absolute_error(targets, predicted, **own),
            "r2": reference.r2_score(targets, predicted, **own),
        }
    )


@pytest.mark.parametrize("n_rows", [N, 2_500])
def test_weights_of_whole_numbers_are_scores_of_rows_so_often(n_rows: int) -> None:
    """And groups that are left out are left out with their weights."""
    generator = np.random.default_rng(2)
    targets = generator.integers(0, 2, n_rows)
    second = 1 / (1 + np.exp(-generator.normal(size=n_rows) - 2 * targets))
    probabilities, weights = np.stack([1 - second, second], 1), generator.integers(1, 5, n_rows)
    known = {"task": "binary", "loss": "binary_cross_entropy", "metric": "f1"}
    weighted = Weighted(targets, weights.astype(np.float64))
    found = score(probabilities, weighted, **known)
    repeated = score(probabilities.repeat(weights, axis=0), targets.repeat(weights), **known)
    assert found == pytest.approx(repeated, rel=1e-9)
    groups = generator.integers(0, 5, n_rows)
    left = without_each(Decided(probabilities, None), weighted, groups, **known)
    rows = groups != 3
    without = score(
        probabilities[rows], Weighted(targets[rows], weights[rows].astype(float)), **known
    )
    assert left[[0, 4]] == pytest.approx([found["f1"], without["f1"]])


def test_intervals_of_weighted_rows_are_those_of_plain_resampling(
    generator: np.random.Generator,
) -> None:
    targets = generator.normal(size=N)
    predicted, weights = targets + generator.normal(size=N), generator.uniform(0.1, 9, N)
    (found,) = resample(
        {"a": predicted}, Weighted(targets, weights), task="regression", loss="mean_squared"
    ).values()
    squares = (predicted - targets) ** 2
    drawn = [generator.integers(0, N, N) for _ in range(4_000)]
    means = [np.average(squares[rows], weights=weights[rows]) for rows in drawn]
    low, high = np.percentile(means, (2.5, 97.5))
    assert found.intervals["loss"] == pytest.approx((low, high), rel=0.05)
