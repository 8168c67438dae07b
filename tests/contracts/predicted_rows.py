"""Predictions with their targets, as a study keeps them: made up, better than chance."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def classification(n_classes: int, n: int = 200, split: str = "test") -> dict[str, NDArray[Any]]:
    """Class codes and probabilities of so many rows."""
    random = np.random.default_rng(0)
    targets = random.integers(0, n_classes, n)
    predictions = random.dirichlet(np.ones(n_classes), n)
    predictions[np.arange(n), targets] += random.random(n)
    predictions /= predictions.sum(axis=1, keepdims=True)
    return {f"{split}_targets": targets, f"{split}_predictions": predictions}


def faultless(n_classes: int, n: int = 60) -> dict[str, NDArray[Any]]:
    """The same of a network that is never wrong."""
    targets = np.arange(n) % n_classes
    return {"test_targets": targets, "test_predictions": np.eye(n_classes)[targets] * 0.9 + 0.01}


def regression(n: int = 50) -> dict[str, NDArray[Any]]:
    """Values from 0 to 10, one of them predicted far out."""
    targets = np.linspace(0.0, 10.0, n)
    return {"test_targets": targets, "test_predictions": np.append(targets[:-1], 5000.0)}
