"""The configuration of one multilayer perceptron, and the sizes that follow from it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from search_spaces.hyperparameters import defaults

_DEFAULTS: Final = defaults("mlp")

MAXOUT_PIECES: Final = 2
"""Linear pieces per maxout unit. Goodfellow et al. 2013, "Maxout Networks", use 2 to 5."""

SMALLEST_FUNNEL: Final = 8
"""A funnel narrows no further: below about 8 units, dead ReLUs can cut a layer in two."""


@dataclass(frozen=True, slots=True)
class MLPConfig:
    """The architecture of one network, by the registry's names and defaults."""

    n_layers: int = _DEFAULTS["n_layers"]  # hidden layers
    hidden_size: int = _DEFAULTS["hidden_size"]  # width of the first hidden layer
    shape: str = _DEFAULTS["shape"]  # "constant" or "funnel" (each half of the one before)
    residual: str = _DEFAULTS["residual"]  # between hidden layers of one width
    activation: str = _DEFAULTS["activation"]
    activation_mixing: str = _DEFAULTS["activation_mixing"]  # of all but prelu and maxout
    initialization: str = _DEFAULTS["initialization"]
    output_initialization: str = _DEFAULTS["output_initialization"]
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

    @property
    def mixes(self) -> bool:
        """Whether units learn how much of their activation they have; see `HiddenLayer`."""
        return self.activation_mixing == "learned" and self.activation not in ("prelu", "maxout")

    def skips(self, layer: int) -> bool:
        """Whether a hidden layer, from 0, adds what the one below it gives to its outputs."""
        sizes = self.hidden_sizes
        return self.residual == "every_layer" and layer > 0 and sizes[layer] == sizes[layer - 1]

    def signal_kind(self, layer: int) -> str:
        """The activation by which a hidden layer's outputs are judged; "" where they are more.

        A unit that mixes is flat nowhere for good: its slope is 1 + a (act'(x) - 1). One that
        skips gives its inputs on, whatever its activation does.
        """
        return "" if self.mixes or self.skips(layer) else self.activation


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


def count_parameters(
    config: MLPConfig, n_features: int, cardinalities: Sequence[int], n_outputs: int
) -> int:
    """Trainable numbers of a network on such inputs."""
    per_unit = {"none": 1, "batch_norm": 2, "layer_norm": 3}  # bias, gain and shift, or all
    total = sum(codes * embedding_size(codes) for codes in cardinalities)
    n_in = input_size(n_features, cardinalities)
    for size in config.hidden_sizes:
        total += size * config.pieces * (n_in + per_unit[config.normalization])
        total += config.activation == "prelu"  # its slope
        total += size * config.mixes
        n_in = size
    return total + n_outputs * (n_in + 1)
