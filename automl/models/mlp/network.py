"""The multilayer perceptron as a module.

    inputs --scaling--> numeric encoding --> learned factors --> members --> input dropout
        --> [linear, normalization, activation, dropout, sum with inputs] x n_layers --> linear

Categories of high cardinality enter as embeddings beside the scaled inputs. Weights come
from `initialization.py`; dropout masks are handed in by the trainer, so that a forward pass
is a function of its arguments.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional

from automl.data.dataset import DataDescription
from automl.data.table.inputs import InputScaling, smoothly_clipped, table_encoding
from automl.models.mlp.config import MAXOUT_PIECES, MLPConfig, input_size
from automl.models.mlp.members import Members
from automl.models.mlp.mixup import mixed
from automl.models.mlp.numeric_encoding import NumericEncoding, numeric_encoding_for
from automl.models.parameter_roles import RateRole

PRELU_SLOPE: Final = 0.25
"""Where the learnable slope starts: He et al. 2015, "Delving Deep into Rectifiers"."""


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
    "mish": functional.mish,  # x tanh(log(1 + e^x)): Misra 2019, arXiv 1908.08681
    "selu": functional.selu,  # elu by two constants: Klambauer et al. 2017, arXiv 1706.02515
    "maxout": _maxout,
}


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
    """Linear map, normalization, activation, dropout, and where it skips, its inputs added.

    The linear map has no bias before batch normalization, which would subtract it again. A
    maxout unit h has the rows h and H + h of the linear map. A unit that mixes gives
    x + a (act(x) - x), where x is what comes into the activation and a starts at 1 and is learned
    (the parametric activation of RealMLP: Holzmüller et al. 2024, arXiv 2407.04491). A layer that
    skips is a residual block of He et al. 2016, arXiv 1512.03385, with one linear map.

    Shape:
        inputs: (B, n_in); mask: (B, n_out) or None; result: (B, n_out).
    """

    rate_roles: Final[Mapping[str, RateRole]] = {"mixing": "mixing"}
    """See `parameter_roles.rate_roles`."""

    def __init__(
        self,
        n_in: int,
        n_out: int,
        config: MLPConfig,
        device: torch.device | str,
        dtype: torch.dtype,
        *,
        skips: bool = False,
    ) -> None:
        super().__init__()
        self.skips = skips
        n_linear = n_out * config.pieces
        has_bias = config.normalization != "batch_norm"
        self.linear = _Linear(n_in, n_linear, has_bias, device, dtype)
        self.normalization = _normalization(config.normalization, n_linear, device, dtype)
        if config.activation == "prelu":
            slope = torch.full((1,), PRELU_SLOPE, device=device, dtype=dtype)
            self.slope: nn.Parameter | None = nn.Parameter(slope)
        else:
            self.slope = None
        mixing = torch.ones(n_out, device=device, dtype=dtype) if config.mixes else None
        self.mixing = None if mixing is None else nn.Parameter(mixing)
        self._activation = ACTIVATIONS[config.activation]

    def activate(self, inputs: Tensor) -> Tensor:
        """The layer's activations before dropout, without what it skips."""
        values = self.linear(inputs)
        if self.normalization is not None:
            values = self.normalization(values)
        if self._activation is None:
            assert self.slope is not None  # prelu
            return functional.prelu(values, self.slope)
        activated = self._activation(values)
        return activated if self.mixing is None else values + self.mixing * (activated - values)

    def forward(self, inputs: Tensor, mask: Tensor | None = None) -> Tensor:
        """The layer's outputs."""
        values = self.activate(inputs)
        if mask is not None:
            values = values * mask
        return values + inputs if self.skips else values


def _normalization(
    kind: str, size: int, device: torch.device | str, dtype: torch.dtype
) -> nn.Module | None:
    if kind == "batch_norm":  # Ioffe & Szegedy 2015
        return nn.BatchNorm1d(size, device=device, dtype=dtype)
    if kind == "layer_norm":  # Ba, Kiros & Hinton 2016
        return nn.LayerNorm(size, device=device, dtype=dtype)
    return None


_RATE_ROLES: Final[Mapping[str, RateRole]] = {"input_gain": "input_scaling"}


class MLP(nn.Module):
    """The network of an `MLPConfig` for a data set's columns, with weights not yet set.

    Attributes:
        members: what several members have of their own at the inputs (`members.py`); else None.

    Shape:
        inputs: (B, D); categories: (B, E) int64, E may be 0; masks: None, or one per place
        where dropout acts: (B, n_inputs) first, then (B, H) per hidden layer, each of
        which may be None; result: (B, C), or (B, 1) for binary tasks (a logit) and regression.
        Of k members, who have k x B rows there, behind one another, training mode has the
        outputs of each, (k x B, C); evaluation mode those of their mean prediction.
    """

    input_shift: Tensor
    input_scale: Tensor
    input_gain: nn.Parameter | None
    rate_roles = _RATE_ROLES

    def __init__(
        self,
        config: MLPConfig,
        n_features: int,
        n_outputs: int,
        cardinalities: Sequence[int] = (),
        scaling: InputScaling | None = None,
        *,
        numeric_encoding: NumericEncoding | None = None,
        device: torch.device | str = "cpu",
        dtype: torch.dtype = torch.float32,
    ) -> None:
        super().__init__()
        self.config = config
        shift = torch.zeros(n_features) if scaling is None else scaling.shift
        scale = torch.ones(n_features) if scaling is None else scaling.scale
        self.register_buffer("input_shift", shift.to(device, dtype, copy=True))
        self.register_buffer("input_scale", scale.to(device, dtype, copy=True))
        self.input_limit = None if scaling is None else scaling.limit
        self.embeddings = nn.ModuleList(
            _Embedding(codes, config.embedding_width(codes), device=device, dtype=dtype)
            for codes in cardinalities
        )
        self.numeric_encoding = numeric_encoding
        n_inputs = input_size(config, n_features, cardinalities, self.n_numbers)
        gain = torch.ones(n_inputs, device=device, dtype=dtype)
        is_learned = config.input_scaling == "learned"  # Holzmüller et al. 2024: starts at 1
        self.register_parameter("input_gain", nn.Parameter(gain) if is_learned else None)
        sizes = (n_inputs, *config.hidden_sizes)
        self.hidden = nn.ModuleList(
            HiddenLayer(n_in, n_out, config, device, dtype, skips=config.skips(layer))
            for layer, (n_in, n_out) in enumerate(itertools.pairwise(sizes))
        )
        k = config.n_members
        self.output = _Linear(sizes[-1], k * n_outputs, device=device, dtype=dtype)
        self.members = Members(k, n_inputs, device, dtype) if k > 1 else None

    @property
    def n_numbers(self) -> int:
        """How many of the columns, the first ones, are encoded."""
        return 0 if self.numeric_encoding is None else self.numeric_encoding.n_numbers

    @property
    def n_inputs(self) -> int:
        """Width of what the first linear map reads."""
        return self.linears[0].in_features

    @property
    def layers(self) -> tuple[HiddenLayer, ...]:
        """The hidden layers."""
        return tuple(layer for layer in self.hidden if isinstance(layer, HiddenLayer))

    @property
    def linears(self) -> tuple[nn.Linear, ...]:
        """The linear maps, from the inputs to the output."""
        return (*(layer.linear for layer in self.layers), self.output)

    def encode(self, inputs: Tensor, categories: Tensor) -> Tensor:
        """The first layer's inputs: scaled columns, encoded or not, embeddings; their factors."""
        scaled = (inputs - self.input_shift) * self.input_scale
        scaled = smoothly_clipped(scaled, self.input_limit)
        if self.numeric_encoding is not None:
            numbers, marks = scaled.tensor_split([self.n_numbers], dim=-1)
            scaled = torch.cat([self.numeric_encoding(numbers), marks], dim=-1)
        if len(self.embeddings):
            embedded = [table(categories[:, e]) for e, table in enumerate(self.embeddings)]
            scaled = torch.cat([scaled, *embedded], dim=-1)
        return scaled if self.input_gain is None else scaled * self.input_gain

    def forward(
        self,
        inputs: Tensor,
        categories: Tensor,
        masks: Sequence[Tensor | None] | None = None,
        own_share: float = 1.0,
    ) -> Tensor:
        """The network's outputs, of rows that are mixed where their own share is not 1."""
        masks = masks if masks is not None else [None] * (len(self.hidden) + 1)
        values = self.spread(mixed(self.encode(inputs, categories), own_share))
        if masks[0] is not None:
            values = values * masks[0]
        for layer, mask in zip(self.layers, masks[1:], strict=True):
            values = layer(values, mask)
        outputs = self.head_outputs(values)
        if self.training or self.members is None:
            return outputs
        return self.members.together(outputs)

    def spread(self, values: Tensor) -> Tensor:
        """What the first layer reads of encoded rows: those of each member."""
        return values if self.members is None else self.members.spread(values)

    def head_outputs(self, values: Tensor) -> Tensor:
        """What the output layer, or each member's, makes of what the last layer gives."""
        if self.members is not None:
            return self.members.outputs(values, self.output)
        outputs: Tensor = self.output(values)
        return outputs


def mlp_for(
    config: MLPConfig,
    data: DataDescription,
    *,
    device: torch.device | str = "cpu",
    dtype: torch.dtype = torch.float32,
) -> MLP:
    """The network for a fold of a data set, its weights not yet set.

    Raises:
        ConfigError: the data are no table.
    """
    encoding = table_encoding(data.encoding)
    network = MLP(
        config,
        encoding.n_features,
        data.n_outputs,
        encoding.cardinalities,
        encoding.scalings[config.scaling],
        numeric_encoding=numeric_encoding_for(config, encoding, device, dtype),
        device=device,
        dtype=dtype,
    )
    if network.members is not None:
        network.members.task = data.task
    return network
