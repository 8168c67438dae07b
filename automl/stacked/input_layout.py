"""What the runs of a stack have before their first layer: shapes by the plain network's names.

Runs of one stack are alike in it: in how numeric columns are encoded and how categories are
embedded. Their numbers, such as bins of columns that are scaled differently, may differ.
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass
from typing import Final

from automl.models.mlp.config import (
    MLPConfig,
    encoded_size,
    input_parameters,
    input_size,
    is_penalized,
    member_factors,
)

MEMBER_SCALE: Final = "members.scale"
"""The members' factors of the inputs."""


@dataclass(frozen=True)
class InputLayout:
    """The shapes of one run's input stage; those of its stack are alike."""

    config: MLPConfig
    n_features: int
    cardinalities: tuple[int, ...]
    n_numbers: int  # of the features, the first ones, which a numeric encoding acts on

    @functools.cached_property
    def width(self) -> int:
        """Width of the first layer's input: encoded columns, then embeddings."""
        return input_size(self.config, self.n_features, self.cardinalities, self.n_numbers)

    @functools.cached_property
    def n_encoded(self) -> int:
        """Width of the columns as they are encoded, before the embeddings."""
        return encoded_size(self.config, self.n_features, self.n_numbers)

    @functools.cached_property
    def is_encoded(self) -> bool:
        """Whether there are numeric columns that are encoded."""
        return self.n_numbers > 0 and self.config.numeric_encoding != "none"

    @functools.cached_property
    def is_learned(self) -> bool:
        """Whether anything here has gradients."""
        return bool(self.weights or self.vectors)

    @functools.cached_property
    def _parameters(self) -> dict[str, tuple[int, ...]]:
        return input_parameters(self.config, self.n_numbers)

    @functools.cached_property
    def weights(self) -> dict[str, tuple[int, ...]]:
        """Shapes of what penalties act on: embeddings, then weights of the encoding."""
        tables = {
            f"embeddings.{column}.weight": (codes, self.config.embedding_width(codes))
            for column, codes in enumerate(self.cardinalities)
        }
        own = {
            name: shape for name, shape in self._parameters.items() if is_penalized(name, shape)
        }
        return tables | own

    @functools.cached_property
    def vectors(self) -> dict[str, tuple[int, ...]]:
        """Shapes of what they do not act on."""
        own = self._parameters.items()
        found = {name: shape for name, shape in own if not is_penalized(name, shape)}
        if self.has_gain:
            found["input_gain"] = (self.width,)
        if factors := member_factors(self.config):
            found[MEMBER_SCALE] = (factors * self.width,)
        return found

    @property
    def n_members(self) -> int:
        """How many predict each row in training, each with factors of the inputs of its own."""
        return self.config.n_members

    @functools.cached_property
    def has_gain(self) -> bool:
        """Whether each input of the first layer has a learned factor."""
        return self.config.input_scaling == "learned"

    @functools.cached_property
    def vector_sizes(self) -> dict[tuple[int, str], int]:
        """How many numbers these have, by their keys in `StackLayout.vector_columns`."""
        return {(-1, name): math.prod(shape) for name, shape in self.vectors.items()}
