"""Curves that targets go through before they are learned: knots, the way there and back."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch

from automl.training.batches import rows_of
from automl.training.config import RowSubset
from automl.training.target_transform import (
    MOST_PIECES,
    TargetCurve,
    fitted_curve,
    target_curve,
)
from tests.contracts.tiny_datasets import tiny_dataset
from tests.contracts.trainer_contract import tiny_run


def skewed(n_rows: int = 3000) -> torch.Tensor:
    """A log-normal variable less 3, standardized."""
    normal = torch.randn(n_rows, generator=torch.Generator().manual_seed(3))
    values = (0.8 * normal).exp() - 3
    return (values - values.mean()) / values.std()


def fitted(transform: str, targets: torch.Tensor) -> TargetCurve:
    curve = fitted_curve(transform, targets)
    assert curve is not None and curve.is_rising
    return curve


def skewness(values: torch.Tensor) -> float:
    centred = values - values.mean()
    return float(centred.pow(3).mean() / centred.square().mean() ** 1.5)


@pytest.mark.parametrize("transform", ["log", "quantile"])
def test_what_is_learned_is_standardized_and_not_skewed(transform: str) -> None:
    targets = skewed()
    learned = fitted(transform, targets).to_learn(targets)
    assert learned.dtype == torch.float64
    assert learned.mean().item() == pytest.approx(0, abs=1e-9)
    assert learned.std(correction=0).item() == pytest.approx(1, abs=1e-9)
    assert skewness(targets.double()) > 2 and abs(skewness(learned)) < 0.1


@pytest.mark.parametrize("transform", ["log", "quantile"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_way_back_is_the_inverse(transform: str, dtype: torch.dtype) -> None:
    targets = skewed().to(dtype)
    curve = fitted(transform, targets)
    again = curve.back(curve.to_learn(targets).to(dtype))
    assert again.dtype == dtype
    torch.testing.assert_close(again, targets, rtol=1e-5, atol=1e-5)


def test_the_logarithm_finds_the_shift_of_a_log_normal_variable() -> None:
    """Chords between the knots are off by less than a hundredth of a deviation."""
    targets = skewed()
    learned = fitted("log", targets).to_learn(targets)
    values = torch.randn(3000, generator=torch.Generator().manual_seed(3)).double()
    assert torch.corrcoef(torch.stack([learned, values]))[0, 1] > 0.999


def test_targets_that_are_not_skewed_to_the_right_stay_as_they_are() -> None:
    assert fitted_curve("log", -skewed()) is None
    assert fitted_curve("log", torch.tensor([-1.0, -1.0, 1.0, 1.0])) is None
    assert fitted_curve("none", skewed()) is None
    for transform in ("none", "log", "quantile"):
        assert fitted_curve(transform, torch.zeros(5)) is None


def test_nearly_symmetric_targets_are_learned_nearly_as_they_are() -> None:
    targets = torch.arange(-50.0, 51.0) / 29.0
    targets[-1] += 0.3
    learned = fitted("log", targets).to_learn(targets)
    assert torch.corrcoef(torch.stack([learned, targets.double()]))[0, 1] > 0.9999


def test_quantiles_are_normal_scores_of_ranks() -> None:
    targets = torch.tensor([3.0, 1.0, 1.0, 7.0, 100.0])
    learned = fitted("quantile", targets).to_learn(targets)
    scores = torch.special.ndtri(torch.tensor([2.5, 1.0, 1.0, 3.5, 4.5], dtype=torch.float64) / 5)
    expected = (scores - scores.mean()) / scores.std(correction=0)
    torch.testing.assert_close(learned, expected)


def test_of_many_targets_few_are_knots_at_equal_distances() -> None:
    curve = fitted("quantile", skewed())
    gaps = torch.tensor(curve.learned).diff()
    assert 40 < len(curve.learned) <= MOST_PIECES + 1
    assert gaps[20:-20].max() / gaps[20:-20].min() < 1.3


@pytest.mark.parametrize("transform", ["log", "quantile"])
def test_beyond_the_ends_it_goes_straight_on(transform: str) -> None:
    curve = fitted(transform, skewed())
    (low, second), (last, high) = curve.learned[:2], curve.learned[-2:]
    steps = torch.tensor([low - 2, low, second, last, high, high + 2], dtype=torch.float64)
    found = curve.back(steps)
    first = (curve.values[1] - curve.values[0]) / (second - low)
    final = (curve.values[-1] - curve.values[-2]) / (high - last)
    assert found[0].item() == pytest.approx(curve.values[0] - 2 * first)
    assert found[5].item() == pytest.approx(curve.values[-1] + 2 * final)
    assert (found.diff() > 0).all()


def test_what_is_not_finite_stays_so() -> None:
    outputs = torch.tensor([[torch.nan, torch.inf], [-torch.inf, 0.0]])
    found = fitted("quantile", skewed()).back(outputs)
    assert found.shape == (2, 2) and math.isnan(found[0, 0])
    assert found.isfinite().tolist() == [[False, False], [False, True]]


@pytest.mark.parametrize(
    ("learned", "values"),
    [
        ((0.0,), (0.0,)),
        ((0.0, 1.0), (1.0, 0.0)),
        ((0.0, 0.0), (0.0, 1.0)),
        ((0.0, 1.0), (0.0, 1.0, 2.0)),
        ((0.0, math.nan), (0.0, 1.0)),
    ],
)
def test_knots_that_are_no_curve_are_told(
    learned: tuple[float, ...], values: tuple[float, ...]
) -> None:
    assert not TargetCurve(learned, values).is_rising


def test_a_runs_curve_is_of_its_folds_train_rows_and_classes_have_none() -> None:
    dataset = tiny_dataset("mean_squared", n_folds=2)
    first, second = (
        target_curve(tiny_run(fold=fold, target_transform="quantile"), dataset) for fold in (0, 1)
    )
    assert first == fitted_curve("quantile", dataset.folds[0].train.targets) != second
    assert target_curve(tiny_run(), dataset) is None
    assert target_curve(tiny_run(target_transform="quantile"), tiny_dataset()) is None


@pytest.mark.parametrize("transform", ["log", "quantile"])
@pytest.mark.parametrize("rows", [RowSubset(0.5, 1, seed=3), RowSubset(1.0, seed=2, replace=True)])
def test_a_run_on_a_part_of_the_rows_knows_nothing_of_the_others(
    transform: str, rows: RowSubset
) -> None:
    dataset = tiny_dataset("mean_squared")
    (fold,) = dataset.folds
    own = rows_of(rows, len(fold.train))
    assert own is not None
    targets = fold.train.targets.clone()
    others = [row for row in range(len(targets)) if row not in own.tolist()]
    targets[others] = targets.max() + 100.0
    changed = replace(fold, train=replace(fold.train, targets=targets))
    run = tiny_run(target_transform=transform, rows=rows)
    found = target_curve(run, dataset)
    assert found == fitted_curve(transform, fold.train.targets[own])
    assert found == target_curve(run, replace(dataset, folds=(changed,)))
