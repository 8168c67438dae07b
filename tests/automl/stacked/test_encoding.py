"""The encodings of stacked runs, each with bins of its own, against the plain ones by autograd."""

from __future__ import annotations

import pytest
import torch

from automl.models.mlp.config import MLPConfig
from automl.models.mlp.network import mlp_for
from automl.stacked.blocks import StackBlocks
from automl.stacked.encoding import StackedEncoding
from automl.stacked.stack_rows import Tables
from tests.contracts.tiny_datasets import N_NUMBERS, tiny_dataset
from tests.contracts.trainer_contract import tiny_run

N_ROWS = 11


@pytest.mark.parametrize("encoding", ["piecewise_linear", "periodic"])
def test_forward_and_gradients_of_runs_that_are_scaled_differently(encoding: str) -> None:
    data = tiny_dataset(n_folds=2)
    values = {"numeric_encoding": encoding, "encoding_size": 3, "n_bins": 6, "n_frequencies": 5}
    runs = [
        tiny_run(n, fold=n % 2, scaling=scaling, **values)
        for n, scaling in enumerate(("standard", "quantile", "robust_clip"))
    ]
    tables = Tables(data, torch.device("cpu"), torch.float64)
    layout = tables.layout(runs)
    numbers, gradients = (StackBlocks(layout, device="cpu", dtype=torch.float64) for _ in range(2))
    generator = torch.Generator().manual_seed(1)
    numbers.flat.copy_(torch.randn(numbers.flat.shape, generator=generator))
    inputs = torch.zeros(3, N_ROWS, layout.n_inputs, dtype=torch.float64)
    stage = StackedEncoding(numbers, gradients, inputs)
    stage.columns.copy_(2 * torch.randn(stage.columns.shape, generator=generator))
    stage.forward()
    signals = torch.randn(inputs.shape, generator=generator, dtype=torch.float64)
    stage.backward(signals)
    for k, run in enumerate(runs):
        model = mlp_for(run.model, data.describe(run.fold), dtype=torch.float64)
        module = model.numeric_encoding
        assert module is not None
        module.load_state_dict(
            {
                name.partition(".")[2]: tensor
                for name, tensor in numbers.read(k).items()
                if name.startswith("numeric_encoding.")
            }
        )
        columns, marks = stage.columns[k].tensor_split([N_NUMBERS], dim=1)
        wanted = torch.cat([module(columns), marks], dim=1)
        torch.testing.assert_close(inputs[k], wanted)
        wanted.backward(signals[k])
        found = gradients.read(k)
        for name, parameter in module.named_parameters():
            torch.testing.assert_close(found[f"numeric_encoding.{name}"], parameter.grad)


def test_bins_are_made_once_for_a_fold_a_scaling_and_a_number() -> None:
    tables = Tables(tiny_dataset(n_folds=2), torch.device("cpu"), torch.float32)
    encoded = {"numeric_encoding": "piecewise_linear"}
    one, other = tiny_run(1, **encoded), tiny_run(2, hidden_size=3, **encoded)
    assert tables.layout([one]).bins[0] is tables.layout([other]).bins[0]
    assert tables.layout([tiny_run(3, fold=1, **encoded)]).bins[0] is not tables.bins(one)
    assert tables.layout([tiny_run(4)]).bins == ()
    assert MLPConfig().numeric_encoding == "none"
