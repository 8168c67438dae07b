"""The inputs of arrays: the values of each row, of any shape, as they were given."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from automl.data.inputs import Encoding, Inputs


@dataclass(frozen=True, slots=True)
class ArrayInputs(Inputs):
    """Rows of an array.

    Shape:
        values: (N, ...) float32 or int64.
    """

    values: Tensor

    def __len__(self) -> int:
        return len(self.values)

    def __getitem__(self, rows: Tensor | slice) -> ArrayInputs:
        return ArrayInputs(self.values[rows])

    def to(self, device: torch.device | str) -> ArrayInputs:
        """The same rows on another device."""
        return ArrayInputs(self.values.to(device))

    def columns(self) -> tuple[Tensor, Tensor]:
        """The rows flattened, and no codes."""
        return self.values.flatten(1).float(), self.values.new_empty(len(self), 0).long()

    def arguments(self, encoding: Encoding) -> tuple[Tensor]:
        """The values as they are."""
        return (self.values,)


@dataclass(frozen=True, slots=True)
class ArrayEncoding(Encoding):
    """The shape of a row, and the mean and deviation of all values of the train rows.

    Networks get values as they are. Linear models get them standardized by one mean and one
    deviation: the places of an image share a unit, and a place that hardly varies does not matter
    more than others.
    """

    shape: tuple[int, ...]  # of one row
    is_whole: bool  # int64: codes rather than quantities
    mean: float = 0.0
    deviation: float = 1.0

    @property
    def input_shape(self) -> tuple[int, ...]:
        """The shape of a row."""
        return self.shape

    @property
    def n_features(self) -> int:
        """Numbers per row."""
        return math.prod(self.shape)

    def standardized(self, numbers: Tensor) -> Tensor:
        """Numbers with mean 0 and deviation 1 over all places of the train rows."""
        return (numbers - self.mean) / self.deviation

    def to(self, device: torch.device | str) -> ArrayEncoding:
        """The same: it holds no tensors."""
        return self
