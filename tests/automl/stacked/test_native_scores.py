"""The kernels' mean losses over rows of a table, for networks whose outputs are known."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from automl.models.mlp.config import MLPConfig
from automl.stacked import native
from automl.stacked.blocks import StackBlocks, StackLayout
from automl.stacked.native_losses import LOSSES
from automl.stacked.native_scores import CHUNK_ROWS, NativeScores
from automl.stacked.rows import TableRows
from automl.training.losses import row_errors, row_losses
from automl.training.scores import Score
from tests.contracts.tiny_datasets import TASKS

pytestmark = pytest.mark.skipif(
    native.library(torch.float64) is None, reason="no C++ compiler here"
)

CODES, N_TABLE = 4, 300


def linear_maps(n_runs: int, n_outputs: int) -> StackBlocks:
    """Networks without hidden layers, on two columns and an embedded one."""
    layout = StackLayout.of([MLPConfig(n_layers=0)] * n_runs, 2, (CODES,), n_outputs)
    values = StackBlocks(layout, device="cpu", dtype=torch.float64, statistics=True)
    generator = torch.Generator().manual_seed(1)
    for k in range(n_runs):
        for view in values.tensors_of(k).values():
            view.normal_(generator=generator)
    return values


def table_of(loss: str) -> TableRows:
    generator = torch.Generator().manual_seed(2)
    inputs = torch.randn(N_TABLE, 2, generator=generator, dtype=torch.float64)
    targets = torch.randn(N_TABLE, generator=generator, dtype=torch.float64)
    if TASKS[loss][0] != "regression":
        targets = torch.randint(0, TASKS[loss][1], (N_TABLE,), generator=generator)
    return TableRows(inputs, torch.randint(0, CODES, (N_TABLE, 1), generator=generator), targets)


def expected(loss: str, values: StackBlocks, k: int, table: TableRows, rows: Tensor) -> Score:
    embedded = values.embeddings[0][k][table.categories[rows, 0]]
    inputs = torch.cat([table.inputs[rows], embedded], dim=1)
    tensors = values.tensors_of(k)
    outputs = inputs @ tensors["output.weight"].T + tensors["output.bias"]
    losses = row_losses(loss, outputs, table.targets[rows])
    deviation = losses.std(correction=min(1, len(rows) - 1)) / len(rows) ** 0.5
    errors = row_errors(TASKS[loss][0], outputs, table.targets[rows])
    return Score(float(losses.mean()), float(deviation), float(errors.mean()))


@pytest.mark.parametrize("n_rows", [1, CHUNK_ROWS, CHUNK_ROWS + 1, 170])
@pytest.mark.parametrize("loss", LOSSES)
def test_means_and_errors_over_rows(loss: str, n_rows: int) -> None:
    values = linear_maps(3, TASKS[loss][1] if loss == "cross_entropy" else 1)
    table, starts = table_of(loss), torch.tensor([[0], [100], [7]])
    scores = NativeScores(values, loss)
    shared = torch.arange(170).flip(0)[:n_rows]
    own = torch.stack([shared, shared // 2, shared * 0])
    for rows in (n_rows, shared, own):
        found = scores.measure(table, starts, rows, [2, 1])
        for k, score in zip([2, 1], found, strict=True):
            index = torch.arange(n_rows) if isinstance(rows, int) else rows
            index = index[k] if index.ndim == 2 else index
            wanted = expected(loss, values, k, table, index + int(starts[k]))
            assert score.loss == pytest.approx(wanted.loss, rel=1e-12)
            assert score.error == pytest.approx(wanted.error, rel=1e-12)
            assert score.standard_error == pytest.approx(wanted.standard_error, abs=1e-12)


def test_the_first_of_equal_outputs_is_predicted() -> None:
    """As `argmax` has it; networks that start from zeros have equal outputs."""
    values, table = linear_maps(1, 3), table_of("cross_entropy")
    values.flat.zero_()
    (score,) = NativeScores(values, "cross_entropy").measure(
        table, torch.tensor([[0]]), N_TABLE, [0]
    )
    assert score.error == (table.targets != 0).double().mean()


def test_one_row_without_a_number_shows() -> None:
    values, table = linear_maps(1, 3), table_of("cross_entropy")
    for row in (0, 70, N_TABLE - 1):
        inputs = table.inputs.clone()
        inputs[row] = torch.inf
        (score,) = NativeScores(values, "cross_entropy").measure(
            TableRows(inputs, table.categories, table.targets), torch.tensor([[0]]), N_TABLE, [0]
        )
        assert not torch.isfinite(torch.tensor(score.loss))


def test_nearly_equal_losses_keep_their_spread() -> None:
    """Squares of 1e8 in double precision would leave nothing of deviations of 1e-1."""
    values, table = linear_maps(1, 1), table_of("mean_absolute")
    values.flat.zero_()
    values.vector(-1, "bias")[0] = 1e8
    targets = torch.arange(N_TABLE) % 2 / 10.0
    (score,) = NativeScores(values, "mean_absolute").measure(
        TableRows(table.inputs, table.categories, targets.double()), torch.tensor([[0]]), 100, [0]
    )
    assert score.standard_error == pytest.approx(0.05 / 99**0.5, rel=1e-6)
