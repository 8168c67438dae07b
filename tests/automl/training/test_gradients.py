from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping

import pytest
import torch
from torch.nn import functional

from automl.models.mlp.config import MLPConfig
from automl.models.mlp.family import MLP_FAMILY
from automl.models.mlp.initialization import initialize_
from automl.models.mlp.network import MLP
from automl.training.config import RowSubset
from automl.training.gradients import inspect_initialization, is_measured, measure_layers
from automl.training.network import Network
from automl.training.place import Place
from automl.training.rows import Rows
from storage.records import LayerGradientRecord
from tests.contracts.tiny_datasets import tiny_dataset
from tests.contracts.toy_family import TOY_FAMILY
from tests.contracts.trainer_contract import tiny_run

GENERATOR = torch.Generator().manual_seed(0)
INPUTS = torch.randn(40, 3, generator=GENERATOR, dtype=torch.float64)
TARGETS = torch.randint(2, (40,), generator=GENERATOR)
NO_CATEGORIES = torch.empty(40, 0, dtype=torch.int64)


def network(**values: object) -> MLP:
    model = MLP(MLPConfig(n_layers=1, hidden_size=6, **values), 3, 2, dtype=torch.float64)
    initialize_(model, 3)
    return model


def measured(
    model: MLP, before: Mapping[int, torch.Tensor] | None = None
) -> tuple[LayerGradientRecord, ...]:
    place = Place(dtype=torch.float64)
    rows = Rows((INPUTS, NO_CATEGORIES), TARGETS)
    return measure_layers(Network(MLP_FAMILY, model, 2, place), "cross_entropy", rows, before)


def test_numbers_are_those_of_the_formulas_by_hand() -> None:
    """One tanh layer and softmax: the backward pass written out."""
    model = network(activation="tanh", initialization="xavier")
    (w1, b1), (w2, b2) = (tuple(linear.parameters()) for linear in model.linears)
    with torch.no_grad():
        hidden = torch.tanh(INPUTS @ w1.T + b1)
        outputs = hidden @ w2.T + b2
        d_outputs = (torch.softmax(outputs, 1) - functional.one_hot(TARGETS, 2)) / 40
        d_hidden = d_outputs @ w2 * (1 - hidden**2)
        gradient_norms = [
            (d_hidden.T @ INPUTS).norm().item(),
            (d_outputs.T @ hidden).norm().item(),
        ]
    before = {id(w1): 0.9 * w1.detach(), id(w2): 0.99 * w2.detach()}
    first, output = measured(model, before)
    assert [first.gradient_norm, output.gradient_norm] == pytest.approx(gradient_norms, rel=1e-12)
    assert first.weight_norm == pytest.approx(w1.norm().item())
    assert [first.update_ratio, output.update_ratio] == pytest.approx([0.1, 0.01])
    assert first.activation_mean == pytest.approx(hidden.mean().item())
    assert output.activation_mean == pytest.approx(outputs.mean().item())
    deviation = hidden.var(correction=0).sqrt().item()
    assert first.activation_standard_deviation == pytest.approx(deviation)
    assert [first.name, output.name, first.layer, output.layer] == ["hidden 1", "output", 0, 1]


def test_saturation_is_the_share_beyond_the_flat_ends() -> None:
    for activation, factor in (("tanh", 1.0), ("sigmoid", 2.0)):
        model = network(activation=activation, initialization="zeros")
        with torch.no_grad():  # half of the units far out, on tanh's scale
            model.layers[0].linear.bias.copy_(torch.tensor([0, 0, 0, 1, 1, -1]) * 4.0 * factor)
        first, output = measured(model)
        assert first.saturated_fraction == pytest.approx(0.5)
        assert output.saturated_fraction == 0.0


def test_dead_units_are_zero_on_the_whole_batch() -> None:
    model = network(activation="relu")
    with torch.no_grad():
        model.layers[0].linear.bias[:2] = -1e3
    first, output = measured(model)
    assert first.dead_fraction == pytest.approx(2 / 6)
    assert output.dead_fraction == 0.0


@pytest.mark.parametrize("normalization", ["none", "batch_norm"])
def test_measuring_leaves_the_network_as_it_is(normalization: str) -> None:
    model = network(normalization=normalization).eval()
    before = {name: values.clone() for name, values in model.state_dict().items()}
    measured(model)
    assert all(torch.equal(model.state_dict()[name], values) for name, values in before.items())
    assert not model.training
    assert all(parameter.grad is None for parameter in model.parameters())


class Counting(torch.nn.Module):
    """Puts a new tensor in the place of its buffer, and writes into another."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = torch.nn.Linear(5, 3)
        self.register_buffer("replaced", torch.zeros(()))
        self.register_buffer("written", torch.zeros(()))

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        self.replaced = self.replaced + 1
        self.written += 1
        return self.linear(inputs)


def test_measuring_leaves_buffers_of_any_module_as_they_are() -> None:
    model, rows = Counting(), Rows((torch.rand(9, 5),), torch.zeros(9).long())
    network = Network(TOY_FAMILY, model, 3, Place())
    layers = measure_layers(network, "cross_entropy", rows)
    assert [layer.name for layer in layers] == ["linear"]
    assert (model.replaced, model.written) == (0, 0)


def test_batch_norm_is_measured_with_the_batchs_statistics() -> None:
    model = network(normalization="batch_norm", activation="leaky_relu", initialization="normal")
    first = measured(model)[0]
    assert first.activation_standard_deviation > 0.5, "running statistics would give about 0.02"


def test_small_normal_weights_with_sigmoid_vanish_towards_the_inputs() -> None:
    run = tiny_run(n_layers=5, activation="sigmoid", initialization="normal", hidden_size=32)
    layers = inspect_initialization(run, tiny_dataset())
    assert [layer.name for layer in layers][-2:] == ["hidden 5", "output"]
    assert layers[0].gradient_norm < 1e-5 * layers[-1].gradient_norm
    assert all(math.isnan(layer.update_ratio) for layer in layers)


def test_zero_weights_give_no_gradient_below_the_output() -> None:
    layers = inspect_initialization(tiny_run(initialization="zeros"), tiny_dataset())
    assert [layer.gradient_norm for layer in layers] == [0.0, 0.0, 0.0]
    assert [layer.weight_norm for layer in layers] == [0.0, 0.0, 0.0]


@pytest.mark.parametrize("loss", ["binary_cross_entropy", "mean_squared"])
def test_every_task_can_be_inspected(loss: str) -> None:
    layers = inspect_initialization(tiny_run(), tiny_dataset(loss, with_categories=True))
    assert all(layer.gradient_norm > 0 for layer in layers)


def test_inspection_sees_the_runs_own_rows() -> None:
    whole, part = tiny_run(), tiny_run(rows=RowSubset(0.2))
    assert inspect_initialization(whole, tiny_dataset())[0].weight_norm == pytest.approx(
        inspect_initialization(part, tiny_dataset())[0].weight_norm
    )
    first, second = (inspect_initialization(run, tiny_dataset())[0] for run in (whole, part))
    assert dataclasses.replace(first, update_ratio=0.0) != dataclasses.replace(
        second, update_ratio=0.0
    )


def test_epochs_measured_are_powers_of_two() -> None:
    assert [epoch for epoch in range(40) if is_measured(epoch)] == [2, 4, 8, 16, 32]
