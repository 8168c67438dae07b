"""The family of multilayer perceptrons: how they meet the data, their dropout, their layers."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from functools import partial
from typing import Final, cast

import torch
from torch import Tensor, nn

from automl.data.dataset import DataDescription
from automl.data.inputs import Encoding, Inputs
from automl.data.table.inputs import table_inputs
from automl.models.family import Family, Forward
from automl.models.layers import LayerSignal
from automl.models.mlp.config import MLPConfig, count_parameters
from automl.models.mlp.cost import arithmetic_seconds, call_seconds, inference_seconds
from automl.models.mlp.data_driven import fitted_network
from automl.models.mlp.dropout import step_masks
from automl.models.mlp.initialization import initialize_
from automl.models.mlp.mixup import own_shares
from automl.models.mlp.network import MLP, mlp_for
from storage.records import ParameterValue

MOST_MEMORY: Final[Mapping[str, tuple[ParameterValue, ...]]] = {
    "activation": ("maxout", "prelu"),
    "activation_mixing": ("learned",),
    "normalization": ("batch_norm", "layer_norm"),
    "numeric_encoding": ("piecewise_linear", "periodic"),
    "input_scaling": ("learned",),
}
"""The choices that take memory beside the network's size."""


class MLPFamily(Family):
    """Multilayer perceptrons on tables."""

    config_class = MLPConfig
    most_memory = MOST_MEMORY
    stacked_trainer = "automl.stacked.trainer:StackedTrainer"
    is_trusted = True

    def build(self, config: MLPConfig, data: DataDescription) -> MLP:
        """A network, its weights not yet set; scaling is its first step."""
        return mlp_for(config, data)

    def initialize_(self, module: nn.Module, seed: int) -> None:
        """Set all parameters by the configuration's rule."""
        initialize_(cast(MLP, module), seed)

    def fit_(self, module: nn.Module, seed: int, arguments: Sequence[Tensor]) -> None:
        """Rescale weights and set biases, where the initialization is driven by data."""
        network = cast(MLP, module)
        if network.config.initialization != "data_driven":
            return
        fitted = dict(fitted_network(network, seed, arguments).named_parameters())
        with torch.no_grad():
            for name, values in network.named_parameters():
                values.copy_(fitted[name])

    def reading(self, config: MLPConfig) -> Hashable:
        """Quantiles are a copy of the numbers of their own."""
        return config.scaling == "quantile"

    def read(self, inputs: Inputs, encoding: Encoding, config: MLPConfig) -> tuple[Tensor, ...]:
        """Numbers (N, D) that its scaling starts from, and codes (N, E)."""
        table = table_inputs(inputs)
        return table.before(config.scaling), table.categories

    def forwards(
        self,
        module: nn.Module,
        seed: int,
        first_step: int,
        batch_sizes: Sequence[int],
        *,
        regularization: float = 1.0,
    ) -> Iterator[Forward]:
        """Each step with masks of its own, and with its mixture of rows."""
        network = cast(MLP, module)
        weight = network.output.weight
        masks = step_masks(
            network.config,
            network.n_inputs,
            seed,
            first_step,
            [network.config.n_members * size for size in batch_sizes],
            weight.device,
            weight.dtype,
            regularization=regularization,
        )
        shares = self.own_shares(network.config, seed, first_step, len(batch_sizes))
        return (
            partial(module, masks=of_step, own_share=share)
            for of_step, share in zip(masks, shares, strict=True)
        )

    def n_members(self, config: MLPConfig) -> int:
        """As many as it says."""
        return config.n_members

    def own_shares(
        self, config: MLPConfig, seed: int, first_step: int, n_steps: int
    ) -> Sequence[float]:
        """By mixup, where a configuration has it."""
        return own_shares(config, seed, first_step, n_steps)

    def trace(
        self, module: nn.Module, arguments: Sequence[Tensor]
    ) -> tuple[Tensor, tuple[LayerSignal, ...]]:
        """The hidden layers by their activations, and the output; without dropout."""
        network = cast(MLP, module)
        values = network.spread(network.encode(*arguments))
        signals = []
        for number, layer in enumerate(network.layers):
            values = layer(values)
            name, kind = f"hidden {number + 1}", network.config.signal_kind(number)
            signals.append(LayerSignal(name, (layer.linear.weight,), values, kind))
        outputs = network.head_outputs(values)
        signals.append(LayerSignal("output", (network.output.weight,), outputs))
        return outputs, tuple(signals)

    def n_parameters(self, config: MLPConfig, data: DataDescription) -> int:
        """Trainable numbers of a network."""
        return count_parameters(
            config, data.n_features, data.cardinalities, data.n_outputs, data.n_numbers
        )

    def step_seconds(self, config: MLPConfig, data: DataDescription, batch_size: int) -> float:
        """What a step of one network takes."""
        return call_seconds(config) + arithmetic_seconds(config, data, batch_size)

    def call_seconds(self, config: MLPConfig, data: DataDescription, n_rows: int) -> float:
        """What one call in inference mode takes."""
        return inference_seconds(config, data, n_rows)


MLP_FAMILY: Final = MLPFamily()
