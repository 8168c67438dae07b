"""Mixup: a step learns mixtures of rows, and as targets the same mixtures of theirs.

Each row of a batch is mixed with the next one, the last with the first: batches are shuffled, so
that these are random pairs. What is mixed is what the first layer reads, embeddings included.
How much stays a row's own is one number per step, a function of (seed, step).

Source:
    Zhang et al. 2018, "mixup: Beyond Empirical Risk Minimization", arXiv 1710.09412: shares of
    the Beta distribution (alpha, alpha), one per batch, partners from the same batch.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from automl import randomness
from automl.models.mlp.config import MLPConfig


def own_shares(config: MLPConfig, seed: int, first_step: int, n_steps: int) -> list[float]:
    """What stays of each row in each of the coming steps; 1 without mixup.

    Source:
        a Beta variable of two equal parameters from two uniform ones: Devroye 1996, "Random
        variate generation in one line of code", by way of Bailey's 1994 of Student's t.
    """
    if config.mixup == 0:
        return [1.0] * n_steps
    steps = torch.arange(first_step, first_step + n_steps)
    distance, angle = (_uniform(seed, number, steps) for number in (0, 1))
    odds = torch.expm1(-distance.log() / config.mixup)
    cosine = (2 * math.pi * angle).cos()
    shares = 0.5 + 0.5 * cosine / (1 / odds + cosine.square()).sqrt()
    return [float(share) for share in shares]


def _uniform(seed: int, number: int, steps: Tensor) -> Tensor:
    """Numbers between 0 and 1, the ends left out, float64."""
    keys = randomness.keys_at(randomness.streams([seed], "mixup", number), steps)
    return (keys.double() + 2.0**31 + 0.5) / 2.0**32


def mixed(rows: Tensor, share: float) -> Tensor:
    """Rows (B, ...) mixed with the next ones, of which each keeps its share."""
    return rows if share == 1.0 else share * rows + (1 - share) * rows.roll(-1, 0)
