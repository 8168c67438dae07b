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
    n_members: int = _DEFAULTS["n_members"]  # see members.py
    activation: str = _DEFAULTS["activation"]
    activation_mixing: str = _DEFAULTS["activation_mixing"]  # of all but prelu and maxout
    initialization: str = _DEFAULTS["initialization"]
    output_initialization: str = _DEFAULTS["output_initialization"]
    normalization: str = _DEFAULTS["normalization"]
    dropout: float = _DEFAULTS["dropout"]
    input_dropout: float = _DEFAULTS["input_dropout"]
    mixup: float = _DEFAULTS["mixup"]  # alpha; 0: rows are not mixed, see mixup.py
    scaling: str = _DEFAULTS["scaling"]
    numeric_encoding: str = _DEFAULTS["numeric_encoding"]
    encoding_size: int = _DEFAULTS["encoding_size"]
    embedding_size: int | None = _DEFAULTS["embedding_size"]  # None: `usual_embedding_size`
    n_bins: int = _DEFAULTS["n_bins"]  # of piecewise_linear
    n_frequencies: int = _DEFAULTS["n_frequencies"]  # of periodic
    frequency_scale: float = _DEFAULTS["frequency_scale"]  # likewise
    input_scaling: str = _DEFAULTS["input_scaling"]

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

    def embedding_width(self, cardinality: int) -> int:
        """Width of the embedding of a column with this many codes."""
        own = self.embedding_size
        return usual_embedding_size(cardinality) if own is None else own

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


def usual_embedding_size(cardinality: int) -> int:
    """Width of the embedding of a column with this many codes, where no other one is chosen.

    Source:
        fastai's rule of thumb 1.6 n^0.56 (Howard & Gugger 2020, `emb_sz_rule`), rounded up and
        held to 50, where the tables here stop to gain.
    """
    return min(50, math.ceil(1.6 * math.pow(cardinality, 0.56)))


def encoded_size(config: MLPConfig, n_features: int, n_numbers: int) -> int:
    """What the D columns become, of which the first `n_numbers` are numeric and encoded."""
    if config.numeric_encoding == "none":
        return n_features
    return n_features + n_numbers * (config.encoding_size - 1)


def input_size(
    config: MLPConfig, n_features: int, cardinalities: Sequence[int], n_numbers: int = 0
) -> int:
    """Width of the first linear layer's input: encoded columns, then embeddings."""
    embedded = sum(config.embedding_width(cardinality) for cardinality in cardinalities)
    return encoded_size(config, n_features, n_numbers) + embedded


def input_parameters(config: MLPConfig, n_numbers: int) -> dict[str, tuple[int, ...]]:
    """Shapes of what is learned before the first layer beside embeddings, by `state_dict` name."""
    size = config.encoding_size
    if n_numbers == 0 or config.numeric_encoding == "none":
        return {}
    if config.numeric_encoding == "piecewise_linear":
        shapes: dict[str, tuple[int, ...]] = {
            "weight": (n_numbers, config.n_bins, size),
            "linear_weight": (n_numbers, size),
            "bias": (n_numbers, size),
        }
    else:
        shapes = {
            "frequencies": (n_numbers, config.n_frequencies),
            "weight": (n_numbers, config.n_frequencies, size - 1),
            "bias_phases": (n_numbers, config.n_frequencies),
            "bias": (n_numbers, size - 1),
        }
    return {f"numeric_encoding.{name}": shape for name, shape in shapes.items()}


def column_widths(
    config: MLPConfig, n_features: int, cardinalities: Sequence[int], n_numbers: int
) -> list[int]:
    """How many of the first layer's inputs each column has, in their order."""
    is_encoded = config.numeric_encoding != "none"
    numbers = [config.encoding_size if is_encoded else 1] * n_numbers
    embedded = [config.embedding_width(cardinality) for cardinality in cardinalities]
    return numbers + [1] * (n_features - n_numbers) + embedded


def member_factors(config: MLPConfig) -> int:
    """Factors that each input of the first layer has: one per member, none of one alone."""
    return config.n_members if config.n_members > 1 else 0


def parts_per_number(config: MLPConfig) -> int:
    """Bins or frequencies of an encoded column; 0 where none is encoded."""
    parts = {"piecewise_linear": config.n_bins, "periodic": config.n_frequencies}
    return parts.get(config.numeric_encoding, 0)


def is_penalized(name: str, shape: Sequence[int]) -> bool:
    """Whether an input parameter is a weight: what `parameter_roles.penalized` says of it."""
    return len(shape) >= 2 and not name.rpartition(".")[2].startswith("bias")


def count_parameters(
    config: MLPConfig,
    n_features: int,
    cardinalities: Sequence[int],
    n_outputs: int,
    n_numbers: int = 0,
) -> int:
    """Trainable numbers of a network on such inputs, of which the first numbers are numeric."""
    per_unit = {"none": 1, "batch_norm": 2, "layer_norm": 3}  # bias, gain and shift, or all
    total = sum(codes * config.embedding_width(codes) for codes in cardinalities)
    total += sum(math.prod(shape) for shape in input_parameters(config, n_numbers).values())
    n_in = input_size(config, n_features, cardinalities, n_numbers)
    total += n_in * (config.input_scaling == "learned")
    total += n_in * member_factors(config)
    for size in config.hidden_sizes:
        total += size * config.pieces * (n_in + per_unit[config.normalization])
        total += config.activation == "prelu"  # its slope
        total += size * config.mixes
        n_in = size
    return total + config.n_members * n_outputs * (n_in + 1)
