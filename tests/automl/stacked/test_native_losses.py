"""The kernels' cross-entropy on outputs of any size; see also test_stacked_losses.py."""

from __future__ import annotations

import pytest
import torch

from automl.stacked import native
from automl.stacked.native_losses import class_gradients_, class_scores_

pytestmark = pytest.mark.skipif(
    native.library(torch.float64) is None, reason="no C++ compiler here"
)


@pytest.mark.parametrize("n_rows", [1, 63, 64, 129])
def test_rows_beyond_a_tile_are_computed_too(n_rows: int) -> None:
    outputs = torch.randn(2, 5, n_rows, generator=torch.Generator().manual_seed(0))
    targets = torch.arange(2 * n_rows).view(2, n_rows) % 5
    gradients, losses, errors = (torch.full_like(outputs, 9.0) for _ in range(3))
    class_gradients_(outputs, targets, None, None, gradients)
    onehot = torch.nn.functional.one_hot(targets, 5).mT
    torch.testing.assert_close(gradients, (outputs.softmax(1) - onehot) / n_rows)
    class_scores_(outputs, targets, losses[:, 0], errors[:, 0])
    expected = torch.nn.functional.cross_entropy(outputs, targets, reduction="none")
    torch.testing.assert_close(losses[:, 0], expected)
    assert torch.equal(errors[:, 0] == 0, outputs.argmax(1) == targets)


def test_large_outputs_do_not_overflow() -> None:
    outputs = torch.tensor([[[1e4], [-1e4]]])
    gradients = torch.empty_like(outputs)
    class_gradients_(outputs, torch.tensor([[1]]), None, None, gradients)
    assert gradients.flatten().tolist() == [1.0, -1.0]
