"""Units of a stack that mix their activation with the identity: x + a (act(x) - x).

It comes after the activations have written their values and slopes, and works on a copy of the
runs that mix. See `HiddenLayer` in `models/mlp/network.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor

from automl.stacked.activations import Call


@dataclass(frozen=True, slots=True, eq=False)
class MixedRows:
    """The runs of a layer whose units mix.

    Attributes:
        forward: the calls that turn values and slopes of the activation into mixed ones.

    Shape:
        rows: (R,) int64; difference: act(x) - x, (R, B, H), kept for the way back.
    """

    rows: Tensor
    difference: Tensor
    forward: Sequence[Call]

    @classmethod
    def of(cls, rows: Tensor, shares: Tensor, z: Tensor, h: Tensor, d: Tensor | None) -> MixedRows:
        """Write down the calls.

        Shape:
            shares: (K, H), whose rows of other runs are not looked at; z, h, d: (K, B, H), what
            goes into the activations, their values, and their slopes, if wanted.
        """
        shape = (len(rows), *z.shape[1:])
        share = shares.new_empty(len(rows), 1, shape[2])
        inputs, difference, mixed = (z.new_empty(shape) for _ in range(3))
        calls: list[Call] = [
            partial(torch.index_select, shares, 0, rows, out=share[:, 0]),
            partial(torch.index_select, z, 0, rows, out=inputs),
            partial(torch.index_select, h, 0, rows, out=difference),
            partial(difference.sub_, inputs),
            partial(torch.addcmul, inputs, share, difference, out=mixed),
            partial(h.index_copy_, 0, rows, mixed),
        ]
        if d is not None:  # 1 + a (act'(x) - 1)
            calls += [
                partial(torch.index_select, d, 0, rows, out=mixed),
                partial(mixed.sub_, 1),
                partial(mixed.mul_, share),
                partial(mixed.add_, 1),
                partial(d.index_copy_, 0, rows, mixed),
            ]
        return cls(rows, difference, calls)

    def gradient(self, signals: Tensor, mask: Tensor | None, into: Tensor) -> None:
        """The sum over rows of the outputs' gradient times act(x) - x.

        Shape:
            signals, mask: (K, B, H); into: (K, H), of which the rows of these runs are filled.
        """
        products = signals[self.rows].mul_(self.difference)
        if mask is not None:
            products.mul_(mask[self.rows])
        into.index_copy_(0, self.rows, products.sum(1))
