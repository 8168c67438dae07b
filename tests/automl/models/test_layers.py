from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from automl.models.layers import trace_layers


class Shared(nn.Module):
    """One ReLU serves two layers, and a third is activated by a function."""

    def __init__(self) -> None:
        super().__init__()
        self.output = nn.Linear(4, 2)  # named first, called last
        self.first = nn.Linear(3, 4)
        self.second = nn.Linear(4, 4)
        self.relu = nn.ReLU()
        self.norm = nn.LayerNorm(4)
        self.unused = nn.Linear(3, 3)

    def forward(self, inputs: Tensor) -> Tensor:
        values = self.relu(self.norm(self.first(inputs)))
        values = self.relu(self.second(values))
        outputs: Tensor = self.output(functional.tanh(self.second(values)))
        return outputs


def test_layers_come_in_the_order_of_execution_with_their_activations() -> None:
    torch.manual_seed(0)
    module, inputs = Shared(), torch.randn(5, 3)
    outputs, signals = trace_layers(module, (inputs,))
    assert torch.equal(outputs, module(inputs))
    assert [signal.name for signal in signals] == ["first", "second", "output"]
    assert [signal.activation for signal in signals] == ["relu", "relu", ""]
    first = module.relu(module.norm(module.first(inputs)))
    assert torch.equal(signals[0].activations, first)
    assert torch.equal(signals[1].activations, module.relu(module.second(first)))
    assert signals[1].weights == (module.second.weight,)
    assert not any(each._forward_hooks for each in module.modules())


def test_convolutions_have_their_units_first_and_dropout_parts_an_activation() -> None:
    module = nn.Sequential(
        nn.Conv1d(1, 4, 3), nn.BatchNorm1d(4), nn.Tanh(), nn.Flatten(), nn.Linear(12, 3),
        nn.Dropout(0.5), nn.ReLU(),
    )  # fmt: skip
    _, signals = trace_layers(module, (torch.randn(6, 1, 5),))
    assert [(one.name, one.activation, one.unit_dimension) for one in signals] == [
        ("0", "tanh", 1),
        ("4", "", -1),
    ]


def test_a_recurrent_layer_is_measured_by_its_first_output() -> None:
    module = nn.LSTM(3, 4, batch_first=True)
    holder = nn.ModuleDict({"lstm": module})
    holder.forward = lambda inputs: module(inputs)[0]  # type: ignore[method-assign]
    _, (signal,) = trace_layers(holder, (torch.randn(2, 6, 3),))
    assert signal.activations.shape == (2, 6, 4) and len(signal.weights) == 2


def test_a_module_that_raises_keeps_no_hooks() -> None:
    module = nn.Sequential(nn.Linear(3, 4), nn.ReLU())
    try:
        trace_layers(module, (torch.randn(2, 5),))
    except RuntimeError:
        assert not any(each._forward_hooks for each in module.modules())
