"""The members of a stack's runs: their factors of the inputs, and their heads.

The torch calls of `models/mlp/members.py`. The rows of a run's members lie behind one another, so
that the layers between see a batch of k x B rows. Of a single member nothing is copied.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import torch
from torch import Tensor

from automl.stacked.activations import Call
from automl.stacked.blocks import StackBlocks
from automl.stacked.input_layout import MEMBER_SCALE
from automl.stacked.layer import product


class SpreadRows:
    """What the first layer reads: the rows of the input stage, once for each member.

    Attributes:
        rows: (K, k x B, n_inputs), filled by `forward`; the inputs themselves of one member.
        signals: their gradient, to be filled before `backward`; None where nobody asks for it.
        forward, backward: the calls.
    """

    def __init__(
        self,
        values: StackBlocks,
        inputs: Tensor,
        input_signals: Tensor | None,
        gradients: StackBlocks | None,
    ) -> None:
        """Write down the calls.

        Args:
            input_signals: gets the gradient of the inputs, if given.

        Shape:
            inputs, input_signals: (K, B, n_inputs).
        """
        self.rows, self.signals = inputs, input_signals
        self.forward: Sequence[Call] = ()
        self.backward: Sequence[Call] = ()
        n_members = values.layout.inputs.n_members
        if n_members == 1:
            return
        scale = _by_member(values.input_tensors[MEMBER_SCALE], n_members)
        n_runs, n_rows, n_inputs = inputs.shape
        self.rows = inputs.new_zeros(n_runs, n_members * n_rows, n_inputs)
        rows = self.rows.unflatten(1, (n_members, n_rows))
        self.forward = [partial(torch.mul, inputs[:, None], scale[:, :, None], out=rows)]
        if input_signals is None or gradients is None:
            return
        self.signals = torch.zeros_like(self.rows)
        signals = self.signals.unflatten(1, (n_members, n_rows))
        gradient = _by_member(gradients.input_tensors[MEMBER_SCALE], n_members)
        self.backward = [
            partial(_sum_products, signals, inputs[:, None], 2, gradient),
            partial(_sum_products, signals, scale[:, :, None], 1, input_signals),
        ]


def _by_member(vector: Tensor, n_members: int) -> Tensor:
    """(K, k x D) -> (K, k, D)."""
    parted: Tensor = vector.unflatten(1, (n_members, -1))
    return parted


def _sum_products(one: Tensor, other: Tensor, dimension: int, out: Tensor) -> None:
    torch.sum(one * other, dimension, out=out)


def heads_forward(
    n_members: int, inputs: Tensor, weights: Tensor, bias: Tensor, outputs: Tensor
) -> list[Call]:
    """The calls that fill the outputs of each member by its head.

    Shape:
        inputs: (K, k x B, H); weights: (K, H, k x C); bias: (K, k x C); outputs: (K, C, k x B).
    """
    parts = zip(
        bias[:, :, None].chunk(n_members, 1),
        weights.mT.chunk(n_members, 1),
        inputs.mT.chunk(n_members, 2),
        outputs.chunk(n_members, 2),
        strict=True,
    )
    return [
        partial(torch.baddbmm, own_bias, own, rows, out=into)
        for own_bias, own, rows, into in parts
    ]


def heads_backward(
    n_members: int,
    signals: Tensor,
    inputs: Tensor,
    heads: tuple[Tensor, Tensor],
    below: Tensor | None,
) -> list[Call]:
    """The calls that leave the gradients of the heads, and of their inputs in `below`.

    Args:
        heads: weights, and where their gradients go.

    Shape:
        signals: (K, k x B, C); inputs, below: (K, k x B, H); heads: (K, H, k x C) each.
    """
    calls: list[Call] = []
    for member in range(n_members):
        of_outputs, rows = (each.chunk(n_members, 1)[member] for each in (signals, inputs))
        weights, gradients = (each.chunk(n_members, 2)[member] for each in heads)
        calls += product(rows.mT, of_outputs, gradients)
        if below is not None:
            into = below.chunk(n_members, 1)[member]
            calls.append(partial(torch.bmm, of_outputs, weights.mT, out=into))
    return calls
