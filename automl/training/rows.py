"""Rows of a split as a network is called with them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True, slots=True)
class Rows:
    """The tensors of some rows, on a trainer's device and in its precision.

    Shape:
        arguments: what the network is called with, (N, ...) each; targets: (N,) int64 classes
        or values; weights: (N,), None where all rows weigh the same.
    """

    arguments: tuple[Tensor, ...]
    targets: Tensor
    weights: Tensor | None = None

    @classmethod
    def of(
        cls,
        arguments: Sequence[Tensor],
        targets: Tensor,
        device: torch.device | str,
        dtype: torch.dtype,
        weights: Tensor | None = None,
    ) -> Rows:
        """Rows brought to a device; what is no whole number, to a precision."""
        return cls(
            tuple(_brought(each, device, dtype) for each in arguments),
            _brought(targets, device, dtype),
            None if weights is None else _brought(weights, device, dtype),
        )

    def __getitem__(self, rows: Tensor | slice) -> Rows:
        weights = None if self.weights is None else self.weights[rows]
        return Rows(tuple(each[rows] for each in self.arguments), self.targets[rows], weights)

    def __len__(self) -> int:
        return len(self.targets)


def _brought(values: Tensor, device: torch.device | str, dtype: torch.dtype) -> Tensor:
    return values.to(device, dtype if values.is_floating_point() else None)
