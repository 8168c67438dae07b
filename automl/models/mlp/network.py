"""The multilayer perceptron: its configuration and its module.

    inputs --affine scaling--> input dropout
        --> [linear, normalization, activation, dropout] x n_layers --> linear

Categories of high cardinality enter as embeddings beside the scaled inputs. Weights come
from `initialization.py`; dropout masks are handed in by the trainer, so that a forward pass
is a function of its arguments.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

import torch
from torch import Tensor, nn
from torch.nn import functional

from automl.data.dataset import Dataset
from automl.data.table.inputs import AffineScaling, table_encoding
from search_spaces.hyperparameters import defaults

Module = TypeVar("Module", bound=nn.Module)

_DEFAULTS: Final = defaults("mlp")

MAXOUT_PIECES: Final = 2
"""Linear pieces per maxout unit. Goodfellow et al. 2013, "Maxout Networks", use 2 to 5."""

PRELU_SLOPE: Final = 0.25
"""Where the learnable slope starts: He et al. 2015, "Delving Deep into Rectifiers"."""

SMALLEST_FUNNEL: Final = 8
"""A funnel narrows no further: below about 8 units, dead ReLUs can cut a layer in two."""


def _maxout(values: Tensor) -> Tensor:
    """The larger of the two pieces, which lie behind one another: (B, 2 H) -> (B, H)."""
    first, second = values.chunk(MAXOUT_PIECES, dim=-1)
    return torch.maximum(first, second)


ACTIVATIONS: Final[Mapping[str, Callable[[Tensor], Tensor] | None]] = {
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "relu": torch.relu,
    "leaky_relu": functional.leaky_relu,  # slope 0.01: Maas et al. 2013
    "prelu": None,  # has a parameter, see HiddenLayer
    "elu": functional.elu,  # alpha 1: Clevert et al. 2016
    "gelu": functional.gelu,  # x Phi(x), exact: Hendrycks & Gimpel 2016
    "silu": functional.silu,  # x sigmoid(x): Elfwing et al. 2018
    "maxout": _maxout,
}


@dataclass(frozen=True, slots=True)
class MLPConfig:
    """The architecture of one network, by the registry's names and defaults."""

    n_layers: int = _DEFAULTS["n_layers"]  # hidden layers
    hidden_size: int = _DEFAULTS["hidden_size"]  # width of the first hidden layer
    shape: str = _DEFAULTS["shape"]  # "constant" or "funnel" (each half of the one before)
    activation: str = _DEFAULTS["activation"]
    initialization: str = _DEFAULTS["initialization"]
    normalization: str = _DEFAULTS["normalization"]
    dropout: float = _DEFAULTS["dropout"]
    input_dropout: float = _DEFAULTS["input_dropout"]
    scaling: str = _DEFAULTS["scaling"]

    @property
    def hidden_sizes(self) -> tuple[int, ...]:
        """Units per hidden layer; a funnel halves, but not below `SMALLEST_FUNNEL`."""
        if self.shape == "constant":
            return (self.hidden_size,) * self.n_layers
        floor = min(self.hidden_size, SMALLEST_FUNNEL)
        return tuple(max(floor, self.hidden_size >> layer) for layer in range(self.n_layers))

    @property
    def pieces(self) -> int:
        """Linear maps per hidden unit: 2 for maxout, else 1."""
        return MAXOUT_PIECES if self.activation == "maxout" else 1


def embedding_size(cardinality: int) -> int:
    """Width of the embedding of a column with this many codes.

    Source:
        fastai's rule of thumb 1.6 n^0.56 (Howard & Gugger 2020, `emb_sz_rule`), rounded up and
        held to 50, where the tables here stop to gain.
    """
    return min(50, math.ceil(1.6 * math.pow(cardinality, 0.56)))


def input_size(n_features: int, cardinalities: Sequence[int]) -> int:
    """Width of the first linear layer's input: numeric columns and embeddings."""
    return n_features + sum(embedding_size(cardinality) for cardinality in cardinalities)


class _Linear(nn.Linear):
    """A linear map that leaves its values to `initialize_`.

    PyTorch's would draw its own from the global generator. Built on "meta" and emptied, as
    torch.nn.utils.skip_init does, a network took 2.5 milliseconds; so it takes 0.6.
    """

    def reset_parameters(self) -> None:
        """Leave them as they are in memory."""


class _Embedding(nn.Embedding):
    """The same for a table of embeddings."""

    def reset_parameters(self) -> None:
        """Leave them as they are in memory."""


class HiddenLayer(nn.Module):
    """Linear map, normalization, activation, dropout.

    The linear map has no bias before batch normalization, which would subtract it again. A
    maxout unit h has the rows h and H + h of the linear map.

    Shape:
        inputs: (B, n_in); mask: (B, n_out) or None; result: (B, n_out).
    """

    def __init__(
        self,
        n_in: int,
        n_out: int,
        config: MLPConfig,
        device: torch.device | str,
        dtype: torch.dtype,
    ) -> None:
        super().__init__()
        n_linear = n_out * config.pieces
        has_bias = config.normalization != "batch_norm"
        self.linear = _Linear(n_in, n_linear, has_bias, device, dtype)
        self.normalization = _normalization(config.normalization, n_linear, device, dtype)
        if config.activation == "prelu":
            slope = torch.full((1,), PRELU_SLOPE, device=device, dtype=dtype)
            self.slope: nn.Parameter | None = nn.Parameter(slope)
        else:
            self.slope = None
        self._activation = ACTIVATIONS[config.activation]

    def activate(self, inputs: Tensor) -> Tensor:
        """The layer's activations before dropout."""
        values = self.linear(inputs)
        if self.normalization is not None:
            values = self.normalization(values)
        if self._activation is not None:
            return self._activation(values)
        assert self.slope is not None  # prelu
        return functional.prelu(values, self.slope)

    def forward(self, inputs: Tensor, mask: Tensor | None = None) -> Tensor:
        """The layer's outputs."""
        values = self.activate(inputs)
        return values if mask is None else values * mask


def _normalization(
    kind: str, size: int, device: torch.device | str, dtype: torch.dtype
) -> nn.Module | None:
    if kind == "batch_norm":  # Ioffe & Szegedy 2015
        return nn.BatchNorm1d(size, device=device, dtype=dtype)
    if kind == "layer_norm":  # Ba, Kiros & Hinton 2016
        return nn.LayerNorm(size, device=device, dtype=dtype)
    return None


class MLP(nn.Module):
    """The network of an `MLPConfig` for a data set's columns, with weights not yet set.

    Shape:
        inputs: (B, D); categories: (B, E) int64, E may be 0; masks: None, or one per place
        where dropout acts: (B, D + embeddings) first, then (B, H) per hidden layer, each of
        which may be None; result: (B, C), or (B, 1) for binary tasks (a logit) and regression.
    """

    input_shift: Tensor
    input_scale: Tensor

    def __init__(
        self,
        config: MLPConfig,
        n_features: int,
        n_outputs: int,
        cardinalities: Sequence[int] = (),
        scaling: AffineScaling | None = None,
        *,
        device: torch.device | str = "cpu",
        dtype: torch.dtype = torch.float32,
    ) -> None:
        super().__init__()
        self.config = config
        shift = torch.zeros(n_features) if scaling is None else scaling.shift
        scale = torch.ones(n_features) if scaling is None else scaling.scale
        self.register_buffer("input_shift", shift.to(device, dtype, copy=True))
        self.register_buffer("input_scale", scale.to(device, dtype, copy=True))
        self.embeddings = nn.ModuleList(
            _Embedding(codes, embedding_size(codes), device=device, dtype=dtype)
            for codes in cardinalities
        )
        sizes = (input_size(n_features, cardinalities), *config.hidden_sizes)
        self.hidden = nn.ModuleList(
            HiddenLayer(n_in, n_out, config, device, dtype)
            for n_in, n_out in itertools.pairwise(sizes)
        )
        self.output = _Linear(sizes[-1], n_outputs, device=device, dtype=dtype)

    @property
    def layer_names(self) -> tuple[str, ...]:
        """What people read: "hidden 1", ..., "output"."""
        return (*(f"hidden {number + 1}" for number in range(len(self.hidden))), "output")

    @property
    def layers(self) -> tuple[HiddenLayer, ...]:
        """The hidden layers."""
        return tuple(layer for layer in self.hidden if isinstance(layer, HiddenLayer))

    @property
    def linears(self) -> tuple[nn.Linear, ...]:
        """The linear maps, from the inputs to the output."""
        return (*(layer.linear for layer in self.layers), self.output)

    def encode(self, inputs: Tensor, categories: Tensor) -> Tensor:
        """The first layer's inputs: scaled columns, then embeddings."""
        scaled = (inputs - self.input_shift) * self.input_scale
        if not len(self.embeddings):
            return scaled
        embedded = [table(categories[:, e]) for e, table in enumerate(self.embeddings)]
        return torch.cat([scaled, *embedded], dim=-1)

    def forward(
        self, inputs: Tensor, categories: Tensor, masks: Sequence[Tensor | None] | None = None
    ) -> Tensor:
        """The network's outputs."""
        masks = masks if masks is not None else [None] * (len(self.hidden) + 1)
        values = self.encode(inputs, categories)
        if masks[0] is not None:
            values = values * masks[0]
        for layer, mask in zip(self.layers, masks[1:], strict=True):
            values = layer(values, mask)
        output: Tensor = self.output(values)
        return output


def mlp_for(
    config: MLPConfig,
    dataset: Dataset,
    fold: int = 0,
    *,
    device: torch.device | str = "cpu",
    dtype: torch.dtype = torch.float32,
) -> MLP:
    """The network for a fold of a data set, its weights not yet set."""
    encoding = table_encoding(dataset.folds[fold])
    return MLP(
        config,
        encoding.n_features,
        dataset.n_outputs,
        encoding.cardinalities,
        encoding.scalings[config.scaling],
        device=device,
        dtype=dtype,
    )


def n_parameters(config: MLPConfig, dataset: Dataset) -> int:
    """How many numbers training would set; nothing is allocated."""
    model = mlp_for(config, dataset, device="meta")
    return sum(parameter.numel() for parameter in model.parameters())
