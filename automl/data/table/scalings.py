"""Standard, min-max and robust scaling as affine maps, which a run applies to its inputs."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from automl.data.table.inputs import AffineScaling


def affine_scalings(numbers: NDArray[np.float64], n_codes: int) -> dict[str, AffineScaling]:
    """The maps x -> (x - shift) * scale of each scaling, from the train rows' encoded numbers.

    Booleans, indicators and one-hot columns keep their 0 and 1. A column that is constant in
    the train rows gets scale 0: no weight can be learned for it, so that a new value of it
    must not move the output. Where the middle half of a column is one value, robust scaling
    has no width and takes the standard deviation.

    Shape:
        numbers: (N, D - n_codes); `n_codes` columns of 0 and 1 follow them.
    """
    n_numbers = numbers.shape[1]
    low, high = numbers.min(axis=0), numbers.max(axis=0)
    deviation = numbers.std(axis=0)
    quarter, middle, three_quarters = np.quantile(numbers, (0.25, 0.5, 0.75), axis=0)
    middle_half = three_quarters - quarter
    varies = high > low
    widths = {
        "standard": (numbers.mean(axis=0), deviation),
        "min_max": (low, high - low),
        "robust": (middle, np.where(middle_half > 0, middle_half, deviation)),
        "quantile": (np.zeros(n_numbers), np.ones(n_numbers)),
    }
    scalings = {}
    for name, (shift, width) in widths.items():
        scale = np.divide(1.0, width, out=np.zeros_like(width), where=varies & (width > 0))
        scalings[name] = AffineScaling(
            torch.tensor(np.append(shift, np.zeros(n_codes)), dtype=torch.float32),
            torch.tensor(np.append(scale, np.ones(n_codes)), dtype=torch.float32),
        )
    return scalings
