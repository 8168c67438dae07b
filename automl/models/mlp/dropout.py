"""The dropout masks of a run, step by step, drawn for several steps at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import torch
from torch import Tensor

from automl import randomness
from automl.models.mlp.config import MLPConfig

MASK_ELEMENTS: Final = 1 << 16
"""Masks are drawn for as many steps at once as keep a layer's draw within 256 KiB, inside
the cache: the fixed price of a draw is then shared by the steps of small networks."""


def step_masks(
    config: MLPConfig,
    n_inputs: int,
    seed: int,
    first_step: int,
    batch_sizes: Sequence[int],
    device: torch.device,
    dtype: torch.dtype,
    *,
    regularization: float = 1.0,
) -> Iterator[list[Tensor | None]]:
    """Yield the masks of each step: on the inputs first, then on each hidden layer.

    A mask belongs to (seed, layer, step, position in the batch, unit): how many steps are
    drawn together does not show in it.

    Args:
        regularization: what the configuration's probabilities are multiplied by.

    Shape:
        each mask: (B, n_inputs) or (B, H), or None where nothing is dropped.
    """
    places = [(config.input_dropout, n_inputs)]
    places += [(config.dropout, size) for size in config.hidden_sizes]
    drawers = [
        (
            randomness.streams([seed], "dropout", layer, device=device),
            rate * regularization,
            n_units,
        )
        for layer, (rate, n_units) in enumerate(places)
    ]
    n_rows = max(batch_sizes)
    n_together = max(1, MASK_ELEMENTS // (n_rows * max(size for _, size in places)))
    for start in range(0, len(batch_sizes), n_together):
        sizes = batch_sizes[start : start + n_together]
        steps = torch.arange(first_step + start, first_step + start + len(sizes), device=device)
        drawn = [_drawn(stream, steps, rate, n_rows, n, dtype) for stream, rate, n in drawers]
        for step, size in enumerate(sizes):
            yield [None if masks is None else masks[step, :size] for masks in drawn]


def _drawn(
    stream: Tensor, steps: Tensor, rate: float, n_rows: int, n_units: int, dtype: torch.dtype
) -> Tensor | None:
    """One place's masks for several steps, (S, B, H); None if nothing is dropped."""
    if rate == 0.0:
        return None
    keys = randomness.keys_at(stream, steps)
    return randomness.dropout_mask(keys, rate, n_rows, n_units, dtype)
