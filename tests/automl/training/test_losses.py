from __future__ import annotations

import pytest
import torch
from torch.nn import functional

from automl.training.losses import LOSSES, metric_of, objective, row_errors, row_losses

GENERATOR = torch.Generator().manual_seed(0)
LOGITS = torch.randn(50, 4, generator=GENERATOR, dtype=torch.float64) * 3
CLASSES = torch.randint(4, (50,), generator=GENERATOR)
LABELS = torch.randint(2, (50,), generator=GENERATOR)
VALUES = torch.randn(50, generator=GENERATOR, dtype=torch.float64)
WEIGHTS = torch.tensor([0.5, 2.0, 1.0, 3.0], dtype=torch.float64)

ONE = LOGITS[:, :1]
TORCHS = {
    "cross_entropy": lambda: functional.cross_entropy(LOGITS, CLASSES, reduction="none"),
    "binary_cross_entropy": lambda: functional.binary_cross_entropy_with_logits(
        ONE[:, 0], LABELS.double(), reduction="none"
    ),
    "mean_squared": lambda: functional.mse_loss(ONE[:, 0], VALUES, reduction="none"),
    "mean_absolute": lambda: functional.l1_loss(ONE[:, 0], VALUES, reduction="none"),
    "huber": lambda: functional.huber_loss(ONE[:, 0], VALUES, reduction="none"),
}


def arguments(loss: str) -> tuple[torch.Tensor, torch.Tensor]:
    if loss == "cross_entropy":
        return LOGITS, CLASSES
    return ONE, LABELS if loss == "binary_cross_entropy" else VALUES


@pytest.mark.parametrize("loss", LOSSES)
def test_row_losses_are_torchs(loss: str) -> None:
    torch.testing.assert_close(row_losses(loss, *arguments(loss)), TORCHS[loss]())


@pytest.mark.parametrize("loss", LOSSES)
def test_objective_without_smoothing_is_the_mean_of_the_row_losses(loss: str) -> None:
    torch.testing.assert_close(objective(loss, *arguments(loss)), TORCHS[loss]().mean())


@pytest.mark.parametrize("loss", ["mean_squared", "mean_absolute", "huber"])
def test_label_smoothing_is_without_effect_on_regression(loss: str) -> None:
    assert torch.equal(objective(loss, ONE, VALUES, 0.3), objective(loss, ONE, VALUES))


def test_label_smoothing_is_torchs() -> None:
    expected = functional.cross_entropy(LOGITS, CLASSES, label_smoothing=0.2)
    torch.testing.assert_close(objective("cross_entropy", LOGITS, CLASSES, 0.2), expected)


def test_smoothed_binary_loss_is_the_smoothed_loss_of_two_classes() -> None:
    two = torch.cat([torch.zeros_like(ONE), ONE], dim=1)
    expected = functional.cross_entropy(two, LABELS, label_smoothing=0.2)
    torch.testing.assert_close(objective("binary_cross_entropy", ONE, LABELS, 0.2), expected)


def test_class_weights_multiply_rows_and_divide_by_their_number() -> None:
    rows = functional.cross_entropy(LOGITS, CLASSES, weight=WEIGHTS, reduction="none")
    found = objective("cross_entropy", LOGITS, CLASSES, class_weights=WEIGHTS)
    torch.testing.assert_close(found, rows.mean())
    found = objective("binary_cross_entropy", ONE, LABELS, class_weights=WEIGHTS[:2])
    expected = (TORCHS["binary_cross_entropy"]() * WEIGHTS[LABELS]).mean()
    torch.testing.assert_close(found, expected)


@pytest.mark.parametrize("loss", ["cross_entropy", "binary_cross_entropy"])
def test_losses_of_extreme_outputs_are_finite(loss: str) -> None:
    outputs, targets = arguments(loss)
    extreme = (1e4 * outputs).float().requires_grad_()
    objective(loss, extreme, targets, 0.1).backward()
    assert extreme.grad is not None and extreme.grad.isfinite().all()


def test_errors_count_wrong_rows_or_square_the_distance() -> None:
    three = torch.tensor([[0.0, 2.0, 1.0], [3.0, 2.0, 1.0]])
    assert row_errors("multiclass", three, torch.tensor([1, 1])).tolist() == [0, 1]
    one = torch.tensor([[0.5], [-0.5]])
    assert row_errors("binary", one, torch.tensor([1, 1])).tolist() == [0, 1]
    assert row_errors("regression", one, torch.tensor([0.0, 0.5])).tolist() == [0.25, 1.0]


def test_metric_of_regression_is_in_the_targets_unit() -> None:
    assert metric_of("regression", 4.0, target_scale=10.0) == 20.0
    assert metric_of("binary", 0.25, target_scale=1.0) == 0.25


@pytest.mark.parametrize("loss", LOSSES)
def test_weights_of_rows_multiply_what_classes_weigh(loss: str) -> None:
    generator = torch.Generator().manual_seed(3)
    outputs = torch.randn(9, 3 if loss == "cross_entropy" else 1, generator=generator)
    is_classes = "cross_entropy" in loss
    targets = torch.arange(9) % 2 if is_classes else torch.randn(9, generator=generator)
    weights, classes = torch.rand(9, generator=generator), torch.tensor([0.5, 2.0, 1.0])
    each = row_losses(loss, outputs, targets)
    found = objective(loss, outputs, targets, weights=weights)
    torch.testing.assert_close(found, (each * weights).mean())
    if is_classes:
        found = objective(loss, outputs, targets, 0.0, classes, weights)
        torch.testing.assert_close(found, (each * weights * classes[targets]).mean())
