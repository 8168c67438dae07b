"""Weights of rows, scaled to mean 1: of the rows of a split, or of several splits together.

Apart from how they are read (`row_weights.py`): whoever fits references never loads pandas.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from automl.data.dataset import Split

Floats = NDArray[np.float64]


def pooled_weights(splits: Iterable[Split]) -> Floats | None:
    """What the rows of several splits weigh beside each other, one split after the other, mean 1.

    Each split's weights have mean 1 by themselves; here they are what they were given as again.

    Shape:
        result: (N,), None where all rows weigh the same.
    """
    given = [
        one.weights.double().cpu().numpy() * one.mean_weight
        for one in splits
        if one.weights is not None
    ]
    return scaled_weights(np.concatenate(given)) if given else None


def scaled_weights(weights: Floats) -> Floats:
    """Weights above 0 with mean 1."""
    relative = weights / weights.max()  # so that no sum is too large
    scaled: Floats = relative / relative.mean()
    return scaled
