"""Batch and layer normalization of stacked networks, forward and backward, in place.

As in torch.nn: biased variance in the batch, unbiased in the running statistics. Means are
over a run's real units; padded ones stay exactly zero.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import Final

import torch
from torch import Tensor

from automl.models.stacked_activations import Call

EPSILON: Final = 1e-5  # torch's default, added to variances
MOMENTUM: Final = 0.1  # torch's default: share of the new batch in the running statistics


@dataclass(slots=True)
class RowSelection:
    """Some runs of a layer, whose vectors are read and written through small contiguous copies.

    Attributes:
        rows: their places among the layer's runs, (k,) int64.
        before, after: calls that read what is needed, and write back what was computed.
    """

    rows: Tensor
    before: list[Call] = field(default_factory=list)
    after: list[Call] = field(default_factory=list)

    def reading(self, vectors: Tensor) -> Tensor:
        """A copy of the rows' vectors, renewed by each run of `before`, (k, 1, n)."""
        copied = vectors.new_empty(len(self.rows), vectors.shape[-1])
        self.before.append(partial(torch.index_select, vectors, 0, self.rows, out=copied))
        return copied[:, None, :]

    def writing(self, vectors: Tensor) -> Tensor:
        """A buffer that each run of `after` writes into the rows' vectors, (k, 1, n)."""
        buffer = vectors.new_zeros(len(self.rows), vectors.shape[-1])
        self.after.append(partial(vectors.index_copy_, 0, self.rows, buffer))
        return buffer[:, None, :]


@dataclass(frozen=True, slots=True)
class NormalizedRows:
    """The calls of one kind of normalization on some runs of a layer."""

    forward: list[Call]
    backward: list[Call]


@dataclass(frozen=True, slots=True)
class NormalizationBuffers:
    """What one kind of normalization works on; z and scratch are shared with other layers.

    Shape:
        z: (k, B, n) values, and in the backward pass gradients, both replaced in place;
        rows: the k runs; gain, shift: (K_l, n) of all runs of the layer; gain_gradient,
        shift_gradient: likewise, None in evaluation; scratch: (k, B, n).
    """

    z: Tensor
    rows: Tensor
    gain: Tensor
    shift: Tensor
    gain_gradient: Tensor | None
    shift_gradient: Tensor | None
    scratch: Tensor


def batch_norm(
    buffers: NormalizationBuffers, mean: Tensor, variance: Tensor, frozen: bool = False
) -> NormalizedRows:
    """Normalize each unit over the batch, or by the running statistics in evaluation.

    Args:
        frozen: leave the running statistics as they are, although training.

    Shape:
        mean, variance: running statistics of all runs of the layer, (K_l, n).

    Source:
        Ioffe & Szegedy 2015, algorithm 1 and the gradients in section 3.
    """
    z, n_rows = buffers.z, buffers.z.shape[1]
    forward, backward = RowSelection(buffers.rows), RowSelection(buffers.rows)
    gain, shift = forward.reading(buffers.gain), forward.reading(buffers.shift)
    if buffers.gain_gradient is None or buffers.shift_gradient is None:
        return _by_running_statistics(forward, z, gain, shift, mean, variance)

    normalized = torch.empty_like(z)
    batch_mean, batch_variance, scale = (torch.empty_like(gain) for _ in range(3))
    running = RowSelection(buffers.rows)
    calls: list[Call] = [
        partial(torch.mean, z, 1, True, out=batch_mean),
        partial(torch.sub, z, batch_mean, out=normalized),
        partial(torch.mul, normalized, normalized, out=buffers.scratch),
        partial(torch.mean, buffers.scratch, 1, True, out=batch_variance),
        partial(torch.add, batch_variance, EPSILON, out=scale),
        scale.rsqrt_,
        partial(normalized.mul_, scale),
        partial(torch.mul, normalized, gain, out=z),
        partial(z.add_, shift),
    ]
    if not frozen:
        calls += _running_update(running, mean, batch_mean, 1.0)
        calls += _running_update(running, variance, batch_variance, n_rows / max(1, n_rows - 1))

    gain_gradient = backward.writing(buffers.gain_gradient)
    shift_gradient = backward.writing(buffers.shift_gradient)
    backward_calls: list[Call] = [
        partial(torch.sum, z, 1, True, out=shift_gradient),
        partial(torch.mul, z, normalized, out=buffers.scratch),
        partial(torch.sum, buffers.scratch, 1, True, out=gain_gradient),
        partial(z.addcmul_, normalized, gain_gradient, value=-1 / n_rows),
        partial(z.sub_, shift_gradient, alpha=1 / n_rows),
        partial(scale.mul_, gain),
        partial(z.mul_, scale),
    ]
    return NormalizedRows(
        [*forward.before, *running.before, *calls, *running.after],
        [*backward_calls, *backward.after],
    )


def _running_update(
    running: RowSelection, statistic: Tensor, of_batch: Tensor, correction: float
) -> list[Call]:
    """Move a running statistic towards the batch's, which is first made unbiased."""
    kept = running.reading(statistic)
    corrected = torch.empty_like(kept)
    moved = running.writing(statistic)
    return [
        partial(torch.mul, of_batch, correction, out=corrected),
        partial(torch.lerp, kept, corrected, MOMENTUM, out=moved),
    ]


def _by_running_statistics(
    rows: RowSelection, z: Tensor, gain: Tensor, shift: Tensor, mean: Tensor, variance: Tensor
) -> NormalizedRows:
    kept_mean, kept_variance = rows.reading(mean), rows.reading(variance)
    return NormalizedRows(
        [
            *rows.before,
            partial(kept_variance.add_, EPSILON),
            kept_variance.rsqrt_,
            partial(kept_variance.mul_, gain),
            partial(z.sub_, kept_mean),
            partial(z.mul_, kept_variance),
            partial(z.add_, shift),
        ],
        [],
    )


def layer_norm(
    buffers: NormalizationBuffers, n_units: Tensor, unit_mask: Tensor | None
) -> NormalizedRows:
    """Normalize each row over its run's units.

    Shape:
        n_units: (k, 1, 1) real units per run; unit_mask: (k, 1, n), or None without padding.

    Source:
        Ba, Kiros & Hinton 2016, equations 3 and 4.
    """
    z, scratch = buffers.z, buffers.scratch
    share = n_units.reciprocal()
    forward, backward = RowSelection(buffers.rows), RowSelection(buffers.rows)
    gain, shift = forward.reading(buffers.gain), forward.reading(buffers.shift)
    normalized = torch.empty_like(z)
    mean, scale = (z.new_empty(*z.shape[:2], 1) for _ in range(2))
    unpad: list[Call] = [] if unit_mask is None else [partial(normalized.mul_, unit_mask)]
    calls: list[Call] = [
        partial(torch.sum, z, 2, True, out=mean),
        partial(mean.mul_, share),
        partial(torch.sub, z, mean, out=normalized),
        *unpad,
        partial(torch.mul, normalized, normalized, out=scratch),
        partial(torch.sum, scratch, 2, True, out=scale),
        partial(scale.mul_, share),
        partial(scale.add_, EPSILON),
        scale.rsqrt_,
        partial(normalized.mul_, scale),
        partial(torch.mul, normalized, gain, out=z),
        partial(z.add_, shift),
    ]
    if buffers.gain_gradient is None or buffers.shift_gradient is None:
        return NormalizedRows([*forward.before, *calls], [])

    gain_gradient = backward.writing(buffers.gain_gradient)
    shift_gradient = backward.writing(buffers.shift_gradient)
    mean_product = torch.empty_like(mean)
    repad: list[Call] = [] if unit_mask is None else [partial(z.mul_, unit_mask)]
    backward_calls: list[Call] = [
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
    return NormalizedRows([*forward.before, *calls], [*backward_calls, *backward.after])
