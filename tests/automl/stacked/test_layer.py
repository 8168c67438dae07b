"""One hidden layer by torch calls: the order of activations, products into blocks."""

from __future__ import annotations

import torch

from automl.models.mlp.config import MLPConfig
from automl.stacked.blocks import StackBlocks, StackLayout
from automl.stacked.layer import LayerPlace, StackedLayer, Workspace, product


def outputs_of(activations: list[str], n_rows: int) -> tuple[torch.Tensor, int]:
    configs = [MLPConfig(n_layers=1, hidden_size=8, activation=name) for name in activations]
    values = StackBlocks(StackLayout.of(configs, 8, (), 2), device="cpu", dtype=torch.float64)
    values.flat.normal_(generator=torch.Generator().manual_seed(0))
    inputs = torch.ones(len(configs), n_rows, 8, dtype=torch.float64)
    layer = StackedLayer(LayerPlace(0, values, None, Workspace(values.flat)), inputs)
    for call in layer.forward:
        call()
    return layer.outputs.clone(), len(layer.forward)


def test_sorting_by_activation_saves_calls_and_changes_no_number() -> None:
    alternating = ["tanh", "relu", "silu"] * 8
    few_rows, n_sorted = outputs_of(alternating, n_rows=4)
    many_rows, n_unsorted = outputs_of(alternating, n_rows=4000)
    assert n_sorted < n_unsorted
    torch.testing.assert_close(few_rows, many_rows[:, :4])


def test_product_into_part_of_a_block_leaves_the_rest() -> None:
    block = torch.zeros(3, 5, 4)
    left, right = torch.randn(3, 2, 6), torch.randn(3, 6, 4)
    for call in product(left, right, block[:, :2]):
        call()
    torch.testing.assert_close(block[:, :2], left @ right)
    assert block[:, 2:].count_nonzero() == 0


def test_workspace_hands_out_one_buffer_per_name() -> None:
    workspace = Workspace(torch.zeros(1))
    first, again = workspace.shared("z", 2, 3), workspace.shared("z", 3)
    assert first.data_ptr() == again.data_ptr()
    assert workspace.own(2).data_ptr() != workspace.own(2).data_ptr()
