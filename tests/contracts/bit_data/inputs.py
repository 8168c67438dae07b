"""A kind of data of a few lines, as somebody would write one: numbers, read as their bits."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from automl.data.inputs import Encoding, Inputs

N_BITS = 8


@dataclass(frozen=True)
class BitInputs(Inputs):
    """Numbers (N,) below 256, int64."""

    numbers: Tensor

    def __len__(self) -> int:
        return len(self.numbers)

    def __getitem__(self, rows: Tensor | slice) -> BitInputs:
        return BitInputs(self.numbers[rows])

    def to(self, device: torch.device | str) -> BitInputs:
        return BitInputs(self.numbers.to(device))

    def columns(self) -> tuple[Tensor, Tensor]:
        bits = self.numbers[:, None] >> torch.arange(N_BITS, device=self.numbers.device) & 1
        return bits.float(), bits[:, :0]


@dataclass(frozen=True)
class BitEncoding(Encoding):
    """Nothing is learned of train rows."""

    @property
    def n_features(self) -> int:
        return N_BITS

    def standardized(self, numbers: Tensor) -> Tensor:
        return 2 * numbers - 1

    def to(self, device: torch.device | str) -> BitEncoding:
        return self
