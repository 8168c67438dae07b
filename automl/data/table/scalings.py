"""The scalings of a table's numbers as maps, which a run applies to its inputs."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray

from automl.data.table.inputs import InputScaling

CLIP_LIMIT: Final = 3.0
"""Where robust_clip ends: Holzmüller et al. 2024, arXiv 2407.04491, section 3."""


def input_scalings(
    numbers: NDArray[np.float64], codes: NDArray[np.floating[Any]]
) -> dict[str, InputScaling]:
    """The map of each scaling, from the train rows' encoded numbers.

    Booleans, indicators and one-hot columns keep their 0 and 1. A column that is constant in
    the train rows gets scale 0: no weight can be learned for it, so that a new value of it
    must not move the output. Where the middle half of a column is one value, robust scaling
    has no width and takes the standard deviation. `robust_clip` scales all columns, those of 0
    and 1 too, by the width of their middle half or, where that is 0, half of the whole.

    Source:
        robust_clip: Holzmüller et al. 2024, arXiv 2407.04491, section 3.

    Shape:
        numbers: (N, D - n); codes: (N, n), the columns of 0 and 1 that follow them.
    """
    n_codes = codes.shape[1]
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
        scalings[name] = InputScaling(
            torch.tensor(np.append(shift, np.zeros(n_codes)), dtype=torch.float32),
            torch.tensor(np.append(scale, np.ones(n_codes)), dtype=torch.float32),
        )
    scalings["robust_clip"] = _robust_clip(np.hstack([numbers, codes]))
    return scalings


def _robust_clip(columns: NDArray[np.float64]) -> InputScaling:
    """By median and middle half, or half of the whole width; then the smooth clip."""
    quarter, middle, three_quarters = np.quantile(columns, (0.25, 0.5, 0.75), axis=0)
    middle_half = three_quarters - quarter
    half = (columns.max(axis=0) - columns.min(axis=0)) / 2
    width = np.where(middle_half > 0, middle_half, half)
    scale = np.divide(1.0, width, out=np.zeros_like(width), where=width > 0)
    return InputScaling(
        torch.tensor(middle, dtype=torch.float32),
        torch.tensor(scale, dtype=torch.float32),
        CLIP_LIMIT,
    )
