from __future__ import annotations

import torch

from automl.stacked.blocks import StackBlocks
from automl.stacked.input_stage import StackedInputs
from automl.stacked.stack_rows import Tables
from tests.contracts.tiny_datasets import tiny_dataset
from tests.contracts.trainer_contract import tiny_run


def stage(*, in_training: bool, with_categories: bool = False, **values: object) -> StackedInputs:
    tables = Tables(
        tiny_dataset(with_categories=with_categories), torch.device("cpu"), torch.float64
    )
    layout = tables.layout([tiny_run(1, **values)])
    blocks = [StackBlocks(layout, device="cpu", dtype=torch.float64) for _ in range(2)]
    inputs = torch.zeros(1, 7, layout.n_inputs, dtype=torch.float64)
    return StackedInputs(blocks[0], inputs, blocks[1] if in_training else None)


def test_signals_are_asked_for_where_something_is_learned() -> None:
    assert stage(in_training=True).signals is None
    assert stage(in_training=False, with_categories=True).signals is None
    assert stage(in_training=True, with_categories=True).signals is not None
    assert stage(in_training=True, numeric_encoding="periodic").signals is not None


def test_columns_are_the_inputs_unless_they_are_encoded() -> None:
    plain, encoded = stage(in_training=True), stage(in_training=True, numeric_encoding="periodic")
    assert plain.columns.shape == (1, 7, 5) and not plain.forward
    assert encoded.columns.shape == (1, 7, 5) and len(encoded.forward) == 1


def test_rows_are_mixed_where_a_run_mixes_and_their_signals_on_the_way_back() -> None:
    """The way back is the transposed of the way there."""
    mixing = stage(in_training=True, with_categories=True, mixup=0.4)
    assert mixing.signals is not None
    mixing.own_share = torch.tensor([[[0.75]]], dtype=torch.float64)
    generator, shape = torch.Generator().manual_seed(0), (2, *mixing.signals.shape)
    rows, signals = torch.randn(shape, generator=generator, dtype=torch.float64)
    mixing.columns.copy_(rows)
    mixing.forward[-1]()
    expected = 0.75 * rows + 0.25 * torch.cat([rows[:, 1:], rows[:, :1]], dim=1)
    torch.testing.assert_close(mixing.columns, expected)
    mixing.signals.copy_(signals)
    mixing.backward[0]()
    both = (expected * signals).sum(), (rows * mixing.signals).sum()
    torch.testing.assert_close(*both)
