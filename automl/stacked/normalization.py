"""Batch and layer normalization of stacked networks, forward and backward, in place.

As in torch.nn: biased variance in the batch, unbiased in the running statistics. Means are
over a run's real units; padded ones stay exactly zero.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

import torch
from torch import Tensor

from automl.stacked.activations import Call

EPSILON: Final = 1e-5  # torch's default, added to variances
MOMENTUM: Final = 0.1  # torch's default: share of the new batch in the running statistics


@dataclass(frozen=True, slots=True)
class NormalizedRows:
    """The calls of one kind of normalization on some runs of a layer."""

    forward: list[Call]
    backward: list[Call]


@dataclass(frozen=True, slots=True)
class NormalizationPlace:
    """The runs of a layer with one kind of normalization, and what they work on.

    Their rows are copied out, worked on in place and copied back; the copies are shared
    between layers. The same is done with their vectors, gain and shift beside one another.

    Shape:
        values: (K_l, B, n), and signals, its gradient, likewise (None in evaluation); rows:
        (k,) int64; vectors, gradients: (K_l, 2 n), gain then shift; z, scratch: (k, B, n).
    """

    values: Tensor
    signals: Tensor | None
    rows: Tensor
    vectors: Tensor
    gradients: Tensor | None
    z: Tensor
    scratch: Tensor

    def forward(self, calls: Sequence[Call]) -> list[Call]:
        """Calls on `z`, between copying out and back."""
        return [
            partial(torch.index_select, self.values, 0, self.rows, out=self.z),
            *calls,
            partial(self.values.index_copy_, 0, self.rows, self.z),
        ]

    def backward(self, calls: Sequence[Call], gradients: Tensor) -> list[Call]:
        """Likewise on the signals; `gradients` (k, 2, n) are then those of the vectors."""
        if self.signals is None or self.gradients is None:
            return []
        return [
            partial(torch.index_select, self.signals, 0, self.rows, out=self.z),
            *calls,
            partial(self.signals.index_copy_, 0, self.rows, self.z),
            partial(self.gradients.index_copy_, 0, self.rows, gradients.flatten(1)),
        ]

    def read(self, vectors: Tensor) -> tuple[Call, Tensor, Tensor]:
        """A call that copies the rows of pairs of vectors, (K_l, 2 n) -> twice (k, 1, n)."""
        copied = vectors.new_zeros(len(self.rows), vectors.shape[1])
        call = partial(torch.index_select, vectors, 0, self.rows, out=copied)
        first, second = copied[:, None, :].chunk(2, dim=2)
        return call, first, second


def batch_norm(
    place: NormalizationPlace, statistics: Tensor, *, training: bool, frozen: bool
) -> NormalizedRows:
    """Normalize each unit over the batch, or by the running statistics in evaluation.

    Args:
        frozen: leave the running statistics as they are, although training.

    Shape:
        statistics: of all runs of the layer, running mean then variance, (K_l, 2 n).

    Source:
        Ioffe & Szegedy 2015, algorithm 1 and the gradients in section 3.
    """
    z, n_rows = place.z, place.z.shape[1]
    read_vectors, gain, shift = place.read(place.vectors)
    epsilon = z.new_tensor(EPSILON)
    if not training:
        read_statistics, mean, scale = place.read(statistics)
        calls: list[Call] = [
            read_vectors,
            read_statistics,
            partial(z.sub_, mean),
            partial(scale.add_, epsilon),
            scale.rsqrt_,
            partial(scale.mul_, gain),
            partial(z.mul_, scale),
            partial(z.add_, shift),
        ]
        return NormalizedRows(place.forward(calls), [])

    normalized, scale = torch.empty_like(z), torch.empty_like(gain)
    of_batch = z.new_zeros(len(z), 2, z.shape[2])
    mean, variance = of_batch[:, :1], of_batch[:, 1:]
    calls = [
        read_vectors,
        partial(torch.mean, z, 1, True, out=mean),
        partial(torch.sub, z, mean, out=normalized),
        partial(torch.mul, normalized, normalized, out=place.scratch),
        partial(torch.mean, place.scratch, 1, True, out=variance),
        partial(torch.add, variance, epsilon, out=scale),
        scale.rsqrt_,
        partial(normalized.mul_, scale),
        partial(torch.mul, normalized, gain, out=z),
        partial(z.add_, shift),
    ]
    if not frozen:
        calls += _running_update(statistics, place.rows, of_batch, n_rows)
    gradients = torch.zeros_like(of_batch)
    gain_gradient, shift_gradient = gradients[:, :1], gradients[:, 1:]
    backward: list[Call] = [
        partial(torch.sum, z, 1, True, out=shift_gradient),
        partial(torch.mul, z, normalized, out=place.scratch),
        partial(torch.sum, place.scratch, 1, True, out=gain_gradient),
        partial(z.addcmul_, normalized, gain_gradient, value=-1 / n_rows),
        partial(z.sub_, shift_gradient, alpha=1 / n_rows),
        partial(scale.mul_, gain),
        partial(z.mul_, scale),
    ]
    return NormalizedRows(place.forward(calls), place.backward(backward, gradients))


def _running_update(statistics: Tensor, rows: Tensor, of_batch: Tensor, n_rows: int) -> list[Call]:
    """Move the running statistics towards the batch's, with the variance made unbiased."""
    kept = statistics.new_zeros(len(rows), statistics.shape[1])
    unbiased = torch.zeros_like(of_batch)
    corrections = kept.new_tensor([1.0, n_rows / max(1, n_rows - 1)])[:, None]
    return [
        partial(torch.index_select, statistics, 0, rows, out=kept),
        partial(torch.mul, of_batch, corrections, out=unbiased),
        partial(kept.lerp_, unbiased.flatten(1), MOMENTUM),
        partial(statistics.index_copy_, 0, rows, kept),
    ]


def layer_norm(
    place: NormalizationPlace, n_units: Tensor, unit_mask: Tensor | None
) -> NormalizedRows:
    """Normalize each row over its run's units.

    Shape:
        n_units: (k, 1, 1) real units per run; unit_mask: (k, 1, n), or None without padding.

    Source:
        Ba, Kiros & Hinton 2016, equations 3 and 4.
    """
    z, scratch, share = place.z, place.scratch, n_units.reciprocal()
    read_vectors, gain, shift = place.read(place.vectors)
    normalized, epsilon = torch.empty_like(z), z.new_tensor(EPSILON)
    mean, scale = (z.new_zeros(*z.shape[:2], 1) for _ in range(2))
    unpad: list[Call] = [] if unit_mask is None else [partial(normalized.mul_, unit_mask)]
    calls: list[Call] = [
        read_vectors,
        partial(torch.sum, z, 2, True, out=mean),
        partial(mean.mul_, share),
        partial(torch.sub, z, mean, out=normalized),
        *unpad,
        partial(torch.mul, normalized, normalized, out=scratch),
        partial(torch.sum, scratch, 2, True, out=scale),
        partial(scale.mul_, share),
        partial(scale.add_, epsilon),
        scale.rsqrt_,
        partial(normalized.mul_, scale),
        partial(torch.mul, normalized, gain, out=z),
        partial(z.add_, shift),
    ]
    gradients = z.new_zeros(len(z), 2, z.shape[2])
    gain_gradient, shift_gradient = gradients[:, :1], gradients[:, 1:]
    mean_product = torch.zeros_like(mean)
    repad: list[Call] = [] if unit_mask is None else [partial(z.mul_, unit_mask)]
    backward: list[Call] = [
        partial(torch.sum, z, 1, True, out=shift_gradient),
        partial(torch.mul, z, normalized, out=scratch),
        partial(torch.sum, scratch, 1, True, out=gain_gradient),
        partial(z.mul_, gain),
        partial(torch.mul, z, normalized, out=scratch),
        partial(torch.sum, z, 2, True, out=mean),
        partial(mean.mul_, share),
        partial(torch.sum, scratch, 2, True, out=mean_product),
        partial(mean_product.mul_, share),
        partial(z.sub_, mean),
        partial(z.addcmul_, normalized, mean_product, value=-1),
        partial(z.mul_, scale),
        *repad,
    ]
    return NormalizedRows(place.forward(calls), place.backward(backward, gradients))
