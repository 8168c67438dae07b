"""The kernels' mean losses over rows of a table, for networks whose outputs are known."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from automl.stacked.blocks import StackBlocks, StackLayout
from automl.stacked.native_description import VALUES, DescribedRun, Scratch
from automl.stacked.native_lesson import LOSSES
from automl.stacked.native_scores import CHUNK_ROWS, NativeScores
from automl.stacked.rows import TableRows
from automl.training.losses import row_errors, row_losses
from automl.training.readout import Readout
from automl.training.scores import Score
from automl.training.target_transform import TargetCurve
from tests.contracts.kernels import needs_kernels
from tests.contracts.tiny_datasets import TASKS
from tests.contracts.trainer_contract import tiny_run

pytestmark = needs_kernels(torch.float64)

CODES, N_TABLE = 4, 300


def linear_map(loss: str) -> tuple[StackBlocks, NativeScores]:
    """A network without hidden layers, on two columns and an embedded one."""
    run = tiny_run(n_layers=0)
    n_outputs = TASKS[loss][1] if loss == "cross_entropy" else 1
    layout = StackLayout.of([run.model], 2, (CODES,), n_outputs)
    numbers = torch.zeros(4, sum(map(math.prod, layout.shapes)), dtype=torch.float64)
    values = StackBlocks(layout, device="cpu", dtype=torch.float64, flat=numbers[VALUES])
    generator = torch.Generator().manual_seed(1)
    for view in values.tensors_of(0).values():
        view.normal_(generator=generator)
    described = DescribedRun(run, layout, numbers, Scratch(numbers), CHUNK_ROWS)
    return values, NativeScores(described, loss, torch.float64)


def table_of(loss: str) -> TableRows:
    generator = torch.Generator().manual_seed(2)
    inputs = torch.randn(N_TABLE, 2, generator=generator, dtype=torch.float64)
    targets = torch.randn(N_TABLE, generator=generator, dtype=torch.float64)
    if TASKS[loss][0] != "regression":
        targets = torch.randint(0, TASKS[loss][1], (N_TABLE,), generator=generator)
    return TableRows(inputs, torch.randint(0, CODES, (N_TABLE, 1), generator=generator), targets)


def expected(loss: str, values: StackBlocks, table: TableRows, rows: Tensor) -> Score:
    embedded = values.inputs[0][0][table.categories[rows, 0]]
    inputs = torch.cat([table.inputs[rows], embedded], dim=1)
    tensors = values.tensors_of(0)
    outputs = inputs @ tensors["output.weight"].T + tensors["output.bias"]
    losses = row_losses(loss, outputs, table.targets[rows])
    errors = row_errors(TASKS[loss][0], outputs, table.targets[rows])
    if table.weights is not None:
        weights = table.weights[rows] / table.weights[rows].mean()
        losses, errors = losses * weights, errors * weights
    deviation = losses.std(correction=min(1, len(rows) - 1)) / len(rows) ** 0.5
    return Score(float(losses.mean()), float(deviation), float(errors.mean()))


@pytest.mark.parametrize("n_rows", [1, CHUNK_ROWS, CHUNK_ROWS + 1, 170])
@pytest.mark.parametrize("is_weighted", [False, True])
@pytest.mark.parametrize("loss", LOSSES)
def test_means_and_errors_over_rows(loss: str, is_weighted: bool, n_rows: int) -> None:
    values, scores = linear_map(loss)
    table, chosen = table_of(loss), torch.arange(170).flip(0)[:n_rows]
    if is_weighted:
        table = replace(table, weights=torch.linspace(0.1, 3, N_TABLE).double())
    for rows in (n_rows, chosen, chosen // 2):
        score = scores.measure(table.described(), 7, rows)
        index = torch.arange(n_rows) if isinstance(rows, int) else rows
        wanted = expected(loss, values, table, index + 7)
        assert score.loss == pytest.approx(wanted.loss, rel=1e-12)
        assert score.error == pytest.approx(wanted.error, rel=1e-12)
        assert score.standard_error == pytest.approx(wanted.standard_error, abs=1e-12)


CURVE = TargetCurve((-3.0, -1.0, 0.0, 0.25, 3.0), (-1.5, -1.4, -0.2, 1.0, 9.0))
TAKEN_FOR = [Readout(within=(-1.0, 2.0)), Readout(CURVE), Readout(CURVE, (-1.0, 2.0))]


@pytest.mark.parametrize("readout", TAKEN_FOR)
def test_outputs_are_taken_for_values_but_for_those_that_are_none(readout: Readout) -> None:
    run, numbers = tiny_run(n_layers=0), torch.zeros(4, 3, dtype=torch.float64)
    layout = StackLayout.of([run.model], 2, (), 1)
    numbers[VALUES] = torch.tensor([1.0, 0.0, 0.0])  # the first column is what is put out
    described = DescribedRun(run, layout, numbers, Scratch(numbers), CHUNK_ROWS)
    scores = NativeScores(described, "mean_absolute", torch.float64, readout)
    column = torch.linspace(-5, 5, 151, dtype=torch.float64)  # of the knots too
    inputs = torch.stack([column, torch.zeros_like(column)], dim=1)
    no_codes = torch.empty(151, 0, dtype=torch.int64)
    table = TableRows(inputs, no_codes, torch.zeros_like(column))
    score = scores.measure(table.described(), 0, 151)
    assert score.loss == pytest.approx(readout.values(column).abs().mean().item(), rel=1e-12)
    inputs[70, 0] = torch.inf
    assert not math.isfinite(scores.measure(table.described(), 0, 151).loss)


def test_the_first_of_equal_outputs_is_predicted() -> None:
    """As `argmax` has it; networks that start from zeros have equal outputs."""
    (values, scores), table = linear_map("cross_entropy"), table_of("cross_entropy")
    values.flat.zero_()
    score = scores.measure(table.described(), 0, N_TABLE)
    assert score.error == (table.targets != 0).double().mean()


def test_one_row_without_a_number_shows() -> None:
    (_, scores), table = linear_map("cross_entropy"), table_of("cross_entropy")
    for row in (0, 70, N_TABLE - 1):
        inputs = table.inputs.clone()
        inputs[row] = torch.inf
        broken = TableRows(inputs, table.categories, table.targets)
        score = scores.measure(broken.described(), 0, N_TABLE)
        assert not torch.isfinite(torch.tensor(score.loss))


def test_nearly_equal_losses_keep_their_spread() -> None:
    """Squares of 1e8 in double precision would leave nothing of deviations of 1e-1."""
    (values, scores), table = linear_map("mean_absolute"), table_of("mean_absolute")
    values.flat.zero_()
    values.vector(-1, "bias")[0] = 1e8
    targets = (torch.arange(N_TABLE) % 2 / 10.0).double()
    other = TableRows(table.inputs, table.categories, targets)
    score = scores.measure(other.described(), 0, 100)
    assert score.standard_error == pytest.approx(0.05 / 99**0.5, rel=1e-6)
