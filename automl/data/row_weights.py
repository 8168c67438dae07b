"""What rows weigh: a weighted row's loss, and its error, is its weight times the plain one.

That is so in training as in everything that is reported, compared and stored. Weights are finite
and not below 0, whatever their unit: over the rows of a split (train, valid and test each) they
are scaled to mean 1, so that learning rates and losses mean what they mean without weights. Rows
of weight 0 are left out before anything is divided. Equal weights are none: the study is that
without them.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from automl.data.dataset import Split

Floats = NDArray[np.float64]


def joined_weights(of_parts: Iterable[Floats | None]) -> Floats | None:
    """The weights of all rows, one part after the other; None where all are equal, or none known.

    Args:
        of_parts: all parts have weights, or none has.
    """
    given = [one for one in of_parts if one is not None]
    if not given:
        return None
    weights = np.concatenate(given)
    return None if (weights == weights[0]).all() else weights


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
