"""Forward and backward of a stack against autograd through the plain networks."""

from __future__ import annotations

from functools import partial

import pytest
import torch

from automl.models.mlp.config import MLPConfig
from automl.models.mlp.initialization import initialize_
from automl.models.mlp.network import MLP
from automl.stacked.blocks import StackBlocks, StackLayout, sort_key
from automl.stacked.torch_pass import StackedPass

CONFIGS = sorted(
    [
        MLPConfig(n_layers=3, hidden_size=12, activation="prelu", shape="funnel"),
        MLPConfig(n_layers=2, hidden_size=5, normalization="batch_norm", activation="sigmoid"),
        MLPConfig(n_layers=2, hidden_size=9, normalization="layer_norm", activation="gelu"),
        MLPConfig(n_layers=1, hidden_size=16, normalization="layer_norm", activation="sigmoid"),
        MLPConfig(n_layers=0),
    ],
    key=sort_key,
)
MAXOUT = [
    MLPConfig(n_layers=2, hidden_size=h, activation="maxout", normalization=kind)
    for h, kind in ((6, "none"), (9, "layer_norm"), (5, "batch_norm"))
]

WIDE = [
    MLPConfig(n_layers=2, hidden_size=h, normalization=kind, activation="silu", shape=shape)
    for h, kind, shape in ((150, "layer_norm", "constant"), (203, "batch_norm", "funnel"))
]


MEMBERS = [
    MLPConfig(n_layers=n, hidden_size=h, n_members=3, normalization=kind)
    for n, h, kind in ((2, 9, "batch_norm"), (1, 16, "none"), (0, 8, "none"))
]


@pytest.mark.parametrize(
    ("configs", "n_rows", "dtype"),
    [
        (CONFIGS, 10, torch.float64),
        (MEMBERS, 10, torch.float64),
        (MAXOUT, 10, torch.float64),
        (WIDE, 301, torch.float64),
        (WIDE, 301, torch.float32),
    ],
    ids=["mixed", "members", "maxout", "wide", "wide in single precision"],
)
def test_outputs_and_gradients_are_those_of_autograd(
    configs: list[MLPConfig], n_rows: int, dtype: torch.dtype
) -> None:
    layout = StackLayout.of(configs, 4, (3,), 2)
    make = {"device": "cpu", "dtype": dtype}
    values, gradients = StackBlocks(layout, statistics=True, **make), StackBlocks(layout, **make)
    models = [MLP(config, 4, 2, (3,), dtype=dtype).train() for config in configs]
    generator = torch.Generator().manual_seed(1)
    inputs = torch.randn(len(configs), n_rows, 4, generator=generator, dtype=dtype)
    codes = torch.randint(0, 3, (len(configs), n_rows), generator=generator)
    n_passing = layout.inputs.n_members * n_rows
    upstream = torch.randn(len(configs), 2, n_passing, generator=generator, dtype=dtype)
    for k, model in enumerate(models):
        initialize_(model, k)
        values.write(k, model.state_dict())
    near = {"rtol": 1e-9, "atol": 1e-12 if n_rows < 100 else 1e-11}
    if dtype == torch.float32:  # sums of 300 numbers of size 1, and cancellation
        near = {"rtol": 1e-3, "atol": 1e-3}

    batch = StackedPass(values, n_rows, gradients)
    batch.inputs[..., :4] = inputs
    batch.codes[0].copy_(codes)
    batch.forward()
    batch.output_gradients.copy_(upstream)
    batch.backward()
    for k, model in enumerate(models):
        outputs = model(inputs[k], codes[k, :, None])
        torch.testing.assert_close(batch.outputs[k].T, outputs.detach(), **near)
        outputs.backward(upstream[k].T)
        found = gradients.read(k)
        for name, parameter in model.named_parameters():
            message = partial("{}: {}".format, name)
            torch.testing.assert_close(found[name], parameter.grad, **near, msg=message)
        moved = values.read(k)
        for name, buffer in model.named_buffers():
            if "running" in name:
                torch.testing.assert_close(moved[name], buffer, **near)
    assert_padding_is_zero(gradients)

    evaluation = StackedPass(values, n_rows)
    evaluation.inputs[..., :4] = inputs
    evaluation.codes[0].copy_(codes)
    evaluation.forward()
    for k, model in enumerate(models):
        outputs = model.eval()(inputs[k], codes[k, :, None]).detach()
        mean = evaluation.outputs[k].unflatten(1, (layout.inputs.n_members, n_rows)).mean(1)
        torch.testing.assert_close(mean.T, outputs, **near)


def assert_padding_is_zero(blocks: StackBlocks) -> None:
    real = StackBlocks(blocks.layout, device="cpu", dtype=blocks.flat.dtype)
    for k in range(len(blocks.layout.configs)):
        for view in real.tensors_of(k).values():
            view.fill_(1.0)
    assert not (blocks.flat[real.flat == 0] != 0).any()


def test_infinite_run_leaves_the_others_alone() -> None:
    layout = StackLayout.of([MLPConfig(n_layers=1, hidden_size=h) for h in (8, 3)], 4, (), 2)
    make = {"device": "cpu", "dtype": torch.float64}
    values, gradients = StackBlocks(layout, **make), StackBlocks(layout, **make)
    values.flat.normal_(generator=torch.Generator().manual_seed(0))
    values.hidden[0][0].fill_(torch.inf)
    batch = StackedPass(values, 6, gradients)
    batch.inputs.normal_(generator=torch.Generator().manual_seed(0))
    batch.forward()
    batch.output_gradients.copy_(batch.outputs)
    batch.backward()
    assert not batch.outputs[0].isfinite().all()
    assert batch.outputs[1].isfinite().all()
    assert all(block[1].isfinite().all() for block in (gradients.hidden[0], gradients.output))
