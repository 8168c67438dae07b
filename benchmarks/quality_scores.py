"""What predictions of test rows are worth: the same two numbers of every side.

The loss is the mean cross-entropy of classes, of a quantity the squared error over the variance of
the train rows' target. The error is the share of wrong classes, or the root of that loss.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmarks.quality_tables import Table

LEAST_PROBABILITY = 1e-7
"""What a probability counts as at least: some sides say 0, which no row forgives. It is what
single precision tells from 0 beside 1."""


@dataclass(frozen=True, slots=True)
class Score:
    """Of one side on the test rows of a table."""

    loss: float
    error: float


def read_score(path: Path, table: Table) -> Score:
    """Score a file of predictions.

    It has a row for each test row: of classes a column of probabilities for each class, called
    by the class; of a quantity the one column "prediction".

    Raises:
        ValueError: the file has another number of rows, or no numbers.
    """
    told = pd.read_csv(path, dtype=float)
    if len(told) != len(table.known):
        raise ValueError(f"{path} has {len(told)} rows, but there are {len(table.known)} to score")
    if not np.isfinite(told.to_numpy()).all():
        raise ValueError(f"{path} has predictions that are no numbers")
    if table.is_classes:
        names = [_as_text(name) for name in told.columns]
        return classes_score(told.to_numpy(), names, [_as_text(one) for one in table.known])
    return quantity_score(told["prediction"].to_numpy(), table)


def classes_score(probabilities: NDArray[np.float64], names: list[str], known: list[str]) -> Score:
    """Of probabilities (N, C) of the named classes; a class that is none of them has no chance."""
    shares = np.clip(probabilities, LEAST_PROBABILITY, None)
    shares /= shares.sum(axis=1, keepdims=True)
    places = {name: place for place, name in enumerate(names)}
    own = np.array([places.get(name, -1) for name in known])
    rows = np.arange(len(own))
    chances = np.where(own < 0, LEAST_PROBABILITY, shares[rows, own])
    return Score(
        float(-np.log(chances).mean()), float((probabilities.argmax(axis=1) != own).mean())
    )


def quantity_score(predicted: NDArray[np.float64], table: Table) -> Score:
    """Of predicted values, in the target's unit."""
    errors = (predicted - table.known.astype(float)) / table.width
    loss = float(np.mean(errors * errors))
    return Score(loss, float(np.sqrt(loss)))


def _as_text(value: object) -> str:
    """A class as text: 1, 1.0, "1" and True are written in many ways."""
    text = str(value)
    try:
        number = float(text)
    except ValueError:
        return text
    return str(int(number)) if number.is_integer() else str(number)
