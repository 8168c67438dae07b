"""The kernels' objective on outputs of any number of rows; see also test_losses.py."""

from __future__ import annotations

import pytest
import torch

from automl.stacked import native
from automl.stacked.losses import StackedObjective
from automl.stacked.native_losses import LOSSES, objective_gradients_
from tests.contracts.tiny_datasets import TASKS

pytestmark = pytest.mark.skipif(
    native.library(torch.float64) is None, reason="no C++ compiler here"
)


def test_the_kernels_know_all_losses() -> None:
    assert set(LOSSES) == set(TASKS)


@pytest.mark.parametrize("n_rows", [1, 63, 64, 129])
@pytest.mark.parametrize("loss", TASKS)
def test_rows_beyond_a_tile_are_computed_too(loss: str, n_rows: int) -> None:
    n_outputs = TASKS[loss][1] if loss == "cross_entropy" else 1
    generator = torch.Generator().manual_seed(0)
    outputs = 2 * torch.randn(2, n_outputs, n_rows, generator=generator, dtype=torch.float64)
    if TASKS[loss][0] == "regression":
        targets = torch.randn(2, n_rows, generator=generator, dtype=torch.float64)
        smoothing = weights = None
    else:
        targets = torch.arange(2 * n_rows).view(2, n_rows) % max(2, n_outputs)
        smoothing = torch.tensor([0.0, 0.1], dtype=torch.float64)[:, None, None]
        weights = 1 + torch.rand(2, max(2, n_outputs), generator=generator, dtype=torch.float64)
    found, expected = torch.full_like(outputs, 9.0), torch.full_like(outputs, 9.0)
    objective_gradients_(loss, outputs, targets, smoothing, weights, found)
    StackedObjective(loss, smoothing, weights).gradient_(outputs, targets, expected)
    torch.testing.assert_close(found, expected)


def test_large_outputs_do_not_overflow() -> None:
    outputs = torch.tensor([[[1e4], [-1e4]]])
    gradients = torch.empty_like(outputs)
    objective_gradients_("cross_entropy", outputs, torch.tensor([[1]]), None, None, gradients)
    assert gradients.flatten().tolist() == [1.0, -1.0]


@pytest.mark.parametrize("loss", [loss for loss in LOSSES if loss != "cross_entropy"])
def test_what_is_no_number_stays_none(loss: str) -> None:
    outputs = torch.tensor([[[torch.nan, 0.5]]])
    targets = torch.tensor([[1, 0]])
    if loss != "binary_cross_entropy":
        targets = targets.float()
    gradients = torch.empty_like(outputs)
    objective_gradients_(loss, outputs, targets, None, None, gradients)
    assert gradients.isnan().flatten().tolist() == [True, False]
